"""Quarantined records put through normalisation again, as they came or corrected: leads after all, or still not.

The correction takes the record's place in its raw page, so that a later re-materialisation comes to the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd

from leadgen_assets.collection.ingest import claim_and_insert, quarantine
from leadgen_assets.collection.normalising import normalise_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.leads.identity import lead_keys
from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.stores.accounting import Fate
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.quarantine import Quarantined
from leadgen_assets.stores.raw_pages import ERASED, RawPage, page_id
from leadgen_assets.vendors.contracts import Record


@dataclass
class Replayed:
    """What became of the records: {lead id: leads, duplicates, suppressed or quarantined}, and the reasons of the last."""

    fates: dict[str, Fate] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def count(self, fate: Fate) -> int:
        """How many met a fate."""
        return sum(1 for each in self.fates.values() if each == fate)


def replay(
    stores: OpenStores, held: Sequence[Quarantined], corrections: Mapping[str, Record] | None = None
) -> Replayed:
    """Replay quarantined records; `corrections` are whole records by lead id. Repeatable, also after a crash.

    New leads are provisional, as if collected now: the sprint's next refinement takes them in.
    """
    done = Replayed()
    for each in held:
        record = (corrections or {}).get(each.lead_id, each.raw)
        _replay_one(stores, each, record, done)
    return done


def _replay_one(stores: OpenStores, held: Quarantined, record: Record, done: Replayed) -> None:
    page = page_id(held.sprint, held.segment, held.page)
    if record != held.raw:
        stores.raw_pages.correct(page, held.position, record)
    places = [dict(ERASED) for _ in range(held.position)]
    alone = RawPage(
        held.sprint, held.segment, held.data_source, held.page, [*places, record], {}, held.at or datetime.now(UTC)
    )
    wanted = stores.book.get(held.sprint).sprint.profile
    profile = TargetProfile(titles=wanted.titles, countries=tuple(wanted.countries), metros=wanted.metros)
    made = normalise_pages([alone], mapper(held.data_source), profile)
    fate, refused = _fate(stores, made.leads, made.quarantined)
    done.fates[held.lead_id] = fate
    if fate == "quarantined":
        quarantine(stores, [alone], refused)
        done.reasons[held.lead_id] = str(refused["reason"].iloc[0])
        return
    if fate in ("leads", "duplicates"):
        _append(stores, held, made.leads)
    stores.accounting.replay_on_page(page, held.position, fate)
    stores.quarantine.release([held.lead_id])


def _fate(stores: OpenStores, leads: pd.DataFrame, refused: pd.DataFrame) -> tuple[Fate, pd.DataFrame]:
    if leads.empty:
        return "quarantined", refused
    if stores.suppressions.mask(leads).any():
        return "suppressed", refused
    duplicates, rejected = claim_and_insert(stores, leads, lead_keys(leads))
    if len(rejected):
        return "quarantined", rejected
    return ("duplicates" if duplicates else "leads"), refused


def _append(stores: OpenStores, held: Quarantined, lead: pd.DataFrame) -> None:
    """Into the segment's normalised frame, where there is one already: refinement reads that."""
    asset, partition = f"normalized_{held.data_source}", f"{held.sprint}/{held.segment}"
    if stores.lake.exists(asset, partition):
        frame = stores.lake.read(asset, partition)
        others = frame[frame["lead_id"] != held.lead_id]
        stores.lake.write(asset, partition, pd.concat([others, lead], ignore_index=True).astype(frame.dtypes.to_dict()))
