"""Sends a written report to its roles: a mail with the PDF, headline and link in Slack; confirmed, on record, retried.

Each channel and role gets an edition of a report once. Whoever sends first claims it (`stores.reports`), so that the
asset, the conductor and a schedule may all ask for the same delivery.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from pathlib import Path

from leadgen_assets.desk.alerts.contacts import Contacts, load_contacts
from leadgen_assets.desk.notifier import Message, Notifier
from leadgen_assets.desk.reports.recipients import Recipients, load_recipients
from leadgen_assets.settings import Settings
from leadgen_assets.stores.mongo import now
from leadgen_assets.stores.reports import DeliveryState, ReportBook, WrittenReport
from leadgen_assets.vendors.slack import Posted

PAUSES = (1.0, 2.0, 4.0)
"""Seconds between the tries of one delivery (NFR-006)."""
RETRIED_FOR = timedelta(hours=24)
"""How long a report that did not arrive is sent again by schedules."""
TO_CHANNEL = "channel"
"""Stands for the role where a channel has one reader for all, as a Slack webhook has."""


@dataclass(frozen=True)
class Sender:
    """Knows people, routes and the way out. `folder` holds the files."""

    contacts: Contacts
    recipients: Recipients
    notifier: Notifier
    folder: Path
    pause: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, settings: Settings) -> Sender:
        """As the settings say. Raises `AlertFileError` for a file that cannot be used."""
        contacts = load_contacts(settings.leadgen_contacts)
        recipients = load_recipients(settings.leadgen_reports, contacts)
        return cls(contacts, recipients, Notifier.of(settings), settings.home / "reports")

    def send(self, book: ReportBook, report: WrittenReport) -> WrittenReport:
        """Deliver what of the present edition has not arrived yet; returns the report with the outcomes on record.

        Raises only store errors: a delivery that fails is written down as failed.
        """
        for channel, role in self._routes(report):
            if book.claim(report.report_id, channel, role, report.edition):
                state, error = self._try(channel, role, report)
                book.settle(report.report_id, channel, role, report.edition, state, error)
        return book.get(report.report_id)

    def send_undelivered(self, book: ReportBook) -> list[WrittenReport]:
        """Try again what failed, or was cut off, within the last day."""
        return [self.send(book, each) for each in book.undelivered(now() - RETRIED_FOR)]

    def _routes(self, report: WrittenReport) -> Iterator[tuple[str, str]]:
        route = self.recipients.route(report.kind)
        for channel in route.channels:
            roles = self.contacts.serves(channel, route.roles)
            if self.contacts.channels[channel].kind == "email":
                yield from ((channel, role) for role in roles)
            elif roles:
                yield channel, TO_CHANNEL

    def _try(self, channel: str, role: str, report: WrittenReport) -> tuple[DeliveryState, str]:
        off = self._why_off(channel, role)
        if off:
            return "off", off
        posted = Posted(ok=False)
        for pause in (0.0, *PAUSES):
            if pause:
                self.pause(pause)
            posted = self._out(channel, role, report)
            if posted.ok:
                return "delivered", ""
        return "failed", posted.detail

    def _why_off(self, channel: str, role: str) -> str:
        kind = self.contacts.channels[channel].kind
        if kind == "slack" and self.notifier.slack is None:
            return "SLACK_WEBHOOK_URL is not set"
        if kind == "email" and not self.notifier.has_mail:
            return "SMTP_URL is not set"
        if kind == "email" and not self.contacts.addresses((role,)):
            return f"the role {role} has no address (LEADGEN_CONTACTS)"
        return ""

    def _out(self, channel: str, role: str, report: WrittenReport) -> Posted:
        known, said = self.contacts.channels[channel], self._message(report)
        if known.kind == "slack":
            return self.notifier.post(said)
        if known.kind == "email":
            to, pdf = self.contacts.addresses((role,)), self.folder / report.pdf
            if not pdf.is_file():
                return Posted(ok=False, detail=f"{report.pdf} is not in the reports folder; write the report again")
            return self.notifier.mail(to, f"[leadgen] {said.title}", said.plain(), _html(said), [pdf])
        assert known.url is not None  # noqa: S101  the model guarantees it
        return self.notifier.tell(known.url, said)

    def _message(self, report: WrittenReport) -> Message:
        about = f" of sprint {report.sprint}" if report.sprint else ""
        name = "Final report" if report.kind == "sprint" else f"{report.kind.capitalize()} report"
        base = self.contacts.links.dashboard.rstrip("/")
        links = (
            {"Report": f"{base}/reports/files/{report.html}", "PDF": f"{base}/reports/files/{report.pdf}"}
            if base
            else {}
        )
        where = "" if base else f"{report.html} and {report.pdf} in the reports folder"
        return Message(
            title=f"{name}{about}",
            text=report.headline,
            severity="WARNING" if report.is_bad else "INFO",
            links=links,
            footer=" · ".join(each for each in (f"as of {report.written_at:%Y-%m-%d %H:%M} UTC", where) if each),
        )


def _html(said: Message) -> str:
    links = " · ".join(f'<a href="{escape(url)}">{escape(label)}</a>' for label, url in said.links.items())
    parts = [
        f"<h2>{escape(said.title)}</h2>",
        f"<p>{escape(said.text)}</p>",
        "<p>The whole report is attached.</p>",
        f"<p>{links}</p>" if links else "",
        f'<p style="color:#57606a;font-size:smaller">{escape(said.footer)}</p>',
    ]
    return f'<div style="font-family:sans-serif;font-size:15px;line-height:1.5">{"".join(parts)}</div>'
