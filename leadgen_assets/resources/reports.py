"""Reports as a Dagster resource: written into LEADGEN_HOME and sent to the roles that should have them."""

from __future__ import annotations

from typing import Any

import dagster as dg

from leadgen_assets.desk.reports import publish
from leadgen_assets.desk.reports.periods import Period
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.reports import ReportKind, WrittenReport


class Reports(dg.ConfigurableResource[Any]):
    """Folder, recipients and channels as the environment says."""

    def of_sprint(
        self, stores: OpenStores, kind: ReportKind, sprint: str, period: Period | None = None
    ) -> WrittenReport:
        """Write a report of a sprint and send it, each edition once."""
        return publish.publish(stores, Settings(), kind, sprint, period)

    def roll_up(self, stores: OpenStores, kind: ReportKind, period: Period) -> WrittenReport:
        """Write the report of a period over all sprints and send it, each once."""
        return publish.publish_roll_up(stores, Settings(), kind, period)

    def send_undelivered(self, stores: OpenStores) -> list[WrittenReport]:
        """Try again what did not arrive."""
        return publish.send_undelivered(stores, Settings())
