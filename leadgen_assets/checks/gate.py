"""The gate that holds across runs: may this partition be delivered? The only user of Dagster's non-public storage API.

`blocking=True` on a check stops only the run it is in. Whoever delivers asks here first (design rule 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter  # no public per-partition reader yet
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)


def require_checks(
    context: dg.AssetExecutionContext, keys: Sequence[dg.AssetCheckKey], lineage: Sequence[dg.AssetKey] = ()
) -> None:
    """Raise `dg.Failure`, which is not retried, unless each check passed on the partition's current data.

    Refused: no check asked for, never evaluated, evaluated but still running, failed, passed on an older
    materialisation, passed on data that were wiped, and results reported from outside a run (those are forged: they
    name no materialisation). `lineage` are assets made from one another, first to last: one that is older than what it
    was made from is refused too.
    """
    if not keys:
        raise dg.Failure("No check was asked for; delivering unchecked data is refused.", allow_retries=False)
    for partition in context.partition_keys:
        for key, reason in refusals(context.instance, keys, partition).items():
            raise dg.Failure(
                f"{key.to_user_string()} {reason} for {partition}; nothing is delivered. "
                f"Materialise {key.asset_key.to_user_string()} with its checks first.",
                allow_retries=False,
            )
        for made, source in outdated(context.instance, lineage, partition):
            raise dg.Failure(
                f"{made.to_user_string()} is older than {source.to_user_string()}, which it is made from, for {partition}; "
                f"nothing is delivered. Materialise {made.to_user_string()} with its checks first.",
                allow_retries=False,
            )


def outdated(
    instance: dg.DagsterInstance, lineage: Sequence[dg.AssetKey], partition: str
) -> list[tuple[dg.AssetKey, dg.AssetKey]]:
    """(asset, what it was made from) wherever the second was materialised after the first; `lineage` goes first to last."""
    made = [(asset, _materialised(instance, asset, partition)) for asset in lineage]
    known = [(asset, storage_id) for asset, storage_id in made if storage_id is not None]
    return [(later, earlier) for (earlier, before), (later, after) in pairwise(known) if before > after]


def refusals(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey], partition: str
) -> dict[dg.AssetCheckKey, str]:
    """The checks that stand in the way of a partition, each with the reason; empty means it may be delivered."""
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        list(keys), partition_filter=PartitionKeyFilter(key=partition)
    )
    found = {key: _refusal(latest.get(key), _materialised(instance, key.asset_key, partition)) for key in keys}
    return {key: reason for key, reason in found.items() if reason is not None}


def _refusal(record: AssetCheckExecutionRecord | None, materialised: int | None) -> str | None:
    if record is None:
        return "was never evaluated"
    if record.status != AssetCheckExecutionRecordStatus.SUCCEEDED:
        return f"has not passed ({record.status.value.lower()})"
    evaluation = record.evaluation
    target = evaluation.target_materialization_data if evaluation else None
    if target is None:
        return "passed without naming the data it saw"
    if materialised is None:
        return "passed on data that are gone"
    if target.storage_id < materialised:
        return "passed on older data"
    return None


def _materialised(instance: dg.DagsterInstance, asset: dg.AssetKey, partition: str) -> int | None:
    """Storage id of the partition's latest materialisation."""
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[partition])
    records = instance.fetch_materializations(wanted, limit=1).records
    return records[0].storage_id if records else None
