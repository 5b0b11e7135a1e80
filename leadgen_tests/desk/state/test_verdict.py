"""Are we going to make it: one word, and a sentence whose figures are those of the state."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from leadgen_assets.desk.state.verdict import verdict

AT = "2026-11-22T12:00:00.000Z"
STATE: dict[str, Any] = {
    "at": AT,
    "sprint": {
        "key": "autumn", "state": "running", "target": 20000, "started_at": "2026-11-22T09:00:00.000Z",
        "deadline": "2026-11-23T09:00:00.000Z", "ended_at": None, "is_delivered": False, "left_over": [],
    },
    "progress": {
        "collected": 5000, "leads": 4800, "remaining": 15000, "leads_per_hour": 1500.0, "leads_per_hour_now": 1500.0,
        "required_per_hour": 714.3, "last_progress_at": AT, "stage": "collecting", "eta": "2026-11-22T22:00:00.000Z",
        "qualified": None, "crm_synced": 0, "crm_failed": 0,
    },
    "rates": {"error_rate_now": 0.01},
    "segments": [
        {"id": "apollo-1", "state": "collecting", "target": 12000, "delivered": 3000, "share": 0.25, "reason": None},
        {"id": "zoominfo-1", "state": "collecting", "target": 9000, "delivered": 2100, "share": 0.23, "reason": None},
    ],
    "vendors": [{"vendor": "apollo", "credits_out": False, "is_down": False}],
    "stores": {"mongo": {"up": True, "says": ""}, "redis": {"up": True, "says": ""}},
    "cost": {"buying": "on", "forecast_usd": 6000.0, "budget_usd": 8000.0, "per_qualified": None},
    "gates": {},
    "alerts": [],
}  # fmt: skip
GATE = {"value": 0.12, "threshold": 0.1, "passed": False}
SHORT = {
    "id": "zoominfo-1",
    "state": "short",
    "target": 9000,
    "delivered": 2100,
    "share": 0.23,
    "reason": "out of credits",
}


def changed(**places: Any) -> dict[str, Any]:
    """The state with some values at `part__name` replaced."""
    state = deepcopy(STATE)
    for place, value in places.items():
        part, _, name = place.partition("__")
        if name:
            state[part][name] = value
        else:
            state[part] = value
    return state


@pytest.mark.parametrize(
    ("places", "word", "severity", "figures"),
    [
        ({}, "on track", "INFO", ("5,000 of 20,000", "1,500", "714")),
        ({"progress__leads_per_hour": 760.0}, "at risk", "WARNING", ("760", "714", "15,000")),
        ({"progress__leads_per_hour": 700.0}, "will miss", "CRITICAL", ("700", "714", "15,000")),
        ({"at": "2026-11-23T09:00:01.000Z", "progress__required_per_hour": None}, "will miss", "CRITICAL", ("5,000",)),
        ({"segments": [STATE["segments"][0], SHORT]}, "will miss", "CRITICAL", ("14,000", "2,100 of 9,000", "credits")),
        ({"progress__last_progress_at": "2026-11-22T11:45:00.000Z"}, "at risk", "WARNING", ("15 min",)),
        ({"vendors": [{"vendor": "apollo", "credits_out": True, "is_down": True}]}, "at risk", "WARNING", ("no credits",)),
        ({"vendors": [{"vendor": "apollo", "credits_out": False, "is_down": True}]}, "at risk", "WARNING", ("is down",)),
        ({"rates__error_rate_now": 0.2}, "at risk", "WARNING", ("20%",)),
        ({"cost__forecast_usd": 9000.0}, "at risk", "WARNING", ("$9,000 are forecast of $8,000",)),
        ({"cost__buying": "paused"}, "at risk", "WARNING", ("paused",)),
        ({"progress__crm_waits": "hubspot has not answered"}, "at risk", "WARNING", ("hubspot has not answered",)),
        ({"stores__mongo": {"up": False, "says": "x"}}, "at risk", "WARNING", ("mongo", "go on by themselves")),
        ({"stores__redis": {"up": False, "says": "x"}}, "at risk", "WARNING", ("redis",)),
        ({"alerts": [{"title": "Boom", "severity": "CRITICAL", "is_test": False}]}, "at risk", "WARNING", ("Boom",)),
        ({"alerts": [{"title": "Boom", "severity": "CRITICAL", "is_test": True}]}, "on track", "INFO", ()),
        ({"progress__remaining": 0, "progress__collected": 20100, "progress__stage": "enriched_leads"}, "on track", "INFO",
         ("20,100", "enriched leads")),
        ({"gates": {"duplicate_rate": GATE}, "progress__stage": "crm_sync"}, "refused", "CRITICAL", ("0.12", "0.1")),
        ({"sprint__state": "open"}, "waiting", "INFO", ("2 segments",)),
        ({"sprint__state": "paused"}, "waiting", "WARNING", ("5,000",)),
        ({"sprint__state": "stopped"}, "stopped", "WARNING", ("5,000",)),
        ({"sprint__state": "failed", "gates": {"duplicate_rate": GATE}}, "refused", "CRITICAL", ("duplicate rate",)),
        ({"sprint__state": "failed"}, "refused", "CRITICAL", ("before the leads were scored",)),
        ({"sprint__state": "finished", "progress__qualified": 900, "progress__crm_synced": 880, "progress__crm_failed": 20},
         "at risk", "CRITICAL", ("880 of 900", "20 failed")),
        ({"sprint__state": "finished", "sprint__is_delivered": True, "progress__qualified": 4000,
          "cost__per_qualified": 0.42}, "delivered", "INFO", ("4,800", "4,000", "$0.42")),
        ({"sprint__state": "failed", "sprint__is_delivered": True, "progress__qualified": 4000}, "delivered", "WARNING",
         ("A step after that failed",)),
        ({"sprint": None}, "no sprint", "INFO", ()),
        ({"sprint": None, "stores__mongo": {"up": False, "says": "MongoDB is away"}}, "at risk", "CRITICAL", ("away",)),
        ({"progress__leads_per_hour": None, "progress__leads_per_hour_now": None, "progress__last_progress_at": AT,
          "sprint__started_at": "2026-11-22T11:59:50.000Z"}, "waiting", "INFO", ("10 s",)),
        ({"progress__leads_per_hour": None, "progress__leads_per_hour_now": None, "progress__last_progress_at": AT},
         "at risk", "WARNING", ("3.0 h",)),
    ],
)  # fmt: skip
def test_the_word_follows_from_the_figures(
    places: dict[str, Any], word: str, severity: str, figures: tuple[str, ...]
) -> None:
    """REQ-021, REQ-002, REQ-003: on pace, money, vendors, stores, gates and outcome."""
    found = verdict(changed(**places))
    assert (found.word, found.severity) == (word, severity)
    assert [each for each in figures if each not in found.says] == []
