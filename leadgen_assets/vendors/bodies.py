"""JSON as vendors send it, read so that what comes out can be walked, stored and sent again."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 64
"""Levels of nesting that are read in any case, twice as many in none; the documented answers have under ten."""

_ALL_BUT_BRACKETS = bytes(each for each in range(256) if each not in b"[]{}")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


def loads(content: bytes | str) -> Any:
    """The JSON value. Half a character (a lone surrogate, which no store and no other program takes) becomes U+FFFD,
    NaN and Infinity, which JSON does not have, become None.

    Raises `ValueError` for what is no JSON or is nested deeper than `DEEPEST`.
    """
    text = content if isinstance(content, str) else content.decode(json.detect_encoding(content))
    raw = text.encode("utf-8", "surrogatepass")
    # Brackets inside texts are rarely unbalanced, so the slower look is rarely needed.
    if _is_too_deep(raw) and _is_too_deep(_STRINGS.sub(b"", raw)):
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    value = json.loads(text, parse_constant=lambda _: None)
    return _whole_characters(value) if _SURROGATE.search(text) and _SURROGATE.search(_PAIR.sub("", text)) else value


def _is_too_deep(raw: bytes) -> bool:
    """Brackets alone, inner pairs taken away again and again: as often as that works, so deep it is."""
    left = raw.translate(None, _ALL_BUT_BRACKETS)
    for _ in range(DEEPEST):
        shorter = left.replace(b"{}", b"").replace(b"[]", b"")
        if not shorter or shorter == left:
            break
        left = shorter
    return bool(shorter)


def _whole_characters(node: Any) -> Any:
    if isinstance(node, str):
        return node if _is_text(node) else node.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(node, list):
        return [_whole_characters(each) for each in node]
    if isinstance(node, dict):
        return {_whole_characters(key): _whole_characters(value) for key, value in node.items()}
    return node


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
