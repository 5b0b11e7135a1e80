"""Lessons are derived: each is told when its figures stand out, with them, and not told when they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from leadgen_assets.desk.reports import findings
from leadgen_assets.desk.reports.lesson import Lesson
from leadgen_assets.desk.reports.pace import SegmentPace
from leadgen_assets.desk.reports.picture import Lessons, Picture
from leadgen_assets.stores.statistics import Overlap, SourceFigures
from leadgen_tests.desk.reports.conftest import Reported


@pytest.fixture
def plain(reported: Reported) -> Picture:
    """The sprint's picture with everything taken out that may stand out."""
    seen = reported.seen
    segments = [replace(each, quarantined=0, reason=None, state="done") for each in seen.status.segments]
    gates = {"average_quality_score": {"value": 90.0, "threshold": 75.0, "passed": True}}
    status = replace(
        seen.status, segments=tuple(segments), gates=gates, qualified=seen.status.unique, cost_per_qualified_lead=0.01
    )
    cost = replace(seen.cost, by_field={"collection": seen.cost.by_field["collection"]})
    opened = replace(seen.opened, result={**seen.opened.result, "enrichment": []})
    even = [SegmentPace(each.segment, each.ended, 60.0, 60, 3600.0) for each in seen.segments]
    state = {**seen.state, "vendors": []}
    return replace(
        seen, status=status, cost=cost, opened=opened, segments=even, state=state, quarantine={}, slow=[],
        lessons=Lessons(),
    )  # fmt: skip


def told(picture: Picture) -> list[Lesson]:
    return findings.lessons(picture)


def test_when_nothing_stands_out_nothing_is_said(plain: Picture) -> None:
    """OPS-06: no canned text."""
    assert told(plain) == []


def test_the_threshold_that_nearly_failed_is_named_with_its_margin(plain: Picture) -> None:
    """OPS-06: the smallest margin, floors and ceilings alike; a bound of 100 % is always met exactly and no news."""
    gates = {
        "required_fields": {"value": 1.0, "threshold": 1.0, "passed": True},
        "email_availability": {"value": 0.2575, "threshold": 0.25, "passed": True},
        "duplicate_rate": {"value": 0.0995, "threshold": 0.10, "passed": True},
        "unique_leads": {"value": 30_000, "threshold": 18_000, "passed": True},
    }
    [lesson] = told(replace(plain, status=replace(plain.status, gates=gates)))

    assert lesson.says == "Duplicate rate passed by only 0.5% of its threshold."
    assert lesson.rests_on == "measured 9.95%, required at most 10%"


def test_a_gate_that_refused_says_what_was_missing(plain: Picture) -> None:
    """OPS-06: how many more records would have been needed, at the share that became leads."""
    gates = {"unique_leads": {"value": 90, "threshold": 100, "passed": False}}
    status = replace(plain.status, gates=gates, unique=90, delivered=100)
    [lesson] = told(replace(plain, status=status))

    assert lesson.says == "Unique leads kept the sprint from being delivered."
    assert lesson.advice == "Ask for about 11 more records: 90% of those delivered became leads."


def test_the_slowest_segment_is_the_one_that_was_waited_for(plain: Picture) -> None:
    """OPS-06: against the median, and, where time was scarce, how much less would have been in time."""
    first, *others = plain.segments
    slow = replace(first, seconds=300.0, collected=500, per_hour=6000.0)
    sprint = plain.opened.sprint
    hurried = sprint.model_copy(update={"target": sprint.target.model_copy(update={"hours": 0.0001})})
    [at_ease] = told(replace(plain, segments=[slow, *others]))
    [lesson] = told(replace(plain, segments=[slow, *others], opened=replace(plain.opened, sprint=hurried)))

    assert lesson.says == f"{slow.segment} was the slowest segment: it took 5 min 00 s, the median one 1 min 00 s."
    assert (at_ease.says, at_ease.advice) == (lesson.says, "")
    assert "500 collected at 6,000 an hour" in lesson.rests_on
    assert f"Ask {slow.segment} for about 400 records fewer" in lesson.advice
    assert told(replace(plain, segments=[replace(slow, seconds=65.0), *others])) == []


def test_sources_that_share_people_are_named_with_what_it_cost(plain: Picture) -> None:
    """OPS-06: duplicates by source pair; a source that lists before it sells comes second."""
    people = plain.status.collected // 10
    overlaps = [Overlap(("apollo", "zoominfo"), people, people), Overlap(("apollo", "brightdata"), 1, 1)]
    [lesson] = told(replace(plain, lessons=Lessons(overlaps=overlaps)))

    assert lesson.says == f"Apollo and ZoomInfo share {people} people, more than any other pair of sources."
    assert lesson.advice.startswith("Collect Apollo before ZoomInfo")
    assert f"{people} × $" in lesson.advice
    few = [Overlap(("apollo", "zoominfo"), 1, 1)]
    assert told(replace(plain, lessons=Lessons(overlaps=few))) == []


@pytest.mark.parametrize(("found", "is_told"), [(20, True), (80, False)])
def test_the_vendor_with_the_worst_hit_rate(plain: Picture, found: int, is_told: bool) -> None:
    """REQ-014, OPS-06: and who knew more."""
    lines = [_line("hunter", found, 100 - found), _line("pdl", 90, 10)]
    opened = replace(plain.opened, result={**plain.opened.result, "enrichment": lines})
    lessons = told(replace(plain, opened=opened))

    assert bool(lessons) is is_told
    if is_told:
        assert (
            lessons[0].says == "Hunter had the worst hit rate: it knew 20% of what it was asked about email addresses."
        )
        assert lessons[0].advice == "Ask People Data Labs before Hunter: it knew 90% of what it was asked."


def _line(vendor: str, found: int, missed: int) -> dict[str, Any]:
    return {
        "step": "email", "vendor": vendor, "found": found, "missed": missed, "failed": 0, "skipped": 0,
        "stopped_because": None,
    }  # fmt: skip


def test_the_dearest_field_and_the_dearest_source(plain: Picture, reported: Reported) -> None:
    """OPS-06: the share of the money, and what moving leads would save, with what they are worth."""
    spent = reported.seen.cost.by_field["collection"]
    fields = {"collection": replace(spent, usd=10.0), "email": replace(spent, usd=10.0)}
    sources = {
        "apollo": SourceFigures(60, 60, 90.0, 0.9, 0.9),
        "zoominfo": SourceFigures(60, 60, 95.0, 0.95, 0.9),
    }
    seen = replace(plain, cost=replace(plain.cost, by_field=fields), lessons=Lessons(sources=sources))
    field, source = sorted(told(seen), key=lambda each: each.says, reverse=True)

    assert field.says == "Email addresses was the most expensive field to fill: 50% of all money."
    assert source.says.startswith("A qualified lead from ZoomInfo cost ")
    assert "score 95.0, 95% with an address" in source.rests_on
    assert source.advice.startswith("Every 100 qualified leads moved from ZoomInfo to Apollo would save $")


def test_trouble_with_vendors_records_and_the_crm_is_counted(plain: Picture) -> None:
    """OPS-06: error analysis; the weightiest comes first."""
    vendor = {"vendor": "apollo", "calls": 100, "errors": 9, "error_rate": 0.09, "throttled": 20, "quota_says": None}
    seen = replace(
        plain,
        state={**plain.state, "vendors": [vendor]},
        quarantine={"no_identity": plain.status.delivered // 10},
        lessons=Lessons(crm_refusals={"INVALID_EMAIL": 3, "LOCKED": 1}),
    )
    says = [each.says for each in told(seen)]

    assert says[0] == "HubSpot did not take 4 leads, most often: INVALID_EMAIL."
    assert says[1] == "9.0% of the calls to Apollo failed."
    assert says[2] == "Apollo slowed us down: 20% of the calls were told to wait."
    assert "could not become leads, most often because of: no identity." in says[3]


def test_every_recommendation_has_the_figures_it_rests_on(reported: Reported) -> None:
    """OPS-06: of a real sprint."""
    for each in told(reported.seen):
        assert any(letter.isdigit() for letter in each.rests_on), each
        assert not each.advice or each.as_advice().rests_on == each.rests_on
