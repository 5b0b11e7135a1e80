"""Writes a report and sends it, for whoever asks: an asset, the conductor of a sprint, a command."""

from __future__ import annotations

import logging

from leadgen_assets.desk.alerts.yaml_file import AlertFileError
from leadgen_assets.desk.reports.delivery import Sender
from leadgen_assets.desk.reports.periods import Period
from leadgen_assets.desk.reports.rollup import NOTHING_HAPPENED
from leadgen_assets.desk.reports.write import write_roll_up, write_sprint_report
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.reports import ReportKind, WrittenReport

log = logging.getLogger(__name__)


def publish(
    stores: OpenStores, settings: Settings, kind: ReportKind, sprint: str, period: Period | None = None
) -> WrittenReport:
    """Write a report of a sprint (`write.write_sprint_report`) and send what of it was not sent yet."""
    return send(stores, settings, write_sprint_report(stores, kind, sprint, settings.home / "reports", period))


def publish_roll_up(stores: OpenStores, settings: Settings, kind: ReportKind, period: Period) -> WrittenReport:
    """Write the report of a period over all sprints, and send it unless nothing happened."""
    written = write_roll_up(stores, kind, period, settings.home / "reports")
    return written if written.edition == NOTHING_HAPPENED else send(stores, settings, written)


def send(stores: OpenStores, settings: Settings, written: WrittenReport) -> WrittenReport:
    """Send a written report. Recipients that cannot be read are logged: a report must not fail for want of a reader."""
    try:
        return Sender.of(settings).send(stores.reports, written)
    except AlertFileError as error:
        log.error("report %s was written and not sent: %s", written.report_id, error)
        return written


def send_undelivered(stores: OpenStores, settings: Settings) -> list[WrittenReport]:
    """Try again what did not arrive within the last day."""
    try:
        return Sender.of(settings).send_undelivered(stores.reports)
    except AlertFileError as error:
        log.error("reports wait: %s", error)
        return []
