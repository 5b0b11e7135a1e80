"""Verification jobs (vendors.md §5.3): the states a list goes through, what it counts, and its rows. No HTTP here."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SYNTAX = re.compile(r"[^@\s,;<>()\"]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")
RESULTS = ("valid", "invalid", "catchall", "disposable", "unknown")
ROLES = frozenset(("info", "sales", "marketing", "hello", "support", "contact", "admin", "office"))

QUEUED_SECONDS = 0.2
PARSING_SECONDS = 0.3
SECONDS_AN_ADDRESS = 0.0001
LEAST_RUNNING_SECONDS = 0.4

Row = dict[str, Any]
"""One line of the list as it was handed in; `email` is the address."""


@dataclass
class VerificationJob:
    """One list on its way."""

    id: int
    rows: list[Row]
    filename: str
    created_at: float
    is_parsing: bool
    is_started: bool
    wants_start: bool = False
    parsed_at: float = 0.0
    started_at: float = 0.0
    created: str = field(default_factory=lambda: moment())
    results: list[str] | None = None
    billable: int = 0

    @classmethod
    def received(
        cls, job_id: int, rows: list[Row], filename: str, now: float, parse: bool, start: bool
    ) -> VerificationJob:
        """A list that has just come in."""
        job = cls(job_id, rows, filename, now, is_parsing=parse, is_started=False, wants_start=start)
        job.billable = len({address(row) for row in rows if SYNTAX.fullmatch(address(row))})
        if parse:
            job.parse(now)
        return job

    def parse(self, now: float) -> None:
        """Take the list apart; with `wants_start` it then runs by itself."""
        self.is_parsing, self.parsed_at = True, now + QUEUED_SECONDS + PARSING_SECONDS
        if self.wants_start:
            self.start(self.parsed_at)

    def start(self, now: float) -> None:
        """Verify from that moment on."""
        self.is_started, self.started_at = True, max(now, self.parsed_at)

    @property
    def running_seconds(self) -> float:
        """How long the verification takes."""
        return LEAST_RUNNING_SECONDS + len(self.rows) * SECONDS_AN_ADDRESS

    def state(self, now: float) -> str:
        """The state by the clock."""
        if not self.is_parsing:
            return "queued"
        if now < self.parsed_at:
            return "queued" if now < self.parsed_at - PARSING_SECONDS else "parsing"
        if not self.is_started:
            return "waiting"
        return "running" if now < self.started_at + self.running_seconds else "complete"

    def percent(self, now: float) -> int:
        """How much is verified."""
        if not self.is_started:
            return 0
        return round(max(0.0, min(1.0, (now - self.started_at) / self.running_seconds)) * 100)

    def verify(self, judge: Callable[[str], str]) -> list[str]:
        """One result a row; asked of `judge` once."""
        if self.results is None:
            self.results = [judge(address(row)) if SYNTAX.fullmatch(address(row)) else "invalid" for row in self.rows]
        return self.results

    def info(self, now: float) -> dict[str, Any]:
        """The job as a poll answers it; counts of results only when it is complete."""
        state = self.state(now)
        counts = Counter(self.results or ()) if state == "complete" else Counter[str]()
        addresses = [address(row) for row in self.rows]
        bad = sum(1 for each in addresses if not SYNTAX.fullmatch(each))
        return {
            "id": self.id,
            "job_status": state,
            "filename": self.filename,
            "created_at": self.created,
            "started_at": self.created if self.is_started else None,
            "finished_at": moment() if state == "complete" else None,
            "failure_reason": None,
            "total": {
                "records": len(addresses),
                "billable": self.billable,
                "processed": len(addresses) * self.percent(now) // 100,
                **{result: counts[result] for result in RESULTS},
                "duplicates": len(addresses) - bad - self.billable,
                "bad_syntax": bad,
            },
            "bounce_estimate": round(100 * counts["invalid"] / len(addresses), 2) if addresses else 0,
            "percent_complete": self.percent(now),
        }

    def page(self, first: int, count: int) -> list[dict[str, Any]]:
        """Rows with their verification, in the order of the list."""
        results = self.results or []
        return [
            {"data": row, "verification": verification(address(row), result)}
            for row, result in zip(self.rows[first : first + count], results[first : first + count], strict=True)
        ]

    def as_csv(self) -> str:
        """The whole list with a result a line."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        writer.writerow([*columns, "email_status"])
        for row, result in zip(self.rows, self.results or [], strict=True):
            writer.writerow([*(row.get(name, "") for name in columns), result])
        return out.getvalue()


def address(row: Row) -> str:
    """The address of a row, as compared."""
    return str(row.get("email") or "").strip().lower()


def rows_of(content: Any) -> Iterator[Row]:
    """The rows of a supplied list: objects, or arrays of id and address. `ValueError` for anything else."""
    if not isinstance(content, list) or not content:
        raise ValueError("input must be a list that is not empty")
    for each in content:
        if isinstance(each, dict) and isinstance(each.get("email"), str):
            yield each
        elif isinstance(each, list) and each:
            yield {"id": each[0], "email": each[-1]} if len(each) > 1 else {"email": each[0]}
        else:
            raise ValueError("every input needs an email")


def verification(email: str, result: str) -> dict[str, Any]:
    """What is told about one address."""
    return {"result": result, "flags": flags(email, result), "suggested_correction": ""}


def flags(email: str, result: str) -> list[str]:
    """Details of a result."""
    if not SYNTAX.fullmatch(email):
        return ["bad_syntax"]
    told = [] if result == "unknown" else ["has_dns", "has_dns_mx"]
    if result in ("valid", "catchall"):
        told.append("smtp_connectable")
    if result == "disposable":
        told.append("disposable_email")
    if email.partition("@")[0] in ROLES:
        told.append("role_account")
    return told


def moment() -> str:
    """Now, as NeverBounce writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
