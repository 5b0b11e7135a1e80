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
from leadgen_assets.stores.opened import OpenStores

LINE_SECONDS = 10
"""How often a line is printed when the output is not a terminal."""


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

    def refresh(self, phase: str, finished: Mapping[str, str | None]) -> None:
        """Show the state of things. `finished` has {segment: problem or None} of the segments that are through."""
        if self.console.quiet:
            return
        counts = self.stores.counts(self.key)
        if self.live is not None:
            self.live.update(self._picture(phase, counts, finished))
        elif phase != self.phase or time.monotonic() - self.printed > LINE_SECONDS:
            self.console.print(self._line(phase, counts), markup=False)
            self.printed = time.monotonic()
        self.phase = phase

    def _totals(self, counts: Mapping[str, Counts]) -> tuple[int, int, float, str]:
        target = self.stores.book.get(self.key).sprint.target.collected
        collected = sum(each.collected for each in counts.values())
        if self.at_start is None:
            self.at_start = collected
        seconds = max(time.monotonic() - self.started, 0.001)
        rate = (collected - self.at_start) / seconds
        remaining = max(0, target - collected)
        left = "reached" if not remaining else f"{remaining / rate:,.0f} s left" if rate > 0 else "–"
        return target, collected, rate, left

    def _line(self, phase: str, counts: Mapping[str, Counts]) -> str:
        target, collected, rate, left = self._totals(counts)
        spent = float(self.stores.ledger.spent(self.key))
        return f"{phase}: {collected:,} of {target:,} collected, {rate * 3600:,.0f}/h, {left}, ${spent:,.2f}"

    def _picture(self, phase: str, counts: Mapping[str, Counts], finished: Mapping[str, str | None]) -> Group:
        target, collected, rate, left = self._totals(counts)
        spent = float(self.stores.ledger.spent(self.key))
        opened = self.stores.book.get(self.key)
        head = Table.grid(padding=(0, 2))
        head.add_row(
            Text(phase, style="bold"),
            ProgressBar(total=target, completed=min(collected, target), width=36),
            f"{collected:,} of {target:,}",
            f"{rate * 3600:,.0f}/h",
            left,
            f"${spent:,.2f} of ${opened.sprint.budget.usd:,.0f}",
        )
        table = Table(box=None, header_style="dim", padding=(0, 2))
        for name in ("Segment", "Source"):
            table.add_column(name)
        for name in ("Delivered", "Target", "Leads", "Duplicates", "Suppressed", "Quarantined"):
            table.add_column(name, justify="right")
        table.add_column("State")
        for each in opened.sprint.segments:
            now = counts.get(each.id, Counts())
            state = "paused" if each.paused else "done" if each.id in finished else "collecting"
            problem = finished.get(each.id)
            table.add_row(
                each.id,
                each.source,
                *(
                    f"{n:,}"
                    for n in (now.delivered, each.leads, now.leads, now.duplicates, now.suppressed, now.quarantined)
                ),
                Text(problem.splitlines()[0][:60], style="red")
                if problem
                else Text(state, style="green" if state == "done" else ""),
            )
        return Group(head, table)


@contextmanager
def board(stores: OpenStores, key: str, *, quiet: bool) -> Iterator[Board]:
    """A board for the length of a sprint; silent when a program reads the output."""
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    if quiet or not console.is_terminal:
        yield Board(stores, key, console, None)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield Board(stores, key, console, live)
