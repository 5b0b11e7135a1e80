"""What a sprint costs, as the state tells it; the figures are those of `desk.cost`."""

from __future__ import annotations

from typing import Any

from leadgen_assets.desk.cost import Cost
from leadgen_assets.desk.status import SprintStatus

_NAMES = (
    "usd", "reserved_usd", "uncertain_usd", "uncertain_calls", "uncertain_share", "budget_usd", "share", "per_collected",
    "per_unique", "per_qualified", "per_qualified_limit", "forecast_usd",
)  # fmt: skip


def cost(found: Cost | None, status: SprintStatus | None) -> dict[str, Any]:
    """The state's part `cost`. Whole cents; what is not known is None."""
    if found is None:
        return dict.fromkeys(_NAMES) | {"marks": [], "buying": "on"}
    part = found.state
    rounded = {
        name: None if part[name] is None else round(part[name], 2)
        for name in ("usd", "reserved_usd", "uncertain_usd", "forecast_usd")
    }
    exact = {"usd": status.cost_usd, "per_qualified": status.cost_per_qualified_lead} if status else {}
    return part | rounded | exact | {"share": round(part["share"], 4)}
