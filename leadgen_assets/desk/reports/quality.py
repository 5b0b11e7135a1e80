"""The part about quality that hourly and final reports share. Pure."""

from __future__ import annotations

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports import charts, tables
from leadgen_assets.desk.reports.document import Block, Table, Text, table
from leadgen_assets.desk.reports.picture import Picture

_FIGURES = {
    "average_quality_score": "Average quality score",
    "email_availability": "Leads with an email address",
    "company_completeness": "Leads with complete company data",
    "validation_rate": "Leads without an error flag",
    "email_valid": "Nothing against the email address",
    "company_valid": "Nothing against the company",
    "location_valid": "Nothing against the place",
}


def blocks(picture: Picture, *, with_gates: bool = True) -> tuple[Block, ...]:
    """Gates, shares and distribution; before leads are scored, what the collectors saw."""
    found: list[Block | None] = []
    if picture.status.qualified is None:
        found.append(
            Text("Provisional: counted as the records came in; they are neither merged, enriched nor scored yet.")
        )
    found += [tables.gates(picture) if with_gates else None, _shares(picture)]
    found += [charts.histogram(_scores(picture), picture.opened.sprint.gates.average_quality_score)]
    return tuple(each for each in found if each is not None)


def _shares(picture: Picture) -> Table | None:
    """From the database once leads are scored, else from the live counters."""
    live, status = picture.state["quality"], picture.status
    rows = []
    for name, label in _FIGURES.items():
        value = getattr(status, name, None) if status.qualified is not None else live.get(name)
        value = live.get(name) if value is None else value
        if value is not None:
            rows.append((label, f"{value:.2f}" if name == "average_quality_score" else say.share(value)))
    if status.qualified is not None and status.unique:
        rows.append(
            ("Qualified leads", f"{status.qualified:,} of {status.unique:,} ({status.qualified / status.unique:.1%})")
        )
    return table("Quality of the leads", "Figure | Value>", rows) if rows else None


def _scores(picture: Picture) -> dict[int, int]:
    if picture.status.qualified is not None:
        return picture.scores
    live = picture.state["quality"].get("histogram") or {}
    return {int(low): count for low, count in live.items()} if any(live.values()) else {}
