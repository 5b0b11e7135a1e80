"""The one way vendor clients talk HTTP: governed, classified, retried, observed, with nothing secret in its errors.

A client subclasses `VendorClient`, gives it a classifier for its vendor's language and calls `self.call(...)`.
Nothing here knows a particular vendor.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from leadgen_assets.redaction import logs
from leadgen_assets.settings import VendorAccess
from leadgen_assets.vendors.answers import Classified, Classifier, Reply, is_cut_short, parsed, retry_after
from leadgen_assets.vendors.contracts import (
    CallObserver,
    CallRecord,
    PersonSuppressed,
    VendorBadRequest,
    VendorError,
    VendorNotEntitled,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
    VendorRejectedCredentials,
    VendorUnavailable,
    Verdict,
    ignore_calls,
)
from leadgen_assets.vendors.governor import CircuitOpen, Governor, RateWindowClosed
from leadgen_assets.vendors.quota import Quota, told_quota
from leadgen_assets.vendors.redaction import redacted
from leadgen_assets.vendors.wire import LARGEST, NOT_SENT, TooLarge, exchanged, http_client

__all__ = ["Classified", "Classifier", "Reply", "VendorClient", "retry_after"]

TIMEOUT = 30.0
RETRIES = 3
MAX_WAIT = 300.0
"""Longest pause in seconds a vendor's Retry-After may impose on one call; beyond it the call fails at once."""

Sleep = Callable[[float], Awaitable[None]]


_FINAL: dict[Verdict, type[VendorError]] = {
    Verdict.RETRY_AFTER: VendorUnavailable,
    Verdict.BACK_OFF: VendorUnavailable,
    Verdict.AUTH: VendorRejectedCredentials,
    Verdict.ENTITLEMENT: VendorNotEntitled,
    Verdict.OUT_OF_CREDITS: VendorOutOfCredits,
    Verdict.BAD_REQUEST: VendorBadRequest,
    Verdict.SUPPRESSED: PersonSuppressed,
}
_PASSING = (Verdict.RETRY_AFTER, Verdict.BACK_OFF)


@dataclass
class _TryAgain(Exception):
    """An attempt that failed for a reason that passes."""

    detail: str
    status: int | None = None
    wait: float | None = None


@dataclass(frozen=True)
class _Request:
    operation: str
    method: str
    path: str
    classify: Classifier
    paid: bool
    timeout: float
    as_text: bool
    anonymous: bool
    unsure: list[str] | None
    """Why earlier attempts of a paid call, whose repeat is free, may have been carried out; None where nothing is billed."""
    parts: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class VendorClient:
    """Base of every vendor client; use it as an async context manager.

    `observer` hears of every attempt. `sleep` and `transport` are for tests. `max_wait` caps Retry-After.
    """

    strikes_allowed: ClassVar[int | None] = None
    """Rejections (429) in five minutes after which nobody may call this vendor for five minutes (vendors.md §2.5)."""

    def __init__(
        self,
        access: VendorAccess,
        governor: Governor,
        observer: CallObserver = ignore_calls,
        *,
        timeout: float = TIMEOUT,
        max_wait: float = MAX_WAIT,
        sleep: Sleep = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.access = access
        self.vendor = access.vendor
        self._governor = governor
        self._observer = observer
        self._timeout = timeout
        self._max_wait = max_wait
        self._sleep = sleep
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._login_lock = asyncio.Lock()
        self._logins = 0

    async def __aenter__(self) -> Self:
        logs.install()
        self._http = http_client(self.access.base_url, self._transport)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def authorise(self) -> dict[str, str]:
        """Headers that log a call in; asked before every attempt."""
        return {}

    async def refresh(self) -> bool:
        """Log in again after the vendor rejected the credential; False where that cannot help."""
        return False

    def told(self, detail: str, sent: Mapping[str, Any] | None = None) -> str:
        """A vendor's words, without credentials, what looks personal and what was `sent`."""
        secrets = [secret.get_secret_value() for secret in self.access.credentials.values()]
        return redacted(detail, secrets, sent or {})

    async def rest(self, seconds: float) -> None:
        """Wait, as the client waits between attempts."""
        await self._sleep(seconds)

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        classify: Classifier,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        paid: bool = False,
        resend_is_free: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109
        parse: Literal["auto", "text"] = "auto",
        anonymous: bool = False,
    ) -> Reply:
        """Make a call; retried at most three times after 1, 2 and 4 s or what the vendor asks for (NFR-006).

        `path` is appended to the base URL, or an absolute URL. `data` is sent as a form. `timeout` (seconds) covers a
        whole attempt. `parse="text"` leaves the body of a 200 alone (CSV, JSON lines). `anonymous` calls carry no
        login and never renew it: they are how `authorise` and `refresh` get one.
        A `paid` call that may have been carried out (timed out or broke off after sending) is not sent again unless
        `resend_is_free`; without an answer to the last repeat its outcome is unknown then, too.

        Returns a reply whose verdict is OK, EMPTY or PENDING. Raises `VendorUnavailable`, `VendorOutcomeUnknown`
        (paid, perhaps billed), `VendorRejectedCredentials`, `VendorNotEntitled`, `VendorOutOfCredits`,
        `VendorBadRequest` or `PersonSuppressed`.
        """
        sent = {"json": json, "params": params, "data": data, "content": content}
        request = _Request(
            operation,
            method,
            path,
            classify,
            paid and not resend_is_free,
            timeout or self._timeout,
            parse == "text",
            anonymous,
            [] if paid else None,
            {name: value for name, value in sent.items() if value is not None},
            headers or {},
        )
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_TryAgain),
            stop=stop_after_attempt(RETRIES + 1),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            reply: Reply = await retrying(self._attempt, request)
        except _TryAgain as failed:
            if request.unsure:
                raise self._unknown(request, request.unsure[-1]) from None
            raise self._error(VendorUnavailable, request, failed.detail, failed.status) from None
        except VendorUnavailable as error:
            if request.unsure and not isinstance(error, VendorOutcomeUnknown):
                raise self._unknown(request, request.unsure[-1]) from None
            raise
        return reply

    async def _attempt(self, request: _Request) -> Reply:
        """One attempt; a rejected login is renewed once and does not count as an attempt."""
        logins = self._logins
        response, body, classified = await self._exchange(request)
        if classified.verdict is Verdict.AUTH and not request.anonymous and await self._renew(logins):
            response, body, classified = await self._exchange(request)
        if classified.verdict in _FINAL:
            await self._fail(request, response.status_code, classified)
        text = response.text if body is None else ""
        return Reply(response.status_code, response.headers, body, text, classified.verdict, classified.wait)

    async def _fail(self, request: _Request, status: int, classified: Classified) -> None:
        wait = classified.wait
        if classified.verdict is Verdict.RETRY_AFTER:
            await self._slow_down(request, wait)
        if classified.verdict not in _PASSING or (wait is not None and wait > self._max_wait):
            longer = f", retry in {wait:.0f} s" if wait else ""
            raise self._error(_FINAL[classified.verdict], request, f"{classified.detail}{longer}", status)
        if status == 504:
            self._may_be_billed(request, "gateway time-out")
        raise _TryAgain(classified.detail, status, wait)

    async def _slow_down(self, request: _Request, wait: float | None) -> None:
        strikes = await self._governor.penalise(self.vendor, request.operation, min(wait or 1.0, self._max_wait))
        if self.strikes_allowed is not None and strikes >= self.strikes_allowed:
            await self._governor.penalise(self.vendor, request.operation, 300.0)
            detail = f"{strikes} rejections in 5 minutes; all calls pause for 5 minutes before the vendor blocks us"
            raise self._error(VendorUnavailable, request, detail, 429)

    async def _exchange(self, request: _Request) -> tuple[httpx.Response, Any, Classified]:
        """The answer, its parsed body (None where it is to be text, or is no JSON), and what it means."""
        try:
            grant = await self._governor.acquire(self.vendor, request.operation)
        except RateWindowClosed as closed:
            detail = f"rate window closed for another {closed.seconds:.0f} s"
            raise self._error(VendorUnavailable, request, detail) from None
        except CircuitOpen as resting:
            detail = f"the vendor does not answer; it is tried again in {resting.seconds:.0f} s"
            raise self._error(VendorUnavailable, request, detail) from None
        headers = {**({} if request.anonymous else await self.authorise()), **request.headers}
        began = time.perf_counter()
        try:
            async with asyncio.timeout(request.timeout):
                response = await exchanged(
                    self._client(), request.method, request.path, request.timeout, headers, request.parts
                )
        except TooLarge:
            detail = f"the answer is larger than {LARGEST // 1024**2} MB"
            self._observe(request, Verdict.BAD_REQUEST, began, None, grant.waited)
            await self._governor.report(self.vendor, answered=True, grant=grant)
            self._may_be_billed(request, detail)
            raise self._error(VendorUnavailable, request, detail) from None
        except httpx.PoolTimeout:
            # all our connections are in use; of the vendor it says nothing
            raise _TryAgain("no connection was free (PoolTimeout)") from None
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            self._observe(request, Verdict.BACK_OFF, began, None, grant.waited)
            await self._governor.report(self.vendor, answered=False, grant=grant)
            what = "timed out" if isinstance(error, httpx.TimeoutException | TimeoutError) else "connection broke off"
            if not isinstance(error, NOT_SENT):
                self._may_be_billed(request, what)
            raise _TryAgain(f"{what} ({type(error).__name__})") from None
        except (httpx.InvalidURL, httpx.TooManyRedirects):
            raise self._error(VendorBadRequest, request, "the address is not a usable URL") from None
        await self._governor.report(self.vendor, answered=response.status_code < 500, grant=grant)
        body = None if request.as_text and response.status_code == 200 else parsed(response)
        classified = self._classified(request, response, body)
        self._observe(
            request, classified.verdict, began, response.status_code, grant.waited, told_quota(response.headers.raw)
        )
        return response, body, classified

    def _classified(self, request: _Request, response: httpx.Response, body: Any) -> Classified:
        if response.is_success and not request.as_text and is_cut_short(response, body):
            detail = "the answer is cut short or no readable JSON"
            self._may_be_billed(request, detail)
            return Classified(Verdict.BACK_OFF, detail=detail)
        return request.classify(response.status_code, response.headers, response.text if body is None else body)

    async def _renew(self, logins: int) -> bool:
        """One login for all calls that were rejected with the same credential."""
        async with self._login_lock:
            if self._logins != logins:
                return True
            renewed = await self.refresh()
            self._logins += renewed
            return renewed

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            raise RuntimeError(f"{self.vendor}: use the client in 'async with'")
        return self._http

    def _observe(
        self,
        request: _Request,
        verdict: Verdict,
        began: float,
        status: int | None,
        waited: float,
        quota: Quota | None = None,
    ) -> None:
        seconds = time.perf_counter() - began
        self._observer(CallRecord(self.vendor, request.operation, verdict, seconds, status, waited, quota))

    def _may_be_billed(self, request: _Request, what: str) -> None:
        """Give up a call that may have been carried out; where a repeat is free, only remember it."""
        if request.paid:
            raise self._unknown(request, what) from None
        if request.unsure is not None:
            request.unsure.append(what)

    def _unknown(self, request: _Request, what: str) -> VendorError:
        return self._error(VendorOutcomeUnknown, request, f"{what}; the call may have been carried out and billed")

    def _error(self, kind: type[VendorError], request: _Request, detail: str, status: int | None = None) -> VendorError:
        return kind(self.vendor, request.operation, self.told(detail, request.parts) or "no reason given", status)


def _pause(state: RetryCallState) -> float:
    """1, 2, 4 s with up to a quarter more, so that callers do not return in step; the vendor's own word wins."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _TryAgain) and error.wait is not None:
        return error.wait
    return float(2 ** (state.attempt_number - 1)) * random.uniform(1.0, 1.25)  # nosec B311 # jitter
