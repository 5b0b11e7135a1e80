"""How figures are said to people: the same words in the terminal and in the report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from leadgen_assets.stores.ledger_sums import LedgerEntry

UNKNOWN = "–"

_VENDORS = {
    "apollo": "Apollo",
    "brightdata": "Bright Data",
    "zoominfo": "ZoomInfo",
    "sales_navigator": "Sales Navigator",
    "hunter": "Hunter",
    "clearbit": "Clearbit",
    "neverbounce": "NeverBounce",
    "pdl": "People Data Labs",
    "hubspot": "HubSpot",
    "salesforce": "Salesforce",
    "slack": "Slack",
}
SHARES = {"required_fields", "email_availability", "company_completeness", "validation_rate", "duplicate_rate"}
"""Gates that measure a share, 0..1."""
CEILINGS = {"duplicate_rate"}
"""Gates whose threshold is the highest value allowed; of the others it is the lowest."""


def vendor(name: str) -> str:
    """The vendor as it writes itself."""
    return _VENDORS.get(name, name)


def purchase(name: str) -> str:
    """ "hunter finder" as "Hunter finder", "apollo bulk_match" as "Apollo bulk match"."""
    who, _, what = name.partition(" ")
    return f"{vendor(who)} {what.replace('_', ' ')}".strip()


def decided(calls: Sequence[LedgerEntry]) -> str:
    """What became of calls that had been uncertain."""
    billed = [each.usd for each in calls if each.state == "settled"]
    free = [each.usd for each in calls if each.state == "released"]
    return (
        f"Uncertain calls that were decided: {len(calls):,}, of which billed {len(billed):,} ({usd(float(sum(billed)))}), "
        f"not billed {len(free):,} ({usd(float(sum(free)))} freed)."
    )


def left_over(segments: Sequence[str]) -> str:
    """Landed records of these segments are not refined, and what to do."""
    return (
        f"records of {', '.join(segments)} have landed and are no leads yet; start the sprint again, it goes on there"
    )


def gate(name: str) -> str:
    """The gate's name as words."""
    return name.replace("_", " ").capitalize()


def value(gate_name: str, figure: float | int | None) -> str:
    """What was measured at a gate: a share in per cent, a score, a count; exact enough to tell it from the limit."""
    if figure is None:
        return UNKNOWN
    if gate_name in SHARES:
        return f"{figure:.2%}"
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.2f}"


def limit(gate_name: str, threshold: float | int | None) -> str:
    """What the gate requires."""
    if threshold is None:
        return UNKNOWN
    plain = int(threshold) if float(threshold).is_integer() else threshold
    said = f"{threshold * 100:.4g}%" if gate_name in SHARES else f"{plain:,}"
    return f"at {'most' if gate_name in CEILINGS else 'least'} {said}"


def share(figure: float | None) -> str:
    """A share in per cent."""
    return UNKNOWN if figure is None else f"{figure:.1%}"


def count(figure: int | None) -> str:
    """A number with separators."""
    return UNKNOWN if figure is None else f"{figure:,}"


def usd(figure: float | None, digits: int = 2) -> str:
    """An amount of money."""
    return UNKNOWN if figure is None else f"${figure:,.{digits}f}"


def duration(seconds: float) -> str:
    """A length of time: "48 s", "2 min 31 s", "3 h 05 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def moment(at: datetime | None) -> str:
    """A time in UTC, to the second."""
    return UNKNOWN if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def rate(per_hour: float | None) -> str:
    """So many an hour."""
    return UNKNOWN if per_hour is None else f"{per_hour:,.0f}/h"
