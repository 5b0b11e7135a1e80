"""Erasing a person everywhere (GDPR art. 17, CCPA): on record step by step, taken up after a kill, and verified by a scan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from leadgen_assets.privacy.crm import CrmRecord, OpenCrm, crm_records
from leadgen_assets.privacy.erase_steps import STEPS, Figures, Task
from leadgen_assets.privacy.erased_people import ErasedPeople
from leadgen_assets.privacy.identifiers import Identifier, UnknownPerson
from leadgen_assets.privacy.people import everybody
from leadgen_assets.privacy.scan import scan
from leadgen_assets.privacy.scan_dagster import scan_dagster
from leadgen_assets.privacy.subject import Subject, find, subjects
from leadgen_assets.stores.erasure import Erasure
from leadgen_assets.stores.opened import OpenStores


@dataclass(frozen=True)
class Office:
    """What an erasure works with: the stores, the files of the home, and a way into the CRMs."""

    stores: OpenStores
    home: Path
    open_crm: OpenCrm
    dagster_url: str | None = None
    """Dagster's PostgreSQL, to be searched too; None leaves it out."""

    def left(self, subject: Subject, record: Erasure) -> dict[str, int]:
        """Where the person still is, the open erasure's own record aside."""
        found = scan(self.stores, self.home, subject.needles, besides=record.erasure_id)
        if self.dagster_url is not None and subject.needles.texts:
            found |= scan_dagster(self.dagster_url, subject.needles)
        return found


def erase(office: Office, who: Identifier) -> Erasure:
    """Erase a person. Again finds what came since; an interrupted one is taken up. Raises `SharedIdentifier`.

    Nobody known: the identifier goes on the suppression list all the same. `left` of the result is empty and its state
    `done` when the scan found nothing and the CRM confirmed.
    """
    stores = office.stores
    former = stores.erasures.of_lead(who.value) if who.kind == "lead" else None
    if former is None and who.key is not None:
        former = stores.erasures.of_hashes([stores.suppressions.hash(*who.key)])
    subject = find(stores, who)
    if former is None and not subject.is_known and who.key is None:
        raise UnknownPerson(f"no lead {who.value} is stored, and none was erased")
    if former is not None and former.state == "open":
        return _run(office, former, subject.with_former(former.subject))
    return _begun(office, subject)


def resume(office: Office) -> list[Erasure]:
    """Take up every erasure that was interrupted or waits for a CRM."""
    return [_run(office, each, Subject().with_former(each.subject)) for each in office.stores.erasures.open()]


def sweep(office: Office) -> list[Erasure]:
    """Erase whoever was erased before and is stored again: after a restored backup, or a run that was under way."""
    stores = office.stores
    ErasedPeople(office.home).put_back(stores.suppressions)
    people = everybody(stores)
    keys = {key for owned in people.keys.values() for key in owned}
    erased = {key for key, listed in stores.suppressions.look_up(keys).items() if listed.is_erased}
    return [_begun(office, each) for each in subjects(erased, people)]


def _begun(office: Office, subject: Subject) -> Erasure:
    stores = office.stores
    hashes = [stores.suppressions.hash(kind, key) for kind, key in sorted(subject.keys)]
    sent = crm_records(stores, subject.lead_ids)
    note = {**subject.as_record(), "crm": [[each.target, each.lead_id, each.crm_id] for each in sent]}
    record = stores.erasures.begin(hashes, subject.lead_ids, note)
    return _run(office, record, subject)


def _run(office: Office, record: Erasure, subject: Subject) -> Erasure:
    stores = office.stores
    sent = tuple(CrmRecord(*each) for each in record.subject.get("crm", ()))
    task = Task(stores, office.home, subject, sent, office.open_crm)
    ErasedPeople(office.home).remember({stores.suppressions.hash(kind, key): kind for kind, key in subject.keys})
    waits_for = _do(task, record, [name for name in STEPS if not record.is_done(name)])
    left = office.left(subject, record)
    if left:
        # what a run under way has written since, or what came after an interrupted erasure
        _do(task, record, [name for name in STEPS if name not in waits_for])
        left = office.left(subject, record)
    note = {"crm": record.subject.get("crm", []), "lead_ids": sorted(subject.lead_ids)}
    return stores.erasures.finish(
        record.erasure_id,
        left,
        is_done=not left and not waits_for,
        # only the CRM is missing: its ids are enough, and nothing else may name the person
        subject=note if not left and set(waits_for) == {"crm"} else None,
    )


def _do(task: Task, record: Erasure, steps: list[str]) -> list[str]:
    """Do steps, each on record at once; returns those that could not be done."""
    open_steps = []
    for name in steps:
        figures: Figures = STEPS[name](task)
        is_done = bool(figures.pop("is_done", True))
        task.stores.erasures.record_step(record.erasure_id, name, figures, is_done=is_done)
        open_steps += [] if is_done else [name]
    return open_steps
