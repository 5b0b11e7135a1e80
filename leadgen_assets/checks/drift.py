"""Schema drift: a vendor's record has a field nobody maps. It is told, not suffered, and never blocks."""

from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from leadgen_assets.checks.preview import partitioned_checks
from leadgen_assets.partitions import GRID, dimensions

DriftReader = Callable[[Any, str, str], Iterable[str]]
"""(the `stores` resource, sprint, segment) → names of unexpected fields, possibly repeated."""


def build_drift_check(source: str, read_drift: DriftReader) -> dg.AssetChecksDefinition:
    """A warning on `raw_<source>` per segment that lists the fields its vendor delivered and no mapping knows."""
    with partitioned_checks():

        @dg.asset_check(
            asset=f"raw_{source}",
            name="known_fields_only",
            description=f"Every field {source} delivers is one the mapping knows; new ones may be worth having.",
            partitions_def=GRID,
            blocking=False,
        )
        def known_fields(context: dg.AssetCheckExecutionContext, stores: dg.ResourceParam[Any]) -> dg.AssetCheckResult:
            sprint, segment = dimensions(context.partition_key)
            fields = sorted(set(read_drift(stores, sprint, segment)))
            return dg.AssetCheckResult(
                passed=not fields,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"unexpected: {', '.join(fields)}" if fields else "no unexpected field",
                metadata={"unexpected_fields": fields, "unexpected": len(fields)},
            )

    return known_fields
