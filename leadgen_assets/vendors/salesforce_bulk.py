"""Bulk API 2.0 files: leads to CSV, and the three result files back to exactly one result per record. No HTTP here."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from leadgen_assets.vendors.contracts import CrmOutcome, CrmResult
from leadgen_assets.vendors.values import identifier

_PASSING = {
    "UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT",
}  # fmt: skip
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,79}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_FIELDS_TOLD = 4


def as_csv(records: Sequence[Mapping[str, str]], external_id_field: str) -> bytes:
    """UTF-8, comma, LF; the external id first, then every field any record has. A missing value is empty: ignored."""
    columns = dict.fromkeys([external_id_field, *(name for record in records for name in record)])
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    # an unquoted carriage return would end the line for whoever reads it
    writer.writerows({name: value.replace("\r", " ") for name, value in each.items()} for each in records)
    return text.getvalue().encode("utf-8", "replace")


def reconciled(
    external_ids: Sequence[str], field: str, successful: str, failed: str, unprocessed: str, *, error: str = ""
) -> list[CrmResult]:
    """One result per id, in the order given, whatever the order of the files (CSV texts as downloaded).

    `error` is the job's own message. Rows the job never got to, or lost, may be tried again, unless the file as a whole
    was not understood.
    """
    found: dict[str, CrmResult] = {}
    for row in _rows(unprocessed):
        found[row.get(field, "")] = CrmResult(row.get(field, ""), CrmOutcome.RETRY, reason="not processed by the job")
    for row in _rows(failed):
        found[row.get(field, "")] = _failure(
            row.get(field, ""), identifier(row.get("sf__Id")), row.get("sf__Error", "")
        )
    for row in _rows(successful):
        is_new = row.get("sf__Created", "").lower() == "true"
        outcome = CrmOutcome.CREATED if is_new else CrmOutcome.UPDATED
        found[row.get(field, "")] = CrmResult(row.get(field, ""), outcome, crm_id=identifier(row.get("sf__Id")))
    if error.startswith("InvalidBatch"):
        lost = CrmOutcome.FAILED, "the job was refused: InvalidBatch"
        found = {each: result for each, result in found.items() if result.reason != "not processed by the job"}
    else:
        lost = CrmOutcome.RETRY, "not among the job's results"
    return [found.get(each) or CrmResult(each, lost[0], reason=lost[1]) for each in external_ids]


def _rows(text: str) -> Iterator[dict[str, str]]:
    """Rows as the header names them; cells a row lacks are empty. A file that cannot be read further ends there: what is
    lost is sent again, which the external id makes harmless."""
    try:
        for row in csv.DictReader(io.StringIO(text, newline=""), restval=""):
            yield {name: cell for name, cell in row.items() if isinstance(cell, str)}
    except csv.Error:
        return


def _failure(external_id: str, crm_id: str | None, error: str) -> CrmResult:
    """`CODE:text that may quote values:Field, Field --` → code and fields."""
    code = match[0] if (match := _CODE.match(error)) else "UNKNOWN_ERROR"
    tail = error.removesuffix("--").rstrip().rpartition(":")[2]
    fields = [part for part in (each.strip() for each in tail.split(",")) if _FIELD.fullmatch(part)][:_FIELDS_TOLD]
    outcome = CrmOutcome.RETRY if code in _PASSING else CrmOutcome.FAILED
    is_named = error.rstrip().endswith("--") and fields
    return CrmResult(external_id, outcome, crm_id, f"{code}: {', '.join(fields)}" if is_named else code)
