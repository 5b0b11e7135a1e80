"""Frames in the data lake."""

from __future__ import annotations

import threading

import pandas as pd
import pyarrow.parquet as pq
import pytest

from leadgen_assets.stores.errors import StoreError
from leadgen_assets.stores.lake import Lake, LakeMissing


@pytest.fixture(params=["disk", "object store"])
def lake(request, tmp_path) -> Lake:
    return Lake((tmp_path / "lake").as_uri() if request.param == "disk" else f"memory://{tmp_path.name}/lake")


FRAME = pd.DataFrame(
    {
        "lead_id": pd.Series(["L1", "L2", "L3"], dtype="str"),
        "email": pd.Series(["a@acme.example", None, None], dtype="str"),
        "flags": [["title_unknown"], [], ["a", "b"]],
        "score": [1.5, None, 3.0],
        "is_qualified": [True, False, True],
        "at": pd.to_datetime(["2026-11-22T10:00:00Z"] * 3),
    }
)


def test_a_frame_comes_back_as_it_was(lake):
    """REQ-016: types, missing values and lists included."""
    lake.write("raw_apollo", "autumn/apollo-1", FRAME)
    back = lake.read("raw_apollo", "autumn/apollo-1")
    pd.testing.assert_frame_equal(back, FRAME, check_dtype=False)
    assert [type(each) for each in back["flags"]] == [list, list, list]
    assert back.dtypes["lead_id"] == FRAME.dtypes["lead_id"]
    assert list(lake.read("raw_apollo", "autumn/apollo-1", ["score"]).columns) == ["score"]


def test_an_empty_frame_keeps_its_columns(lake):
    """REQ-017: a segment without leads is data too."""
    lake.write("normalized_apollo", "autumn/apollo-1", FRAME.iloc[:0])
    assert list(lake.read("normalized_apollo", "autumn/apollo-1").columns) == list(FRAME.columns)


def test_partitions_are_replaced_listed_and_deleted(lake):
    """NFR-011, NFR-007: one file a partition."""
    assert lake.partitions("deduplicated_leads") == []
    for _ in range(2):
        lake.write("deduplicated_leads", "autumn", FRAME)
    lake.write("deduplicated_leads", "winter/a", FRAME)
    assert lake.partitions("deduplicated_leads") == ["autumn", "winter/a"]
    assert lake.delete("deduplicated_leads", "autumn")
    assert not lake.delete("deduplicated_leads", "autumn")
    assert not lake.exists("deduplicated_leads", "autumn")
    assert lake.exists("deduplicated_leads", "winter/a")


def test_a_missing_partition_is_named(lake):
    """PHX-01: asset and partition, so that one knows what to materialize."""
    with pytest.raises(LakeMissing, match="scored_leads has no data for autumn"):
        lake.read("scored_leads", "autumn")


@pytest.mark.parametrize("partition", ["../autumn", "", "a//b", "a/../../b", "a\\b"])
def test_no_partition_leads_out_of_the_lake(lake, partition):
    """NFR-010: a sprint key is no path."""
    with pytest.raises(ValueError, match="no asset and partition"):
        lake.write("raw_apollo", partition, FRAME)


def test_a_column_that_does_not_fit_is_named_without_its_values(lake):
    """NFR-010: errors name the column only."""
    with pytest.raises(StoreError, match="contact") as caught:
        lake.write("raw_apollo", "autumn/a", pd.DataFrame({"contact": ["ann@acme.example", 5]}))
    assert "ann@" not in str(caught.value)


def test_a_reader_never_sees_half_a_file(tmp_path):
    """NFR-007: written beside and moved over; a failed write leaves the former file and no draft."""
    lake = Lake(str(tmp_path))
    big = pd.concat([FRAME] * 2000, ignore_index=True)
    path = lake.write("raw_apollo", "autumn/a", big)
    stop, seen = threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            seen.add(len(lake.read("raw_apollo", "autumn/a")))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        lake.write("raw_apollo", "autumn/a", big)
    stop.set()
    reader.join()
    assert seen <= {len(big)}
    with pytest.raises(StoreError):
        lake.write("raw_apollo", "autumn/a", pd.DataFrame({"x": ["a", 5]}))
    assert [each.name for each in (tmp_path / "raw_apollo" / "autumn").iterdir()] == ["a.parquet"]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
