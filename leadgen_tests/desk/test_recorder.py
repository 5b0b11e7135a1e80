"""Samples of the state: how often, by whom, and what happens without a database."""

from __future__ import annotations

from typing import Any

from leadgen_assets.desk import recorder as recorder_module
from leadgen_assets.desk.recorder import RESTING_SECONDS, RUNNING_SECONDS, Recorder
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_assets.stores.mongo import connect, disconnect


class Right:
    """A lease that somebody else may hold."""

    is_ours = True

    def take(self) -> bool:
        return self.is_ours


class Desk:
    """A reader whose sprint is what the test says, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.reads = 0
        self.state = "running"

    def clock(self) -> float:
        return self.now

    def read(self, sprint: str | None = None) -> dict[str, Any]:
        self.reads += 1
        over = self.state not in ("running", "open")
        return {
            "at": "2026-11-22T09:00:00.000Z",
            "sprint": {"key": "autumn", "state": self.state, "ended_at": "2026-11-22T09:00:00.000Z" if over else None},
            "progress": {"collected": self.reads},
            "vendors": [{"vendor": "apollo", "quota": 0.5}],
        }


def test_a_sample_every_five_seconds_while_it_runs_and_every_minute_after(database) -> None:
    """OPS-01: and one of the moment in which it ended; later ones belong to no sprint."""
    desk, series = Desk(), MetricSeries(database)
    recorder = Recorder(desk, series, Right(), clock=desk.clock)
    written = [recorder.tick() for desk.now in (0.0, 1.0, RUNNING_SECONDS, RUNNING_SECONDS + 1)]
    assert written == [True, False, True, False]
    assert desk.reads == 2
    desk.state = "finished"
    assert recorder.tick(desk.read())
    last = desk.now
    assert not recorder.tick(desk.read())
    desk.now = last + RESTING_SECONDS
    assert recorder.tick()
    assert [value for _, value in series.series("autumn", ["collected"])["collected"]] == [1, 2, 3]
    assert series.series("autumn", ["quota:apollo"])["quota:apollo"][0][1] == 0.5
    assert [value for _, value in series.series("", ["collected"])["collected"]] == [5]


def test_only_the_holder_of_the_lease_writes(database) -> None:
    """OPS-01: several desks, one series."""
    desk, right = Desk(), Right()
    right.is_ours = False
    recorder = Recorder(desk, MetricSeries(database), right, clock=desk.clock)
    assert not recorder.tick()
    assert desk.reads == 0
    right.is_ours = True
    assert recorder.tick()


def test_a_finished_sprint_gets_no_sample_from_a_desk_that_is_opened_later(database) -> None:
    """OPS-01: its series ended with it."""
    desk, series = Desk(), MetricSeries(database)
    desk.state = "finished"
    assert Recorder(desk, series, Right(), clock=desk.clock).tick()
    assert series.latest("autumn") is None


def test_without_a_database_the_sample_is_left_out(caplog, monkeypatch) -> None:
    """REQ-022: with one line in the log, and nothing is raised; it is tried again after some seconds."""
    monkeypatch.setattr(recorder_module, "PATIENCE_SECONDS", 0.1)
    desk = Desk()
    db = connect("mongodb://127.0.0.1:9/", "nobody")
    recorder = Recorder(desk, MetricSeries(db), Right(), clock=desk.clock)
    for desk.now in (0.0, 1.0, RUNNING_SECONDS):
        assert not recorder.tick()
    assert desk.reads == 2
    assert len([each for each in caplog.records if "not recorded" in each.message]) == 1
    disconnect(db)
