"""Which delivered records belong together by exact keys, told from how the world was made.

This is the labelled set deduplication is measured against (TL-04); it shares no code with `leads.identity`. The rules
are the normative ones of the design: LinkedIn slug, member token and vendor id always unite; an address unites
unless that would unite two different LinkedIn slugs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leadgen_assets.sandbox.world.sightings import Sighting

RecordRef = tuple[str, str]
"""Vendor and the vendor's id (Sales Navigator: member token, else slug)."""


@dataclass(frozen=True)
class ExactTruth:
    """Expected outcome for a set of delivered records.

    `delivered` counts records with repeats; `clusters` lists each lead's records, `conflicted` those whose address
    would have united two LinkedIn profiles, `quarantined` how many records cannot be leads.
    """

    delivered: int
    quarantined: int
    clusters: tuple[tuple[RecordRef, ...], ...]
    conflicted: frozenset[RecordRef]

    @property
    def unique(self) -> int:
        return len(self.clusters)

    @property
    def duplicates(self) -> int:
        return self.delivered - self.quarantined - self.unique

    @property
    def duplicate_rate(self) -> float:
        """Duplicates / (leads + duplicates), as the counting rules want it."""
        collected = self.delivered - self.quarantined
        return self.duplicates / collected if collected else 0.0


class _Union:
    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def find(self, item: int) -> int:
        while self.parent[item] != item:
            self.parent[item] = self.parent[self.parent[item]]
            item = self.parent[item]
        return item

    def unite(self, items: Sequence[int]) -> None:
        root = self.find(items[0])
        for item in items[1:]:
            self.parent[self.find(item)] = root

    def groups(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for item in range(len(self.parent)):
            found.setdefault(self.find(item), []).append(item)
        return found


def exact_truth(delivered: Iterable[Sighting]) -> ExactTruth:
    """The expected clusters of these records; a record may occur more than once."""
    records = list(delivered)
    good = [each for each in records if each.junk is None]
    strong = _by_strong_keys(good)
    slugs = {root: {slug for i in members if (slug := good[i].slug)} for root, members in strong.groups().items()}
    carriers: dict[str, list[int]] = {}
    for index, each in enumerate(good):
        if each.email_key:
            carriers.setdefault(each.email_key, []).append(index)
    conflicted: set[int] = set()
    merging: dict[str, list[int]] = {}
    for address, members in carriers.items():
        roots = {strong.find(member) for member in members}
        if sum(bool(slugs[root]) for root in roots) > 1:
            conflicted.update(members)
        else:
            merging[address] = members
    clusters, bridged = _by_addresses(good, strong, merging, slugs)
    refs = tuple(tuple((good[i].vendor, good[i].vendor_id) for i in members) for members in clusters)
    return ExactTruth(
        delivered=len(records),
        quarantined=len(records) - len(good),
        clusters=refs,
        conflicted=frozenset((good[i].vendor, good[i].vendor_id) for i in conflicted | bridged),
    )


def _by_strong_keys(records: list[Sighting]) -> _Union:
    union, holders = _Union(len(records)), dict[tuple[str, str], int]()
    for index, each in enumerate(records):
        keys = [("slug", each.slug), ("token", each.token), (each.vendor, each.vendor_id)]
        for kind, key in keys:
            if key:
                union.unite([holders.setdefault((kind, key), index), index])
    return union


def _by_addresses(
    records: list[Sighting], strong: _Union, merging: dict[str, list[int]], slugs: dict[int, set[str]]
) -> tuple[list[list[int]], set[int]]:
    both = _Union(len(records))
    both.parent = [strong.find(index) for index in range(len(records))]
    for members in merging.values():
        both.unite(members)
    clusters: list[list[int]] = []
    bridged: set[int] = set()
    for members in both.groups().values():
        roots: Counter[int] = Counter(strong.find(member) for member in members)
        if sum(bool(slugs[root]) for root in roots) > 1:
            bridged.update(members)
            clusters += [[member for member in members if strong.find(member) == root] for root in roots]
        else:
            clusters.append(members)
    return clusters, bridged
