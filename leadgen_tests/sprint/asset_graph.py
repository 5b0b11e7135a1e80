"""The asset graph as plain values. `python -m leadgen_tests.sprint.asset_graph` writes the snapshot anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg

SNAPSHOT = Path(__file__).with_name("asset_graph.json")


def described() -> dict[str, Any]:
    """Everything about the graph that people see and other programs rely on."""
    from leadgen_assets.definitions import defs

    graph = defs.resolve_asset_graph()
    repository = defs.get_repository_def()
    jobs = [each for each in repository.get_all_jobs() if not each.name.startswith("__")]
    return {
        "assets": {key.to_user_string(): _asset(graph.get(key)) for key in sorted(graph.get_all_asset_keys())},
        "checks": {
            asset.to_user_string(): {
                each.key.name: "blocking" if each.blocking else "warning" for each in _specs(defs, asset)
            }
            for asset in sorted(graph.get_all_asset_keys())
            if _specs(defs, asset)
        },
        "jobs": {
            each.name: sorted(key.to_user_string() for key in each.asset_layer.executable_asset_keys) for each in jobs
        },
        "sensors": {each.name: each.default_status.value for each in repository.sensor_defs},
        "schedules": {each.name: [each.cron_schedule, each.default_status.value] for each in repository.schedule_defs},
    }


def _asset(node: Any) -> dict[str, Any]:
    partitions = node.partitions_def
    return {
        "deps": sorted(key.to_user_string() for key in node.parent_keys),
        "partitions": sorted(partitions.partition_dimension_names)
        if isinstance(partitions, dg.MultiPartitionsDefinition)
        else getattr(partitions, "name", None),
        "group": node.group_name,
        "owners": sorted(node.owners),
        "kinds": sorted(node.kinds),
        "pools": sorted(node.pools or ()),
        "described": bool(node.description),
    }


def _specs(defs: dg.Definitions, asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    return [spec for each in defs.asset_checks or () for spec in each.check_specs if spec.asset_key == asset]


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(described(), indent=1, sort_keys=True) + "\n")
