"""The desk's figures over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadgen_assets.stores.errors import StoreError
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_assets.stores.migrations import migrate, problems

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_samples_come_back_in_order_by_name_and_sprint(database):
    """OPS-01: also when they were written out of order, and a name that a sample lacks leaves a gap."""
    series = MetricSeries(database)
    for at in (10, 0, 5):
        series.append(START + timedelta(seconds=at), "autumn", {"collected": at, "quota:apollo": 0.1 * at})
    series.append(START + timedelta(seconds=15), "autumn", {"collected": 15})
    series.append(START, "winter", {"collected": 99})
    found = series.series("autumn", ["collected", "quota:apollo", "unheard"])
    assert [(at - START).seconds for at, _ in found["collected"]] == [0, 5, 10, 15]
    assert [value for _, value in found["quota:apollo"]] == [0.0, 0.5, 1.0]
    assert found["unheard"] == []
    assert series.latest("autumn") == (START + timedelta(seconds=15), {"collected": 15})
    assert series.span("autumn") == (START, START + timedelta(seconds=15))
    assert series.latest("spring") is None
    assert series.span("spring") is None


def test_a_part_and_a_coarser_view(database):
    """OPS-01: [since, until), and the last point of each minute."""
    series = MetricSeries(database)
    for at in range(0, 180, 20):
        series.append(START + timedelta(seconds=at), "autumn", {"collected": at})
    part = series.series("autumn", ["collected"], START + timedelta(seconds=60), START + timedelta(seconds=120))
    assert [value for _, value in part["collected"]] == [60, 80, 100]
    coarse = series.series("autumn", ["collected"], every_seconds=60)
    assert [value for _, value in coarse["collected"]] == [40, 100, 160]


def test_names_that_a_document_cannot_hold_are_refused(database):
    """OPS-01: with the name."""
    with pytest.raises(ValueError, match=r"mark:0\.6"):
        MetricSeries(database).append(START, "autumn", {"mark:0.6": 1.0})


def test_it_is_a_time_series_that_forgets(database):
    """NFR-011: after 90 days."""
    (kind,) = database.list_collections(filter={"name": "metrics"})
    assert kind["type"] == "timeseries"
    assert kind["options"]["expireAfterSeconds"] == 90 * 24 * 3600
    assert kind["options"]["timeseries"]["metaField"] == "meta"


def test_an_ordinary_collection_in_its_place_makes_room_unless_it_holds_something(database):
    """DE-01: a database of an earlier version."""
    database.drop_collection("metrics")
    database.create_collection("metrics")
    assert problems(database) == [
        "collection metrics is no time series", "index metrics.meta.sprint_at is missing or differs",
    ]  # fmt: skip
    migrate(database)
    assert problems(database) == []
    database.drop_collection("metrics")
    database["metrics"].insert_one({"kept": True})
    with pytest.raises(StoreError, match="rename it"):
        migrate(database)
    assert database["metrics"].count_documents({}) == 1
