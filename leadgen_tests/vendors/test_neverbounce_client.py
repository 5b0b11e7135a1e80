"""NeverBounce answers 200 to everything; the word inside decides."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from leadgen_assets.vendors.contracts import (
    JobState,
    VendorBadRequest,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
    VendorRejectedCredentials,
    VerificationResult,
)
from leadgen_assets.vendors.neverbounce import NeverBounceClient
from leadgen_tests.vendors.conftest import Script


def said(word: str, message: str = "", **content: Any) -> httpx.Response:
    return httpx.Response(200, json={"status": word, "message": message, **content})


def use(script: Script, method: str, *args: Any) -> Any:
    async def run() -> Any:
        async with script.client(NeverBounceClient, "neverbounce") as client:
            return await getattr(client, method)(*args)

    return asyncio.run(run())


def test_a_list_goes_into_one_job_that_starts_by_itself(script: Script) -> None:
    """REQ-012: never a loop of single checks, which may lock the account."""
    job = use(script.answers(said("success", job_id=150970)), "start", {"r1": "a@x.example", "r2": "b@x.example"}, "l1")
    assert job == "150970"
    sent = script.sent()
    assert sent["input"] == [{"id": "r1", "email": "a@x.example"}, {"id": "r2", "email": "b@x.example"}]
    assert (sent["auto_parse"], sent["auto_start"], sent["filename"]) == (1, 1, "leads-l1.csv")
    assert [request.url.path.rsplit("/vendor")[1] for request in script.requests] == ["/jobs/create"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (said("auth_failure", "no"), VendorRejectedCredentials),
        (said("general_failure", "Insufficient credits to run this job"), VendorOutOfCredits),
        (said("general_failure", "Invalid input"), VendorBadRequest),
        (httpx.Response(413), VendorBadRequest),
    ],
)
def test_errors_inside_a_200_are_errors(script: Script, reply: httpx.Response, expected: type[Exception]) -> None:
    """vendors.md §5.3: raise_for_status catches none of these."""
    with pytest.raises(expected):
        use(script.answers(reply), "start", {"r1": "a@x.example"}, "label")
    assert len(script.requests) == 1


@pytest.mark.parametrize("word", ["throttle_triggered", "temp_unavail"])
def test_passing_errors_inside_a_200_are_tried_again(script: Script, word: str) -> None:
    """NFR-006."""
    assert use(script.answers(said(word), said("success", job_id=7)), "start", {"r1": "a@x.example"}, "label") == "7"


def test_a_job_that_may_have_been_made_is_not_made_again(script: Script) -> None:
    """vendors.md §8.9: a paid POST is never repeated blindly."""
    with pytest.raises(VendorOutcomeUnknown):
        use(script.answers(httpx.ReadTimeout("")), "start", {"r1": "a@x.example"}, "label")
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("complete", JobState.READY),
        ("failed", JobState.FAILED),
        ("under_review", JobState.RUNNING),
        ("waiting", JobState.RUNNING),
        ("a word of tomorrow", JobState.RUNNING),
    ],
)
def test_states_are_mapped_and_unknown_ones_mean_running(script: Script, word: str, state: JobState) -> None:
    """vendors.md §8.7."""
    status = use(script.answers(said("success", id=7, job_status=word, total={"billable": 12})), "status", "7")
    assert (status.state, status.records) == (state, 12)


def test_a_job_nobody_knows_is_expired(script: Script) -> None:
    """vendors.md §8.7: ids do not last for ever."""
    assert use(script.answers(said("general_failure", "Invalid job ID")), "status", "7").state is JobState.EXPIRED


def test_results_are_read_page_by_page_and_joined_by_our_id(script: Script) -> None:
    """vendors.md §8.6."""

    def page(number: int, ref: str, word: str) -> httpx.Response:
        row = {"data": {"id": ref, "email": "a@x.example"}, "verification": {"result": word}}
        return said("success", total_pages=2, results=[row])

    found = use(script.answers(page(1, "r1", "valid"), page(2, "r2", "something new")), "results", "7")
    assert found == {"r1": VerificationResult.VALID, "r2": VerificationResult.UNKNOWN}
    assert [request.url.params["page"] for request in script.requests] == ["1", "2"]
