"""The sandbox vendors' real answers, recorded once a process, and a transport that says them again, some of them wrong."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from hypothesis import strategies as st

from leadgen_assets.sandbox.frame import FrameOptions
from leadgen_assets.sandbox.server import build_app
from leadgen_assets.settings import Settings
from leadgen_assets.vendors.governor import Unlimited
from leadgen_tests.fuzz.hostile import PLANTED, encoded, lines_mutated, mangled, mutated, table_mutated
from leadgen_tests.sandbox.vendor_server import Clock, small_world

SETTINGS = Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url="http://127.0.0.1:9")
LONGEST_LIST = 12
"""Elements of a recorded list that are kept: what is wrong with the twentieth person is wrong with the second."""

Work = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True)
class Exchange:
    """A request and how it was answered."""

    method: str
    path: str
    query: str
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes

    @property
    def document(self) -> Any:
        """The answer as JSON; `ValueError` when it is something else."""
        return json.loads(self.content)


@dataclass
class Vendor:
    """The whole sandbox without limits; its clock goes forward when a client sleeps."""

    clock: Clock
    app: Any


@cache
def sandbox() -> Vendor:
    """One for the process: it is asked only while recording."""
    clock = Clock()
    return Vendor(clock, build_app(small_world(), options=FrameOptions(limits={}, clock=clock)))


def record(kind: Any, work: Work) -> tuple[Exchange, ...]:
    """What is said while `work` is done with a client of that kind."""
    heard: list[Exchange] = []
    vendor = sandbox()
    inner = httpx.ASGITransport(app=vendor.app)

    async def listen(request: httpx.Request) -> httpx.Response:
        response = await inner.handle_async_request(request)
        content = await response.aread()
        kept = [(name, value) for name, value in response.headers.items() if name.lower() != "content-length"]
        url = urlsplit(str(request.url))
        heard.append(
            Exchange(request.method, url.path, url.query, response.status_code, tuple(kept), _shortened(content))
        )
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    async def sleep(seconds: float) -> None:
        vendor.clock.advance(seconds)

    converse(kind, work, httpx.MockTransport(listen), sleep)
    return tuple(heard)


def replay(kind: Any, work: Work, exchanges: tuple[Exchange, ...], wrong: Mapping[int, Exchange], once: bool) -> None:
    """Do the same work again, with some of the answers wrong: the first time only, or every time."""

    async def sleep(_: float) -> None:
        return None

    converse(kind, work, httpx.MockTransport(_Repeater(exchanges, wrong, once)), sleep)


def converse(kind: Any, work: Work, transport: httpx.AsyncBaseTransport, sleep: Any) -> None:
    """Let a client of that kind work over a transport."""

    async def inside() -> None:
        access = SETTINGS.vendor(kind.name)
        assert access
        async with kind(access, Unlimited(), sleep=sleep, transport=transport) as client:
            await work(client)

    asyncio.run(inside())


class _Repeater:
    """Finds the recorded answer to a request: same address, else same end of the path, in the order of recording."""

    def __init__(self, exchanges: tuple[Exchange, ...], wrong: Mapping[int, Exchange], once: bool) -> None:
        self._exchanges = exchanges
        self._wrong = dict(wrong)
        self._once = once
        self._asked: dict[Any, int] = {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        number = self._number(request)
        if number is None:
            return httpx.Response(404, json={"error": "not found"})
        answer = self._wrong.get(number, self._exchanges[number])
        if self._once:
            self._wrong.pop(number, None)
        return httpx.Response(answer.status, headers=_headers(answer), stream=_Stream(answer.content))

    def _number(self, request: httpx.Request) -> int | None:
        url = urlsplit(str(request.url))
        same = [
            number
            for number, each in enumerate(self._exchanges)
            if (each.method, each.path, each.query) == (request.method, url.path, url.query)
        ]
        same = same or [
            number
            for number, each in enumerate(self._exchanges)
            if each.method == request.method and each.path.rpartition("/")[2] == url.path.rpartition("/")[2]
        ]
        if not same:
            return None
        turn = self._asked[request.method, request.url] = self._asked.get((request.method, request.url), -1) + 1
        return same[min(turn, len(same) - 1)]


class _Stream(httpx.AsyncByteStream):
    """A body that is read, and decoded, by the client."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


def _headers(answer: Exchange) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in answer.headers]


def _shortened(content: bytes) -> bytes:
    try:
        document = json.loads(content)
    except ValueError:
        lines = content.split(b"\n")
        return b"\n".join(lines[:LONGEST_LIST]) if content[:1] == b"{" else content
    return json.dumps(_short(document)).encode()


def _short(node: Any) -> Any:
    if isinstance(node, list):
        return [_short(each) for each in node[:LONGEST_LIST]]
    return {key: _short(value) for key, value in node.items()} if isinstance(node, dict) else node


STATUSES = (
    200, 201, 202, 204, 207, 301, 302, 304, 400, 401, 402, 403, 404, 408, 409, 413, 422, 423, 425, 429, 451, 477, 500, 502, 503,
    504, 520, 599,
)  # fmt: skip
_TYPES = (
    "text/html",
    "application/json",
    "application/json; charset=utf-7",
    "text/plain; charset=nonsense",
    "text/csv",
    "",
    "\xff",
)
_ODD_HEADERS = (
    ("retry-after", "nan"), ("retry-after", "-1"), ("retry-after", "inf"), ("retry-after", "Wed, 99 Foo 2020"),
    ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"), ("retry-after", "9" * 400), ("retry-after", "²"),
    ("x-ratelimit-reset", "nan"), ("x-ratelimit-reset", "9" * 400), ("x-ratelimit-reset", "0001-01-01T00:00:00+23:59"),
    ("x-ratelimit-limit", "{\"minute\":{}}"), ("x-ratelimit-limit", "[" * 3000), ("x-call-credits-spent", "sNaN"),
    ("x-call-credits-spent", "-5"), ("x-call-credits-spent", "1e99999"), ("x-call-credits-spent", "Infinity"),
    ("x-rate-limit-minute", "9" * 5000), ("x-minute-usage", "9" * 5000), ("sforce-limit-info", "api-usage=9/" + "9" * 5000),
    ("x-hubspot-ratelimit-interval-milliseconds", "9" * 5000), ("x-hubspot-ratelimit-interval-milliseconds", "²"),
    ("content-encoding", "gzip"), ("content-encoding", "br"), ("content-encoding", "nonsense"), ("location", "http://["),
    ("set-cookie", "a=b"), ("x-ratelimit-rejected-bucket", PLANTED),
)  # fmt: skip
_CANNED = (
    b"", b"null", b"[]", b"{}", b"0", b'""', b"true", b"[null]", b"<!doctype html><title>502</title>", b"ok", b"{",
    b"\xff\xfe\x00",
    gzip.compress(b" " * 5_000_000), encoded("@@arrays"), encoded("@@objects"), encoded({"message": PLANTED}),
    encoded({"errors": [{"message": PLANTED, "code": PLANTED, "category": PLANTED}]}), encoded([{"errorCode": PLANTED}]),
    encoded({"error": {"code": PLANTED, "message": PLANTED, "type": PLANTED}}), PLANTED.encode(),
)  # fmt: skip


@cache
def wrong_answers(exchange: Exchange) -> st.SearchStrategy[Exchange]:
    """What else may come back instead of that answer."""

    def body(content: bytes) -> Exchange:
        return replace(exchange, content=content)

    odd = st.sampled_from(_ODD_HEADERS)
    kinds = st.sampled_from(_TYPES)
    return st.one_of(
        _wrong_content(exchange).map(body),
        _wrong_content(exchange).map(body),
        mangled(exchange.content).map(body),
        st.sampled_from(_CANNED).map(body),
        st.sampled_from(STATUSES).map(lambda status: replace(exchange, status=status)),
        st.tuples(st.sampled_from(STATUSES), st.sampled_from(_CANNED)).map(
            lambda both: replace(exchange, status=both[0], content=both[1])
        ),
        st.tuples(st.sampled_from(STATUSES), odd).map(
            lambda both: replace(exchange, status=both[0], headers=(*exchange.headers, both[1]))
        ),
        kinds.map(lambda kind: replace(exchange, headers=(("content-type", kind),))),
    )


def _wrong_content(exchange: Exchange) -> st.SearchStrategy[bytes]:
    try:
        return mutated(exchange.document).map(encoded)
    except ValueError:
        pass
    if exchange.content.startswith(b"{"):
        return lines_mutated(exchange.content)
    is_table = any("csv" in value for name, value in exchange.headers if name.lower() == "content-type")
    return table_mutated(exchange.content) if is_table else mangled(exchange.content)
