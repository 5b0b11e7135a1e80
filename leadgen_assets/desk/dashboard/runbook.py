"""The runbook as a page: Markdown of our own, with the anchors that alerts point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

MISSING = "The runbook is not there; it is docs/runbook.md of the project."


def runbook_html(path: Path) -> str | None:
    """The runbook's HTML, without any raw HTML or script of the file; None when there is no such file."""
    try:
        return _rendered(path, path.stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=4)
def _rendered(path: Path, _changed_at: int) -> str:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(path.read_text(encoding="utf-8"))
    _anchor(tokens)
    html: str = parser.renderer.render(list(_scrolling(tokens)), parser.options, {})
    return html


def _anchor(tokens: list[Token]) -> None:
    """Ids as code hosts make them, so that the same link works there and here."""
    taken: dict[str, int] = {}
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            slug = slug_of(inline.content)
            times = taken[slug] = taken.get(slug, -1) + 1
            opening.attrSet("id", f"{slug}-{times}" if times else slug)


def _scrolling(tokens: list[Token]) -> Iterator[Token]:
    """Each table in a region that scrolls by itself, also from the keyboard."""
    number = 0
    for each in tokens:
        if each.type == "table_open":
            number += 1
            region = f'<div class="scroll" role="region" aria-label="Table {number}" tabindex="0">\n'
            yield Token("html_block", "", 0, content=region)
        yield each
        if each.type == "table_close":
            yield Token("html_block", "", 0, content="</div>\n")


def slug_of(heading: str) -> str:
    """The anchor of a heading: lower case, words joined by hyphens."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")
