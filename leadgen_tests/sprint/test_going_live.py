"""Live mode: the same clients, addresses and credentials from the settings, and never a word of them told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster import serialize_value

import leadgen_assets.vendors as clients
from leadgen_assets.settings import _SANDBOX_PATH, SANDBOX_CREDENTIAL
from leadgen_tests.sprint.office import Office, failures, open_office
from leadgen_tests.sprint.plans import small_sprint

PLANTED = "planted-credential-3f9a"
"""A credential that the vendor refuses, and that nobody may repeat."""


def live(url: str) -> Mapping[str, str]:
    """Live settings that point every vendor at a server on loopback. Hunter's and ZoomInfo's logins are not accepted."""
    return {
        "LEADGEN_MODE": "live",
        **{f"{vendor.upper()}_BASE_URL": f"{url}{path}" for vendor, path in _SANDBOX_PATH.items() if vendor != "slack"},
        "APOLLO_API_KEY": SANDBOX_CREDENTIAL,
        "BRIGHTDATA_API_TOKEN": SANDBOX_CREDENTIAL,
        "ZOOMINFO_CLIENT_ID": SANDBOX_CREDENTIAL,
        "ZOOMINFO_CLIENT_SECRET": PLANTED,
        "CLEARBIT_API_KEY": SANDBOX_CREDENTIAL,
        "HUNTER_API_KEY": PLANTED,
        "NEVERBOUNCE_API_KEY": SANDBOX_CREDENTIAL,
        "PDL_API_KEY": SANDBOX_CREDENTIAL,
        "SALESFORCE_CLIENT_ID": SANDBOX_CREDENTIAL,
        "SALESFORCE_CLIENT_SECRET": SANDBOX_CREDENTIAL,
        "SLACK_WEBHOOK_URL": f"{url}/slack/services/T000/B000/{PLANTED}",
    }


@dataclass
class Live:
    """A sprint in live mode in which one source and one enricher have a wrong credential."""

    office: Office
    key: str
    collected: dict[str, dg.ExecuteInProcessResult]
    refined: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Live]:
    with open_office(tmp_path_factory.mktemp("live"), servers, settings_at=live) as office:
        sprint = small_sprint(
            "live",
            {"apollo-1": 30, "brightdata-1": 20, "zoominfo-1": 25},
            enrichment={"company": ["clearbit"], "email": ["hunter", "pdl"], "verify": ["neverbounce"]},
            crm={"target": "salesforce"},
        )
        key = office.open(sprint)
        collected = {each.id: office.collect(key, each.id)[0] for each in sprint.segments}
        yield Live(office, key, collected, office.refine(key))


def test_live_settings_alone_run_a_sprint_against_any_server(lived: Live) -> None:
    """TL-06. Done when 5: base URLs and credentials from the settings, sources to Salesforce, no sandbox setting."""
    status = lived.office.status(lived.key)

    assert "LEADGEN_SANDBOX_URL" not in lived.office.env
    assert lived.collected["apollo-1"].success
    assert lived.collected["brightdata-1"].success
    assert failures(lived.refined) == {}
    assert status.is_delivered
    assert lived.office.sandbox.crm("salesforce")["count"] == status.qualified == status.crm_synced > 0
    used = {vendor for vendor, each in lived.office.sandbox.calls().items() if each["requests"]}
    used.discard("slack")  # told by other tests of this office, in whatever order they run
    assert used == {"apollo", "brightdata", "zoominfo", "clearbit", "hunter", "pdl", "neverbounce", "salesforce"}


def test_no_client_knows_the_sandbox() -> None:
    """Design rule 12. Done when 5: the word is in no module that talks to vendors, nor in the use cases above them."""
    package = Path(clients.__file__).parents[1]
    talking = [
        path
        for part in ("vendors", "collection", "enrichment", "delivery", "refinement", "stores", "leads")
        for path in (package / part).glob("*.py")
        if path.name != "registry.py"
    ]

    assert len(talking) > 60
    assert [path.name for path in talking if "sandbox" in path.read_text().lower()] == []
    registry = (package / "vendors" / "registry.py").read_text()
    assert not re.search(r"^\s*(from|import) .*sandbox", registry, re.MULTILINE)


def test_a_source_with_a_wrong_credential_is_short_and_says_what_to_do(lived: Live) -> None:
    """TL-07, NFR-005: permanent errors are not retried; the rest of the sprint goes on."""
    run = lived.collected["zoominfo-1"]
    segment = next(each for each in lived.office.status(lived.key).segments if each.id == "zoominfo-1")

    assert not run.success
    assert not any(event.is_step_up_for_retry for event in run.all_events)
    assert "leadgen secrets check --live" in failures(run)["raw_zoominfo"]
    assert segment.delivered == 0
    assert segment.reason
    assert segment.reason.startswith("zoominfo")


def test_an_enricher_with_a_wrong_credential_costs_nobody_a_lead(lived: Live) -> None:
    """TL-05, REQ-014: the next in the waterfall is asked, and the asset says why the first was not."""
    [enriched] = lived.refined.asset_materializations_for_node("enriched_leads")
    rows = {row.data["vendor"]: row.data for row in enriched.metadata["vendors"].records}

    assert enriched.metadata["dagster/row_count"].value == lived.office.status(lived.key).unique
    assert "credentials" in json.dumps([dict(each) for each in rows.values()])


def test_a_credential_is_in_no_log_event_error_or_record(lived: Live) -> None:
    """NFR-010: two wrong credentials and a refused webhook, and nobody repeats them."""
    office = lived.office
    with office.at_work():
        from leadgen_assets.resources.notify import Desk

        Desk().happened(office.stores, "workflow_failed", sprint=lived.key, instance="x", text="a test", is_bad=True)
    assert [each.state for each in office.stores.outbox.undelivered()] == ["due"]
    runs = [*lived.collected.values(), lived.refined]
    events = [serialize_value(each) for run in runs for each in office.instance.all_logs(run.run_id)]
    names = [each for each in office.stores.db.list_collection_names() if not each.startswith("system.")]
    stored = [str(each) for name in names for each in office.stores.db[name].find()]
    files = [path for path in office.home.rglob("*") if path.is_file() and path.suffix not in (".parquet", ".csv")]

    assert len(events) > 100
    assert office.told
    assert not [each for each in (*events, *stored, *office.told) if PLANTED in each]
    assert not [path for path in files if PLANTED.encode() in path.read_bytes()]


def test_a_source_without_credentials_fails_its_run_before_anything_is_spent(
    tmp_path: Path, servers: dict[str, str]
) -> None:
    """interfaces.md: also when launched from the UI, the run names the settings that are missing."""

    def nothing(_: str) -> Mapping[str, str]:
        return {"LEADGEN_MODE": "live", "ZOOMINFO_CLIENT_ID": "someone"}

    with open_office(tmp_path, servers, settings_at=nothing) as office:
        key = office.open(small_sprint("unset", {"zoominfo-1": 25}))
        [run] = office.collect(key)

        assert (
            failures(run)["raw_zoominfo"]
            .strip()
            .endswith("zoominfo is off: ZOOMINFO_CLIENT_SECRET not set; put it into .env")
        )
        assert (
            office.status(key).segments[0].reason == "zoominfo is off: ZOOMINFO_CLIENT_SECRET not set; put it into .env"
        )
        assert office.sandbox.requests() == 0
        assert office.status(key).cost_usd == 0
