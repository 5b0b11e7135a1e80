"""An evaluator with a clock of its own, a Slack webhook and a mail server that keep what they get."""

from __future__ import annotations

import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from pydantic import SecretStr

from leadgen_assets.desk.alerts.contacts import load_contacts
from leadgen_assets.desk.alerts.evaluator import Evaluator
from leadgen_assets.desk.alerts.life import Change
from leadgen_assets.desk.alerts.postman import Postman
from leadgen_assets.desk.alerts.rules import load_rules
from leadgen_assets.desk.notifier import Notifier
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores
from leadgen_tests.sprint.vendors import Sandbox

CONTACTS = """
roles:
  team: {name: Team, email: [team@example.com, second@example.com]}
  project_manager: {name: Project manager, email: [pm@example.com]}
  management: {name: Management, email: [cro@example.com]}
levels:
  - {level: 1, role: team, after_minutes: 0}
  - {level: 2, role: project_manager, after_minutes: 15}
  - {level: 3, role: management, after_minutes: 45}
channels:
  slack: {kind: slack, per_ten_minutes: 500}
  mail: {kind: email, per_ten_minutes: 500}
severities:
  INFO: {channels: [slack, mail], level: 1}
  WARNING: {channels: [slack, mail], level: 1}
  CRITICAL: {channels: [slack, mail], level: 3}
links: {runbook: "https://docs.example/runbook", dashboard: "https://desk.example/"}
"""


class Mailbox:
    """A mail server on loopback; `refuses` makes it turn every mail away."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.mails: list[EmailMessage] = []
        self.envelopes: list[list[str]] = []
        self.refuses = False
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}/?from=desk@example.com"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return "451 try again later"
        self.envelopes.append(list(envelope.rcpt_tos))
        parsed = BytesParser(policy=email.policy.default).parsebytes(envelope.content)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"

    @contextmanager
    def open(self) -> Iterator[Mailbox]:
        self._controller.start()
        try:
            yield self
        finally:
            self._controller.stop()


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, length: timedelta | float) -> None:
        self.now += length if isinstance(length, timedelta) else timedelta(seconds=length)


@dataclass
class Room:
    """Everything an alert needs."""

    stores: OpenStores
    settings: Settings
    evaluator: Evaluator
    sandbox: Sandbox
    mailbox: Mailbox
    clock: Clock = field(default_factory=Clock)
    _slack_before: int = 0
    _mails_before: int = 0

    def tick(self, state: dict[str, Any], after: timedelta | float = 0) -> list[Change]:
        """A look, some time later."""
        self.clock.pass_by(after)
        return self.evaluator.tick(state)

    def told(self) -> tuple[list[str], list[str]]:
        """Headlines at the webhook and subjects of mails since the last time one asked."""
        posts, mails = self.sandbox.slack(), self.mailbox.mails
        fresh = posts[self._slack_before :], mails[self._mails_before :]
        self._slack_before, self._mails_before = len(posts), len(mails)
        return [each["blocks"][0]["text"]["text"] for each in fresh[0]], [str(each["subject"]) for each in fresh[1]]


def furnish(
    stores: OpenStores, settings: Settings, sandbox: Sandbox, mailbox: Mailbox, *, contacts: str = CONTACTS
) -> Room:
    """A room on these stores."""
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "contacts.yaml"
    path.write_text(contacts)
    rules, people = load_rules(settings.leadgen_alerts), load_contacts(path)
    notifier = Notifier(settings.vendor("slack"), SecretStr(mailbox.url))
    clock = Clock()
    evaluator = Evaluator(stores, rules, people, Postman(people, rules, notifier), settings.home, clock)
    room = Room(stores, settings, evaluator, sandbox, mailbox, clock)
    room.told()
    return room


def state(**parts: Any) -> dict[str, Any]:
    """A state with a running sprint in which all is well, and these parts laid over it."""
    plain: dict[str, Any] = {
        "at": "2026-11-22T08:00:00.000Z",
        "sprint": {"key": "autumn", "name": "autumn", "state": "running", "rate_target": 833},
        "progress": {"stage": "collecting", "counts_add_up": True, "leads_per_hour_now": 900},
        "rates": {"error_rate_now": 0.0},
        "stores": {"mongo": {"up": True, "says": ""}, "redis": {"up": True, "says": ""}},
        "machine": {"cpu": 0.1, "memory": 0.1, "disk": 0.1},
    }
    for name, value in parts.items():
        plain[name] = {**plain.get(name, {}), **value} if isinstance(value, dict) else value
    return plain


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
