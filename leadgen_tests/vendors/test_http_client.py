"""The shared HTTP client: verdicts, retries, paid calls, logins, and what never gets out."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.vendors import contracts
from leadgen_assets.vendors.answers import by_status, message_of
from leadgen_assets.vendors.arrivals import Grant
from leadgen_assets.vendors.contracts import VendorError, Verdict
from leadgen_assets.vendors.governor import RateWindowClosed
from leadgen_assets.vendors.http import Classified, VendorClient, retry_after
from leadgen_assets.vendors.redaction import redacted

OK = httpx.Response(200, json={"fine": True})


def call(script: Any, kind: type[VendorClient] = VendorClient, governor: Any = None, **options: Any) -> Any:
    client_options = {name: options.pop(name) for name in ("max_wait", "timeout_s") if name in options}
    if "timeout_s" in client_options:
        client_options["timeout"] = client_options.pop("timeout_s")

    async def run() -> Any:
        async with script.client(kind, "apollo", governor, **client_options) as client:
            options.setdefault("classify", by_status)
            return await client.call("search", "POST", "/people", **options)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500, text="<html>oops</html>"),
        httpx.Response(503),
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"people": [{"id'),
    ],
)
def test_trouble_that_passes_is_retried_after_one_two_and_four_seconds(script: Any, trouble: Any) -> None:
    """NFR-006: at most 3 retries with exponential backoff on API errors, time-outs and cut answers."""
    reply = call(script.answers(trouble, trouble, trouble, OK))

    assert reply.json() == {"fine": True}
    assert len(script.requests) == 4
    assert len(script.slept) == 3
    assert all(base <= pause <= base * 1.25 for base, pause in zip((1, 2, 4), script.slept, strict=True))


def test_the_fourth_failure_is_final(script: Any) -> None:
    """NFR-006: at most 3 retries."""
    with pytest.raises(contracts.VendorUnavailable) as failed:
        call(script.answers(httpx.Response(500, text="oops")))

    assert len(script.requests) == 4
    assert (failed.value.vendor, failed.value.operation, failed.value.status) == ("apollo", "search", 500)


def test_retry_after_wins_over_backoff(script: Any) -> None:
    """vendors.md §8.1: the vendor's own word counts."""
    call(script.answers(httpx.Response(429, headers={"retry-after": "17"}), OK))

    assert script.slept == [17.0]


def test_a_retry_after_beyond_the_cap_fails_at_once(script: Any) -> None:
    """vendors.md §8.1: cap the total wait; a closed day window ends the step."""
    with pytest.raises(contracts.VendorUnavailable, match="retry in 86400 s"):
        call(script.answers(httpx.Response(429, headers={"retry-after": "86400"})), max_wait=60)

    assert script.slept == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, contracts.VendorBadRequest),
        (401, contracts.VendorRejectedCredentials),
        (402, contracts.VendorOutOfCredits),
        (403, contracts.VendorNotEntitled),
        (422, contracts.VendorBadRequest),
    ],
)
def test_what_retrying_cannot_help_is_raised_at_once(script: Any, status: int, kind: type[Exception]) -> None:
    """vendors.md §0: one error tree, told apart by what the caller can do."""
    with pytest.raises(kind):
        call(script.answers(httpx.Response(status, json={"error": "no"})))

    assert len(script.requests) == 1


def test_a_suppressed_person_is_an_error_of_its_own(script: Any) -> None:
    """vendors.md §8.10: 451 and the like feed the suppression list."""
    with pytest.raises(contracts.PersonSuppressed):
        call(
            script.answers(httpx.Response(451)),
            classify=lambda status, headers, body: Classified(Verdict.SUPPRESSED),
        )


@pytest.mark.parametrize(
    "broken",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(504),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"matches": ['),
    ],
)
def test_a_paid_call_that_may_have_been_billed_is_not_sent_again(script: Any, broken: Any) -> None:
    """vendors.md §8.9: never blind-retry a POST that may have been billed."""
    with pytest.raises(contracts.VendorOutcomeUnknown, match="billed"):
        call(script.answers(broken), paid=True)

    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("trouble", "options"),
    [
        (httpx.ConnectError("refused"), {}),
        (httpx.ConnectTimeout("slow"), {}),
        (httpx.Response(500), {}),
        (httpx.Response(429), {}),
        (httpx.ReadTimeout("slow"), {"resend_is_free": True}),
    ],
)
def test_a_paid_call_is_sent_again_when_nothing_was_billed_or_it_is_free(
    script: Any, trouble: Any, options: dict[str, Any]
) -> None:
    """NFR-006 for paid calls: what never reached the vendor, or was refused by it, is retried."""
    call(script.answers(trouble, OK), paid=True, **options)

    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("last", "billed"),
    [
        (httpx.ReadTimeout("slow"), True),
        (httpx.Response(504), True),
        (httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"matches": ['), True),
        (httpx.Response(503), False),
        (httpx.ConnectError("refused"), False),
    ],
)
def test_a_free_repeat_that_never_got_an_answer_may_have_been_billed_too(script: Any, last: Any, billed: bool) -> None:
    """Issue 4: whatever failed after it; a call that never arrived, or was refused, was not."""
    with pytest.raises(contracts.VendorUnavailable) as raised:
        call(script.answers(last, httpx.Response(503)), paid=True, resend_is_free=True)

    assert isinstance(raised.value, contracts.VendorOutcomeUnknown) == billed
    assert len(script.requests) == 4


def test_an_attempt_ends_with_the_timeout_even_if_bytes_keep_coming(script: Any) -> None:
    """TL-02: 30 s time-out, for the whole attempt."""

    async def run() -> None:
        async def drip(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(5)
            return OK

        client = script.client(VendorClient, "apollo", timeout=0.05)
        client._transport = httpx.MockTransport(drip)
        async with client:
            await client.call("search", "GET", "/", classify=by_status, paid=True)

    with pytest.raises(contracts.VendorOutcomeUnknown, match="timed out"):
        asyncio.run(run())


class _WithLogin(VendorClient):
    token = "old"
    logins = 0

    async def authorise(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def refresh(self) -> bool:
        self.logins += 1
        await asyncio.sleep(0)
        self.token = "new"
        return True


def test_many_calls_with_an_expired_token_log_in_once(script: Any) -> None:
    """vendors.md §8.9: refresh tokens once."""

    def answer(request: httpx.Request) -> httpx.Response:
        return OK if request.headers["authorization"] == "Bearer new" else httpx.Response(401)

    async def run() -> int:
        async with script.answers(answer).client(_WithLogin, "apollo") as client:
            await asyncio.gather(*(client.call("search", "GET", "/", classify=by_status) for _ in range(10)))
            return int(client.logins)

    assert asyncio.run(run()) == 1


def test_a_login_that_does_not_help_is_tried_once(script: Any) -> None:
    """TL-02: authentication errors stop the run instead of looping."""
    with pytest.raises(contracts.VendorRejectedCredentials):
        call(script.answers(httpx.Response(401, text="Invalid API key")), _WithLogin)

    assert len(script.requests) == 2


class _Recording:
    def __init__(self, strikes: int = 1, closed: bool = False) -> None:
        self.penalties: list[float] = []
        self.strikes = strikes
        self.closed = closed
        self.answered: list[bool] = []

    async def acquire(self, vendor: str, operation: str) -> Grant:
        if self.closed:
            raise RateWindowClosed(vendor, operation, 5000)
        return Grant(vendor, operation, 0.25)

    async def report(self, vendor: str, *, answered: bool, grant: Grant | None = None) -> None:
        self.answered.append(answered)

    async def penalise(self, vendor: str, operation: str, seconds: float) -> int:
        self.penalties.append(seconds)
        return self.strikes


class _Careful(VendorClient):
    strikes_allowed = 5


@pytest.mark.parametrize(
    ("answer", "answered"),
    [
        (httpx.Response(200, json={}), True),
        (httpx.Response(429), True),
        (httpx.Response(404), True),
        (httpx.Response(503), False),
        (httpx.ReadTimeout("slow"), False),
        (httpx.ConnectError("refused"), False),
    ],
)
def test_the_governor_hears_whether_the_vendor_answers(script: Any, answer: Any, *, answered: bool) -> None:
    """PHX-04: a refusal is an answer; a server's failure, a time-out and a refused connection are none."""
    governor = _Recording()
    with suppress(VendorError):
        call(script.answers(answer, OK), governor=governor)

    assert governor.answered[0] is answered


def test_a_rejection_makes_everybody_wait(script: Any) -> None:
    """vendors.md §8.1: share limiter state across workers."""
    governor = _Recording()
    call(script.answers(httpx.Response(429, headers={"retry-after": "9"}), OK), governor=governor)

    assert governor.penalties == [9.0]
    assert [record.waited for record in script.calls] == [0.25, 0.25]


def test_too_many_rejections_close_the_vendor_before_it_blocks_us(script: Any) -> None:
    """vendors.md §2.5: 25 times 429 in 5 minutes block the address; stop well before 10."""
    governor = _Recording(strikes=5)
    with pytest.raises(contracts.VendorUnavailable, match="5 rejections"):
        call(script.answers(httpx.Response(429)), _Careful, governor)

    assert len(script.requests) == 1
    assert governor.penalties[-1] == 300.0


def test_a_closed_rate_window_is_unavailability_and_nothing_is_sent(script: Any) -> None:
    """vendors.md §1.9: if the day window is empty, end the step cleanly."""
    with pytest.raises(contracts.VendorUnavailable, match="5000 s"):
        call(script.answers(OK), governor=_Recording(closed=True))

    assert script.requests == []


def test_waiting_for_a_connection_of_ours_says_nothing_about_the_vendor(script: Any) -> None:
    """PHX-04: nothing was sent, so the vendor has failed at nothing, and a paid call may be tried again."""
    governor = _Recording()
    call(script.answers(httpx.PoolTimeout("all in use"), OK), governor=governor, paid=True)

    assert governor.answered == [True]
    assert [record.verdict for record in script.calls] == [Verdict.OK]


def test_every_attempt_is_observed(script: Any) -> None:
    """OPS-01: API calls, latency and errors per source."""
    call(script.answers(httpx.ConnectError("x"), httpx.Response(500), OK))

    seen = [(record.verdict, record.status) for record in script.calls]
    assert seen == [(Verdict.BACK_OFF, None), (Verdict.BACK_OFF, 500), (Verdict.OK, 200)]


PLANTED = "Zebulon Quagmire zq@quagmire.example +1 (212) 555-0147 opensesame"


@pytest.mark.parametrize("status", [400, 401, 403, 422, 429, 500])
@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_and_no_person_gets_into_an_error_or_a_log(
    script: Any, caplog: pytest.LogCaptureFixture, status: int, as_json: bool
) -> None:
    """NFR-010, NFR-011: credentials and personal data are never printed or logged."""
    caplog.set_level(logging.DEBUG)
    message = f"bad call /people?api_key=opensesame by {PLANTED} (https://www.linkedin.com/in/zebulon-q)"
    answer = httpx.Response(status, json={"message": message}) if as_json else httpx.Response(status, text=message)

    with pytest.raises(contracts.VendorError) as failed:
        call(
            script.answers(answer),
            json={"details": [{"first_name": "zebulon", "name": "Zebulon Quagmire"}]},
            params={"api_key": "opensesame"},
        )

    shown = f"{failed.value!r} {failed.value} {failed.value.__cause__!r} {caplog.text}".casefold()
    for planted in ("zebulon", "quagmire", "555-0147", "opensesame", "api_key"):
        assert planted not in shown
    assert failed.value.__suppress_context__ or failed.value.__context__ is None


def test_the_http_libraries_do_not_log_addresses_even_when_somebody_turns_them_up(
    script: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """NFR-010: a key in a query string must not reach the log."""
    for name in ("httpx", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, logger=name)

    call(script.answers(OK), params={"key": "opensesame"})

    assert "opensesame" not in caplog.text


@given(st.text(alphabet=st.characters(categories=["L"]), min_size=2, max_size=12), st.text(max_size=40))
def test_redaction_hides_every_sent_word(word: str, around: str) -> None:
    """NFR-011: whatever was sent does not come back in a message."""
    shown = redacted(f"{around} {word} {around}", ["opensesame"], {"json": {"people": [{"name": word}]}})

    assert word.casefold() not in shown.casefold().split()


def test_redaction_leaves_codes_that_people_need() -> None:
    """House rule: a clear message names what to do."""
    said = "BILLING.LIMIT.CREDITS_EXHAUSTED: You have insufficient credits!"

    assert redacted(said, ["opensesame"], {"json": {"id": "66f0"}}) == said


def test_retry_after_reads_seconds_and_dates() -> None:
    """RFC 9110 §10.2.3."""
    from email.utils import formatdate

    assert retry_after({"retry-after": "12"}) == 12.0
    assert retry_after({}) is None
    assert retry_after({"retry-after": "soon"}) is None
    later = retry_after({"retry-after": formatdate(time.time() + 100, usegmt=True)})
    assert later is not None
    assert 60 < later <= 100


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Invalid credentials", "Invalid credentials"),
        ("<html><body>Bad gateway</body></html>", ""),
        ({"error": {"code": "ZI0004", "message": "slow"}}, "ZI0004: slow"),
        ({"errors": [{"code": "PFAPI0002", "detail": "too far"}]}, "PFAPI0002: too far"),
        ([{"message": "gone", "errorCode": "X"}], "gone"),
        ({}, ""),
        (None, ""),
    ],
)
def test_messages_are_found_in_every_error_shape(body: Any, message: str) -> None:
    """vendors.md §0: bodies of errors differ by vendor; text must not crash the reader."""
    assert message_of(body) == message
