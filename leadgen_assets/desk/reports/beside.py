"""The launch report and one report an hour while a command runs a sprint, whether or not a Dagster daemon is up (REQ-023)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from leadgen_assets.desk.reports import periods
from leadgen_assets.desk.reports.publish import publish, send_undelivered
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores

log = logging.getLogger(__name__)

LAST_WAIT = 30.0
"""Seconds that the end of a sprint waits for a report that is being written."""


@contextmanager
def reports_beside(stores: OpenStores, settings: Settings, sprint: str) -> Iterator[None]:
    """Reports in a thread of their own for the length of the block; what goes wrong is logged and stops nothing."""
    over = threading.Event()
    writer = threading.Thread(target=_write, args=(stores, settings, sprint, over), name="reports", daemon=True)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join(LAST_WAIT)


def _write(stores: OpenStores, settings: Settings, sprint: str, over: threading.Event) -> None:
    with told_if_missing():
        if not stores.reports.list("launch", sprint, limit=1):
            publish(stores, settings, "launch", sprint)
    while True:
        hour = periods.hour_of(datetime.now(UTC))
        if over.wait((hour.end - datetime.now(UTC)) / timedelta(seconds=1)):
            return
        with told_if_missing():
            publish(stores, settings, "hourly", sprint, hour)
            send_undelivered(stores, settings)


@contextmanager
def told_if_missing() -> Iterator[None]:
    """A report that cannot be written is logged: it must not fail what it reports on."""
    try:
        yield
    except Exception as error:
        log.warning("a report was not written: %s: %s", type(error).__name__, error)
