"""A report reaches each role once, over each channel that is set up; failures are on record and made good."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from leadgen_assets.desk.alerts.contacts import load_contacts
from leadgen_assets.desk.alerts.yaml_file import AlertFileError
from leadgen_assets.desk.notifier import Notifier
from leadgen_assets.desk.reports.delivery import Sender
from leadgen_assets.desk.reports.recipients import load_recipients
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.mongo import now
from leadgen_assets.stores.reports import ReportBook, WrittenReport
from leadgen_tests.desk.alerts.room import CONTACTS, Mailbox
from leadgen_tests.desk.reports.conftest import Reported


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox().open() as opened:
        yield opened


@pytest.fixture
def book(database: Any) -> ReportBook:
    return ReportBook(database)


@pytest.fixture
def written(book: ReportBook, tmp_path: Path) -> WrittenReport:
    """A final report on record, with its PDF."""
    (tmp_path / "autumn.pdf").write_bytes(b"%PDF-1.7 autumn")
    start = datetime(2026, 11, 22, 5, tzinfo=UTC)
    return book.record(
        WrittenReport(
            "autumn/sprint", "sprint", "autumn", start, start + timedelta(hours=1), now(), "autumn.html", "autumn.pdf",
            "Delivered: 18,123 unique leads.", "delivered",
        )
    )  # fmt: skip


@pytest.fixture
def sender(reported: Reported, mailbox: Mailbox, tmp_path: Path) -> Sender:
    """To three roles by mail, to the sandbox's Slack, without pauses."""
    path = tmp_path / "contacts.yaml"
    path.write_text(CONTACTS)
    contacts = load_contacts(path)
    with reported.office.at_work():
        from leadgen_assets.settings import Settings

        slack = Settings().vendor("slack")
    notifier = Notifier(slack, SecretStr(mailbox.url))
    return Sender(contacts, load_recipients(None, contacts), notifier, tmp_path, pause=lambda seconds: None)


def states(report: WrittenReport) -> dict[tuple[str, str], str]:
    return {(each.channel, each.to_role): each.state for each in report.deliveries}


def test_every_role_gets_a_mail_with_the_pdf_and_slack_the_headline_with_a_link(
    sender: Sender, book: ReportBook, written: WrittenReport, mailbox: Mailbox, reported: Reported
) -> None:
    """OPS-07, REQ-024: by role and by channel; delivery is confirmed and on record, without an address."""
    before = len(reported.office.sandbox.slack())
    sent = sender.send(book, written)
    posts = reported.office.sandbox.slack()[before:]

    assert states(sent) == dict.fromkeys(
        [("slack", "channel"), ("mail", "team"), ("mail", "project_manager"), ("mail", "management")], "delivered"
    )
    assert [sorted(each) for each in mailbox.envelopes] == [
        ["second@example.com", "team@example.com"], ["pm@example.com"], ["cro@example.com"],
    ]  # fmt: skip
    for mail in mailbox.mails:
        [attached] = mail.iter_attachments()
        assert (attached.get_filename(), attached.get_content()) == ("autumn.pdf", b"%PDF-1.7 autumn")
        assert mail["subject"] == "[leadgen] Final report of sprint autumn"
    assert len(posts) == 1
    assert "Final report of sprint autumn" in posts[0]["blocks"][0]["text"]["text"]
    assert "18,123 unique leads" in str(posts[0]["blocks"])
    assert "https://desk.example/reports/files/autumn.html" in str(posts[0]["blocks"])
    assert "@" not in str(book.get(written.report_id))


def test_sending_again_sends_nothing_until_the_report_says_something_else(
    sender: Sender, book: ReportBook, written: WrittenReport, mailbox: Mailbox
) -> None:
    """OPS-07: re-materialising does not send twice; a sprint that was refused and is delivered now is news."""
    refused = book.record(replace(written, edition="not delivered", is_bad=True))
    sender.send(book, refused)
    sender.send(book, book.record(replace(refused, written_at=now())))
    assert len(mailbox.mails) == 3
    sender.send(book, book.record(replace(refused, edition="delivered", is_bad=False)))
    assert len(mailbox.mails) == 6
    assert {each.edition for each in book.get(written.report_id).deliveries} == {"delivered", "not delivered"}


def test_ten_senders_at_once_send_it_once(
    sender: Sender, book: ReportBook, written: WrittenReport, mailbox: Mailbox
) -> None:
    """OPS-07: asset, conductor and schedules may all ask for it."""
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: sender.send(book, written), range(10)))
    assert len(mailbox.mails) == 3
    assert {each.attempts for each in book.get(written.report_id).deliveries} == {1}


def test_a_mail_server_that_is_down_is_tried_again_until_it_takes_the_report(
    sender: Sender, book: ReportBook, written: WrittenReport, mailbox: Mailbox
) -> None:
    """OPS-07, NFR-006: failed deliveries are visible, are listed as undelivered, and are made good alone."""
    mailbox.refuses = True
    failed = sender.send(book, written)
    by_mail = [each for each in failed.deliveries if each.channel == "mail"]

    assert {each.state for each in by_mail} == {"failed"}
    assert all(each.error and "example.com" not in each.error for each in by_mail)
    assert [each.report_id for each in book.undelivered(now() - timedelta(hours=1))] == ["autumn/sprint"]
    assert book.undelivered(now() - timedelta(hours=1), older_than=timedelta(minutes=5)) == []

    mailbox.refuses = False
    [sent] = sender.send_undelivered(book)
    assert set(states(sent).values()) == {"delivered"}
    assert len(mailbox.mails) == 3
    assert {each.attempts for each in sent.deliveries if each.channel == "mail"} == {2}
    assert book.undelivered(now() - timedelta(hours=1)) == []


def test_a_channel_that_is_not_set_up_is_off_and_nobody_waits_for_it(
    sender: Sender, book: ReportBook, written: WrittenReport
) -> None:
    """OPS-07: what is off says why; it is no failed delivery."""
    sent = replace(sender, notifier=Notifier()).send(book, written)

    assert set(states(sent).values()) == {"off"}
    assert {each.error for each in sent.deliveries} == {"SLACK_WEBHOOK_URL is not set", "SMTP_URL is not set"}
    assert book.undelivered(now() - timedelta(hours=1)) == []


def test_a_delivery_that_was_cut_off_is_taken_up_again(book: ReportBook, written: WrittenReport, database: Any) -> None:
    """OPS-07: a process that was killed while sending blocks nobody for good."""
    assert book.claim(written.report_id, "mail", "team", "delivered")
    assert not book.claim(written.report_id, "mail", "team", "delivered")
    database["reports"].update_one({}, {"$set": {"deliveries.0.at": now() - timedelta(minutes=11)}})
    assert [each.report_id for each in book.undelivered(now() - timedelta(hours=1))] == ["autumn/sprint"]
    assert book.claim(written.report_id, "mail", "team", "delivered")
    with pytest.raises(StoreMissing, match="leadgen report list"):
        book.get("winter/sprint")


def test_recipients_that_make_no_sense_are_told_by_file_and_key(tmp_path: Path) -> None:
    """OPS-07: configuration errors name file, key and what there is."""
    path = tmp_path / "recipients.yaml"
    everybody = "{roles: [team], channels: [mail]}"
    kinds = ("launch", "hourly", "sprint", "daily", "weekly", "monthly")
    path.write_text("\n".join(f"{kind}: {everybody}" for kind in kinds))
    assert load_recipients(path, load_contacts()).hourly.roles == ("team",)
    path.write_text("\n".join(f"{kind}: {everybody.replace('team', 'crew')}" for kind in kinds))
    with pytest.raises(
        AlertFileError, match=r"recipients.yaml: launch.roles: .*'crew'; there are team, project_manager"
    ):
        load_recipients(path, load_contacts())
    path.write_text("launch: {roles: [team]}")
    with pytest.raises(AlertFileError, match=r"launch.channels: Field required"):
        load_recipients(path, load_contacts())
