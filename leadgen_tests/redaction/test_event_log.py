"""What Dagster keeps of a run: events, metadata, errors, failed ticks (NFR-010, NFR-011)."""

import logging

import dagster as dg
import pytest
from dagster import serialize_value
from dagster._utils.error import serializable_error_info_from_exc_info

import leadgen_assets.definitions
from leadgen_assets.redaction.known import KNOWN
from leadgen_assets.resources.event_log import cleaned, keep_event_log_clean

SECRET = "planted-hunter-key-77ab"
PERSON = "ann.planted@example.com"


@dg.asset
def talkative(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Tells everything in every way that Dagster offers."""
    context.log.info(f"log {SECRET} {PERSON}")
    context.log_event(dg.AssetObservation("talkative", metadata={"seen": SECRET}))
    logging.getLogger("dagster").warning("managed %s", SECRET)
    context.add_output_metadata(
        {"text": f"by {PERSON}", "json": {"deep": [SECRET], PERSON: 1}, "table": dg.MetadataValue.md(SECRET)}
    )
    return dg.MaterializeResult(metadata={"url": dg.MetadataValue.url(f"https://x.test/?k={SECRET}"), "rows": 7})


@dg.asset
def failing() -> None:
    """An error with a cause, as libraries raise them."""
    try:
        raise OSError(f"mongodb://me:{SECRET}@h/")
    except OSError as error:
        raise RuntimeError(f"{PERSON} could not be stored") from error


@dg.asset
def giving_up() -> None:
    """Dagster's own way to fail."""
    raise dg.Failure(f"refused {SECRET}", metadata={"who": PERSON}, allow_retries=False)


@dg.asset_check(asset=talkative)
def doubtful() -> dg.AssetCheckResult:
    """A check that says too much."""
    return dg.AssetCheckResult(
        passed=False, severity=dg.AssetCheckSeverity.WARN, description=SECRET, metadata={"who": PERSON}
    )


def test_nothing_that_a_run_says_is_stored_as_it_was_said(capfd: pytest.CaptureFixture[str]) -> None:
    """NFR-010, NFR-011: every event of the run, and what Dagster prints; the rest of each event is whole."""
    assert leadgen_assets.definitions.defs
    KNOWN.learn([SECRET])
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([talkative, failing, giving_up, doubtful], instance=instance, raise_on_error=False)
        stored = [serialize_value(each) for each in instance.all_logs(result.run_id)]
        [made] = instance.get_records_for_run(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    out, err = capfd.readouterr()
    told = [each for each in (*stored, *out.splitlines(), *err.splitlines()) if SECRET in each or PERSON in each]

    assert told == []
    assert not result.success
    assert len(stored) > 20
    assert "could not be stored" in "".join(stored)
    assert "refused \\u2026" in "".join(stored)
    assert made.asset_materialization
    assert made.asset_materialization.metadata["rows"].value == 7
    assert made.asset_materialization.metadata["url"].value == "https://x.test/?k=…"


def test_a_password_that_is_an_ordinary_word_harms_no_record() -> None:
    """REQ-005: which asset, run and partition an event is about decides over the gate."""
    KNOWN.learn(["talkative", "description", "2031-winter", PERSON])
    event = dg.AssetMaterialization(
        "talkative", description="talkative", partition="2031-winter", metadata={"by": PERSON}
    )
    left = cleaned(event)
    assert (left.asset_key, left.partition) == (event.asset_key, event.partition)
    assert (left.description, left.metadata["by"].value) == ("…", "…")


def test_errors_of_sensors_and_code_locations_are_clean() -> None:
    """NFR-010: ticks and load errors are stored elsewhere, but made by the same function."""
    keep_event_log_clean()
    keep_event_log_clean()
    KNOWN.learn([SECRET])
    try:
        raise ValueError(f"no luck with {SECRET}") from KeyError(PERSON)
    except ValueError as error:
        info = serializable_error_info_from_exc_info((type(error), error, error.__traceback__))
    assert info.message.strip() == "ValueError: no luck with …"
    assert SECRET not in info.to_string()
    assert PERSON not in info.to_string()
    assert cleaned(info) is info
