"""YAML that people write: sprint files, rules, prices. Read without surprises: nothing here raises but `YamlError`."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from leadgen_assets.limited_read import CannotRead, read_at_most

LARGEST = 1024 * 1024
"""Bytes of one file; the largest of ours has ten thousand."""


class YamlError(ValueError):
    """Text that cannot be used; one line that says why and where, without the text's own values."""


def read(path: Path) -> Any:
    """The value in a file of UTF-8, with or without a byte order mark. Raises `YamlError`."""
    try:
        content = read_at_most(path, LARGEST)
    except CannotRead as error:
        raise YamlError(str(error)) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise YamlError(f"line {line} is not UTF-8 text; save the file as UTF-8") from None
    return parse(text)


def parse(text: str) -> Any:
    """The value of a text. Raises `YamlError`, also for a key that is there twice: the first would be lost silently."""
    try:
        return yaml.load(text, _Loader)  # nosec B506 # a safe loader that also refuses repeated keys
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise YamlError(f"not YAML: {error.problem or error.context or 'broken'}{where}") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise YamlError(f"not YAML: a character that may not be in a text (line {line})") from None
    except RecursionError:
        raise YamlError("not YAML that can be used: nested too deeply") from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, AttributeError, KeyError, IndexError):
        # PyYAML lets through what its dates, numbers and tags raise
        raise YamlError("not YAML that can be used: a date, number or tag that has no value") from None


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which takes the last of two equal keys, made to refuse them."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if (key.tag, key.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, "a key is there twice", key.start_mark)
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def shown(text: str, longest: int = 200) -> str:
    """A piece of somebody's file as it can stand in a message: on one line, visible, not endless."""
    plain = "".join(each if each.isprintable() else "�" for each in text[: longest + 1])
    return plain if len(plain) <= longest else plain[:longest] + "…"
