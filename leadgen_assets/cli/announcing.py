"""Runs that a command conducts raise and resolve alerts, as sensors do for runs while a Dagster daemon is up (REQ-022)."""

from __future__ import annotations

import logging

from leadgen_assets.desk.alerts.evaluator import Evaluator
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores

log = logging.getLogger(__name__)

RULE = "workflow_failed"


def announce(stores: OpenStores, settings: Settings, sprint: str, outcomes: dict[str, str | None]) -> None:
    """{what was run: what went wrong, or None}, named like the sensors' alerts ("collect apollo-1", "refine"), so that
    nothing is told twice. Never fails what it tells about."""
    try:
        evaluator = Evaluator.of(stores, settings)
        known = {each.instance for each in stores.alerts.open(sprint) if each.rule == RULE}
        for what, problem in outcomes.items():
            if problem or what in known:
                text = problem or "A later run succeeded."
                evaluator.event(RULE, sprint, what, text, is_bad=problem is not None)
    except Exception as error:
        log.warning("how runs ended was not told: %s", type(error).__name__)
