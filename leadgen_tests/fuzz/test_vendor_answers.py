"""Every vendor, every operation: whatever comes back, the client returns what its contract says or a vendor's error."""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.vendors import wire
from leadgen_assets.vendors.contracts import CompanyQuery, Missed
from leadgen_tests.fuzz import contract
from leadgen_tests.fuzz.conversations import CONVERSATIONS, people
from leadgen_tests.fuzz.hostile import encoded, put
from leadgen_tests.fuzz.recorded import Exchange, record, replay, wrong_answers
from leadgen_tests.fuzz.sizes import cases

PINNED: tuple[tuple[str, str, tuple[Any, ...], Any], ...] = (
    ("apollo", "api_search", ("total_entries",), "many"),
    ("apollo", "api_search", ("total_entries",), "@@overflow"),
    ("apollo", "api_search", ("people",), 5),
    ("apollo", "api_search", ("people", 0, "id"), {"a": 1}),
    ("apollo", "api_search", ("people", 0, "id"), "\ud800"),
    ("apollo", "bulk_match", ("matches",), 5),
    ("apollo", "bulk_match", ("credits_consumed",), "NaN"),
    ("apollo", "bulk_match", ("credits_consumed",), -7),
    ("apollo", "credit_usage_stats", ("credit_usage_stats", "lead_credit", "left_over"), "lots"),
    ("zoominfo", "token", ("expires_in",), " "),
    ("zoominfo", "token", ("access_token",), "\x80"),
    ("zoominfo", "search", ("meta", "totalResults"), []),
    ("zoominfo", "search", ("data", 0, "id"), "@@digits"),
    ("zoominfo", "usage", ("data",), [{"attributes": {"usage": [{"usageRemaining": "sNaN"}]}}]),
    ("brightdata", "filter", ("snapshot_id",), "../../x?y"),
    ("brightdata companies", "filter", ("snapshot_id",), {"a": 1}),
    ("clearbit", "find", ("domain",), []),
    ("hunter", "account", ("data",), True),
    ("hunter", "account", ("data", "requests", "credits", "available"), "@@overflow"),
    ("hunter", "email-finder", ("data", "score"), 10**400),
    ("pdl", "bulk", (0, "likelihood"), 10**400),
    ("pdl", "bulk", (0, "data"), {"work_email": True}),
    ("pdl", "bulk", (0, "metadata", "lead_id"), ["x"]),
    ("neverbounce", "create", ("job_id",), "a/b"),
    ("neverbounce", "results", ("total_pages",), 10**9),
    ("neverbounce", "results", ("results",), 3),
    ("neverbounce", "results", ("results", 0, "verification", "result"), ["valid"]),
    ("hubspot", "properties/contacts", ("results", 0, "name"), None),
    ("hubspot", "upsert", ("results", 0), "row"),
    ("hubspot", "upsert", ("results", 0, "properties"), [1]),
    ("hubspot", "upsert", ("errors", 0, "category"), []),
    ("hubspot", "upsert", ("errors", 0, "context"), []),
    ("salesforce", "token", ("access_token",), "a\nb"),
    ("salesforce", "ingest", ("id",), None),
    ("salesforce", "ingest", ("contentUrl",), {"a": 1}),
    ("salesforce", "describe", ("fields", 0, "length"), "@@overflow"),
    ("salesforce", "limits", ("DailyApiRequests",), []),
)
"""Found by the suite below and mended: vendor, end of the path, place in the answer, value."""

PAGE = b"<!doctype html><title>Back in a minute</title>"


@cache
def recorded(name: str) -> tuple[Exchange, ...]:
    return record(*CONVERSATIONS[name])


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_what_was_recorded_is_understood(name: str) -> None:
    """The suites below start from answers that are right: replayed unchanged they give no error."""
    exchanges = recorded(name)
    contract.heard.clear()
    replay(*CONVERSATIONS[name], exchanges, {}, once=False)
    assert [each.status for each in exchanges if each.status < 300]
    assert contract.heard == []


@pytest.mark.parametrize("name", CONVERSATIONS)
@cases(quick=10, full=600)
@given(data=st.data())
def test_wrong_answers_end_in_a_value_or_a_vendors_error(name: str, data: st.DataObject) -> None:
    """NFR-006, REQ-011, vendors.md §8: wrong types, missing keys, cut bytes, other languages; never a traceback, never a
    name in an error."""
    exchanges = recorded(name)
    wrong: dict[int, Any] = {}
    for number in data.draw(st.sets(st.integers(0, len(exchanges) - 1), min_size=1, max_size=2)):
        wrong[number] = data.draw(wrong_answers(exchanges[number]))
    replay(*CONVERSATIONS[name], exchanges, wrong, once=data.draw(st.booleans()))


@pytest.mark.parametrize(("name", "end", "place", "value"), PINNED)
def test_what_once_broke_a_client(name: str, end: str, place: tuple[Any, ...], value: Any) -> None:
    """NFR-006: answers that made a client fail with something else than a vendor's error, or return what nobody can use."""
    exchanges = recorded(name)
    wrong = {
        number: replace(each, content=encoded(put(each.document, place, value)))
        for number, each in enumerate(exchanges)
        if each.path.endswith(end) and each.status < 300
    }
    assert wrong
    replay(*CONVERSATIONS[name], exchanges, wrong, once=False)


@pytest.mark.parametrize("name", CONVERSATIONS)
@pytest.mark.parametrize(
    "change",
    [
        {"content": encoded("@@arrays")},
        {"content": encoded("@@objects"), "status": 400},
        {"content": b"\xff\xfe\x00", "status": 403, "headers": (("content-type", "text/plain; charset=nonsense"),)},
        {
            "headers": (
                ("x-rate-limit-minute", "9" * 5000),
                ("x-minute-usage", "1"),
                ("content-type", "application/json"),
            )
        },
        {"content": b"", "status": 400, "headers": ()},
    ],
    ids=["deep", "deep error", "no text", "digits", "silent"],
)
def test_answers_that_once_broke_every_client(name: str, change: dict[str, Any]) -> None:
    """NFR-006: nesting beyond Python's, bytes of no character set, numbers without end, no reason at all."""
    exchanges = recorded(name)
    replay(*CONVERSATIONS[name], exchanges, {at: replace(e, **change) for at, e in enumerate(exchanges)}, once=False)


@pytest.mark.parametrize("name", ["hunter", "clearbit", "pdl"])
@pytest.mark.parametrize("content", [PAGE, b"", b"null", b"[]"])
def test_a_page_of_somebody_else_is_not_nobody(name: str, content: bytes) -> None:
    """REQ-014: a miss is remembered for weeks, so a proxy's page with status 200 must not count as one."""
    if (name, content) in (("pdl", b"[]"),):
        pytest.skip("an empty list is PDL's own way to say nothing")
    answers: list[Any] = []

    async def work(client: Any) -> None:
        query = CompanyQuery("one", "one.example", "One", None)
        asked = client.find_companies([query]) if name == "clearbit" else client.find_emails(people()[:1])
        answers.extend(await contract.attempt(asked) or ())

    wrong = {at: replace(each, status=200, content=content) for at, each in enumerate(recorded(name))}
    replay(CONVERSATIONS[name][0], work, recorded(name), wrong, once=False)
    assert [each for each in answers if isinstance(each, Missed) and each.is_final] == []


def test_an_answer_that_grows_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-006: a small answer that unpacks to more than a client may hold."""
    monkeypatch.setattr(wire, "LARGEST", 1_000_000)
    bomb = replace(
        recorded("apollo")[0], content=gzip.compress(b" " * 5_000_000), headers=(("content-encoding", "gzip"),)
    )
    contract.heard.clear()
    replay(*CONVERSATIONS["apollo"], recorded("apollo"), dict.fromkeys(range(9), bomb), once=False)
    assert any("larger than" in each for each in contract.heard), contract.heard
