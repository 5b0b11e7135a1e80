"""The grid of sprint × segment in Dagster's storage. Every source's assets have all of it, though a segment is
collected from one source only: the cells of the others are nothing to do, and are put on record as that."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.partitions import SEGMENTS, SPRINTS
from leadgen_assets.stores.sprint_book import OpenSprint


def open_partitions(instance: dg.DagsterInstance, opened: OpenSprint) -> None:
    """Make the sprint and its segments known to Dagster; known ones stay."""
    instance.add_dynamic_partitions(str(SPRINTS.name), [opened.key])
    instance.add_dynamic_partitions(str(SEGMENTS.name), [each.id for each in opened.sprint.segments])


def settle_empty_cells(instance: dg.DagsterInstance, opened: OpenSprint) -> int:
    """Record the cells of segments that a source does not collect as materialised with nothing, as a run of them
    would, so that the asset graph shows what is really missing. Known cells stay. Returns how many were recorded."""
    recorded = 0
    known = instance.get_dynamic_partitions(str(SEGMENTS.name))
    for source in SOURCES:
        own = {each.id for each in opened.sprint.segments if each.source == source}
        others = [each for each in known if each not in own]
        for asset in (f"raw_{source}", f"normalized_{source}"):
            recorded += _settle(instance, dg.AssetKey(asset), opened.key, others, source)
    return recorded


def _settle(instance: dg.DagsterInstance, asset: dg.AssetKey, sprint: str, segments: Sequence[str], source: str) -> int:
    known = instance.get_materialized_partitions(asset)
    cells = {segment: dg.MultiPartitionKey({"sprint": sprint, "segment": segment}) for segment in segments}
    fresh = {segment: cell for segment, cell in cells.items() if cell not in known}
    for segment, cell in fresh.items():
        note = {"note": f"{segment} of {sprint} is not collected from {source}"}
        instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=cell, metadata=note))
    return len(fresh)
