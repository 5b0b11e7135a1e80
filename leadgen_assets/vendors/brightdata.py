"""Bright Data: snapshots of LinkedIn datasets, built asynchronously, billed by delivered record (vendors.md §2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from leadgen_assets.vendors.answers import by_status, message_of
from leadgen_assets.vendors.bodies import loads
from leadgen_assets.vendors.contracts import (
    Draft,
    Drift,
    HealthVerdict,
    JobState,
    JobStatus,
    Record,
    SearchQuery,
    Usage,
    VendorBadRequest,
    VendorError,
    VendorOutcomeUnknown,
    VendorUnavailable,
    Verdict,
)
from leadgen_assets.vendors.http import Classified, VendorClient, retry_after
from leadgen_assets.vendors.mapping import draft, first, known_fields
from leadgen_assets.vendors.values import amount, identifier, objects, whole

PEOPLE_DATASET = "gd_l1viktl72bvl7bjuj0"

_PAUSE_ON_429 = 5.0
_NO_MATCH = "did not match any records"
_NOT_READY = frozenset({"scheduled", "starting", "running", "collecting", "digesting", "building"})


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """Bright Data's language (§2.2, §2.3): 422 is "nothing matches", 202 "not ready yet", errors are often text."""
    said = message_of(body)
    if status == 202 or (status == 200 and _is_envelope(body)):
        return Classified(Verdict.PENDING, retry_after(headers))
    if status == 422 and _NO_MATCH in said:
        return Classified(Verdict.EMPTY)
    if status == 429:
        return Classified(Verdict.RETRY_AFTER, retry_after(headers) or _PAUSE_ON_429, said or "too many requests")
    return by_status(status, headers, body)


def classify_part(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """A download's language: an empty snapshot is no failure, a line that stops half-way is."""
    if status == 400 and "empty" in message_of(body):
        return Classified(Verdict.EMPTY)
    if status == 200 and isinstance(body, str) and body.lstrip().startswith(("{", "[")) and not _is_whole(body):
        return Classified(Verdict.BACK_OFF, detail="the part was cut short")
    if status == 200 and isinstance(body, str):
        envelope = _parsed(body)
        return classify(status, headers, envelope if isinstance(envelope, dict) else [])
    return classify(status, headers, body)


def classify_status(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """A poll's language: an unknown snapshot has expired, an error in the body is the job's, not the call's."""
    if status == 404:
        return Classified(Verdict.EMPTY)
    if status == 200 and isinstance(body, dict):
        return Classified(Verdict.OK)
    return by_status(status, headers, body) if status != 200 else Classified(Verdict.BACK_OFF, detail="not JSON")


class BrightDataClient(VendorClient):
    """Marketplace filter snapshots of people. `BrightDataPeople` makes a `SnapshotSource` of it."""

    name = "brightdata"
    part_size = 1000
    strikes_allowed = 5

    async def authorise(self) -> dict[str, str]:
        """Bearer token; other schemes are refused as text."""
        return {"Authorization": f"Bearer {self.access.secret('brightdata_api_token')}"}

    async def start(self, query: SearchQuery, limit: int, without: Sequence[str] = ()) -> str | None:
        """Start a people snapshot of at most `limit` records (the cost ceiling); None when nobody matches."""
        return await self.start_snapshot(PEOPLE_DATASET, people_filter(query, without), limit)

    async def status(self, job_id: str) -> JobStatus:
        """Where the snapshot stands; unknown words mean that it is still being built."""
        reply = await self.call("status", "GET", f"/datasets/snapshots/{job_id}", classify=classify_status)
        if reply.verdict is Verdict.EMPTY:
            return JobStatus(JobState.EXPIRED, detail="the vendor does not know this snapshot (kept for 30 days)")
        said = _job_status(reply.json())
        return replace(said, detail=self.told(said.detail))

    async def download(self, job_id: str, part: int) -> list[Record] | None:
        """A part (from 1) of up to 1,000 records, error rows included; None while not ready, empty past the end."""
        page = {"format": "jsonl", "batch_size": self.part_size, "part": part}
        path = f"/datasets/snapshots/{job_id}/download"
        try:
            reply = await self.call(
                "download", "GET", path, params=page, classify=classify_part, parse="text", timeout=120.0
            )
        except VendorBadRequest:
            # The documentation does not say how a part past the end is answered.
            if part > 1 and await self._is_past_end(job_id, part):
                return []
            raise
        if reply.verdict is Verdict.PENDING:
            return None
        try:
            return [] if reply.verdict is Verdict.EMPTY else records_of(reply.text)
        except ValueError:
            raise VendorUnavailable(self.name, "download", f"part {part} holds a line that is not JSON") from None

    async def check(self) -> HealthVerdict:
        """Whether the token works, by the field list of the dataset, which is free."""
        try:
            reply = await self.call("status", "GET", f"/datasets/{PEOPLE_DATASET}/metadata", classify=classify)
        except VendorError as error:
            return HealthVerdict(self.name, False, str(error))
        fields = reply.json().get("fields")
        known = f", {len(fields)} fields in the people dataset" if isinstance(fields, dict | list) else ""
        return HealthVerdict(self.name, True, f"token accepted{known}")

    async def usage(self) -> Usage:
        """Money that has gone, and that the next bill will take, as the balance tells: `used` is below 0 while there is a
        balance, and only differences of it mean anything. Money that is paid in between two readings is told as one."""
        reply = await self.call("status", "GET", "/customer/balance", classify=classify)
        said = reply.json().get("balance")
        balance = amount(abs(said)) if isinstance(said, int | float) else None
        if balance is None:
            raise VendorUnavailable(self.name, "status", "the answer names no balance", reply.status)
        pending = amount(reply.json().get("pending_balance")) or Decimal(0)
        return Usage(pending - balance.copy_sign(Decimal(str(said))), "usd")

    async def start_snapshot(self, dataset: str, condition: Record, limit: int) -> str | None:
        """Start a snapshot of any dataset; its id, or None when nothing matches. Paid by delivered record."""
        sent = {"dataset_id": dataset, "records_limit": limit, "filter": condition}
        reply = await self.call("filter", "POST", "/datasets/filter", classify=classify, json=sent, paid=True)
        if reply.verdict is Verdict.EMPTY:
            return None
        job_id = identifier(reply.json().get("snapshot_id"))
        if job_id is None:
            raise VendorOutcomeUnknown(self.name, "filter", "the answer names no snapshot", reply.status)
        return job_id

    async def _is_past_end(self, job_id: str, part: int) -> bool:
        records = (await self.status(job_id)).records
        return records is not None and (part - 1) * self.part_size >= records


def people_filter(query: SearchQuery, without: Sequence[str] = ()) -> Record:
    """Country, any of the titles within the position text, any of the cities within the city text, and none of the
    people in `without` (§2.3)."""
    conditions = [
        {"name": "country_code", "operator": "in", "value": list(query.countries)},
        _any_of("position", query.titles),
    ]
    if query.locations:
        conditions.append(_any_of("city", [place.partition(",")[0].strip() for place in query.locations]))
    conditions += [{"name": name, "operator": "=", "value": value} for name, value in query.facets]
    if without:
        conditions.append({"name": "id", "operator": "not_in", "value": list(without)})
    return {"operator": "and", "filters": conditions}


def records_of(body: str) -> list[Record]:
    """Rows of a snapshot part, JSON lines or one JSON array; anything that is no object is left out.

    Raises `ValueError` for a line that is not JSON.
    """
    whole = _parsed(body)
    rows = whole if isinstance(whole, list) else [loads(line) for line in body.split("\n") if line.strip()]
    return objects(rows)


def is_error_row(record: Record) -> bool:
    """Whether the row reports a failure instead of a person; it is in the same array as the good ones (§2.4)."""
    return bool(record.get("error") or record.get("error_code"))


def to_draft(record: Record) -> Draft:
    """A people record as a draft. There is never an email or a phone; `url` is regional and normalised later."""
    current = record.get("current_company")
    company: Record = current if isinstance(current, dict) else {}
    return draft(
        vendor_id=vendor_id(record),
        linkedin_url=first(record.get("url"), record.get("input_url")),
        full_name=record.get("name"),
        first_name=record.get("first_name"),
        last_name=record.get("last_name"),
        job_title=first(company.get("title"), record.get("position")),
        company_name=first(company.get("name"), record.get("current_company_name")),
        company_linkedin=first(
            company.get("link"), company.get("company_id"), record.get("current_company_company_id")
        ),
        location=first(record.get("city"), record.get("location")),
        location_country=record.get("country_code"),
        profile_picture_url=None if record.get("default_avatar") else record.get("avatar"),
        observed_at=record.get("timestamp"),
    )


def drift(records: Sequence[Record]) -> Drift:
    """Top-level fields that Bright Data is not known to send."""
    return Drift.of("brightdata", known_fields("brightdata"), records)


def vendor_id(record: Record) -> str | None:
    """The dataset's id of the person."""
    return first(record.get("id"), record.get("linkedin_id"))


def _any_of(name: str, values: Sequence[str]) -> Record:
    parts = [{"name": name, "operator": "includes", "value": value} for value in values]
    return parts[0] if len(parts) == 1 else {"operator": "or", "filters": parts}


def _job_status(said: Record) -> JobStatus:
    word, problem = str(said.get("status", "")).casefold(), message_of(said.get("error") or said.get("error_message"))
    records, paid = whole(said.get("dataset_size")), amount(said.get("cost"))
    if word == "ready":
        return JobStatus(JobState.EMPTY if records == 0 else JobState.READY, records, paid)
    if word not in ("failed", "canceled", "cancelled"):
        return JobStatus(JobState.RUNNING, records, paid, word)
    if "empty" in problem.casefold() or "No data found" in problem or _NO_MATCH in problem:
        return JobStatus(JobState.EMPTY, 0, paid)
    expired = "expired" in problem.casefold()
    return JobStatus(JobState.EXPIRED if expired else JobState.FAILED, records, paid, problem or word)


def _is_envelope(body: Any) -> bool:
    return isinstance(body, dict) and str(body.get("status")) in _NOT_READY and not body.get("id")


def _is_whole(body: str) -> bool:
    return _parsed(body) is not None or _parsed(body.rstrip().rpartition("\n")[2]) is not None


def _parsed(body: str) -> Any:
    try:
        return loads(body)
    except ValueError:
        return None
