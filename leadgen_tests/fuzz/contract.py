"""What must be true of whatever a vendor client returns, so that stores and use cases may rely on it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from decimal import Decimal
from typing import Any

import bson

from leadgen_assets.vendors.contracts import (
    CrmOutcome,
    CrmResult,
    Found,
    HealthVerdict,
    JobState,
    JobStatus,
    Listing,
    Missed,
    Purchase,
    VendorError,
    VerificationResult,
)
from leadgen_tests.fuzz.hostile import PLANTED_MARKS

MOST_CREDITS = Decimal(10) ** 9

heard: list[str] = []
"""Vendors' errors of this process, for tests that expect none."""


async def attempt(work: Awaitable[Any], private: Sequence[str] = ()) -> Any:
    """What the call returns, or None when it ends in a vendor's error, which names no person (`private` are texts of
    the people the call was about)."""
    try:
        return await work
    except VendorError as error:
        heard.append(str(error))
        is_told(str(error), private)
        return None


def is_told(text: str, private: Sequence[str] = ()) -> None:
    """A reason for people: something, not too long, on one line, nobody's data in it."""
    assert text.strip()
    assert len(text) < 500
    assert "\n" not in text
    assert text.isprintable(), ascii(text)
    for mark in (*PLANTED_MARKS, *private):
        assert mark not in text, text


def says(error: BaseException) -> str:
    """The message of an error for people: something in every line, visible, not endless."""
    text = str(error)
    assert text.strip()
    assert "Traceback" not in text
    for line in text.splitlines():
        assert line.strip()
        assert line.isprintable(), ascii(line)
        assert len(line) < 1000, line
    return text


def can_be_stored(value: Any) -> None:
    """MongoDB takes it."""
    bson.encode({"value": value})


def is_listing(listing: Listing) -> None:
    assert isinstance(listing.total, int)
    assert 0 <= listing.total < 2**31
    for vendor_id, person in listing.people.items():
        is_id(vendor_id)
        assert isinstance(person, dict)


def is_purchase(purchase: Purchase, wanted: Sequence[str]) -> None:
    """Every requested id is in exactly one place, and nobody else is anywhere."""
    outcomes = [*purchase.records, *purchase.missing, *purchase.suppressed, *purchase.refused]
    assert sorted(outcomes) == sorted(wanted)
    assert all(isinstance(record, dict) for record in purchase.records.values())
    is_charge(purchase.credits)


def is_charge(credits: Decimal) -> None:
    assert isinstance(credits, Decimal)
    assert credits.is_finite()
    assert 0 <= credits < MOST_CREDITS


def is_job(status: JobStatus) -> None:
    assert isinstance(status.state, JobState)
    assert status.records is None or (type(status.records) is int and 0 <= status.records < 2**31)
    if status.cost_usd is not None:
        is_charge(status.cost_usd)
    if status.detail:
        is_told(status.detail)


def is_id(vendor_id: Any) -> None:
    assert isinstance(vendor_id, str)
    assert vendor_id.strip() == vendor_id
    assert 0 < len(vendor_id) <= 1024
    assert vendor_id.isprintable()
    can_be_stored(vendor_id)


def are_rows(rows: Any) -> None:
    assert rows is None or all(isinstance(row, dict) for row in rows)


def are_answers(answers: Sequence[Any], refs: Sequence[str]) -> None:
    """Exactly one answer a question, in order; text fields that can be stored."""
    assert [each.ref for each in answers] == list(refs)
    for each in answers:
        assert isinstance(each, Found | Missed)
        is_charge(each.credits)
        if isinstance(each, Found):
            assert each.fields
            assert all(type(value) is str and value.strip() for value in each.fields.values())
            can_be_stored(each.fields)
            assert each.confidence is None or 0 <= each.confidence <= 1


def are_verifications(results: dict[Any, Any]) -> None:
    """Words we know; refs nobody asked about are for the caller to leave out."""
    assert all(isinstance(ref, str) for ref in results)
    assert all(isinstance(each, VerificationResult) for each in results.values())


def are_outcomes(results: Sequence[CrmResult], ids: Sequence[str]) -> None:
    """Exactly one result a record, in order, whose reason tells no value."""
    assert [each.external_id for each in results] == list(ids)
    for each in results:
        assert isinstance(each.outcome, CrmOutcome)
        if each.crm_id is not None:
            is_id(each.crm_id)
        if each.outcome in (CrmOutcome.FAILED, CrmOutcome.RETRY):
            is_told(each.reason)


def is_description(fields: dict[str, Any]) -> None:
    """Fields of a CRM, as the mapping's validation reads them."""
    for name, known in fields.items():
        assert isinstance(name, str)
        assert set(known) == {"type", "length", "required", "options", "unique", "read_only"}
        assert known["length"] is None or (isinstance(known["length"], int) and known["length"] > 0)
        assert known["options"] is None or all(isinstance(each, str) for each in known["options"])
        assert all(isinstance(known[flag], bool) for flag in ("required", "unique", "read_only"))


def is_verdict(verdict: HealthVerdict) -> None:
    is_told(verdict.detail)
    if verdict.credits_left is not None:
        assert verdict.credits_left.is_finite()
