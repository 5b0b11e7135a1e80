"""Asking a vendor many questions: from the cache first, then in parcels that are reserved, asked, cached and settled.

Knows nothing of leads. A parcel is one ledger entry, so that money costs two writes per hundred questions; the answers
are cached before the parcel is settled, so that a crash anywhere never asks an answered question again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Generic

from leadgen_assets.enrichment.desk import Desk, Known, Q, Question, Respondent
from leadgen_assets.enrichment.lead_rows import SEGMENT
from leadgen_assets.enrichment.report import VendorLine
from leadgen_assets.stores.ledger import AlreadySettled, OverBudget, Reserved
from leadgen_assets.stores.ledger_doubts import BROKE_OFF, mark
from leadgen_assets.stores.purse import BuyingPaused
from leadgen_assets.vendors.contracts import (
    Answer,
    Found,
    Missed,
    PersonSuppressed,
    VendorError,
    VendorNotEntitled,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
    VendorRejectedCredentials,
)
from leadgen_assets.vendors.width import Turnstile

PARCEL = 200
CALLS_AT_RISK = 25
"""Calls of a parcel where a repeat would be billed: all of them are in doubt when the process that asks is killed."""
IN_FLIGHT = 20
PARCELS_AT_ONCE = 4
STRIKES = 5
"""Failed calls in a row after which a vendor counts as down for this round."""
SOON = 3.0
"""Seconds before what a vendor that is up could not answer yet (still queued) is asked again."""
REST = 15.0
"""Seconds before what is open then, or what a vendor that is down could not answer, is asked for the last time."""

_FINAL = {
    VendorOutOfCredits: "out of credits",
    VendorRejectedCredentials: "credentials rejected",
    VendorNotEntitled: "account not entitled",
}


@dataclass
class _Round(Generic[Q]):
    slots: Turnstile
    writing: asyncio.Lock
    """One parcel at a time: counters and leads are changed on the way."""
    strikes: int = 0
    is_down: bool = False
    later: list[Question[Q]] = field(default_factory=list)
    unsure: dict[str, str] = field(default_factory=dict)
    """{key of a question whose call broke off: ledger entry}, over all rounds, where a repeat is free."""


async def ask(desk: Desk, who: Respondent[Q], questions: Sequence[Question[Q]], line: VendorLine) -> dict[str, Known]:
    """Answers by question key. Questions without one (vendor down, no credits, over budget) are absent.

    `line` is counted up. Raises nothing of a vendor's errors: they end in `line.stopped_because` (TL-05).
    """
    distinct = {question.key: question for question in questions}
    remembered = await asyncio.to_thread(desk.cache.get, who.vendor, who.operation, list(distinct))
    known = {key: Known(each.fields, each.asked_at.isoformat()) for key, each in remembered.items()}
    line.cached += len(known)
    # Parcels are cut before the known ones are taken out, so that a repeated run names the same parcels.
    doubts = desk.doubts(who)
    doubtful = await asyncio.to_thread(doubts.among, distinct.keys() - known.keys())
    if not who.repeat_is_free:
        line.uncertain += len(doubtful)
    everything = [each for each in distinct.values() if who.repeat_is_free or each.key not in doubtful]
    unsure: dict[str, str] = {}
    waiting = [
        part for parcel in _parcels(who, everything) if (part := [each for each in parcel if each.key not in known])
    ]
    is_second, is_last = False, False
    while True:
        turn: _Round[Q] = _Round(
            Turnstile(lambda: desk.widths.of(who.vendor, who.operation, IN_FLIGHT)), asyncio.Lock(), unsure=unsure
        )
        gate = asyncio.Semaphore(PARCELS_AT_ONCE)
        await asyncio.gather(*(_parcel(desk, who, part, line, turn, known, gate) for part in waiting))
        if not turn.later or line.stopped_because is not None:
            break
        if is_last:
            line.stopped_because = "unavailable" if turn.is_down else None
            break
        is_second, is_last = True, is_second or turn.is_down
        await desk.sleep(REST if is_last else min(SOON, REST))
        waiting = _parcels(who, turn.later)
    if who.repeat_is_free:
        await asyncio.to_thread(doubts.clear, doubtful & known.keys())
        await asyncio.to_thread(doubts.leave, unsure, known.keys())
    if line.stopped_because is None:
        line.failed += len(turn.later)
    else:
        line.skipped += len(turn.later)
    line.found += sum(1 for each in known.values() if each.fields is not None)
    line.missed += sum(1 for each in known.values() if each.fields is None)
    line.asked = line.found + line.missed + line.failed - line.cached
    return known


async def _parcel(
    desk: Desk,
    who: Respondent[Q],
    parcel: list[Question[Q]],
    line: VendorLine,
    turn: _Round[Q],
    known: dict[str, Known],
    gate: asyncio.Semaphore,
) -> None:
    async with gate:
        if line.stopped_because is not None or turn.is_down:
            turn.later += parcel
            return
        entry = f"{desk.sprint}/{SEGMENT}/{who.vendor}/{who.operation}/{_digest(parcel)}"
        reserved = await _reserve(desk, who, entry, parcel, line, turn)
        if reserved is None:
            return
        batches = [parcel[start : start + who.batch_size] for start in range(0, len(parcel), who.batch_size)]
        results = await asyncio.gather(*(_call(desk, who, batch, line, turn) for batch in batches))
        answers = {key: answer for answered, _ in results for key, answer in answered.items()}
        unknown = [question for _, broken in results for question in broken]
        if who.repeat_is_free:
            turn.unsure |= {question.key: entry for question in unknown}
            unknown = []
        async with turn.writing:
            await asyncio.to_thread(_write_down, desk, who, reserved, len(parcel), answers, unknown, line)
        found = sum(1 for answer in answers.values() if isinstance(answer, Found))
        desk.outcome(line.step, who.vendor, found, len(answers) - found)
        stamp = datetime.now(UTC).isoformat()
        known |= {
            key: Known(answer.fields if isinstance(answer, Found) else None, stamp) for key, answer in answers.items()
        }


async def _reserve(
    desk: Desk, who: Respondent[Q], entry: str, parcel: list[Question[Q]], line: VendorLine, turn: _Round[Q]
) -> Reserved | None:
    """The parcel's money; None when it is not to be asked."""
    usd = desk.prices.estimate(who.vendor, who.operation, len(parcel)).usd
    place = (entry, SEGMENT, who.vendor, who.operation, len(parcel), usd)
    about = [mark(each.key) for each in parcel]
    answer = await asyncio.to_thread(desk.purse.reserve, "enrichment", *place, about)
    if isinstance(answer, Reserved) and answer.again and not who.repeat_is_free:
        await asyncio.to_thread(desk.ledger.doubt, entry, BROKE_OFF)
        line.uncertain += len(parcel)
        return None
    if isinstance(answer, Reserved):
        return answer
    if isinstance(answer, AlreadySettled):
        # Paid for, but the answers are gone (erased, or a lost cache): they are not bought a second time.
        line.failed += len(parcel)
        return None
    line.stopped_because = line.stopped_because or no_money(answer)
    turn.later += parcel
    return None


def no_money(answer: OverBudget | BuyingPaused) -> str:
    """Why a purchase did not get its money, in words."""
    return answer.says if isinstance(answer, BuyingPaused) else "over budget"


async def _call(
    desk: Desk, who: Respondent[Q], batch: list[Question[Q]], line: VendorLine, turn: _Round[Q]
) -> tuple[dict[str, Answer], list[Question[Q]]]:
    """Final answers by key, and the questions that may have been billed without an answer."""
    async with turn.slots:
        line.stopped_because = line.stopped_because or await desk.paused()
        if line.stopped_because is not None or turn.is_down:
            turn.later += batch
            return {}, []
        try:
            answers = {each.ref: each for each in await who.ask([question.query for question in batch])}
        except VendorOutcomeUnknown as error:
            if who.repeat_is_free:
                _note_failure(error, batch, line, turn)
            else:
                line.uncertain += len(batch)
            return {}, batch
        except PersonSuppressed:
            if len(batch) > 1:
                turn.later += batch
                return {}, []
            answers = {batch[0].ref: Missed(batch[0].ref, suppressed=True)}
        except VendorError as error:
            _note_failure(error, batch, line, turn)
            return {}, []
    turn.strikes = 0
    final: dict[str, Answer] = {}
    for question in batch:
        answer = answers.get(question.ref)
        if answer is None or (not isinstance(answer, Found) and not answer.is_final):
            turn.later.append(question)
        else:
            final[question.key] = answer
    return final, []


def _note_failure(error: VendorError, batch: list[Question[Q]], line: VendorLine, turn: _Round[Q]) -> None:
    reason = next((text for kind, text in _FINAL.items() if isinstance(error, kind)), None)
    if reason is not None:
        line.stopped_because = line.stopped_because or reason
    turn.strikes += 1
    turn.is_down = turn.is_down or turn.strikes >= STRIKES
    turn.later += batch


def _write_down(
    desk: Desk,
    who: Respondent[Q],
    money: Reserved,
    asked: int,
    answers: dict[str, Answer],
    unknown: list[Question[Q]],
    line: VendorLine,
) -> None:
    """Suppressions, then cache, then money: what must not be lost first. What may have been billed without an answer is
    set aside as uncertain."""
    if len(unknown) == asked:
        desk.ledger.doubt(money.entry_id, BROKE_OFF)
        return
    if unknown:
        desk.doubts(who).set_aside(money.entry_id, [each.key for each in unknown])
    if not answers:
        desk.ledger.release(money.entry_id)
        return
    refused = [key for key, answer in answers.items() if not isinstance(answer, Found) and answer.suppressed]
    line.suppressed += len(refused)
    if refused:
        who.suppress(refused)
    fields = {key: answer.fields if isinstance(answer, Found) else None for key, answer in answers.items()}
    desk.cache.put(who.vendor, who.operation, fields, refused)
    credits = sum((answer.credits for answer in answers.values()), Decimal(0))
    usd = desk.prices.usd(who.vendor, credits, money.reserved_at)
    desk.ledger.settle(money.entry_id, credits, usd)
    line.usd += usd


def _parcels(who: Respondent[Q], questions: list[Question[Q]]) -> list[list[Question[Q]]]:
    size = max(PARCEL if who.repeat_is_free else min(PARCEL, CALLS_AT_RISK * who.batch_size), who.batch_size)
    return [questions[start : start + size] for start in range(0, len(questions), size)]


def _digest(parcel: Sequence[Question[Q]]) -> str:
    return sha256("\n".join(sorted(question.key for question in parcel)).encode()).hexdigest()[:24]
