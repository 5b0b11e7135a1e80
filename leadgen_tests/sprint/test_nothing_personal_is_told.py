"""Personal data stay in the lead store and the lake: logs, events, metadata, reports and pages have none (NFR-011)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from dagster import serialize_value

from leadgen_tests.sprint.conftest import Delivered
from leadgen_tests.sprint.truth import normalised

LEADS = ("performance_marketers", "raw_pages", "quarantine", "lead_keys", "enrichment_cache")
"""Collections that are there to hold people."""
WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@pytest.fixture(scope="module")
def people(delivered: Delivered) -> dict[str, set[str]]:
    """{kind: texts that would tell who somebody is}."""
    leads = normalised(delivered.office, delivered.key)
    enriched = delivered.office.frame("enriched_leads", delivered.key)
    return {
        "address": {each.lower() for frame in (leads, enriched) for each in frame["email"].dropna()},
        "page": {each.rpartition("/")[2] for each in leads["linkedin_url"].dropna()},
        "member": set(leads["linkedin_member"].dropna()),
        "phone": set(leads["phone"].dropna()),
        "name": {" ".join(WORD.findall(each)).lower() for each in leads["full_name"].dropna() if " " in each},
    }


def told(text: str, people: dict[str, set[str]]) -> dict[str, set[str]]:
    """Who is named in the text, by kind of text."""
    lower = text.lower()
    words = WORD.findall(lower)
    pairs = {" ".join(pair) for pair in pairwise(words)}
    found = {
        "address": set(re.findall(r"[\w.+-]+@[\w.-]+\w", lower)) & people["address"],
        "page": set(re.findall(r"[\w%-]{6,}", lower)) & people["page"],
        "member": set(re.findall(r"AC[wo]AA[\w-]+", text)) & people["member"],
        "phone": set(re.findall(r"\+\d{8,15}", text)) & people["phone"],
        "name": pairs & people["name"],
    }
    return {kind: each for kind, each in found.items() if each}


def test_the_search_for_people_would_find_them(delivered: Delivered, people: dict[str, set[str]]) -> None:
    """A check that cannot fail is none: in the lead store the same search finds everybody."""
    found = told(" ; ".join(map(str, delivered.first.rows)), people)

    assert all(len(each) > 50 for each in people.values())
    assert all(len(found[kind]) > 30 for kind in ("address", "page", "phone", "name"))


def test_no_event_run_or_metadata_names_anybody(delivered: Delivered, people: dict[str, set[str]]) -> None:
    """NFR-010, NFR-011: every row of the event log, every run with its tags, every check and materialisation."""
    instance = delivered.office.instance
    runs = [run for result in delivered.results if (run := instance.get_run_by_id(result.run_id))]
    events = [each for run in runs for each in instance.all_logs(run.run_id)]

    assert len(runs) == len(delivered.results)
    assert len(events) > 500
    assert told("\n".join(serialize_value(each) for each in (*runs, *events)), people) == {}


def test_no_log_names_anybody(delivered: Delivered, people: dict[str, set[str]]) -> None:
    """NFR-011: what any module logged at INFO and above, stacks included."""
    assert told("\n".join(delivered.office.told), people) == {}


def test_no_report_or_quality_page_names_anybody(delivered: Delivered, people: dict[str, set[str]]) -> None:
    """NFR-011, REQ-024: the report and Great Expectations' results and pages."""
    home = delivered.office.home
    files = [path for part in ("reports", "quality") for path in (home / part).rglob("*") if path.is_file()]

    assert {".html", ".json"} <= {path.suffix for path in files}
    assert {str(path): found for path in files if (found := told(path.read_text(errors="replace"), people))} == {}


def test_only_the_collections_that_hold_people_hold_people(delivered: Delivered, people: dict[str, set[str]]) -> None:
    """NFR-011: ledger, suppression list, outcomes, book and counters know leads by their id."""
    stored = dict(_collections(delivered))

    assert {"sprints", "cost_ledger", "suppressions", "crm_outcomes", "page_outcomes", "do_not_sell", "erasures",
            "privacy_keys", "alerts", "metrics", "reports", "slow_commands"} <= stored.keys()  # fmt: skip
    assert {name: found for name, text in stored.items() if (found := told(text, people))} == {}


def test_nothing_in_redis_but_claims_names_anybody(delivered: Delivered, people: dict[str, set[str]]) -> None:
    """NFR-011: live counters, rate windows and locks; a claim's name is a person's key, and lives seven days."""
    client = delivered.office.stores.redis
    texts = []
    for key in client.scan_iter():
        name = key.decode()
        kind = client.type(key).decode()
        if name.startswith("lead:"):
            assert kind == "string"
            assert 0 < client.ttl(key) <= 7 * 86_400
            continue
        readers = {"hash": client.hgetall, "set": client.smembers, "zset": lambda key: client.zrange(key, 0, -1)}
        texts.append(f"{name} {readers.get(kind, client.dump)(key)!r}")

    assert len(texts) > 3
    assert told("\n".join(texts), people) == {}


def _collections(delivered: Delivered) -> Iterator[tuple[str, str]]:
    db = delivered.office.stores.db
    for name in db.list_collection_names():
        if name not in LEADS and not name.startswith("system."):
            yield name, "\n".join(str(each) for each in db[name].find())
