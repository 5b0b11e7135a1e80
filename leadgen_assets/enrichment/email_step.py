"""Addresses (REQ-014): leads without a usable one go through the email finders in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from leadgen_assets.enrichment.asking import ask
from leadgen_assets.enrichment.company_step import normalised
from leadgen_assets.enrichment.desk import Desk, Known, Question, Respondent
from leadgen_assets.enrichment.lead_rows import LeadRows, Origin
from leadgen_assets.enrichment.report import EnrichmentReport
from leadgen_assets.leads import emails, linkedin, phones
from leadgen_assets.vendors.contracts import EmailFinder, PersonQuery

OPERATIONS = {"hunter": "finder", "pdl": "bulk"}
"""The paid operation of each vendor, as the price list names it."""
VERIFIED_BY_FINDER = {"hunter": "valid"}
"""Finders that verify what they find, and the word that says so: such an address is not paid for again (REQ-012)."""

_ANOTHER_SPRINT = -1

Suppress = Callable[[Iterable[int]], None]


async def find_emails(
    rows: LeadRows,
    may_ask: Sequence[bool],
    vendors: Sequence[str],
    finders: Mapping[str, EmailFinder],
    desk: Desk,
    report: EnrichmentReport,
    suppress: Suppress,
) -> None:
    """Fill addresses of `rows` from the vendors, in that order; each is asked about those who still have none.

    `suppress` is told the rows of people who asked the vendor to be removed; they are not asked about again.
    """
    wanting = [row for row in range(len(rows)) if may_ask[row] and not has_usable_email(rows, row)]
    report.people = len(wanting)
    taken = _Taken(rows)
    refused: set[int] = set()

    for vendor in vendors:
        line = report.line("email", vendor)
        finder = finders.get(vendor)
        if finder is None:
            line.stopped_because = "not available: no client or no credentials"
            line.skipped = len(wanting)
            continue
        queries = {row: person(rows, row) for row in wanting}
        by_row = {row: query.key for row, query in queries.items() if finder.can_find(query)}
        questions = [Question(key, queries[row], queries[row].ref) for row, key in by_row.items()]

        def remember(keys: Iterable[str], by_row: Mapping[int, str] = by_row) -> None:
            gone = set(keys)
            of_them = [row for row, key in by_row.items() if key in gone]
            refused.update(of_them)
            suppress(of_them)

        operation, is_free = OPERATIONS.get(vendor, "finder"), finder.repeat_is_free
        who = Respondent(vendor, operation, finder.batch_size, finder.find_emails, remember, is_free)
        answers = await ask(desk, who, questions, line)
        await asyncio.to_thread(taken.learn_from_other_sprints, desk, answers.values())
        for row, key in by_row.items():
            known = answers.get(key)
            if known is not None and known.fields:
                _apply(rows, row, vendor, known, taken)
        wanting = [row for row in wanting if row not in refused and not has_usable_email(rows, row)]


def has_usable_email(rows: LeadRows, row: int) -> bool:
    """An address that is not thrown away after use and that no verifier has found dead."""
    return (
        rows.text(row, "email") is not None
        and rows.get(row, "email_kind") != "disposable"
        and rows.get(row, "email_verified") is not False
    )


def person(rows: LeadRows, row: int) -> PersonQuery:
    """Whom to look for."""
    return PersonQuery(
        ref=str(rows.get(row, "lead_id")),
        first_name=rows.text(row, "first_name"),
        last_name=rows.text(row, "last_name"),
        full_name=rows.text(row, "full_name"),
        company_domain=rows.text(row, "company_domain"),
        company_name=rows.text(row, "company_name"),
        linkedin_url=rows.text(row, "linkedin_url"),
    )


class _Taken:
    """Addresses and profiles that some lead has: who gives one to a second lead is mistaken about one of them."""

    def __init__(self, rows: LeadRows) -> None:
        self._owner: dict[str, int] = {}
        for name in ("email", "linkedin_url"):
            for row, value in enumerate(rows.values(name)):
                if value is not None:
                    self._owner.setdefault(value, row)

    def learn_from_other_sprints(self, desk: Desk, answers: Iterable[Known]) -> None:
        """Which of the answers' addresses and profiles belong to leads of other sprints: one look-up for all."""
        keys = set()
        for fields in (answer.fields for answer in answers if answer.fields):
            address = emails.parse(fields.get("email") or "").address
            profile = linkedin.profile_url(fields.get("linkedin_url") or "")
            keys |= {f"email:{address}"} if address else set()
            keys |= {f"linkedin:{profile}"} if profile else set()
        if keys:
            for value in desk.leads.known_identities(desk.sprint, keys)["key"].tolist():
                self._owner.setdefault(value, _ANOTHER_SPRINT)

    def may_have(self, row: int, value: str) -> bool:
        """Whether the value is free or the row's own; from now on it is the row's."""
        return self._owner.setdefault(value, row) == row


def _apply(rows: LeadRows, row: int, vendor: str, known: Known, taken: _Taken) -> None:
    fields = known.fields or {}
    origin = Origin(vendor, known.asked_at)
    profile = linkedin.profile_url(fields.get("linkedin_url") or "")
    if profile and rows.get(row, "linkedin_url") is None:
        if taken.may_have(row, profile):
            rows.put(row, "linkedin_url", profile, origin)
            rows.add_key(row, f"linkedin:{profile}")
        else:
            rows.flag(row, "possible_duplicate")
    phone = phones.parse(fields.get("phone") or "", rows.text(row, "location_country") or "US")
    rows.fill(row, {"phone": phone.number, **normalised(fields)}, origin)
    _apply_email(rows, row, vendor, fields, origin, taken)


def _apply_email(
    rows: LeadRows, row: int, vendor: str, fields: Mapping[str, str], origin: Origin, taken: _Taken
) -> None:
    found = emails.parse(fields.get("email") or "")
    status = emails.status_word(fields.get("email_status") or "")
    if found.address is None or found.kind == "disposable" or (status and emails.is_undeliverable(status)):
        return
    if found.kind in emails.KEY_KINDS and not taken.may_have(row, found.address):
        rows.flag(row, "possible_duplicate")
        return
    rows.put(row, "email", found.address, origin)
    rows.put(row, "email_kind", found.kind)
    if found.kind in emails.KEY_KINDS:
        rows.add_key(row, f"email:{found.address}")
    rows.put(row, "email_status", status)
    is_verified = status is not None and VERIFIED_BY_FINDER.get(vendor) == status
    rows.put(row, "email_verified", True if is_verified else None, origin if is_verified else None)
