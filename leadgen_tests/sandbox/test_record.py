"""What the sandbox vendors keep about their callers, for whoever checks afterwards who paid twice or came too early."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from leadgen_assets.sandbox.frame import FrameOptions, VendorSim
from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.server import build_app
from leadgen_tests.sandbox.vendor_server import small_world

MATCH = "/apollo/api/v1/people/bulk_match"
SEARCH = "/apollo/api/v1/mixed_people/api_search"


@pytest.fixture
def app() -> Starlette:
    limits = {"apollo": {"search": (Window(2, 60.0),)}}
    return build_app(small_world(), options=FrameOptions(limits=limits))


@pytest.fixture
def http(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app, headers={"x-api-key": "sandbox"}) as client:
        yield client


@pytest.fixture
def apollo(app: Starlette) -> VendorSim:
    sim: VendorSim = app.state.sims["apollo"]
    return sim


def asked(*positions: int) -> dict[str, list[dict[str, str]]]:
    known = [each for each in small_world().pool("apollo-1") if not each.junk]
    return {"details": [{"id": known[at].vendor_id} for at in positions]}


def test_a_paid_question_asked_twice_has_two_receipts(http: TestClient, apollo: VendorSim) -> None:
    """Issue 4, chaos suite: paying twice shows at the vendor, whatever the payer wrote down."""
    http.post(MATCH, json=asked(0, 1))
    http.post(MATCH, json=asked(2))
    assert sorted(apollo.receipts.values()) == [1, 1]

    http.post(MATCH, json=asked(0, 1), headers={"x-api-key": "sandbox", "x-else": "1"})

    assert sorted(apollo.receipts.values()) == [1, 2]


def test_free_and_refused_questions_have_none(http: TestClient, apollo: VendorSim) -> None:
    """Issue 4, chaos suite: a receipt is for money."""
    http.post(SEARCH, json={"page": 1, "per_page": 5})
    http.post(MATCH, json=asked(0), headers={"x-api-key": "wrong"})

    assert not apollo.receipts


def test_calls_over_a_rate_limit_are_counted_and_storms_are_not(http: TestClient, apollo: VendorSim) -> None:
    """Issue 4, chaos suite: rate limits kept is what the vendor saw, injected rejections apart."""
    apollo.faults.storm_429 = 2
    storm = [http.post(SEARCH, json={"page": 1, "per_page": 5}).status_code for _ in range(2)]
    assert (storm, sum(apollo.too_early.values())) == ([429, 429], 0)

    early = [http.post(SEARCH, json={"page": 1, "per_page": 5}).status_code for _ in range(3)]

    assert early == [200, 200, 429]
    assert dict(apollo.too_early) == {"search": 1}


def test_garbage_is_no_json_and_billed(http: TestClient, apollo: VendorSim) -> None:
    """Fault switch garbage_rate."""
    apollo.faults.garbage_rate = 1.0

    answer = http.post(MATCH, json=asked(0))

    assert answer.status_code == 200
    assert "<" in answer.text
    assert apollo.credits_used == 1
    assert dict(apollo.spoiled) == {"bulk_match": 1}


def test_a_free_page_may_come_twice_and_a_paid_one_does_not(http: TestClient, apollo: VendorSim) -> None:
    """Fault switch repeat_rate: the page before instead of the one that was asked for."""
    apollo.faults.repeat_rate = 1.0
    pages = [http.post(SEARCH, json={"page": page, "per_page": 5}).json()["people"] for page in (1, 2)]
    bought = [http.post(MATCH, json=asked(at)).json()["matches"] for at in (0, 1)]

    assert pages[0] == pages[1]
    assert bought[0] != bought[1]
