"""`leadgen report`: for people and for programs."""

from __future__ import annotations

import json
from unittest.mock import patch

from leadgen_tests.cli.conftest import leadgen
from leadgen_tests.desk.reports.conftest import Reported


def test_reports_are_written_sent_and_listed(reported: Reported) -> None:
    """OPS-05, OPS-07, PHX-06: --json for programs; sending again sends nothing."""
    office = reported.office
    written = json.loads(leadgen("report", "write", "daily", "--json", at=office).stdout)
    sent = json.loads(leadgen("report", "send", "launch", reported.key, "--json", at=office).stdout)
    posts = len(office.sandbox.slack())
    again = leadgen("report", "send", "launch", at=office)
    listed = json.loads(leadgen("report", "list", "--kind", "daily", "--json", at=office).stdout)

    assert (office.home / "reports" / written["pdf"]).read_bytes().startswith(b"%PDF")
    assert {each["state"] for each in sent["deliveries"]} == {"delivered", "off"}
    assert len(office.sandbox.slack()) == posts
    assert "slack to channel: delivered" in again.stdout
    assert "mail to team: off (SMTP_URL is not set)" in again.stdout
    assert [each["html"] for each in listed] == [written["html"]]
    assert reported.key in leadgen("report", "list", "--sprint", reported.key, at=office).stdout


def test_a_report_is_opened_in_the_browser(reported: Reported) -> None:
    """OPS-06: the page's place is printed too."""
    with patch("leadgen_assets.cli.report.typer.launch") as launched:
        done = leadgen("report", "open", at=reported.office)
    page = str(reported.office.home / "reports" / "reported.html")
    assert done.stdout.strip() == page
    launched.assert_called_once_with(page)


def test_mistakes_are_told_without_a_stack(reported: Reported) -> None:
    """TL-08: what there is, and what to do."""
    office = reported.office
    unknown = leadgen("report", "write", "sprint", "winter", at=office)
    missing = leadgen("report", "open", "monthly", "--at", "2025-01-01", at=office)
    wrong = leadgen("report", "send", "sprint", at=office, LEADGEN_REPORTS="/nowhere.yaml")

    assert (unknown.exit_code, missing.exit_code, wrong.exit_code) == (2, 2, 2)
    assert "There is no sprint 'winter'. On record: reported" in unknown.output
    assert "leadgen report write monthly" in missing.output
    assert "/nowhere.yaml: cannot be read" in wrong.output
