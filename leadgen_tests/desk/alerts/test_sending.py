"""The one way out: Slack, mail, any Apprise address; whatever happens is an answer, and no secret is said."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from leadgen_assets.desk.notifier import Message, Notifier, smtp_problem
from leadgen_assets.settings import VendorAccess
from leadgen_assets.vendors.slack import SlackMessage, blocks_of
from leadgen_tests.desk.alerts.room import Mailbox
from leadgen_tests.sprint.vendors import Sandbox

MESSAGE = Message(
    "Redis is away", "It does not answer.", "CRITICAL", {"Measured": "yes"}, {"Desk": "https://desk.example/"}
)


class Receiver(HTTPServer):
    """What a pager or a Teams channel would be: a server that takes JSON."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200 if "good" in self.path else 403)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_any_address_that_apprise_knows_takes_a_message(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """Channels are configuration; a refusal is said without the address, which is the secret."""
    caplog.set_level(logging.DEBUG)
    good, bad = (SecretStr(f"json://127.0.0.1:{receiver.server_port}/{path}-t0psecret") for path in ("good", "bad"))
    assert Notifier().tell(good, MESSAGE).ok
    refused = Notifier().tell(bad, MESSAGE)
    assert not refused.ok
    assert refused.detail
    assert not Notifier().tell(SecretStr("nonsense:t0psecret"), MESSAGE).ok
    assert receiver.bodies[0]["title"] == "Redis is away"
    assert "Measured: yes" in receiver.bodies[0]["message"]
    assert receiver.bodies[0]["type"] == "failure"
    assert "t0psecret" not in caplog.text + refused.detail


def test_a_mail_carries_text_page_and_files(mailbox: Mailbox, tmp_path: Path) -> None:
    """OPS-05: reports go the same way, with the PDF."""
    file = tmp_path / "report.pdf"
    file.write_bytes(b"%PDF-1.7")
    posted = Notifier(smtp=SecretStr(mailbox.url)).mail(
        ["one@example.com", "two@example.com"], "An hour", "plain", "<p>page</p>", [file]
    )
    mail = mailbox.mails[-1]
    assert posted.ok
    assert mailbox.envelopes[-1] == ["one@example.com", "two@example.com"]
    assert [part.get_filename() for part in mail.iter_attachments()] == ["report.pdf"]
    assert "page" in mail.get_body(("html",)).get_content()


def test_what_cannot_be_sent_is_an_answer_without_addresses(caplog: pytest.LogCaptureFixture) -> None:
    """REQ-022, NFR-010: nothing raises, nothing personal is logged."""
    caplog.set_level(logging.DEBUG)
    away = Notifier(
        VendorAccess("slack", "http://127.0.0.1:1"), SecretStr("smtp://robot:t0psecret@127.0.0.1:1/?tls=none")
    )
    for answer in (
        Notifier().post(MESSAGE),
        away.post(MESSAGE),
        Notifier().mail(["somebody@example.com"], "s", "t"),
        away.mail([], "s", "t"),
        away.mail(["somebody@example.com"], "s", "t"),
        Notifier(smtp=SecretStr("mail.example")).mail(["somebody@example.com"], "s", "t"),
    ):
        assert not answer.ok
        assert answer.detail
        assert "somebody" not in answer.detail + caplog.text
        assert "t0psecret" not in answer.detail + caplog.text
    assert "SMTP_URL: expected smtp://" in str(smtp_problem(SecretStr("mail.example")))
    assert smtp_problem(None) is smtp_problem(SecretStr("smtps://mail.example")) is None


def test_it_can_be_sent_from_inside_a_loop(sandbox: Sandbox) -> None:
    """The dashboard is asynchronous, sensors are not."""
    webhook = SecretStr(f"{sandbox.url}/slack/services/T000/B000/sandbox")
    notifier = Notifier(VendorAccess("slack", sandbox.url, {"slack_webhook_url": webhook}))

    async def inside() -> bool:
        return notifier.post(MESSAGE).ok

    assert notifier.post(MESSAGE).ok
    assert asyncio.run(inside())
    assert "<https://desk.example/|Desk>" in str(sandbox.slack()[-1])


def test_a_link_cannot_break_out_of_its_place() -> None:
    """Slack's markup is escaped, and what is no web address is no link."""
    links = {"a|b>c": "https://x.example/?q=<b>|d", "js": "javascript:alert(1)"}
    said = str(blocks_of(SlackMessage("t", links=links)))
    assert "<https://x.example/?q=%3Cb%3E%7Cd|a/b&gt;c>" in said
    assert "javascript" not in said
