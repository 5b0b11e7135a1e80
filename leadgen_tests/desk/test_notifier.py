"""Notifications: told once, counted when repeated, never in the way."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from leadgen_assets.desk.notifier import Notifier
from leadgen_assets.settings import VendorAccess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis


class Channel(HTTPServer):
    """A webhook that keeps its messages."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Webhook)
        self.messages: list[dict[str, Any]] = []

    @property
    def access(self) -> VendorAccess:
        base = f"http://127.0.0.1:{self.server_port}"
        return VendorAccess("slack", base, {"slack_webhook_url": SecretStr(f"{base}/services/T/B/secret")})

    def footers(self) -> list[str]:
        return [message["blocks"][-1]["elements"][0]["text"] for message in self.messages]


class _Webhook(BaseHTTPRequestHandler):
    server: Channel

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.status == 200:
            self.server.messages.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b"ok" if self.server.status == 200 else b"no_service")

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def channel() -> Iterator[Channel]:
    server = Channel()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_message_arrives_from_plain_code_and_from_inside_a_loop(channel: Channel) -> None:
    """REQ-022: sensors are synchronous, the dashboard is not."""
    notifier = Notifier(channel.access)

    async def inside() -> bool:
        return notifier.send("two", "text").ok and (await notifier.send_async("three", "text")).ok

    assert notifier.send("one", "text", "CRITICAL", {"Segment": "apollo-1"}).ok
    assert asyncio.run(inside())
    assert [message["blocks"][0]["text"]["text"][-3:] for message in channel.messages] == ["one", "two", "ree"]
    assert channel.footers()[0] == "CRITICAL"


def test_a_matter_is_told_once_and_then_how_often_it_came_back(channel: Channel) -> None:
    """OPS-04: no alert storm."""
    clock = Clock()
    notifier = Notifier(channel.access, quiet=timedelta(minutes=5), clock=clock)
    told = [notifier.send("storm", "text", dedup_key="storm").ok for _ in range(4)]
    clock.now += 301
    assert told == [True, False, False, False]
    assert notifier.send("storm", "text", dedup_key="storm").ok
    assert notifier.send("other", "text", dedup_key="other").ok
    assert channel.footers() == ["INFO", "INFO · 3 more like it since the last message", "INFO"]


def test_two_processes_share_what_was_told(channel: Channel, redis_client: Redis) -> None:
    """OPS-04: through Redis."""
    one, other = (Notifier(channel.access, redis=redis_client) for _ in range(2))
    assert one.send("storm", "text", dedup_key="storm").ok
    assert not other.send("storm", "text", dedup_key="storm").ok
    assert len(channel.messages) == 1


def test_a_message_that_did_not_arrive_does_not_silence_the_next(channel: Channel) -> None:
    """OPS-07: delivery is confirmed."""
    notifier = Notifier(channel.access)
    channel.status = 404
    assert not notifier.send("storm", "text", dedup_key="storm").ok
    channel.status = 200
    assert notifier.send("storm", "text", dedup_key="storm").ok


def test_without_a_webhook_nothing_is_sent_and_nothing_fails() -> None:
    """REQ-022: an alert must not fail the pipeline."""
    posted = Notifier(None).send("t", "text")
    assert not posted.ok
    assert "SLACK_WEBHOOK_URL" in posted.detail
