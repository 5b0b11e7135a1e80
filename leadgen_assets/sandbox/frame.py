"""What every sandbox vendor shares: routes, authentication, rate windows, credits, faults and the request count.

A vendor is a `VendorSim` with plain (not async) handlers `handler(call) -> Response`; everything that may happen to a
request before and after its handler happens here, in `_serve`, in one order. What differs between vendors is how they
say it: a vendor overrides `authorize`, `too_many`, `broken` and `rate_headers`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
import time
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox.faults import Faults
from leadgen_assets.sandbox.rates import Limits, RateWindows, Rejection, Window, load_limits
from leadgen_assets.sandbox.world.plan import FULL_SCALE
from leadgen_assets.settings import SANDBOX_CREDENTIAL

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import Sighting, World

HANG_SECONDS = 120.0
"""How long a request hangs under `timeout_rate`: longer than any client waits."""


@dataclass
class FrameOptions:
    """What all vendors of one sandbox are built with."""

    limits: Limits = field(default_factory=load_limits)
    seed: int = 7
    clock: Callable[[], float] = time.monotonic
    """Seconds; a test may hand in its own clock to open rate windows and finish jobs without waiting."""


class Call:
    """One request as a handler sees it: body already read."""

    __slots__ = ("body", "operation", "request")

    def __init__(self, request: Request, body: bytes, operation: str) -> None:
        self.request = request
        self.body = body
        self.operation = operation

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def path(self) -> Mapping[str, Any]:
        """Path parameters by name."""
        return self.request.path_params

    def header(self, name: str) -> str | None:
        return self.request.headers.get(name)

    def json(self) -> Any:
        """The body as JSON; None when it is empty or not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is anything else."""
        content = self.json()
        return content if isinstance(content, dict) else {}

    @property
    def digest(self) -> str:
        """What was asked for, credentials apart: equal digests are one question asked again."""
        asked = sorted((name, value) for name, value in self.query.items() if name not in ("api_key", "key"))
        text = json.dumps([self.operation, self.request.method, self.request.url.path, asked])
        return f"{self.operation} {hashlib.blake2b(text.encode() + self.body, digest_size=12).hexdigest()}"

    @property
    def bearer(self) -> str | None:
        scheme, _, token = (self.header("authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    @property
    def basic(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic, or None."""
        scheme, _, encoded = (self.header("authorization") or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        return user, password


Handler = Callable[[Call], Response]


class Refused(Exception):
    """Raised in a handler to answer with that response."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__(f"refused with {response.status_code}")


def answer(
    payload: Any, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """A JSON answer."""
    return encoded(json.dumps(payload, separators=(",", ":")), status, headers, media_type)


def encoded(
    body: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """An answer whose JSON text is ready (joined from precomputed fragments)."""
    return Response(body, status, dict(headers) if headers else None, media_type)


def plain(message: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A text/plain answer."""
    return Response(message, status, dict(headers) if headers else None, "text/plain")


class VendorSim:
    """One vendor account. Subclasses set `name`, `prefix`, and list their endpoints in `routes`."""

    name: ClassVar[str]
    prefix: ClassVar[str]
    """URL prefix, as `settings` hands it to the client."""
    sliding_windows: ClassVar[bool] = True
    credit_limit: ClassVar[Decimal] = Decimal(1_000_000)
    """Credits of the account in a world for one sprint; a world for ten has accounts as many times as large."""
    credit_usd: ClassVar[Decimal] = Decimal(0)
    """List price of one credit."""

    def __init__(self, world: World, options: FrameOptions) -> None:
        self.world = world
        self.options = options
        self.clock = options.clock
        self.reset()

    def reset(self) -> None:
        """Back to the first minute: no requests, no credits used, no faults. Subclasses drop their own records too."""
        self.faults = Faults()
        self.chance = random.Random(f"{self.options.seed}:{self.name}")  # nosec B311 # a world that repeats itself
        self.windows = RateWindows(self.options.limits.get(self.name, {}), self.clock, self.sliding_windows)
        self.statuses: dict[str, Tally[str]] = {}
        self.credits: dict[str, Decimal] = {}
        self.delivered: list[Sighting] = []
        self.receipts: Tally[str] = Tally()
        """How often each request was charged, by a digest of what it asked for: twice means paid twice."""
        self.too_early: Tally[str] = Tally()
        """Requests that broke a rate window, by operation; injected storms are not counted."""
        self.spoiled: Tally[str] = Tally()
        """Requests that were carried out and whose answer nobody could use, by operation: faults of ours."""
        self._last: dict[str, Response] = {}

    def routes(self) -> Sequence[Route]:
        """The endpoints, built with `endpoint`."""
        raise NotImplementedError

    def endpoint(
        self, path: str, operation: str, handler: Handler, methods: Sequence[str] = ("POST",), is_open: bool = False
    ) -> Route:
        """A route below the vendor's prefix. `is_open` skips authentication and rate windows (tokens, health)."""

        async def serve(request: Request) -> Response:
            return await self._serve(request, operation, handler, is_open)

        return Route(self.prefix + path, serve, methods=list(methods))

    # What a vendor says, in its own language

    def authorize(self, call: Call) -> Response | None:
        """None when the credential is good, else the vendor's refusal."""
        raise NotImplementedError

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        """The vendor's "slow down"."""
        raise NotImplementedError

    def broken(self, call: Call) -> Response:
        """The vendor's server error."""
        return Response("<html><body><h1>503 Service Unavailable</h1></body></html>", 503, media_type="text/html")

    def rate_headers(self, operation: str) -> Mapping[str, str]:
        """Headers on every answer but 401 and 403."""
        return {}

    def faults_changed(self) -> None:
        """Called after the fault switches were set; token vendors revoke their tokens here."""

    # Credits

    @property
    def credits_used(self) -> Decimal:
        return sum(self.credits.values(), Decimal(0))

    @property
    def credits_left(self) -> Decimal:
        return Decimal(0) if self.faults.credits_out else self.credits_allowed - self.credits_used

    @property
    def credits_allowed(self) -> Decimal:
        return self.credit_limit * max(1, len(self.world.people) // FULL_SCALE)

    def charge(self, operation: str, credits: Decimal | int) -> None:
        """Book credits; ask `credits_left` first."""
        self.credits[operation] = self.credits.get(operation, Decimal(0)) + credits

    def accepts(self, credential: str | None) -> bool:
        """Whether a static key is the sandbox's one and not refused by `expired_token`."""
        return credential == SANDBOX_CREDENTIAL and not self.faults.expired_token

    def drifted(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record, with an undocumented field while `drift` is on."""
        return {**record, "sandbox_new_field": "beta"} if self.faults.drift else record

    def deliver(self, seen: Sighting) -> None:
        """Note that a lead source handed out this record, for the truth about what was delivered."""
        self.delivered.append(seen)

    # The life of a request

    async def _serve(self, request: Request, operation: str, handler: Handler, is_open: bool) -> Response:
        call = Call(request, await request.body(), operation)
        faults = self.faults
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        response = self._answer(call, handler, is_open)
        if faults.timeout_rate and self.chance.random() < faults.timeout_rate:
            self.spoiled[operation] += 1
            self._count(operation, "timeout")
            await self._hang(request)
            return response
        if faults.truncate_rate and response.status_code == 200 and self.chance.random() < faults.truncate_rate:
            self.spoiled[operation] += 1
            response = _cut(response)
        elif faults.garbage_rate and response.status_code == 200 and self.chance.random() < faults.garbage_rate:
            self.spoiled[operation] += 1
            response = plain("<!doctype html><title>Maintenance</title>")
        self._count(operation, str(response.status_code))
        return response

    def _answer(self, call: Call, handler: Handler, is_open: bool) -> Response:
        faults = self.faults
        if faults.down or (faults.error_rate and self.chance.random() < faults.error_rate):
            return self.broken(call)
        if not is_open:
            refusal = self.authorize(call)
            if refusal is not None:
                return refusal
        if faults.storm_429 > 0:
            faults.storm_429 -= 1
            return self.too_many(call, Rejection(call.operation, self._shortest_window(call.operation), 1.0))
        rejection = None if is_open else self.windows.admit(call.operation)
        if rejection is not None:
            self.too_early[call.operation] += 1
            response = self.too_many(call, rejection)
        else:
            response = self._handled(call, handler)
        if response.status_code not in (401, 403):
            response.headers.update(self.rate_headers(call.operation))
        return response

    def _handled(self, call: Call, handler: Handler) -> Response:
        before = self.credits_used
        try:
            response = handler(call)
        except Refused as refused:
            response = refused.response
        if self.credits_used > before:
            self.receipts[call.digest] += 1
        elif response.status_code == 200:
            response = self._perhaps_repeated(call.operation, response)
        return response

    def _perhaps_repeated(self, operation: str, response: Response) -> Response:
        last = self._last.get(operation)
        self._last[operation] = response
        is_repeated = (
            last is not None and self.faults.repeat_rate > 0 and self.chance.random() < self.faults.repeat_rate
        )
        return last if last is not None and is_repeated else response

    def _shortest_window(self, operation: str) -> Window:
        windows = [window for window, _ in self.windows.usage(operation)]
        return min(windows, key=lambda each: each.seconds, default=Window(1, 1.0))

    async def _hang(self, request: Request) -> None:
        ends = time.monotonic() + HANG_SECONDS
        while time.monotonic() < ends and not await request.is_disconnected():  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.05)

    def _count(self, operation: str, status: str) -> None:
        self.statuses.setdefault(operation, Tally())[status] += 1

    # What the control API shows

    def calls(self) -> dict[str, Any]:
        """Requests by operation and status ("timeout" where none was sent), what the rate windows let through in which
        time, and credits charged by operation."""
        return {
            "requests": sum(tally.total() for tally in self.statuses.values()),
            "operations": {operation: dict(tally) for operation, tally in self.statuses.items()},
            "admitted": self.windows.admitted(),
            "credits": {operation: str(spent) for operation, spent in self.credits.items()},
            "credits_used": str(self.credits_used),
            "usd": str(self.credits_used * self.credit_usd),
        }

    def inspect(self) -> dict[str, Any]:
        """What the vendor holds, for the control API; vendors that store something override it."""
        return {}

    def state(self) -> dict[str, Any]:
        """Faults, credits left, and how full each rate window is."""
        operations = [each for each in self.options.limits.get(self.name, {}) if each != "*"] or ["*"]
        windows = {
            operation: [
                {"requests": window.requests, "seconds": window.seconds, "used": used}
                for window, used in self.windows.usage(operation)
            ]
            for operation in operations
        }
        return {"faults": asdict(self.faults), "credits_left": str(self.credits_left), "windows": windows}


def _cut(response: Response) -> Response:
    body = bytes(response.body)
    kept = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    return Response(body[: len(body) // 2], response.status_code, kept)
