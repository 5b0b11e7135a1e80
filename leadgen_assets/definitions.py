"""The code location: everything Dagster is to know, put together in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from leadgen_assets.assets.crm import crm_contacts, crm_sync
from leadgen_assets.assets.deduplicated import deduplicated_leads
from leadgen_assets.assets.enriched import enriched_leads
from leadgen_assets.assets.normalized import NORMALIZED
from leadgen_assets.assets.raw import RAW
from leadgen_assets.assets.report import REPORTS
from leadgen_assets.assets.scored import scored_leads
from leadgen_assets.automation.abandoned import abandoned_runs
from leadgen_assets.automation.alert_sensors import ALERT_SENSORS, build_check_sensor
from leadgen_assets.automation.backup import backup, nightly_backup
from leadgen_assets.automation.degradation import DEGRADATION_SENSORS
from leadgen_assets.automation.jobs import JOBS
from leadgen_assets.automation.report_schedules import REPORT_JOBS, REPORT_SCHEDULES
from leadgen_assets.automation.schedules import SCHEDULES
from leadgen_assets.automation.sensors import SENSORS
from leadgen_assets.automation.upkeep import nightly_privacy_upkeep, privacy_upkeep
from leadgen_assets.checks.drift import build_drift_check
from leadgen_assets.checks.expectations import EXPECTATIONS
from leadgen_assets.checks.inputs import Quality
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.resources.event_log import keep_event_log_clean
from leadgen_assets.resources.lake import LakeIOManager
from leadgen_assets.resources.notify import Desk
from leadgen_assets.resources.reports import Reports
from leadgen_assets.resources.stores import Stores
from leadgen_assets.resources.vendors import Vendors


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions that the code location, the command line and the tests share."""
    stores = Stores()
    refined = [deduplicated_leads, enriched_leads, scored_leads]
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = [
        *RAW,
        *NORMALIZED,
        *refined,
        crm_sync,
        crm_contacts,
        *REPORTS,
    ]
    checks = [*EXPECTATIONS, *(build_drift_check(source, _drift) for source in SOURCES)]
    resources: dict[str, Any] = {
        "stores": stores,
        "vendors": Vendors(),
        "desk": Desk(),
        "reports": Reports(),
        "quality": Quality(stores=stores),
        "lake": LakeIOManager(),
    }
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[*JOBS, *REPORT_JOBS, backup, privacy_upkeep],
        schedules=[*SCHEDULES, *REPORT_SCHEDULES, nightly_backup, nightly_privacy_upkeep],
        sensors=[
            *SENSORS,
            abandoned_runs,
            *DEGRADATION_SENSORS,
            *ALERT_SENSORS,
            build_check_sensor(key for check in checks for key in check.check_keys),
        ],
        resources={**resources, **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


def _drift(stores: Stores, sprint: str, segment: str) -> list[str]:
    return list(stores.opened.raw_pages.drift(sprint, segment))


keep_event_log_clean()
defs = build_defs()
