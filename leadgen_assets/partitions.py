"""What a run is about: a sprint, or one segment of a sprint."""

from __future__ import annotations

import dagster as dg

SPRINTS = dg.DynamicPartitionsDefinition(name="sprint")
SEGMENTS = dg.DynamicPartitionsDefinition(name="segment")
GRID = dg.MultiPartitionsDefinition({"sprint": SPRINTS, "segment": SEGMENTS})


def dimensions(partition_key: str) -> tuple[str, str]:
    """Sprint and segment of a grid key. Reads the text form, which is all a run launched by tag knows."""
    keys = GRID.get_partition_key_from_str(partition_key).keys_by_dimension
    return keys["sprint"], keys["segment"]


def lake_path(partition_key: str) -> str:
    """Where a partition's frame is in the lake: `<sprint>` or `<sprint>/<segment>`."""
    return "/".join(dimensions(partition_key)) if "|" in partition_key else partition_key
