"""Records as the four sources deliver them, recorded from the sandbox once a process; and pages of them."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.sandbox.sales_navigator import write_exports
from leadgen_assets.stores.raw_pages import RawPage
from leadgen_assets.vendors.bodies import loads
from leadgen_assets.vendors.brightdata import records_of
from leadgen_assets.vendors.sales_navigator import read_export
from leadgen_tests.fuzz.conversations import CONVERSATIONS
from leadgen_tests.fuzz.hostile import encoded
from leadgen_tests.fuzz.recorded import record
from leadgen_tests.sandbox.vendor_server import small_world

SOURCES = ("apollo", "brightdata", "zoominfo", "sales_navigator")
PROFILE = TargetProfile(("Media Buyer", "PPC Manager"), ("US",), ("New York", "Boston"))
KEPT = 6


@cache
def records(source: str) -> tuple[dict[str, Any], ...]:
    """A few records of a source, as delivered."""
    if source == "sales_navigator":
        with tempfile.TemporaryDirectory() as folder:
            files = write_exports(small_world(), Path(folder))
            return tuple(row for path in files for row in read_export(path)[:2])
    exchanges = record(*CONVERSATIONS[source])
    if source == "brightdata":
        body = next(
            each.content for each in exchanges if each.path.endswith("download") and each.content[:6] != b'{"stat'
        )
        return tuple(records_of(body.decode())[:KEPT])
    key, end = {"apollo": ("matches", "bulk_match"), "zoominfo": ("data", "enrich")}[source]
    found = next(each.document[key] for each in exchanges if each.path.endswith(end))
    return tuple(each for each in found[:KEPT] if each)


def page(source: str, delivered: list[Any], number: int = 1, sprint: str = "fuzz") -> RawPage:
    """A page of records that went over the wire as JSON; those a client would not even read are left out."""
    wire = [loads(each) for each in map(encoded, delivered) if _is_read(each)]
    return RawPage(sprint, f"{source.replace('_', '-')}-1", source, number, wire, {}, datetime(2026, 1, 5, tzinfo=UTC))


def _is_read(content: bytes) -> bool:
    try:
        loads(content)
    except ValueError:
        return False
    return True
