"""The live picture of a running sprint: total, segments, rate, time left, cost. Plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from leadgen_assets.leads.counting import Counts
from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores.opened import OpenStores

LINE_SECONDS = 10
"""How often a line is printed when the output is not a terminal."""
WIDE = 104
"""Columns of a terminal that has room for every column of the table."""
COLLECTING = "Collecting"
"""The phase in which the rate means something."""


@dataclass
class Board:
    """Shows a sprint's progress from the collectors' own counters; never scans the lead collection."""

    stores: OpenStores
    key: str
    console: Console
    live: Live | None
    started: float = field(default_factory=time.monotonic)
    printed: float = 0.0
    phase: str = ""
    at_start: int | None = None
    rate: float = 0.0
    """Leads per second while collecting; kept afterwards."""
    finished: dict[str, str | None] = field(default_factory=dict)
    """As told last while collecting."""

    def refresh(self, phase: str, finished: Mapping[str, str | None]) -> None:
        """Show the state of things. `finished` has {segment: problem or None} of the segments that are through."""
        if self.console.quiet:
            return
        if phase == COLLECTING:
            self.finished = dict(finished)
        counts = self.stores.counts(self.key)
        if self.live is not None:
            self.live.update(self._picture(phase, counts))
        elif phase != self.phase or time.monotonic() - self.printed > LINE_SECONDS:
            self.console.print(self._line(phase, counts), markup=False)
            self.printed = time.monotonic()
        self.phase = phase

    def _totals(self, phase: str, counts: Mapping[str, Counts]) -> tuple[int, int, str]:
        target = self.stores.book.get(self.key).sprint.target.collected
        collected = sum(each.collected for each in counts.values())
        if self.at_start is None:
            self.at_start = collected
        if phase == COLLECTING:
            self.rate = (collected - self.at_start) / max(time.monotonic() - self.started, 0.001)
        remaining = max(0, target - collected)
        left = "target reached" if not remaining else _clock(remaining / self.rate) if self.rate > 0 else "–"
        return target, collected, left

    def _line(self, phase: str, counts: Mapping[str, Counts]) -> str:
        target, collected, left = self._totals(phase, counts)
        spent = float(self.stores.ledger.spent(self.key))
        return f"{phase}: {collected:,} of {target:,} collected, {self.rate * 3600:,.0f}/h, {left}, ${spent:,.2f}"

    def _picture(self, phase: str, counts: Mapping[str, Counts]) -> Group:
        target, collected, left = self._totals(phase, counts)
        opened = self.stores.book.get(self.key)
        head = Table.grid(padding=(0, 2))
        head.add_row(
            ProgressBar(total=target, completed=min(collected, target), width=24),
            f"[bold]{collected:,}[/] of {target:,}",
            f"{self.rate * 3600:,.0f}/h",
            left,
            f"${float(self.stores.ledger.spent(self.key)):,.2f} of ${opened.sprint.budget.usd:,.0f}",
        )
        title, table = Text(f"{self.key}  {phase}", style="bold"), self._segments(opened.sprint.segments, counts)
        return Group(title, head, "", table)

    def _segments(self, segments: tuple[Segment, ...], counts: Mapping[str, Counts]) -> Table:
        wide = self.console.width >= WIDE
        table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
        table.add_column("Segment", no_wrap=True)
        if wide:
            table.add_column("")
        for name in ("Delivered", "Leads", "Duplicates", *(("Suppressed", "Quarantined") if wide else ())):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("State", no_wrap=True, overflow="ellipsis")
        for each in segments:
            now = counts.get(each.id, Counts())
            figures = [now.leads, now.duplicates, *((now.suppressed, now.quarantined) if wide else ())]
            bar = [ProgressBar(total=each.leads, completed=min(now.delivered, each.leads), width=12)] if wide else []
            delivered = f"{now.delivered:,} / {each.leads:,}"
            table.add_row(each.id, *bar, delivered, *(f"{n:,}" for n in figures), self._state(each, now))
        return table

    def _state(self, segment: Segment, now: Counts) -> Text:
        problem = self.finished.get(segment.id)
        if problem:
            return Text(problem.splitlines()[0], style="red")
        if segment.id in self.finished:
            return Text("done", style="green")
        if segment.paused:
            return Text("paused")
        return Text(
            "waiting" if not now.delivered else "collecting" if now.delivered < segment.leads else "normalising"
        )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"


@contextmanager
def board(stores: OpenStores, key: str, *, quiet: bool) -> Iterator[Board]:
    """A board for the length of a sprint; silent when a program reads the output."""
    console = Console(quiet=quiet, highlight=False)
    if quiet or not console.is_terminal:
        yield Board(stores, key, console, None)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield Board(stores, key, console, live)
