"""How good the leads are: the stored ones once they are scored, before that those that were collected so far."""

from __future__ import annotations

from typing import Any

from leadgen_assets.desk.state.live_reader import RedisSays
from leadgen_assets.desk.state.on_record import OnRecord
from leadgen_assets.desk.state.times import iso, share
from leadgen_assets.stores.figures import QualityFigures
from leadgen_assets.stores.live_figures import LiveFigures

_SHARES = {
    "email_availability": "email",
    "company_completeness": "company",
    "validation_rate": "valid",
    "email_valid": "email_valid",
    "company_valid": "company_valid",
    "location_valid": "location_valid",
}
"""{figure: counter of the leads it holds for}"""


def quality(found: OnRecord | None, says: RedisSays) -> dict[str, Any]:
    """The state's part `quality`."""
    if found is not None and found.quality is not None and (found.is_over or found.is_refined):
        return _stored(found.quality) | {"as_of": iso(found.as_of), "is_scored": True, "is_final": found.is_over}
    return _provisional(says.live) | {"as_of": iso(says.as_of), "is_scored": False, "is_final": False}


def enrichment(says: RedisSays) -> list[dict[str, Any]]:
    """The state's part `enrichment`: what vendors were asked and found, by step, as it comes (REQ-014)."""
    asked: dict[str, dict[str, int]] = {}
    for name, times in says.live.totals.items():
        kind, _, rest = name.partition(":")
        if kind == "enrich":
            place, _, outcome = rest.rpartition(":")
            asked.setdefault(place, {"found": 0, "missed": 0})[outcome] = times
    return [_enricher(place, each["found"], each["missed"]) for place, each in sorted(asked.items())]


def _enricher(place: str, found: int, missed: int) -> dict[str, Any]:
    step, _, vendor = place.partition(":")
    answered = found + missed
    return {
        "id": f"{step} {vendor}", "step": step, "vendor": vendor, "answered": answered, "found": found,
        "success_rate": share(found, answered),
    }  # fmt: skip


def _stored(figures: QualityFigures) -> dict[str, Any]:
    return {
        "average_quality_score": figures.average_quality_score,
        "histogram": figures.histogram,
        **{name: getattr(figures, name) for name in _SHARES},
    }


def _provisional(live: LiveFigures) -> dict[str, Any]:
    counted = {name.removeprefix("quality:"): n for name, n in live.totals.items() if name.startswith("quality:")}
    leads = counted.get("leads", 0)
    return {
        "average_quality_score": None,
        "histogram": {},
        **{figure: share(counted.get(name, 0), leads) for figure, name in _SHARES.items()},
    }
