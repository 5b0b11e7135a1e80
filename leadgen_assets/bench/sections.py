"""The generated parts of docs/benchmarks.md, each between its own markers, and the figures on record beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def marks(name: str) -> tuple[str, str]:
    """The lines before and after a part."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def replaced(path: Path, name: str, text: str) -> None:
    """Put a text in the place of a part. `ValueError` when the page has no such place; then nothing is written."""
    begin, end = marks(name)
    before, found_begin, rest = path.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"{path.name} has no place for {name}: put the lines {begin} and {end} into it")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def figures_file(path: Path) -> Path:
    """Where the figures of a page are: beside it, with the ending .json."""
    return path.with_suffix(".json")


def on_record(path: Path) -> dict[str, Any]:
    """The figures of a page; nothing where there are none. `ValueError` for a file that is something else."""
    file = figures_file(path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{file.name} is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{file.name} is no result of `leadgen bench --json`")
    return content


def keep(path: Path, figures: dict[str, Any]) -> None:
    """Put figures on record beside a page, in the place of those of the same names."""
    file = figures_file(path)
    file.write_text(json.dumps({**on_record(path), **figures}, indent=1) + "\n", encoding="utf-8")


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], left: frozenset[str] = frozenset()) -> list[str]:
    """A Markdown table; columns are to the right but for those in `left`."""
    lines = [f"| {' | '.join(header)} |", f"|{'|'.join('---' if name in left else '---:' for name in header)}|"]
    return lines + [f"| {' | '.join(each)} |" for each in rows]
