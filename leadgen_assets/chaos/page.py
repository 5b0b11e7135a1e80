"""The table of docs/reliability.md: fault, times injected, survived."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from leadgen_assets.chaos.faults import FAULTS
from leadgen_assets.chaos.tally import Tally

BEGIN = "<!-- chaos: begin -->"
END = "<!-- chaos: end -->"
HEADER = ("Fault", "Injected", "Survived", "At")


def rows(tally: Tally) -> list[tuple[str, ...]]:
    """One row a fault that was injected, as cells of `HEADER`, in the order of the matrix."""
    found: list[tuple[str, ...]] = []
    for fault in FAULTS:
        row = tally.rows.get(fault.name)
        if row:
            at = ", ".join(f"{name} ({times})" for name, times in sorted(row.moments.items()))
            found.append((fault.says, str(row.injected), str(row.survived), at))
    return found


def markdown(tally: Tally, seeds: int, minutes: float) -> str:
    """The table with what it rests on."""
    injected = sum(each.injected for each in tally.rows.values())
    survived = sum(each.survived for each in tally.rows.values())
    lines = [
        f"Measured {datetime.now(UTC).date().isoformat()}: {seeds} seeds, {tally.sprints} sprints, {tally.starts} starts of "
        f"the command, {injected} faults injected, {survived} survived, {minutes:.0f} minutes.",
        "",
        f"| {' | '.join(HEADER)} |",
        "|---|---:|---:|---|",
        *(f"| {' | '.join(each)} |" for each in rows(tally)),
    ]
    return "\n".join(lines)


def written(text: str, path: Path) -> None:
    """Replace what is between the markers of a file. `ValueError` when it has no such place."""
    content = path.read_text(encoding="utf-8")
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path.name} has no place for the table: put the lines {BEGIN} and {END} into it")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
