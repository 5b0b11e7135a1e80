"""Bulk API 2.0 ingest jobs (vendors.md §6.2): the states of a job, and the files it answers with. No HTTP here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from leadgen_assets.sandbox.salesforce_leads import FIELDS, RowResult

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
FINISHED = ("JobComplete", "Failed", "Aborted")

QUEUED_SECONDS = 0.2
"""How long a closed job waits before anybody looks at it."""
SECONDS_A_ROW = 0.0002


class JobFailed(Exception):
    """The file as a whole cannot be processed; the message is the job's `errorMessage`."""


@dataclass
class IngestJob:
    """One job: what was asked, the file, and (once done) one result a row."""

    id: str
    object: str
    operation: str
    external_id_field: str | None
    content_type: str
    line_ending: str
    delimiter: str
    api_version: float
    state: str = "Open"
    file: str = ""
    rows_sent: int = 0
    closed_at: float = 0.0
    created_date: str = field(default_factory=lambda: moment())
    error: str = ""
    columns: list[str] = field(default_factory=list)
    unprocessed: list[dict[str, str]] = field(default_factory=list)
    results: list[RowResult] = field(default_factory=list)

    def due(self, now: float) -> str:
        """The state by the clock: UploadComplete, then InProgress, then as good as done ("JobComplete")."""
        if self.state != "UploadComplete" and self.state != "InProgress":
            return self.state
        waited = now - self.closed_at
        if waited < QUEUED_SECONDS:
            return "UploadComplete"
        return "InProgress" if waited < QUEUED_SECONDS * 2 + self.rows_sent * SECONDS_A_ROW else "JobComplete"

    def rows(self) -> list[dict[str, str]]:
        """The file's rows. `JobFailed` when the header or the line endings are not what the job says."""
        text = self.file.removeprefix("\ufeff")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[self.delimiter])
        header = next(reader, None)
        if not header:
            raise JobFailed("InvalidBatch : The file is empty or has no header")
        self.columns = header
        lines = [line for line in reader if line]
        self.unprocessed = [dict(zip(header, line, strict=False)) for line in lines]
        found = "CRLF" if text.partition("\n")[0].endswith("\r") else "LF"
        if found != self.line_ending:
            setting = f"Current LineEnding setting is {self.line_ending}"
            raise JobFailed(f"InvalidBatch : LineEnding is invalid on user data. {setting}")
        for name in header:
            if name not in FIELDS:
                raise JobFailed(f"InvalidBatch : Field name not found : {name}")
            if not FIELDS[name].is_writable:
                raise JobFailed(
                    f"InvalidBatch : Unable to create/update field: {name}. Please check the security settings"
                )
        if self.external_id_field and self.external_id_field not in header:
            raise JobFailed(f"InvalidBatch : Field name not found : {self.external_id_field}")
        if any(len(line) != len(header) for line in lines):
            raise JobFailed("InvalidBatch : The number of columns of a row does not match the header")
        return self.unprocessed

    def finish(self, results: list[RowResult]) -> None:
        """Every row has its result."""
        self.results, self.unprocessed, self.state, self.file = results, [], "JobComplete", ""

    def fail(self, reason: str) -> None:
        """The file was not processed."""
        self.error, self.state, self.file = reason, "Failed", ""

    def info(self) -> dict[str, Any]:
        """The job as create and close answer it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": "0055e000001sandAAA",
            "createdDate": self.created_date,
            "systemModstamp": moment(),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": self.content_type,
            "apiVersion": self.api_version,
            "contentUrl": f"services/data/v{self.api_version}/jobs/ingest/{self.id}/batches",
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
            "jobType": "V2Ingest",
        }
        if self.external_id_field:
            shown["externalIdFieldName"] = self.external_id_field
        return shown

    def progress(self) -> dict[str, Any]:
        """The job as a poll answers it."""
        failed = sum(1 for each in self.results if each.error)
        counts = {
            "numberRecordsProcessed": len(self.results),
            "numberRecordsFailed": failed,
            "retries": 0,
            "totalProcessingTime": len(self.results),
            "apiActiveProcessingTime": len(self.results),
            "apexProcessingTime": 0,
        }
        return {**self.info(), **counts, **({"errorMessage": self.error} if self.error else {})}

    def successful(self) -> str:
        """CSV: id, whether created, and the row. Not in the order of the file."""
        done = [each for each in self.results if not each.error]
        rows = ([each.lead_id, str(each.is_created).lower(), *self._cells(each.row)] for each in reversed(done))
        return self._csv(("sf__Id", "sf__Created"), rows)

    def failed(self) -> str:
        """CSV: id (empty), why, and the row."""
        rows = ([each.lead_id, each.error, *self._cells(each.row)] for each in self.results if each.error)
        return self._csv(("sf__Id", "sf__Error"), rows)

    def not_processed(self) -> str:
        """CSV of the rows nobody looked at."""
        return self._csv((), (self._cells(row) for row in self.unprocessed))

    def _cells(self, row: dict[str, str]) -> list[str]:
        return [row.get(name, "") for name in self.columns]

    def _csv(self, leading: Sequence[str], rows: Iterable[list[str]]) -> str:
        out = io.StringIO()
        ending = LINE_ENDINGS[self.line_ending]
        delimiter = DELIMITERS[self.delimiter]
        writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
        writer.writerow([*leading, *self.columns])
        writer.writerows(rows)
        return out.getvalue()


def moment() -> str:
    """Now, as Salesforce writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
