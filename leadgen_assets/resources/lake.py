"""The I/O manager that keeps frames as Parquet in the lake, one file per partition."""

from __future__ import annotations

import dagster as dg
import pandas as pd

from leadgen_assets.partitions import lake_path
from leadgen_assets.settings import Settings
from leadgen_assets.stores.lake import Lake


class LakeIOManager(dg.ConfigurableIOManager):
    """Frames to and from the lake. Where a downstream partition needs many, those that exist come as a dict."""

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame | None) -> None:
        """Write one partition; an asset that returns nothing writes nothing."""
        if obj is None:
            return
        asset, path = context.asset_key.to_user_string(), lake_path(context.partition_key)
        self._lake().write(asset, path, obj)
        context.add_output_metadata({"dagster/row_count": len(obj)})

    def load_input(self, context: dg.InputContext) -> pd.DataFrame | dict[str, pd.DataFrame]:
        """The one partition a partition maps to, or {partition: frame} of those that were materialised.

        Raises `dg.Failure`, which is not retried, when the one partition is not there.
        """
        lake, asset = self._lake(), context.asset_key.to_user_string()
        keys = list(context.asset_partition_keys)
        if (context.definition_metadata or {}).get("many"):
            return {key: lake.read(asset, lake_path(key)) for key in keys if lake.exists(asset, lake_path(key))}
        if len(keys) != 1:
            raise ValueError(f"{asset}: expected one partition, got {len(keys)}")
        if not lake.exists(asset, lake_path(keys[0])):
            # no retry makes it appear
            raise dg.Failure(f"{asset} has no partition {keys[0]}; materialise it first", allow_retries=False)
        return lake.read(asset, lake_path(keys[0]))

    def _lake(self) -> Lake:
        return Lake(Settings().storage)
