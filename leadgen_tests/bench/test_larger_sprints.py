"""Sizes beyond one sprint: the same sprint in proportion, and a world that has the people for it."""

from __future__ import annotations

import yaml

from leadgen_assets.bench.endtoend import scaled_sprint
from leadgen_assets.bench.ground import SPRINT_FILE
from leadgen_assets.bench.vendors import people_for
from leadgen_assets.sandbox.world.plan import FULL_SCALE
from leadgen_assets.sprint_file import load_sprint, parse_sprint


def test_a_sprint_ten_times_as_large_keeps_its_shares_and_thresholds() -> None:
    """Issue 5: 200,000 leads end to end with every gate on; only what counts leads or money grows."""
    content = yaml.safe_load(SPRINT_FILE.read_text())
    real, larger = load_sprint(SPRINT_FILE), parse_sprint(yaml.safe_dump(scaled_sprint(content, 10)), "larger.yaml")

    assert [each.leads for each in larger.segments] == [10 * each.leads for each in real.segments]
    assert (larger.target.collected, larger.target.unique) == (200_000, 180_000)
    assert larger.gates.unique_leads == 10 * real.gates.unique_leads
    assert larger.gates.duplicate_rate == real.gates.duplicate_rate
    assert larger.gates.average_quality_score == real.gates.average_quality_score
    assert larger.budget.usd == 10 * real.budget.usd
    assert larger.budget.per_qualified_lead == real.budget.per_qualified_lead
    assert larger.profile == real.profile


def test_the_world_grows_with_the_leads_and_is_never_smaller_than_one_sprint_s() -> None:
    """Issue 5: no record is a copy of another, whatever the size."""
    assert people_for(1_000) == people_for(20_000) == FULL_SCALE
    assert people_for(200_000) == 10 * FULL_SCALE
