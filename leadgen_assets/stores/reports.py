"""The reports that were written, and to whom each was delivered (OPS-07): collection `reports`.

A delivery is claimed before it is made, so that two processes never send the same report twice, and its outcome is
written down. Records name roles, never addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pymongo import ReturnDocument

from leadgen_assets.stores.errors import StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

ReportKind = Literal["launch", "hourly", "sprint", "daily", "weekly", "monthly"]
DeliveryState = Literal["sending", "delivered", "failed", "off"]

STALE = timedelta(minutes=10)
"""A delivery that has been under way for longer was cut off; it may be tried again."""


@dataclass(frozen=True)
class Delivery:
    """One report to one role over one channel. `edition` is what the report said (delivered, not delivered …)."""

    channel: str
    to_role: str
    edition: str
    state: DeliveryState
    at: datetime
    attempts: int
    error: str = ""


@dataclass(frozen=True)
class WrittenReport:
    """One report on record. `html` and `pdf` are file names below `<LEADGEN_HOME>/reports`; `sprint` is None for
    roll-ups, which are over all sprints of their period."""

    report_id: str
    kind: ReportKind
    sprint: str | None
    period_start: datetime
    period_end: datetime
    written_at: datetime
    html: str
    pdf: str
    headline: str
    edition: str
    is_bad: bool = False
    """Whether its verdict is one that somebody has to act on."""
    deliveries: tuple[Delivery, ...] = ()


class ReportBook:
    """Record, list, claim and settle deliveries."""

    def __init__(self, db: MongoDatabase) -> None:
        self._reports = collection(db, "reports")

    def record(self, report: WrittenReport) -> WrittenReport:
        """Put a written report on record, or its new edition in the place of the old one; deliveries stay."""
        body = {name: value for name, value in vars(report).items() if name not in ("report_id", "deliveries")}
        with told_without_values(f"recording report {report.report_id}"):
            stored = self._reports.find_one_and_update(
                {"_id": report.report_id},
                {"$set": body, "$setOnInsert": {"deliveries": []}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        if stored is None:
            raise StoreMissing(f"report {report.report_id} vanished while it was recorded; write it again")
        return _written(stored)

    def get(self, report_id: str) -> WrittenReport:
        """A report by id. `StoreMissing` when it was never written."""
        with told_without_values(f"reading report {report_id}"):
            stored = self._reports.find_one({"_id": report_id})
        if stored is None:
            raise StoreMissing(f"no report {report_id!r} was written; `leadgen report list` shows those there are")
        return _written(stored)

    def claim(self, report_id: str, channel: str, to_role: str, edition: str) -> bool:
        """Take on a delivery. False when it was made already or somebody else is at it.

        A failed, switched-off or stale one is taken up again; its attempts are counted.
        """
        moment, key = now(), _key(channel, to_role, edition)
        fresh = {
            "key": key, "channel": channel, "to_role": to_role, "edition": edition,
            "state": "sending", "at": moment, "attempts": 1, "error": "",
        }  # fmt: skip
        may_again = {
            "$or": [{"state": {"$in": ["failed", "off"]}}, {"state": "sending", "at": {"$lt": moment - STALE}}]
        }
        with told_without_values(f"claiming a delivery of {report_id}"):
            done = self._reports.update_one(
                {"_id": report_id, "deliveries.key": {"$ne": key}}, {"$push": {"deliveries": fresh}}
            )
            if not done.matched_count:
                done = self._reports.update_one(
                    {"_id": report_id, "deliveries": {"$elemMatch": {"key": key, **may_again}}},
                    {
                        "$set": {"deliveries.$.state": "sending", "deliveries.$.at": moment},
                        "$inc": {"deliveries.$.attempts": 1},
                    },
                )
        return bool(done.matched_count)

    def settle(
        self, report_id: str, channel: str, to_role: str, edition: str, state: DeliveryState, error: str = ""
    ) -> None:
        """Say how a claimed delivery ended. `error` names no address."""
        change = {"deliveries.$.state": state, "deliveries.$.error": error, "deliveries.$.at": now()}
        with told_without_values(f"settling a delivery of {report_id}"):
            self._reports.update_one(
                {"_id": report_id, "deliveries.key": _key(channel, to_role, edition)}, {"$set": change}
            )

    def undelivered(self, since: datetime, older_than: timedelta = timedelta(0)) -> list[WrittenReport]:
        """Reports written after `since` with a delivery of their present edition that failed, or that has been under
        way for too long, by now for `older_than`."""
        latest = now() - older_than
        with told_without_values("listing undelivered reports"):
            found = [_written(each) for each in self._reports.find({"written_at": {"$gte": since}})]
        return [report for report in found if _waits(report.deliveries, report.edition, latest)]

    def list(self, kind: ReportKind | None = None, sprint: str | None = None, limit: int = 200) -> list[WrittenReport]:
        """Reports, the one written last first."""
        query: Document = {name: value for name, value in (("kind", kind), ("sprint", sprint)) if value is not None}
        with told_without_values("listing reports"):
            return [_written(each) for each in self._reports.find(query).sort([("written_at", -1)]).limit(limit)]


def _waits(deliveries: Sequence[Delivery], edition: str, latest: datetime) -> bool:
    return any(
        each.edition == edition
        and each.at <= latest
        and (each.state == "failed" or (each.state == "sending" and each.at < now() - STALE))
        for each in deliveries
    )


def _key(channel: str, to_role: str, edition: str) -> str:
    return f"{channel}/{to_role}/{edition}"


def _written(stored: Document) -> WrittenReport:
    deliveries = tuple(
        Delivery(**{name: value for name, value in each.items() if name != "key"}) for each in stored["deliveries"]
    )
    rest = {name: value for name, value in stored.items() if name not in ("_id", "deliveries")}
    return WrittenReport(report_id=stored["_id"], deliveries=deliveries, **rest)
