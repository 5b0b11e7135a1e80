"""The gate in front of the CRM, on a real Dagster instance: it holds when the sync runs alone (design rule 8)."""

from collections.abc import Iterator

import dagster as dg
import pytest

from leadgen_assets.checks.gate import outdated, refusals, require_checks
from leadgen_assets.checks.preview import partitioned_checks
from leadgen_assets.partitions import SPRINTS

SPRINT, OTHER = "2026-S47", "2026-S48"
NAMES = ("rate", "score")
KEYS = [dg.AssetCheckKey(dg.AssetKey("scored"), name) for name in NAMES]
quality = {"score": True}
"""What the next materialisation is worth; the checks read it."""
attempts: list[str] = []


@dg.asset(partitions_def=SPRINTS)
def golden() -> None:
    """Stands for deduplicated_leads."""


@dg.asset(partitions_def=SPRINTS, deps=["golden"])
def scored() -> None:
    """Stands for scored_leads."""


with partitioned_checks():
    SPECS = [dg.AssetCheckSpec(name, asset="scored", blocking=True, partitions_def=SPRINTS) for name in NAMES]


@dg.multi_asset_check(specs=SPECS, can_subset=True)
def expectations() -> Iterator[dg.AssetCheckResult]:
    for name in NAMES:
        yield dg.AssetCheckResult(asset_key="scored", check_name=name, passed=quality.get(name, True))


@dg.asset(partitions_def=SPRINTS, deps=["scored"], retry_policy=dg.RetryPolicy(max_retries=3))
def sync(context: dg.AssetExecutionContext) -> None:
    """Stands for crm_sync."""
    attempts.append(context.partition_key)
    require_checks(context, KEYS, LINEAGE)


LINEAGE = [dg.AssetKey("golden"), dg.AssetKey("scored")]
DEFS = dg.Definitions(assets=[golden, scored, sync], asset_checks=[expectations])
EVERYTHING = dg.AssetSelection.all()
DATA_ONLY = dg.AssetSelection.assets("scored").without_checks()
CHECKS_ONLY = dg.AssetSelection.checks(expectations)
SOURCE_ONLY = dg.AssetSelection.assets("golden")
SYNC_ONLY = dg.AssetSelection.assets("sync")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    quality.clear()
    attempts.clear()
    with dg.DagsterInstance.ephemeral() as each:
        each.add_dynamic_partitions("sprint", [SPRINT, OTHER])
        yield each


def run(instance: dg.DagsterInstance, selection: dg.AssetSelection, sprint: str = SPRINT) -> bool:
    """Whether the run succeeded."""
    job = dg.define_asset_job("job", selection=selection)
    tags = {"dagster/partition": sprint}
    resolved = dg.Definitions(assets=[golden, scored, sync], asset_checks=[expectations], jobs=[job]).resolve_job_def(
        "job"
    )
    return resolved.execute_in_process(instance=instance, tags=tags, raise_on_error=False).success


def reason(instance: dg.DagsterInstance, sprint: str = SPRINT) -> str:
    return "; ".join(sorted(set(refusals(instance, KEYS, sprint).values())))


def test_a_good_sprint_is_delivered_in_one_run(instance: dg.DagsterInstance) -> None:
    """REQ-019: the gate does not stand in the way of a good sprint."""
    assert run(instance, EVERYTHING)
    assert attempts == [SPRINT]


def test_a_good_sprint_may_be_delivered_again_later(instance: dg.DagsterInstance) -> None:
    """REQ-019: a second sync needs no second check."""
    run(instance, EVERYTHING)
    assert run(instance, SYNC_ONLY)


def test_a_bad_sprint_stops_before_the_sync(instance: dg.DagsterInstance) -> None:
    """REQ-009: the check blocks the rest of its run."""
    quality["score"] = False
    assert not run(instance, EVERYTHING)
    assert attempts == []


def test_a_bad_sprint_cannot_be_delivered_by_launching_the_sync_alone(instance: dg.DagsterInstance) -> None:
    """REQ-009: Dagster itself would let it through. One attempt: no retry makes data better."""
    quality["score"] = False
    run(instance, EVERYTHING)
    assert not run(instance, SYNC_ONLY)
    assert attempts == [SPRINT]
    assert refusals(instance, KEYS, SPRINT) == {KEYS[1]: "has not passed (failed)"}


def test_data_that_were_never_checked_are_refused(instance: dg.DagsterInstance) -> None:
    """Design rule 7: a skipped check is a failed one."""
    run(instance, DATA_ONLY)
    assert not run(instance, SYNC_ONLY)
    assert reason(instance) == "was never evaluated"


def test_data_made_again_without_checks_are_refused(instance: dg.DagsterInstance) -> None:
    """Design rule 8: an old verdict says nothing about new data."""
    run(instance, EVERYTHING)
    run(instance, DATA_ONLY)
    assert not run(instance, SYNC_ONLY)
    assert reason(instance) == "passed on older data"


def test_checking_the_new_data_opens_the_gate_again(instance: dg.DagsterInstance) -> None:
    """The way out of a refusal is to check."""
    run(instance, EVERYTHING)
    run(instance, DATA_ONLY)
    assert run(instance, CHECKS_ONLY)
    assert run(instance, SYNC_ONLY)


def test_a_verdict_on_one_sprint_does_not_serve_another(instance: dg.DagsterInstance) -> None:
    """Checks are per partition."""
    run(instance, EVERYTHING)
    run(instance, DATA_ONLY, OTHER)
    assert not run(instance, SYNC_ONLY, OTHER)
    assert reason(instance, OTHER) == "was never evaluated"


@pytest.mark.parametrize("partition", [SPRINT, None])
def test_a_forged_verdict_is_refused(instance: dg.DagsterInstance, partition: str | None) -> None:
    """The web server has no login and takes results from anybody; they name no data."""
    quality["score"] = False
    run(instance, EVERYTHING)
    for key in KEYS:
        forged = dg.AssetCheckEvaluation(key.asset_key, key.name, passed=True, metadata={}, partition=partition)
        instance.report_runless_asset_event(forged)
    assert refusals(instance, KEYS, SPRINT)[KEYS[1]]
    assert not run(instance, SYNC_ONLY)


def test_wiped_data_are_refused(instance: dg.DagsterInstance) -> None:
    """A verdict outlives its data; the gate does not let it."""
    run(instance, EVERYTHING)
    instance.wipe_assets([dg.AssetKey("scored")])
    assert not run(instance, SYNC_ONLY)


def test_asking_for_no_check_is_refused(instance: dg.DagsterInstance) -> None:
    """An empty list of keys is a mistake, not a permission."""
    with pytest.raises(dg.Failure, match="No check was asked for"):
        require_checks(dg.build_asset_context(partition_key=SPRINT), [])


def test_data_older_than_what_they_are_made_from_are_refused(instance: dg.DagsterInstance) -> None:
    """REQ-009: duplicates found anew after scoring must reach the CRM's leads first, whatever passed before."""
    run(instance, EVERYTHING)
    run(instance, SOURCE_ONLY)
    assert not refusals(instance, KEYS, SPRINT)
    assert outdated(instance, LINEAGE, SPRINT) == [(LINEAGE[1], LINEAGE[0])]
    assert not run(instance, SYNC_ONLY)
    assert run(instance, EVERYTHING)
    assert not outdated(instance, LINEAGE, SPRINT)
