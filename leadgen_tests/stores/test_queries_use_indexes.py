"""DE-02: every command that the stores really send is explained, and none of them reads a whole collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores import statistics
from leadgen_assets.stores.baselines import Baselines
from leadgen_assets.stores.claims import Claim, ClaimIndex, LeadKey
from leadgen_assets.stores.controls import Controls
from leadgen_assets.stores.crm_outcomes import CrmOutcomes, LeadOutcome
from leadgen_assets.stores.enrichment_cache import EnrichmentCache
from leadgen_assets.stores.figures import sprint_figures
from leadgen_assets.stores.lead_keys import LeadKeys
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.ledger import Asked, CostLedger, Paid
from leadgen_assets.stores.mongo import collection
from leadgen_assets.stores.quarantine import Quarantine
from leadgen_assets.stores.raw_pages import RawPages
from leadgen_assets.stores.reports import ReportBook, WrittenReport
from leadgen_assets.stores.slow_commands import slow_commands
from leadgen_assets.stores.sprint_book import SprintBook
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.stores.usage_readings import Reading, UsageReadings
from leadgen_assets.stores.vendor_jobs import VendorJobs

from .samples import COLLECTED, lead, lead_id
from .test_raw_pages import outcome, page
from .test_side_stores import quarantined
from .test_sprint_book import TEXT, parse_sprint

NAMES = frozenset({"find", "aggregate", "count", "distinct", "update", "delete", "findAndModify"})
NOT_FOR_EXPLAIN = frozenset(
    {"lsid", "$db", "$clusterTime", "txnNumber", "$readPreference", "writeConcern", "cursor", "ordered", "readConcern"}
)


class Commands(monitoring.CommandListener):
    """Everything a client sent that reads or filters."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.listening = True

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.listening and event.command_name in NAMES:
            self.sent.append({k: v for k, v in event.command.items() if k not in NOT_FOR_EXPLAIN})

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...
    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def watched(database, mongo_uri, commands) -> Iterator[Any]:
    """The test's database through a client that notes what it sends."""
    with MongoClient(mongo_uri, event_listeners=[commands]) as client:
        yield client[database.name]


def leads(db) -> None:
    store = LeadStore(db)
    store.insert_provisional([*(lead(n) for n in range(30)), lead(40, email="person.1@acme.example")])
    store.insert_provisional([lead(41, linkedin_url="https://www.linkedin.com/in/person-1")])
    store.publish([lead(1, email="person.2@acme.example"), lead(2, email="person.1@acme.example")], "autumn", ["L9"])
    store.known_identities("summer")
    store.known_identities("summer", keys=["vendor:apollo:v1"])
    store.owned("apollo", ["v1"])
    store.mark_synced([lead_id(1)])
    list(store.iterate("autumn"))
    list(store.iterate("autumn", ["email"], is_qualified=True, crm_synced=False))
    list(store.collected_between(COLLECTED, COLLECTED + timedelta(days=1)))
    store.get([lead_id(1)])
    store.with_keys(["vendor:apollo:v1"])
    store.delete([lead_id(7)])
    store.ids("autumn")
    store.count("autumn")
    store.count("autumn", is_qualified=True, crm_synced=False)
    store.counts_by("autumn", "segment")
    store.counts_by("autumn", "data_source")
    store.scores("autumn")
    sprint_figures(db, "autumn")


def claims(db) -> None:
    index = ClaimIndex(None, db)
    index.claim([Claim("L1", (LeadKey("vendor", "apollo:1"),))])
    index.claim([Claim("L2", (LeadKey("vendor", "apollo:1"), LeadKey("email", "a@acme.example")))])
    index.forget(["L1"])
    keys = LeadKeys(db, timedelta(seconds=-1))
    keys.remember({"k": "L1"})
    keys.remember({"k": "L2"})


def raw_pages(db) -> None:
    store = RawPages(db)
    store.land(page(1))
    store.land_all([page(2)])
    store.land_listing("autumn", "apollo-1", 1, {}, 0)
    store.landed("autumn", "apollo-1")
    store.landed_listings("autumn", "apollo-1")
    list(store.read("autumn", "apollo-1"))
    list(store.read("autumn", "apollo-1", [1]))
    list(store.listings("autumn", "apollo-1"))
    store.without_outcome("autumn", "apollo-1")
    store.all_have_outcomes("autumn")
    store.record_outcome(page(1).page_id, outcome(1, 1))
    store.counts("autumn")
    store.drift("autumn", "apollo-1")
    store.span("autumn")
    store.erase(page(1).page_id, [0])


def ledger(db) -> None:
    store = CostLedger(db)
    for entry in ("a", "b", "c"):
        store.reserve(entry, "autumn", "s", "apollo", "match", 1, Decimal(1), Decimal(2))
    store.reserve("a", "autumn", "s", "apollo", "match", 1, Decimal(1), Decimal(2))
    store.settle("a", Decimal(1), Decimal(1))
    store.release("b")
    asked = Asked("d", "s", "apollo", "match", 1, Decimal(0))
    store.reserve_all("autumn", [asked], Decimal(2))
    store.settle_all("autumn", [Paid("d", Decimal(1), Decimal(0))])
    store.uncertain(timedelta(0))
    store.spent("autumn")
    store.by("autumn", "vendor")
    store.between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), "operation")
    list(store.entries("autumn"))
    store.entry("a")
    store.sums("autumn")
    store.uncertain(timedelta(0), "autumn")
    store.first_settled()
    store.reconcile("autumn")
    store.reserve("c", "autumn", "s", "apollo", "match", 1, Decimal(0), Decimal(2))
    store.doubt("c", "why")
    store.doubt_abandoned()
    store.adopt("c")
    store.set_aside("c", "doubt", 1, Decimal(0), ["h"])
    store.in_doubt("autumn", "apollo", "match", ["h"])
    store.answered("apollo", "match", ["h"])
    store.forget(["h"])
    store.open_of("apollo")
    store.settled_of("apollo")
    store.decide("c/doubt", Decimal(1), Decimal(1), "says")
    store.decided("autumn")
    readings = UsageReadings(db)
    readings.record(
        Reading("apollo", "a", datetime.now(UTC), "ada", "credits", Decimal(1), Decimal(1), "", "agrees", True)
    )
    readings.base("apollo", "a")
    readings.latest("apollo")
    controls = Controls(db)
    controls.pause_all("autumn", "ada", "why", once="a")
    controls.pause_enrichment("autumn", "ada", "why", once="a")
    controls.resume("autumn", "ada")
    baselines = Baselines(db)
    for kind in ("sprint", "run"):
        baselines.record(kind, "autumn", {"a": 1}, about="autumn")
        baselines.last(kind, 5)
        baselines.last(kind, 5, about="autumn", before=datetime.now(UTC), succeeded=True)
        baselines.get(kind, "autumn")
    baselines.runs_of("autumn", datetime(2026, 1, 1, tzinfo=UTC))


def side_stores(db) -> None:
    quarantine = Quarantine(db)
    quarantine.put([quarantined(1)])
    quarantine.counts("autumn")
    list(quarantine.list("autumn"))
    list(quarantine.list("autumn", "apollo-1", 5))
    quarantine.release(["L1"])
    suppressions = Suppressions(db)
    suppressions.add("email", "a@acme.example", "opt_out")
    suppressions.suppressed([("email", "a@acme.example")])
    suppressions.count()
    jobs = VendorJobs(db)
    jobs.intend("k", "brightdata", "filter", {})
    jobs.taken("brightdata", ["s1"])
    jobs.remember("k", "brightdata", "filter", "s1", {})
    jobs.find("k")
    jobs.running()
    jobs.running("brightdata")
    jobs.finish("k", "ready")
    cache = EnrichmentCache(db)
    cache.put("hunter", "finder", {"k": None})
    cache.get("hunter", "finder", ["k"])
    cache.forget(["k"])
    outcomes = CrmOutcomes(db)
    outcomes.record("hubspot", "autumn", [LeadOutcome("L1", "h", "created", "1")])
    outcomes.changed("hubspot", {"L1": "h"})
    outcomes.counts("autumn")
    outcomes.sent("autumn")
    list(outcomes.of_sprint("autumn", "hubspot"))
    list(outcomes.of_sprint("autumn", "hubspot", "created"))
    outcomes.crm_ids(["L1"])
    outcomes.forget(["L1"])


def sprints(db) -> None:
    book = SprintBook(db)
    book.open("autumn", parse_sprint(TEXT))
    book.open("autumn", parse_sprint(TEXT))
    book.latest()
    book.list()
    book.add_segment("autumn", Segment(id="more", source="apollo", leads=1))
    book.record_counts("autumn", {})
    book.record_result("autumn", {"a": 1})
    book.set_state("autumn", "running")
    slow_commands(collection(db, "slow_commands"), datetime(2026, 1, 1, tzinfo=UTC))


def reports(db) -> None:
    book = ReportBook(db)
    names = ("autumn/sprint", "sprint", "autumn", COLLECTED, COLLECTED, COLLECTED, "autumn.html", "autumn.pdf", "", "")
    book.record(WrittenReport(*names))
    book.claim("autumn/sprint", "mail", "team", "")
    book.claim("autumn/sprint", "mail", "team", "")
    book.settle("autumn/sprint", "mail", "team", "", "failed")
    book.get("autumn/sprint")
    book.list()
    book.list("sprint")
    book.list("sprint", "autumn")
    book.list(sprint="autumn")
    book.undelivered(COLLECTED)
    LeadStore(db).publish([lead(1)], "autumn", [])
    statistics.page_outcomes(db, "autumn")
    for count in (statistics.by_source, statistics.overlaps, statistics.filled_fields, statistics.flags):
        count(db, "autumn")
    statistics.not_qualified(db, "autumn")
    statistics.crm_refusals(db, "autumn")


@pytest.mark.parametrize("use", [leads, claims, raw_pages, ledger, side_stores, sprints, reports])
def test_no_command_of_a_store_scans_a_collection(watched, commands, use):
    """DE-02: IXSCAN or a look-up by _id, in every plan of every command, after real use."""
    commands.sent.clear()
    use(watched)
    commands.listening = False
    assert commands.sent
    scans = [f"{name} by {shape}" for name, shape, plan in explained(watched, commands.sent) if "COLLSCAN" in plan]
    assert scans == []


def test_the_proof_would_notice_a_scan(watched, commands):
    """DE-02: a query without an index is found out."""
    watched["performance_marketers"].insert_one(
        lead(1) | dict.fromkeys(("created_at", "updated_at"), COLLECTED) | {"crm_synced": False}
    )
    list(watched["performance_marketers"].find({"phone": "x"}))
    commands.listening = False
    assert any("COLLSCAN" in plan for _, _, plan in explained(watched, commands.sent))


def explained(db, sent: list[dict[str, Any]]) -> Iterator[tuple[str, str, set[str]]]:
    """(command on collection, its filter, stages of its plan) for each statement."""
    for command in sent:
        name = next(iter(command))
        if name == "count" and not command.get("query"):
            continue  # the estimated size, answered from metadata
        for statement in statements(name, command):
            answer = db.command("explain", statement, verbosity="queryPlanner")
            yield f"{name} on {command[name]}", str(statement), set(stages(answer))


def statements(name: str, command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A bulk command as its single statements; explain takes one at a time."""
    field = {"update": "updates", "delete": "deletes"}.get(name)
    if field is None:
        yield command | ({"cursor": {}} if name == "aggregate" else {})
        return
    for each in command[field]:
        yield {name: command[name], field: [each]}


def stages(plan: Any) -> Iterator[str]:
    """Every winning stage in an explain answer; what lost the race does not count."""
    if isinstance(plan, Mapping):
        if "stage" in plan:
            yield str(plan["stage"])
        for key, value in plan.items():
            if key not in ("rejectedPlans", "command"):
                yield from stages(value)
    elif isinstance(plan, list):
        for each in plan:
            yield from stages(each)
