"""Landed pages as leads and refused records: the one path that both the collector and the asset take. No stores.

One record never costs its page: a page is landed and paid, and would fail in every run to come.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

import pandas as pd

from leadgen_assets.collection.workbench import Mapper
from leadgen_assets.leads.columns import collector_paused
from leadgen_assets.leads.identity import lead_id
from leadgen_assets.leads.normalise import Columns, Normalised, TargetProfile, normalise_columns
from leadgen_assets.leads.schema import COORDINATES, DRAFT_FIELDS
from leadgen_assets.stores.raw_pages import RawPage, is_erased
from leadgen_assets.vendors.contracts import Draft

_log = logging.getLogger(__name__)

PORTION = 10_000
"""Records that are normalised at a time: more would cost memory and save nothing."""

REFUSED = ["lead_id", "segment", "data_source", "page", "position", "reason", "field"]


def normalise_pages(pages: Iterable[RawPage], mapper: Mapper, profile: TargetProfile) -> Normalised:
    """Leads and quarantined records of some pages, which may be an iterator; no more than a portion of them is held."""
    refused: list[dict[str, object]] = []
    parts = [_normalised(part, mapper, profile, refused) for part in _portions(pages)]
    parts = parts or [_normalised([], mapper, profile, refused)]
    quarantined = [each.quarantined for each in parts if len(each.quarantined)] or [parts[0].quarantined]
    if refused:
        rejects = pd.DataFrame(refused, columns=REFUSED)
        quarantined = [*quarantined, rejects] if len(quarantined[0]) else [rejects]
    return Normalised(_together([each.leads for each in parts]), _together(quarantined))


def _normalised(
    pages: Sequence[RawPage], mapper: Mapper, profile: TargetProfile, refused: list[dict[str, object]]
) -> Normalised:
    with collector_paused():
        return _without_offenders(_drafts(pages, mapper, refused), profile, refused)


def _without_offenders(columns: Columns, profile: TargetProfile, refused: list[dict[str, object]]) -> Normalised:
    """The leads of some drafts; a record that breaks a rule nobody foresaw it to break is found by halving, and refused."""
    count = len(columns["lead_id"])
    try:
        return normalise_columns(columns, profile)
    except MemoryError:
        raise
    except Exception as error:
        if count == 0:
            raise
        if count == 1:
            _log.warning("a record of %s broke a rule (%s)", columns["segment"][0], type(error).__name__)
            refused.append(_refusal([columns[name][0] for name in COORDINATES], "not_normalisable"))
            return normalise_columns({name: [] for name in columns}, profile)
    half = count // 2
    parts = [
        _without_offenders({name: values[part] for name, values in columns.items()}, profile, refused)
        for part in (slice(half), slice(half, None))
    ]
    return Normalised(_together([each.leads for each in parts]), _together([each.quarantined for each in parts]))


def _drafts(pages: Sequence[RawPage], mapper: Mapper, refused: list[dict[str, object]]) -> Columns:
    """The records of some pages as drafts by column; the vendor's error rows go to `refused`, erased ones nowhere."""
    fields = itemgetter(*DRAFT_FIELDS)
    rows: list[tuple[object, ...]] = []
    for page in pages:
        for position, record in enumerate(page.records):
            if is_erased(record):
                continue
            lead = lead_id(page.sprint, page.segment, page.number, position)
            place = (lead, page.sprint, page.segment, page.source, page.number, position, page.fetched_at)
            draft, reason = _mapped(record, mapper)
            if draft is not None:
                rows.append(place + fields(draft))
            else:
                refused.append(_refusal(place, reason))
    names = (*COORDINATES, *DRAFT_FIELDS)
    if not rows:
        return {name: [] for name in names}
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _mapped(record: object, mapper: Mapper) -> tuple[Draft | None, str]:
    """The record as a draft, or why it is none."""
    if not isinstance(record, dict):
        return None, "not_a_record"
    try:
        return (None, "vendor_error") if mapper.is_error(record) else (mapper.to_draft(record), "")
    except Exception as error:  # whatever it is, it must not hold up the page's other people
        _log.warning("a record could not be mapped (%s)", type(error).__name__)
        return None, "unmappable"


def _refusal(place: Sequence[object], reason: str) -> dict[str, object]:
    return {**dict(zip(COORDINATES, place, strict=True)), "reason": reason, "field": None}


def _portions(pages: Iterable[RawPage]) -> Iterator[list[RawPage]]:
    part: list[RawPage] = []
    size = 0
    for page in pages:
        part.append(page)
        size += len(page.records)
        if size >= PORTION:
            yield part
            part, size = [], 0
    if part:
        yield part


def _together(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
