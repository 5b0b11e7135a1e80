"""What a report consists of, whatever it is rendered as: plain texts, already worded. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

_NARROW = 3
"""A table of so many columns needs half a page."""
Tone = Literal["plain", "good", "warn", "bad"]


@dataclass(frozen=True)
class Headline:
    """One of the figures at the top."""

    value: str
    label: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    says: str
    tone: Tone = "plain"
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Finding:
    """Something the data say: the lesson or the advice, and the figures it rests on."""

    says: str
    rests_on: str
    kind: Literal["finding"] = "finding"


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers stand to the right."""

    name: str
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of texts under columns. `notes` are full-width remarks by row; `tones` colour the last cell of a row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    is_wide: bool = True
    """Two that are not stand side by side."""
    notes: dict[int, str] = field(default_factory=dict)
    tones: dict[int, Tone] = field(default_factory=dict)
    kind: Literal["table"] = "table"

    def __post_init__(self) -> None:
        for row in (*self.rows, *([self.total] if self.total else [])):
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.caption!r}: a row has {len(row)} cells for {len(self.columns)} columns")


@dataclass(frozen=True)
class Chart:
    """A drawing as SVG text. `alt` says what it shows to whom cannot see it."""

    caption: str
    svg: str
    alt: str
    is_wide: bool = False
    """Two that are not stand side by side."""
    kind: Literal["chart"] = "chart"


Block = Text | Finding | Table | Chart


def in_rows(blocks: tuple[Block, ...]) -> list[list[Block]]:
    """Blocks as they stand on a page: narrow charts and tables that follow each other side by side, two at a time."""
    rows: list[list[Block]] = []
    for block in blocks:
        if _is_narrow(block) and rows and len(rows[-1]) == 1 and _is_narrow(rows[-1][0]):
            rows[-1].append(block)
        else:
            rows.append([block])
    return rows


def _is_narrow(block: Block) -> bool:
    return isinstance(block, Table | Chart) and not block.is_wide


@dataclass(frozen=True)
class Section:
    """A titled part; without blocks it is left out."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """A whole report. `verdict` is the answer in a sentence, `as_of` the moment of every figure in it."""

    title: str
    subtitle: str
    verdict: str
    tone: Tone
    as_of: str
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    footer: str = ""

    def shown(self) -> tuple[Section, ...]:
        """The sections that say something."""
        return tuple(each for each in self.sections if each.blocks)

    def as_data(self) -> dict[str, Any]:
        """Plain values, for renderers that are not Python."""
        content = asdict(self)
        content["sections"] = [asdict(each) for each in self.shown()]
        return content


def table(caption: str, head: str, rows: Sequence[tuple[str, ...]], total: tuple[str, ...] = (), **more: Any) -> Table:
    """A table from a head like "Segment | Leads> | Cost>"; a `>` marks a column of numbers."""
    columns = tuple(Column(name.strip().rstrip(">"), name.strip().endswith(">")) for name in head.split("|"))
    return Table(caption, columns, tuple(rows), total, is_wide=len(columns) > _NARROW, **more)
