"""The data lake: one Parquet file an asset and partition, on disk or in an object store by URL (fsspec).

A reader sees the former file or the new one, never half of one.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

import fsspec
import pandas as pd

from leadgen_assets.stores.errors import StoreError, StoreMissing


class LakeMissing(StoreMissing):
    """No file is there for this asset and partition."""


class Lake:
    """Frames by asset and partition path (`sprint` or `sprint/segment`)."""

    def __init__(self, url: str) -> None:
        filesystem, root = fsspec.core.url_to_fs(url)
        self._files = filesystem
        self._root = str(root).rstrip("/")
        self._is_local = "file" in _protocols(filesystem)

    def path(self, asset: str, partition: str) -> str:
        """Where a partition is kept, inside the file system of the lake's URL."""
        parts = [asset, *partition.split("/")]
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
            raise ValueError(f"{asset!r}, {partition!r} is no asset and partition of the lake")
        return "/".join((self._root, *parts)) + ".parquet"

    def write(self, asset: str, partition: str, frame: pd.DataFrame) -> str:
        """Replace a partition by a frame (index dropped, zstd). Returns the path. List columns stay lists;
        dictionaries must be JSON text already."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(asset, partition)
        try:
            table = pa.Table.from_pandas(frame, preserve_index=False)
        except pa.ArrowException as error:
            raise StoreError(f"{asset} {partition} does not fit Parquet: {_column_at_fault(error)}") from None
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        self._replace(path, buffer.getvalue())
        return path

    def read(self, asset: str, partition: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A partition as it was written. `LakeMissing` names asset and partition when it is not there."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            content = self._files.cat_file(self.path(asset, partition))
        except FileNotFoundError:
            raise LakeMissing(f"{asset} has no data for {partition}; materialize it first") from None
        table = pq.read_table(io.BytesIO(content), columns=list(columns) if columns is not None else None)
        frame = cast(pd.DataFrame, table.to_pandas())
        for field in table.schema:
            if pa.types.is_list(field.type) or pa.types.is_large_list(field.type):
                # pandas would hand out numpy arrays, for which `if flags` is an error
                frame[field.name] = pd.Series(table[field.name].to_pylist(), index=frame.index, dtype=object)
        return frame

    def exists(self, asset: str, partition: str) -> bool:
        """Whether a partition was written."""
        return bool(self._files.exists(self.path(asset, partition)))

    def partitions(self, asset: str) -> list[str]:
        """Partition paths of an asset, sorted."""
        folder = f"{self._root}/{asset}"
        if not self._files.exists(folder):
            return []
        found = [str(each) for each in self._files.find(folder) if str(each).endswith(".parquet")]
        cut = len(str(self._files._strip_protocol(folder))) + 1
        return sorted(each[cut:].removesuffix(".parquet") for each in found)

    def assets(self) -> list[str]:
        """Assets that have a partition, sorted."""
        if not self._files.exists(self._root):
            return []
        found = (str(each["name"]) for each in self._files.ls(self._root, detail=True) if each["type"] == "directory")
        return sorted(each.rstrip("/").rpartition("/")[2] for each in found)

    def without(self, asset: str, partition: str, dropped: Callable[[pd.DataFrame], pd.Series]) -> int:
        """Rewrite a partition without the rows that `dropped` marks; schema and order stay. Returns how many went."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(asset, partition)
        table = pq.read_table(io.BytesIO(self._files.cat_file(path)))
        gone = dropped(table.to_pandas()).to_numpy(dtype=bool)
        if gone.any():
            buffer = io.BytesIO()
            pq.write_table(table.filter(pa.array(~gone)), buffer, compression="zstd")
            self._replace(path, buffer.getvalue())
        return int(gone.sum())

    def modified(self, asset: str, partition: str) -> datetime:
        """When a partition was written last. `LakeMissing` when it is not there."""
        try:
            return cast(datetime, self._files.modified(self.path(asset, partition)))
        except FileNotFoundError:
            raise LakeMissing(f"{asset} has no data for {partition}") from None

    def delete(self, asset: str, partition: str) -> bool:
        """Remove a partition (retention, erasure). False when it was not there."""
        try:
            self._files.rm_file(self.path(asset, partition))
        except FileNotFoundError:
            return False
        return True

    def _replace(self, path: str, content: bytes) -> None:
        if not self._is_local:
            # object stores show an object only when it is complete
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(path, content)
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        draft = f"{path}.{uuid.uuid4().hex}.tmp"
        try:
            with open(draft, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            if os.path.exists(draft):
                os.unlink(draft)
            raise


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _column_at_fault(error: Exception) -> str:
    """pyarrow's message without the values it quotes: only its last note, which names column and type."""
    notes = [str(part) for part in error.args if "column" in str(part)]
    return notes[-1] if notes else type(error).__name__
