"""The capacity model: against a simulation, against hand-made figures, and that its page says what it computes."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from leadgen_assets.bench import capacity_page, sections
from leadgen_assets.bench.capacity import ACCOUNTS, DAY, Model, per_day, rate, simulated
from leadgen_assets.cli.bench_capacity import BENCHMARKS, PAGE
from leadgen_assets.vendors.limits import Window, load_limits

LIMITS = load_limits()
LEAD = {
    "records": 1.25, "qualified": 0.9, "mongo_kept": 4000, "mongo_expiring": 6000, "mongo_indexes": 2000,
    "redis": 500, "lake": 300, "usd": 0.07, "shares": {"apollo": 0.5, "zoominfo": 0.5}, "paid": {"hunter.finder": 0.5},
}  # fmt: skip


def _latencies(around: float) -> Iterator[float]:
    chance = random.Random(5)
    while True:
        yield chance.uniform(0.5, 1.5) * around


@pytest.mark.parametrize(
    ("vendor", "operation"),
    [("apollo", "bulk_match"), ("zoominfo", "*"), ("hunter", "finder"), ("clearbit", "company"), ("hubspot", "*")],
)
@pytest.mark.parametrize("at_once", [1, 8, 80])
def test_workers_together_reach_what_the_windows_allow(vendor: str, operation: str, at_once: int) -> None:
    """NFR-009: formula against simulation, call by call under the governor's own windows; with few calls at once their
    latency holds them up, with many the windows do."""
    windows = [each for each in LIMITS.windows[vendor][operation] if each.seconds <= 60]
    seconds = 40 * max(each.seconds for each in windows)
    found = simulated(windows, at_once, _latencies(0.4), seconds)
    assert found == pytest.approx(rate(windows, at_once, 0.4), rel=0.03)


def test_no_window_is_ever_overrun() -> None:
    """TL-02: a thousand callers in the first second are no reason."""
    window = Window(requests=50, seconds=10)
    assert simulated([window], 1000, _latencies(0.01), 100.0) * 100 <= 50 * 10


def test_figures_are_proportions() -> None:
    """docs/scaling.md: leads times what one takes; the tightest window of an operation decides."""
    model = Model(LEAD, cpu_seconds=0.005, refining_bytes=8000, limits=LIMITS)
    step = model.step(1_000_000)

    finders = per_day([Window(requests=15, seconds=1), Window(requests=500, seconds=60)])
    assert finders == pytest.approx(500 * 1440, rel=0.05)
    assert finders < 500 * 1440
    assert model.leads_per_day()["hunter finder"] == pytest.approx(finders / 0.5)
    assert next(iter(model.leads_per_day())) == "hunter finder"
    assert "clearbit company" not in model.leads_per_day()
    assert step["days"] == pytest.approx(1_000_000 / (finders / 0.5))
    assert (step["mongo_gb"], step["indexes_gb"], step["redis_gb"], step["refining_gb"]) == (10, 2, 0.5, 8)
    assert step["cores"] == pytest.approx(5000 / DAY / 0.6)
    assert step["usd"] == pytest.approx(70_000)
    wanted = [each for each in model.breaks() if each[1].startswith("16 GB for refining")]
    assert wanted[0][0] == pytest.approx(2_000_000)
    assert [each[0] for each in model.breaks()] == sorted(each[0] for each in model.breaks())


def test_every_limit_has_something_that_takes_over() -> None:
    """docs/scaling.md: what breaks is told with what to do."""
    everything = {**LEAD, "paid": {"hunter.finder": 0.5, "clearbit.company": 0.1}}
    model = Model(everything, cpu_seconds=0.005, refining_bytes=8000, limits=LIMITS)
    assert {vendor for vendor, _ in model.calls()} <= ACCOUNTS.keys()
    assert all(then for _, _, then in model.breaks())


def test_the_page_says_what_the_figures_on_record_come_to() -> None:
    """docs/scaling.md: after a change of limits or figures: leadgen bench capacity --write docs/scaling.md."""
    begin, end = sections.marks("capacity")
    written = PAGE.read_text().partition(begin)[2].partition(end)[0].strip()
    assert written == capacity_page.tables(capacity_page.model(sections.on_record(PAGE), LIMITS)).strip()


def test_benchmarks_on_record_have_what_the_model_takes_from_them() -> None:
    """docs/benchmarks.json: a whole sprint and the hungriest stage; without them it says which is missing."""
    found = capacity_page.from_benchmarks(sections.on_record(BENCHMARKS)["results"])
    assert 0.0005 < found["cpu_seconds"] < 0.05
    assert 1_000 < found["refining_bytes"] < 100_000
    with pytest.raises(ValueError, match="no `sprint`"):
        capacity_page.from_benchmarks([])
