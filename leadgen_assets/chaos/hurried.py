"""Pauses of seconds take tenths: what is waited for stays the same, and hundreds of crashes end in minutes."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from tenacity import RetryCallState

from leadgen_assets.vendors import http

FASTER = 10.0
PAUSES = (
    "leadgen_assets.collection.snapshots.POLL_SECONDS",
    "leadgen_assets.vendors.brightdata_companies._POLL_SECONDS",
    "leadgen_assets.vendors.salesforce.POLL_WAITS",
    "leadgen_assets.enrichment.verify_step.POLL_WAITS",
    "leadgen_assets.enrichment.asking.SOON",
    "leadgen_assets.enrichment.asking.REST",
    "leadgen_assets.delivery.sync.RETRY_WAITS",
)
"""Constants of seconds, single or in a row."""


def hurry(further: Iterable[str] = ()) -> None:
    """Shorten the pauses of this process and its forks; once. `AttributeError` names one that is no longer there."""
    for each in (*PAUSES, *further):
        place, _, name = each.rpartition(".")
        module = importlib.import_module(place)
        value = getattr(module, name)
        shorter = tuple(one / FASTER for one in value) if isinstance(value, tuple) else value / FASTER
        setattr(module, name, shorter)
    defaults = http.VendorClient.__init__.__kwdefaults__
    if defaults:
        defaults["timeout"] /= FASTER
    usual = http._pause

    def brief(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        is_vendors_word = getattr(error, "wait", None) is not None
        return usual(state) if is_vendors_word else usual(state) / FASTER

    http._pause = brief
