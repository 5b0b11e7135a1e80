"""The generated parts of docs/scaling.md, from the figures on record beside it and the documented limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadgen_assets.bench import sections
from leadgen_assets.bench.capacity import Model
from leadgen_assets.vendors.limits import Limits

STEPS = (20_000, 200_000, 1_000_000, 10_000_000, 100_000_000)
HEADER = ("Leads", "Days at the vendors", "Accounts for one day", "Cores", "Refining GB", "MongoDB GB", "of it indexes",
          "Redis GB", "Lake GB", "List price")  # fmt: skip


def model(figures: Mapping[str, Any], limits: Limits) -> Model:
    """The model from what stands in docs/scaling.json."""
    return Model(figures["lead"], figures["cpu_seconds"], figures["refining_bytes"], limits)


def from_benchmarks(results: list[dict[str, Any]]) -> dict[str, float]:
    """Figures of a lead that the benchmarks know: processor time of a whole sprint, memory of the hungriest stage.

    `ValueError` names the measurement that is missing.
    """
    try:
        sprint = max((each for each in results if each["stage"] == "sprint"), key=lambda each: each["size"])
        publish = max((each for each in results if each["stage"] == "publish"), key=lambda each: each["size"])
        smaller = min((each for each in results if each["stage"] == "publish"), key=lambda each: each["size"])
    except ValueError:
        raise ValueError("docs/benchmarks.json has no `sprint` or no `publish`") from None
    grown = (publish["peak_mb"] - smaller["peak_mb"]) * 1e6 / (publish["leads"] - smaller["leads"])
    return {"cpu_seconds": round(sprint["cpu"] / sprint["leads"], 5), "refining_bytes": round(grown)}


def tables(found: Model) -> str:
    """What leads a day take, what breaks first, and what vendors allow."""
    steps = [_row(found.step(leads)) for leads in STEPS]
    breaks = [(_leads(leads), what, then) for leads, what, then in found.breaks()]
    allowed = [(what, _leads(leads)) for what, leads in found.leads_per_day().items()]
    parts = (
        sections.table(HEADER, steps),
        sections.table(
            ("From about", "no longer suffices", "takes over"), breaks, frozenset({"no longer suffices", "takes over"})
        ),
        sections.table(("One account's", "Leads a day"), allowed, frozenset({"One account's"})),
    )
    return "\n\n".join("\n".join(part) for part in parts)


def _row(step: Mapping[str, float]) -> tuple[str, ...]:
    sizes = [_size(step[name]) for name in ("refining_gb", "mongo_gb", "indexes_gb", "redis_gb", "lake_gb")]
    days = "under one" if step["days"] <= 1 else f"{step['days']:,.1f}"
    return (
        f"{step['leads']:,.0f}",
        days,
        f"{step['accounts']:,.0f}",
        _size(step["cores"]),
        *sizes,
        f"${step['usd']:,.0f}",
    )


def _size(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 0.1 else f"{value:.2g}"


def _leads(value: float) -> str:
    """Two digits: more would pretend to know."""
    unit = 10 ** max(0, len(str(int(value))) - 2)
    return f"{round(value / unit) * unit:,.0f}"
