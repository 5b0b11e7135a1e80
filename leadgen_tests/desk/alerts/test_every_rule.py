"""Every rule, end to end: its condition made for real, one message each at Slack and in the mail, and its whole life."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from leadgen_assets.desk.alerts.rules import Rule, Rules, load_rules
from leadgen_assets.desk.backups import name_of
from leadgen_assets.desk.state import StateReader
from leadgen_assets.resources.vendors import counted
from leadgen_assets.settings import Settings
from leadgen_assets.stores.crm_outcomes import LeadOutcome
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import RawPage
from leadgen_assets.stores.reports import ReportBook, WrittenReport
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.contracts import VendorError
from leadgen_assets.vendors.governor import RateGovernor, Unlimited
from leadgen_assets.vendors.limits import load_limits
from leadgen_tests.desk.alerts.room import Mailbox, Room, furnish
from leadgen_tests.sprint.plans import small_sprint
from leadgen_tests.sprint.vendors import Sandbox, world

State = dict[str, Any]
SEGMENT = "apollo-1"


@dataclass
class Day:
    """A running sprint of one case."""

    key: str
    stores: OpenStores
    settings: Settings
    redis_url: str
    sandbox: Sandbox

    def look(self) -> dict[str, Any]:
        """The state as the desk reads it, afresh."""
        self.stores.live.flush()
        reader = StateReader(self.stores, settings=self.settings)
        with patch("leadgen_assets.desk.state.machine._FRESH_SECONDS", 0.0):
            reader.read(self.key)
            sum(range(1_000_000))
            return reader.read(self.key)

    def call(self, vendor: str, times: int = 8) -> None:
        """Calls of a real client to the sandbox, counted as the collectors count theirs."""

        async def calls() -> None:
            opened = registry.checkables(self.settings, Unlimited(), counted(self.stores, self.key))[vendor]
            async with opened as client:
                for _ in range(times):
                    with suppress(VendorError):
                        await client.check()

        with patch("leadgen_assets.vendors.http._pause", lambda _: 0.0):
            asyncio.run(calls())


@pytest.fixture
def day(desk_stores: OpenStores, desk_settings: Settings, redis_url: str, sandbox: Sandbox) -> Iterator[Day]:
    sandbox.http.post("/_sandbox/reset").raise_for_status()
    key = f"autumn-{uuid.uuid4().hex[:6]}"
    desk_stores.book.open(key, small_sprint(key, {SEGMENT: 1000, "zoominfo-1": 500}, budget={"usd": 100}))
    desk_stores.book.set_state(key, SprintState.RUNNING)
    yield Day(key, desk_stores, desk_settings, redis_url, sandbox)
    desk_stores.redis.config_set("maxmemory", 0)
    for vendor in ("apollo", "zoominfo"):
        sandbox.faults(vendor, down=False, error_rate=0.0, credits_out=False)


def failing_calls(day: Day) -> None:
    day.sandbox.faults("apollo", error_rate=1.0)
    day.call("apollo", 2)
    day.sandbox.faults("apollo", error_rate=0.0)
    day.call("apollo", 8)


def vendor_down(day: Day) -> None:
    day.sandbox.faults("apollo", down=True)
    day.call("apollo")


def everybody_down(day: Day) -> None:
    for vendor in ("apollo", "zoominfo"):
        day.sandbox.faults(vendor, down=True)
        day.call(vendor)


def empty_purse(day: Day) -> None:
    async def buy() -> None:
        async with registry.source("apollo", day.settings, Unlimited(), counted(day.stores, day.key)) as client:
            await client.buy([world().pool("apollo-1")[0].vendor_id])

    day.sandbox.faults("apollo", credits_out=True)
    with suppress(VendorError):
        asyncio.run(buy())


def full_quota(day: Day) -> None:
    async def fill() -> None:
        governor = RateGovernor(load_limits(), day.redis_url)
        for _ in range(180):
            await governor.acquire("apollo", "search")
        await governor.aclose()

    asyncio.run(fill())


def throttled_collector(day: Day) -> None:
    """A page a minute, as its collector counts it."""
    day.stores.live.add(day.key, SEGMENT, {"delivered": 1, "leads": 1})


def long_pause(day: Day) -> None:
    """The sprint was set running twenty minutes ago, and nothing came."""
    long_ago = datetime.now(UTC) - timedelta(minutes=20)
    day.stores.db["sprints"].update_one({"_id": day.key}, {"$set": {"changes.$[].at": long_ago, "opened_at": long_ago}})


def landed(number: int, *counts: int) -> Callable[[Day], None]:
    """A page of a hundred records and what became of them: leads, duplicates, suppressed, quarantined."""

    def land(day: Day) -> None:
        page = RawPage(
            day.key, SEGMENT, "apollo", number, [{"id": str(each)} for each in range(100)], {}, datetime.now(UTC)
        )
        day.stores.raw_pages.land(page)
        names = ("leads", "duplicates", "suppressed", "quarantined")
        outcome = {"delivered": 100, **dict(zip(names, counts, strict=True))}
        day.stores.raw_pages.record_outcome(page.page_id, outcome)

    return land


def spend(usd: str) -> Callable[[Day], None]:
    def spent(day: Day) -> None:
        day.stores.ledger.reserve(
            f"{day.key}-call", day.key, SEGMENT, "apollo", "bulk_match", 1, Decimal(usd), Decimal(100)
        )
        day.stores.ledger.settle(f"{day.key}-call", Decimal(1), Decimal(usd))

    return spent


def gate(name: str, value: float) -> Callable[[Day], None]:
    def refused(day: Day) -> None:
        verdict = {"value": value, "threshold": 0.25, "passed": value >= 0.25}
        day.stores.book.record_result(day.key, {"gates": {name: verdict}})

    return refused


def lost_records(day: Day) -> None:
    """The refinement accounted for fewer records than came."""
    counts = {"delivered": 100, "leads": 90, "duplicates": 0, "suppressed": 0, "quarantined": 0}
    day.stores.db["sprints"].update_one({"_id": day.key}, {"$set": {"counts": {SEGMENT: counts}}})


def broken_off(day: Day) -> None:
    """A call of two dollars whose answer never came."""
    place = (day.key, SEGMENT, "apollo", "bulk_match", 80)
    day.stores.ledger.reserve(f"{day.key}/lost", *place, Decimal(2), Decimal(100))
    day.stores.ledger.doubt(f"{day.key}/lost", "timed out")


def scored(average: float, leads: int = 1) -> Callable[[Day], None]:
    """A sprint that is over, with so many leads worth a call, for which fifty dollars were paid."""

    def score(day: Day) -> None:
        landed(1, 100, 0, 0, 0)(day)
        spend("50")(day)
        at = datetime.now(UTC)
        lead = {
            "sprint": day.key, "segment": SEGMENT, "data_source": "apollo", "flags": [], "data_collected_date": at,
            "identity_keys": [], "email_is_key": False, "crm_synced": False, "is_qualified": True, "created_at": at,
            "updated_at": at, "additional_data": {}, "data_quality_score": average,
        }  # fmt: skip
        ids = [f"{day.key}-{leads}-{each}" for each in range(leads)]
        day.stores.db["performance_marketers"].insert_many([{**lead, "_id": each, "lead_id": each} for each in ids])
        day.stores.book.set_state(day.key, SprintState.FINISHED)

    return score


def refused_by_the_crm(day: Day) -> None:
    day.stores.outcomes.record(
        "hubspot", day.key, [LeadOutcome(f"{day.key}-1", "x", "failed", reason="property does not exist")]
    )


def small_memory(day: Day) -> None:
    used = day.stores.redis.info("memory")["used_memory"]
    day.stores.redis.config_set("maxmemory", int(used * 1.1))


def good_calls(*vendors: str) -> Callable[[Day], None]:
    def call(day: Day) -> None:
        for vendor in vendors:
            day.call(vendor)

    return call


def a_fresh_backup(day: Day, is_bad: bool) -> None:
    """Kept, or thirty hours old."""
    shutil.rmtree(day.settings.home / "backups", ignore_errors=True)
    folder = day.settings.home / "backups" / name_of(datetime.now(UTC) - timedelta(hours=30 if is_bad else 0))
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")


def a_delivery(day: Day, is_bad: bool) -> None:
    """Of a report, which failed or arrived."""
    reports, at = ReportBook(day.stores.db), datetime.now(UTC) - timedelta(minutes=10)
    reports.record(WrittenReport("r1", "hourly", day.key, at, at, at, "r1.html", "r1.pdf", "An hour", "first"))
    reports.claim("r1", "mail", "management", "first")
    reports.settle("r1", "mail", "management", "first", "failed" if is_bad else "delivered", "away" if is_bad else "")
    day.stores.db["reports"].update_one({"_id": "r1"}, {"$set": {"deliveries.0.at": at}})


@dataclass(frozen=True)
class Case:
    """How a rule's condition comes about, and what is different while all is well."""

    make: Callable[[Day], None] = lambda _: None
    before: Callable[[Day], None] = lambda _: None
    """Done before the good look."""
    mend: Callable[[Day], None] | None = None
    """Done after the bad look; then the good one is taken."""
    toggle: Callable[[Day, bool], None] | None = None
    """For what is looked at beside the state: made bad or good before each look."""
    instance: str = ""


CASES: dict[str, Case] = {
    "error_rate": Case(failing_calls, good_calls("apollo")),
    "collection_rate": Case(
        throttled_collector,
        long_pause,
        mend=lambda d: d.stores.live.add(d.key, SEGMENT, {"delivered": 60, "leads": 60}),
    ),
    "no_progress": Case(long_pause, mend=landed(1, 100, 0, 0, 0)),
    "api_quota": Case(full_quota, instance="apollo"),
    "vendor_down": Case(vendor_down, instance="apollo"),
    "credits_out": Case(empty_purse, instance="apollo"),
    "network": Case(everybody_down, good_calls("apollo", "zoominfo")),
    "redis_memory": Case(small_memory),
    "cpu": Case(),
    "memory": Case(),
    "disk": Case(),
    "quality": Case(scored(60.0)),
    "cost_per_lead": Case(scored(80.0), mend=scored(80.0, 100)),
    "quarantine_rate": Case(landed(2, 60, 0, 0, 40), landed(1, 100, 0, 0, 0)),
    "counts_do_not_add_up": Case(lost_records, landed(1, 100, 0, 0, 0)),
    "gate_failed": Case(
        gate("email_availability", 0.2), mend=gate("email_availability", 0.3), instance="email_availability"
    ),
    "crm_failures": Case(refused_by_the_crm),
    "budget_60": Case(spend("60")),
    "budget_80": Case(spend("80")),
    "budget_95": Case(spend("95")),
    "uncertain_calls": Case(broken_off),
    "backup_missing": Case(toggle=a_fresh_backup),
    "report_not_delivered": Case(toggle=a_delivery),
}
LOWERED = ("cpu", "memory", "disk")
"""Figures that a test must not drive up: the threshold is below what this machine shows, and nothing is an idle one."""
OTHERWHERE = {
    "mongo_away": "desk/alerts/test_stores_away.py",
    "redis_away": "desk/alerts/test_stores_away.py",
    "workflow_failed": "sprint/test_the_gate_refuses.py",
    "check_failed": "sprint/test_the_gate_refuses.py",
}


def test_every_rule_is_triggered_somewhere() -> None:
    """OPS-03: a rule without a test of its condition would be a promise."""
    assert CASES.keys() | OTHERWHERE.keys() == load_rules().rules.keys()
    assert not CASES.keys() & OTHERWHERE.keys()
    tests = Path(__file__).parents[2]
    assert [name for name, file in OTHERWHERE.items() if f'"{name}"' not in (tests / file).read_text()] == []


@dataclass
class Course:
    """A rule on its course between good and bad."""

    room: Room
    day: Day
    case: Case
    rule: Rule
    good: State
    bad: State

    def be(self, is_bad: bool, after: timedelta | float = 0) -> list[str]:
        """A look at the one or the other; what came of it."""
        if self.case.toggle:
            self.case.toggle(self.day, is_bad)
        return [each.what for each in self.room.tick(self.bad if is_bad else self.good, after)]

    def turn(self, is_bad: bool) -> list[str]:
        """Two looks, a window apart: what is needed to believe it."""
        return self.be(is_bad, 1) + self.be(is_bad, self.rule.window if is_bad else self.rule.clear_window)

    def told(self, about: str) -> bool:
        """Whether exactly one message at Slack and one mail say that, and nothing else was sent."""
        posts, mails = self.room.told()
        return len(posts) == len(mails) == 1 and about in posts[0] and about in mails[0]


@pytest.fixture
def course(request: pytest.FixtureRequest, day: Day, mailbox: Mailbox) -> Course:
    name: str = request.param
    case = CASES[name]
    case.before(day)
    good = day.look()
    case.make(day)
    bad = day.look()
    if case.mend:
        case.mend(day)
        good = day.look()
    room = furnish(day.stores, day.settings, day.sandbox, mailbox)
    rule = load_rules().rules[name]
    if name in LOWERED:
        rule = rule.model_copy(update={"threshold": 0.001, "clear": 0.0})
        good = {**good, "machine": {**good["machine"], name: 0.0}}
    # this rule alone, so that what else is amiss in the test's world does not matter
    rules = Rules(rules={name: rule})
    postman = replace(room.evaluator.postman, rules=rules)
    room.evaluator = replace(room.evaluator, rules=rules, postman=postman)
    return Course(room, day, case, rule, good, bad)


@pytest.mark.parametrize("course", CASES, indirect=True)
def test_a_rule_is_told_once_goes_up_and_ends(course: Course) -> None:
    """REQ-022, OPS-04: one Slack message and one mail when it begins, none while it flaps, one each when nobody
    acknowledges it, none after somebody did, and one each when it is over."""
    room, rule = course.room, course.rule
    assert course.turn(False) == []
    assert course.turn(True) == ["raised"]
    raised = room.stores.alerts.last((rule.id, course.day.key if rule.is_of_sprint else "", course.case.instance))
    assert raised is not None
    assert raised.figures["Measured"] in str(room.sandbox.slack()[-1])
    assert rule.runbook.partition("#")[2] in str(room.sandbox.slack()[-1])
    assert course.told(raised.title)

    assert course.turn(False) + course.turn(True) == ["resolved", "reopened"]
    assert course.be(True, 1) == []
    assert room.told() == ([], [])

    goes_up = rule.severity != "CRITICAL"
    assert course.be(True, timedelta(minutes=15)) == (["escalated"] if goes_up else [])
    assert course.told("Nobody has acknowledged") if goes_up else room.told() == ([], [])
    room.stores.alerts.acknowledge(raised.id, "somebody", at=room.clock())
    assert course.be(True, timedelta(hours=2)) == []
    assert room.told() == ([], [])

    assert course.turn(False) == ["resolved"]
    assert room.told() == ([], [])
    course.be(False, rule.held_back)
    assert course.told(f"Resolved: {raised.title}")
    done = room.stores.alerts.get(raised.id)
    times = [done.raised_at, done.delivered_at, done.acked_at, done.resolved_at]
    assert [each.id for each in room.stores.alerts.list() if each.rule == rule.id] == [raised.id]
    assert done.state == "resolved"
    assert all(times)
    assert times == sorted(times, key=str)
