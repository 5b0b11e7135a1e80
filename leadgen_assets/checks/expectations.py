"""Asset checks from the committed suites: one result per expectation, always, since Dagster lets silence through."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import dagster as dg

from leadgen_assets.checks import docs
from leadgen_assets.checks.frames import rows_of
from leadgen_assets.checks.inputs import QualityInputs
from leadgen_assets.checks.outcomes import Outcome, refused
from leadgen_assets.checks.preview import partitioned_checks
from leadgen_assets.checks.runner import refuse_all, validate
from leadgen_assets.checks.suites import Expected, expected
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.partitions import GRID, SPRINTS
from leadgen_assets.sprint_file import Gates

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gated:
    """An asset and the layers whose suites it must meet. `source` is set where the asset is one source's."""

    asset: str
    layers: tuple[str, ...]
    partitions: dg.PartitionsDefinition
    source: str | None = None

    @property
    def expectations(self) -> dict[str, Expected]:
        """All expectations by check name. Raises `ValueError` when two suites use one name or a suite is empty."""
        found: dict[str, Expected] = {}
        for layer in self.layers:
            suite = {each.check: each for each in expected(layer)}
            if not suite or found.keys() & suite.keys():
                raise ValueError(f"suite {layer} is empty or repeats a check of {self.asset}; see data_quality/")
            found |= suite
        return found


GATED = (
    *(Gated(f"normalized_{source}", ("normalized",), GRID, source) for source in SOURCES),
    Gated("deduplicated_leads", ("deduplicated", "golden"), SPRINTS),
    Gated("scored_leads", ("scored", "crm_ready"), SPRINTS),
)


def build_checks(gated: Gated) -> dg.AssetChecksDefinition:
    """The asset's checks, evaluated together per partition; critical ones block the rest of the run."""
    wanted = gated.expectations

    @dg.multi_asset_check(
        name=f"{gated.asset}_expectations",
        specs=[_spec(gated, each) for each in wanted.values()],
        can_subset=True,
    )
    def expectations(
        context: dg.AssetCheckExecutionContext, quality: dg.ResourceParam[QualityInputs]
    ) -> Iterator[dg.AssetCheckResult]:
        partition = context.partition_key
        selected = {key.name for key in context.selected_asset_check_keys}
        outcomes = {each.check: each for each in evaluate(gated, quality, partition, context.run.run_id)}
        for name in (each for each in wanted if each in selected):
            outcome = outcomes.get(name) or refused(wanted[name], "it yielded no outcome", {})
            yield _result(gated, outcome)

    return expectations


def evaluate(gated: Gated, quality: QualityInputs, partition: str, run_id: str) -> list[Outcome]:
    """Every outcome of the asset's suites for a partition; what cannot be read or evaluated fails, nothing raises."""
    if gated.source is not None and _is_somebody_elses(gated, quality, partition):
        return [_not_applicable(each, gated.source) for each in gated.expectations.values()]
    outcomes = [each for layer in gated.layers for each in _of_layer(gated, layer, quality, partition, run_id)]
    if gated.source is None:
        _tell_desk(gated, quality, partition, outcomes)
        _publish(quality)
    return outcomes


def gate_values(gated: Gated, outcomes: list[Outcome], limits: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """{gate: {value, threshold, passed}} for the sprint file's gates that the asset's suites guard. Where several
    expectations guard one gate (a column each), the lowest value counts and all must have passed."""
    found: dict[str, dict[str, Any]] = {}
    for outcome in outcomes:
        for gate in gated.expectations[outcome.check].parameters & set(Gates.model_fields):
            before = found.get(gate, {"value": outcome.observed, "passed": True})
            known = [each for each in (before["value"], outcome.observed) if each is not None]
            found[gate] = {
                "value": min(known) if known else None,
                "threshold": limits.get(gate),
                "passed": before["passed"] and outcome.passed,
            }
    return found


def _tell_desk(gated: Gated, quality: QualityInputs, partition: str, outcomes: list[Outcome]) -> None:
    """For the status and the report only: what may be delivered is decided by the check results themselves."""
    try:
        limits = quality.parameters(gated.layers[0], partition)
        quality.record(partition, gate_values(gated, outcomes, limits))
    except Exception as error:
        logger.warning("gate values were not put on record: %s", type(error).__name__)


def _of_layer(gated: Gated, layer: str, quality: QualityInputs, partition: str, run_id: str) -> list[Outcome]:
    parameters: dict[str, Any] = {}
    try:
        parameters = quality.parameters(layer, partition)
        frame = rows_of(layer, quality.frame(gated.asset, layer, partition))
    except Exception as error:  # an unreadable frame is as good as a bad one
        return refuse_all(layer, f"its data could not be read ({type(error).__name__})", parameters)
    run_name = f"{partition}_{run_id[:8]}"
    return validate(layer, frame, parameters, run_name, state=quality.state(), docs_url=quality.docs_url())


def _is_somebody_elses(gated: Gated, quality: QualityInputs, partition: str) -> bool:
    """Whether the sprint collects this segment from another source and the frame is, as it must be, empty."""
    try:
        source = quality.source(partition)
        return source != gated.source and quality.frame(gated.asset, gated.layers[0], partition).empty
    except Exception:
        return False


def _not_applicable(each: Expected, source: str) -> Outcome:
    detail = f"{each.check} does not apply: this segment is not collected from {source}, and it has no rows"
    return Outcome(each.check, True, each.severity, None, "not applicable", 0, 0.0, (), each.type, None, detail)


def _publish(quality: QualityInputs) -> None:
    """Pages are for reading; a gate that was evaluated does not fail for want of a page."""
    try:
        docs.publish(quality.state())
    except Exception as error:
        logger.warning("data docs were not built: %s", type(error).__name__)


def _spec(gated: Gated, each: Expected) -> dg.AssetCheckSpec:
    with partitioned_checks():
        return dg.AssetCheckSpec(
            each.check,
            asset=gated.asset,
            description=each.description,
            blocking=each.is_critical,
            partitions_def=gated.partitions,
            metadata={"expectation": each.type},
        )


def _result(gated: Gated, outcome: Outcome) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {
        "detail": outcome.detail,
        "required": outcome.threshold,
        "expectation": outcome.expectation,
        "offenders": outcome.offenders,
        "share_of_rows": round(outcome.share, 6),
        "sample_lead_ids": list(outcome.sample_ids),
    }
    if outcome.observed is not None:
        metadata["observed"] = outcome.observed
    if outcome.docs_url:
        metadata["report"] = _link(outcome.docs_url)
    critical = outcome.severity == "critical"
    return dg.AssetCheckResult(
        asset_key=gated.asset,
        check_name=outcome.check,
        passed=outcome.passed,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        description=outcome.detail,
        metadata=metadata,
    )


def _link(url: str) -> dg.MetadataValue:
    """Browsers open no file from a page that came over HTTP, so a file is shown as a path to copy."""
    parts = urlsplit(url)
    return dg.MetadataValue.path(unquote(parts.path)) if parts.scheme == "file" else dg.MetadataValue.url(url)


def unguarded_gates(gated: tuple[Gated, ...] = GATED) -> set[str]:
    """Thresholds of the sprint file that no critical expectation of a sprint's assets refers to; must be none."""
    sprint_wide = [each for asset in gated if asset.source is None for each in asset.expectations.values()]
    guarded: set[str] = set()
    for each in sprint_wide:
        if each.is_critical:
            guarded |= each.parameters
    return set(Gates.model_fields) - guarded


def blocking_keys(gated: tuple[Gated, ...] = GATED) -> list[dg.AssetCheckKey]:
    """The checks that must have passed before a sprint is delivered, for `gate.require_checks`."""
    return sorted(
        dg.AssetCheckKey(dg.AssetKey(asset.asset), each.check)
        for asset in gated
        if asset.source is None
        for each in asset.expectations.values()
        if each.is_critical
    )


if unguarded_gates():
    # Fails the code location rather than the promise: an emptied suite must not become an open gate.
    raise ValueError(f"no critical expectation guards {', '.join(sorted(unguarded_gates()))}; restore data_quality/")

EXPECTATIONS = [build_checks(gated) for gated in GATED]
DELIVERY_CHECKS = blocking_keys()
