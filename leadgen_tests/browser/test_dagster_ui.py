"""A person runs a sprint from Dagster's web UI: one segment first, then all of it, and looks at the checks."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import expect

from leadgen_tests.browser.desk import SEGMENTS, SPRINT, Dev
from leadgen_tests.browser.pages import GROUPS, DagsterPages, dagster_pages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CELL = f"apollo-ny|{SPRINT}"
BACKFILL_SECONDS = 300
"""Half a minute is the daemon's own pace; a slow machine needs the rest."""


def test_a_sprint_is_run_from_the_web_ui(dev: Dev, chromium: str, screenshots: Path) -> None:
    """interfaces.md, `make dev`: materialise a segment, see its checks by partition, backfill the sprint up to the CRM."""
    with dagster_pages(chromium, dev.url, screenshots) as pages:
        graph_reads_from_left_to_right(pages)
        segment_is_materialised(pages, dev)
        checks_are_shown_by_partition(pages, "normalized_apollo", "validation_rate", CELL)
        sprint_is_backfilled(pages, dev)
        checks_are_shown_by_partition(pages, "scored_leads", "average_quality_score", SPRINT)
        leads_are_in_the_crm(pages)


def graph_reads_from_left_to_right(pages: DagsterPages) -> None:
    """Collect, normalise, refine and deliver stand beside one another in this order."""
    pages.open_graph()
    extents = [pages.extent(group) for group in GROUPS]
    assert all(left[1] < right[0] for left, right in pairwise(extents)), dict(zip(GROUPS, extents, strict=True))
    pages.keep("asset-graph")


def segment_is_materialised(pages: DagsterPages, dev: Dev) -> None:
    """Two assets of one sprint and segment, through the launch dialog, in one run that succeeds."""
    pages.select("raw_apollo", "normalized_apollo")
    pages.open_launcher("Materialize selected (2)")
    pages.choose("apollo-ny", left=1)
    pages.choose(SPRINT, left=0)
    pages.keep("launch-dialog")
    pages.launch("Launch 1 run")
    run = pages.open_launched_run()
    expect(pages.page.get_by_text("Success", exact=True).first).to_be_visible(timeout=60_000)
    pages.keep("segment-run")
    assert dev.runs()[run] == "SUCCESS"


def checks_are_shown_by_partition(pages: DagsterPages, asset: str, check: str, partition: str) -> None:
    """The latest execution names partition and measured value, and the partition's dot is green."""
    pages.open_checks(asset, check)
    expect(pages.page.get_by_text("Passed", exact=True).first).to_be_visible()
    expect(pages.page.get_by_text(partition, exact=True).first).to_be_visible()
    expect(pages.page.get_by_text(re.compile(rf"^{check} is [0-9.]+, as required: >= ")).first).to_be_visible()
    pages.keep(f"{asset}-check")
    pages.open_check_partitions()
    expect(pages.page.get_by_text("Passed (1)")).to_be_visible()
    pages.keep(f"{asset}-check-partitions")


def sprint_is_backfilled(pages: DagsterPages, dev: Dev) -> None:
    """All assets but the reports, which have days and weeks of their own, for all segments of the sprint: every run of the
    backfill is a success, and the last one delivers."""
    pages.open_graph('not group:"reports"')
    pages.open_launcher("Materialize all")
    pages.choose("Select all", left=1)
    pages.choose(SPRINT, left=0)
    pages.keep("backfill-dialog")
    pages.launch("Launch backfill")
    runs = 1 + len(SEGMENTS) + 1  # the one from before, one a segment, one for all that is behind them
    pages.rest()
    deadline = time.monotonic() + BACKFILL_SECONDS
    while list(dev.runs().values()) != ["SUCCESS"] * runs and time.monotonic() < deadline:
        time.sleep(2)
    assert list(dev.runs().values()) == ["SUCCESS"] * runs
    pages.page.goto(f"{pages.url}/runs/b/{dev.backfill()}?tab=runs")
    expect(pages.page.get_by_text("Success", exact=True)).to_have_count(runs - 1)
    pages.keep("backfill")


def leads_are_in_the_crm(pages: DagsterPages) -> None:
    """The page of the last step tells how many leads the CRM took."""
    pages.page.goto(f"{pages.url}/assets/crm_sync")
    row = pages.page.get_by_role("row").filter(has_text="created")
    expect(row.first).to_contain_text(re.compile(r"[1-9][0-9]*"))
    pages.keep("crm-sync")
