"""Who is who over everything that is stored: leads, raw records, quarantine and the lake's frames, of all sprints.

The same exact keys and the same rule as deduplication (`leads.identity.cluster`), so that an erasure takes in every
record of one person and none of another, shared mailboxes included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from leadgen_assets.leads.identity import cluster, lead_id, lead_keys
from leadgen_assets.privacy.identifiers import Identifier, Traits, traits_of_record
from leadgen_assets.stores.mongo import LEADS, collection
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import is_erased
from leadgen_assets.stores.suppressions import Key

LAKE_COLUMNS = ("lead_id", "linkedin_url", "linkedin_member", "email", "email_kind", "data_source", "vendor_id")


@dataclass(frozen=True, order=True)
class Place:
    """Where a delivered record is: its page and the position on it."""

    sprint: str
    segment: str
    page: int
    position: int


@dataclass
class People:
    """Every record by lead id: its exact keys, addresses, numbers, and place where it is known."""

    keys: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    emails: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    phones: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    members: dict[str, set[str]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def add(self, lead: str, keys: Iterable[Key], emails: Iterable[str] = (), phones: Iterable[str] = ()) -> None:
        """What one place says about a record; places add up."""
        self.keys[lead].update(keys)
        self.emails[lead].update(emails)
        self.phones[lead].update(phones)

    def clusters(self) -> dict[str, str]:
        """{lead id: id of its person}."""
        rows = [(lead, kind, key) for lead, keys in self.keys.items() for kind, key in sorted(keys)]
        found: dict[str, str] = {lead: lead for lead in self.keys}
        if rows:
            frame = pd.DataFrame(rows, columns=["lead_id", "kind", "key"], dtype="str")
            members = cluster(frame).members
            found.update(zip(members["lead_id"].tolist(), members["cluster_id"].tolist(), strict=True))
        return found

    def carrying(self, who: Identifier) -> set[str]:
        """Lead ids of the records that carry an identifier, whether or not it is a key of theirs."""
        if who.kind == "lead":
            members = {lead for lead, united in self.members.items() if who.value in united}
            return members | ({who.value} if who.value in self.keys else set())
        if who.kind == "email":
            return {lead for lead, emails in self.emails.items() if who.value in emails}
        return {lead for lead, keys in self.keys.items() if (who.kind, who.value) in keys}


def everybody(stores: OpenStores) -> People:
    """Read everything that is stored about anybody."""
    people = People()
    _from_leads(stores, people)
    _from_lake(stores, people)
    for place, source, record in raw_records(stores):
        lead = lead_id(place.sprint, place.segment, place.page, place.position)
        people.places[lead] = place
        _add_traits(people, lead, traits_of_record(source, record))
    for each in collection(stores.db, "quarantine").find({}, {"sprint": 1}).sort("_id"):
        people.keys.setdefault(each["_id"], set())
    for sprint in {each["sprint"] for each in collection(stores.db, "quarantine").find({}, {"sprint": 1})}:
        for held in stores.quarantine.list(sprint):
            people.places.setdefault(held.lead_id, Place(sprint, held.segment, held.page, held.position))
            people.keys.setdefault(held.lead_id, set())
            _add_traits(people, held.lead_id, traits_of_record(held.data_source, held.raw))
    return people


def raw_records(stores: OpenStores) -> Iterator[tuple[Place, str, Any]]:
    """Every stored record of a bought page: (place, source, record as delivered); erased ones are left out."""
    pages = collection(stores.db, "raw_pages")
    for sprint, segment in _cells(stores):
        if pages.find_one({"sprint": sprint, "kind": "page", "segment": segment}, {"_id": 1}) is None:
            continue
        for page in stores.raw_pages.read(sprint, segment):
            for position, record in enumerate(page.records):
                if not is_erased(record):
                    yield Place(sprint, segment, page.number, position), page.source, record


def _cells(stores: OpenStores) -> list[tuple[str, str]]:
    group: list[dict[str, Any]] = [{"$group": {"_id": {"sprint": "$sprint", "segment": "$segment"}}}]
    found = collection(stores.db, "raw_pages").aggregate(group)
    return sorted((each["_id"]["sprint"], each["_id"]["segment"]) for each in found)


def _from_leads(stores: OpenStores, people: People) -> None:
    wanted = ["identity_keys", "email", "phone", "sprint", "segment", "additional_data"]
    for lead in collection(stores.db, LEADS).find({}, wanted):
        keys = [_split(key) for key in lead["identity_keys"]]
        people.add(lead["_id"], keys, _present(lead.get("email")), _present(lead.get("phone")))
        more = lead.get("additional_data") or {}
        people.members[lead["_id"]] = set(more.get("members") or ())
        if "page" in more and "position" in more:
            _add_place(people, lead["_id"], Place(lead["sprint"], lead["segment"], more["page"], more["position"]))


def _from_lake(stores: OpenStores, people: People) -> None:
    for asset, partition in frames(stores):
        frame = stores.lake.read(asset, partition)
        if not set(LAKE_COLUMNS) <= set(frame.columns):
            continue
        if "identity_keys" in frame:
            for lead, keys in zip(frame["lead_id"].tolist(), frame["identity_keys"].tolist(), strict=True):
                people.add(lead, [_split(key) for key in keys or ()])
        else:
            keys = lead_keys(frame)
            for lead, kind, key in zip(*(keys[name].tolist() for name in ("lead_id", "kind", "key")), strict=True):
                people.add(lead, [(kind, key)])
        phones = frame["phone"].tolist() if "phone" in frame else [None] * len(frame)
        for lead, email, phone in zip(frame["lead_id"].tolist(), frame["email"].tolist(), phones, strict=True):
            people.add(lead, (), _present(email), _present(phone))
        if "members" in frame:
            for lead, members in zip(frame["lead_id"].tolist(), frame["members"].tolist(), strict=True):
                people.members[lead] = people.members.get(lead, set()) | set(members or ())
        if {"sprint", "segment", "page", "position"} <= set(frame.columns):
            _add_places(people, frame)


def frames(stores: OpenStores) -> Iterator[tuple[str, str]]:
    """(asset, partition) of everything in the lake."""
    for asset in stores.lake.assets():
        for partition in stores.lake.partitions(asset):
            yield asset, partition


def _add_places(people: People, frame: pd.DataFrame) -> None:
    columns = (frame[name].tolist() for name in ("lead_id", "sprint", "segment", "page", "position"))
    for lead, sprint, segment, page, position in zip(*columns, strict=True):
        _add_place(people, lead, Place(str(sprint), str(segment), int(page), int(position)))


def _add_place(people: People, lead: str, place: Place) -> None:
    """A golden record may carry the coordinates of another record of its person: those are not its own."""
    if lead == lead_id(place.sprint, place.segment, place.page, place.position):
        people.places.setdefault(lead, place)


def _add_traits(people: People, lead: str, traits: Traits) -> None:
    people.add(lead, traits.keys, traits.emails, traits.phones)


def _split(key: str) -> Key:
    kind, _, value = key.partition(":")
    return kind, value


def _present(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) and value else ()


def source_of(stores: OpenStores, place: Place) -> str | None:
    """Which vendor a segment collects from; None for a sprint that is not on record."""
    try:
        return str(stores.book.get(place.sprint).sprint.segment(place.segment).source)
    except LookupError:
        return None
