"""One person: everything by which they are known here, and all records about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from leadgen_assets.privacy.identifiers import Identifier, Needles
from leadgen_assets.privacy.people import People, Place, everybody
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.suppressions import Key


class SharedIdentifier(ValueError):
    """An identifier that several people carry; the message lists their lead ids."""


@dataclass(frozen=True)
class Subject:
    """`keys` are theirs alone; addresses that others carry too are in none of the fields."""

    keys: frozenset[Key] = frozenset()
    lead_ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where the records are, by lead id."""

    @property
    def needles(self) -> Needles:
        """How to find them in any text."""
        return Needles.of(self.keys, self.emails, self.phones)

    @property
    def is_known(self) -> bool:
        """Whether any record is about them."""
        return bool(self.lead_ids)

    def with_former(self, stored: Mapping[str, Any]) -> Subject:
        """With what an interrupted erasure had noted down."""
        if not stored:
            return self
        keys = {(kind, key) for kind, key in stored.get("keys", ())}
        places = {lead: Place(**place) for lead, place in stored.get("places", {}).items()}
        return Subject(
            self.keys | keys,
            self.lead_ids | set(stored.get("lead_ids", ())),
            self.emails | set(stored.get("emails", ())),
            self.phones | set(stored.get("phones", ())),
            {**places, **self.places},
        )

    def as_record(self) -> dict[str, Any]:
        """Plain values, for the erasure's record while it is open."""
        return {
            "keys": [list(key) for key in sorted(self.keys)],
            "lead_ids": sorted(self.lead_ids),
            "emails": sorted(self.emails),
            "phones": sorted(self.phones),
            "places": {lead: asdict(place) for lead, place in self.places.items()},
        }


def find(stores: OpenStores, who: Identifier, people: People | None = None) -> Subject:
    """Everything about the person. Raises `SharedIdentifier` when several people carry the address.

    Nobody known: a subject with the identifier alone, which can still be suppressed.
    """
    known = people or everybody(stores)
    clusters = known.clusters()
    hits = known.carrying(who)
    persons = {clusters.get(lead, lead) for lead in hits}
    if len(persons) > 1:
        raise SharedIdentifier(
            f"{len(persons)} people carry this {who.kind}; name one by lead id: {', '.join(sorted(persons))}"
        )
    ids = {lead for lead, person in clusters.items() if person in persons}
    ids |= {member for lead in ids for member in known.members.get(lead, ())}
    subject = _subject(known, ids)
    own = {who.key} if who.key else set()
    emails = {who.value} if who.kind == "email" else set()
    return Subject(
        subject.keys | {key for key in own if key}, subject.lead_ids, subject.emails | emails, subject.phones,
        subject.places,
    )  # fmt: skip


def subjects(keys: Iterable[Key], people: People) -> list[Subject]:
    """The people who carry any of the keys, each once."""
    wanted, clusters = set(keys), people.clusters()
    persons = {clusters[lead] for lead, owned in people.keys.items() if owned & wanted}
    by_person: dict[str, set[str]] = {person: set() for person in persons}
    for lead, person in clusters.items():
        if person in by_person:
            by_person[person].add(lead)
    return [_subject(people, by_person[person]) for person in sorted(by_person)]


def _subject(people: People, ids: set[str]) -> Subject:
    return Subject(
        frozenset(_exclusive(people.keys, ids)),
        frozenset(ids),
        frozenset(_exclusive(people.emails, ids)),
        frozenset(_exclusive(people.phones, ids)),
        {lead: people.places[lead] for lead in sorted(ids) if lead in people.places},
    )


def _exclusive(values: Mapping[str, set[Any]], ids: set[str]) -> set[Any]:
    """What the records of the person have and nobody else's does."""
    own = {value for lead in ids for value in values.get(lead, ())}
    return own - {value for lead, theirs in values.items() if lead not in ids for value in theirs & own}
