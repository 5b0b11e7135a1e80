"""Puts the dashboard together from open stores: the app, the recorder of the time series, the evaluator of alert rules."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from starlette.applications import Starlette

from leadgen_assets.checks.docs import site_of
from leadgen_assets.checks.suites import expected
from leadgen_assets.cli.person import me
from leadgen_assets.cli.workplace import PROJECT, Workplace
from leadgen_assets.desk.alerts.evaluator import Evaluator
from leadgen_assets.desk.dashboard import Places, create_app
from leadgen_assets.desk.dashboard.fresh import FreshReader
from leadgen_assets.desk.dashboard.loops import Loop
from leadgen_assets.desk.recorder import LOCK, Recorder
from leadgen_assets.desk.state import StateReader
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Gates
from leadgen_assets.stores.alerts import Alert
from leadgen_assets.stores.lease import Lease
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_assets.stores.opened import OpenStores

RECORD_SECONDS = 1.0
LOOK_EVERY = 5
"""Ticks of the recorder between two looks whether a sprint has begun or ended."""
ALERT_SECONDS = 5.0
REST_EVERY = 3
"""Ticks between two looks at the rules while no sprint runs; the lease is kept all the same."""
_SUITES = {
    "deduplicated": "deduplicated_leads",
    "golden": "deduplicated_leads",
    "scored": "scored_leads",
    "crm_ready": "scored_leads",
}
"""{suite: the asset whose checks it makes}"""


@dataclass(frozen=True)
class Parts:
    """The app, and what runs beside it."""

    app: Starlette
    loops: list[Loop]


def parts_of(place: Workplace, dagster_url: str | None, token: str | None) -> Parts:
    """The dashboard over a workplace's stores."""
    stores, settings = place.stores, place.settings
    reader = FreshReader(StateReader(stores, dagster_url, settings))
    series = MetricSeries(stores.db)
    watch = _Watch(stores, settings, reader, dagster_url)
    lease = Lease(LOCK, stores.redis, stores.db, settings.home)
    recorder = Recorder(reader, series, lease)
    turns = itertools.count()

    def record() -> None:
        # reading now and then also between samples, so that a sprint's beginning and end are recorded when they happen
        recorder.tick(reader.read() if next(turns) % LOOK_EVERY == 0 else None)

    loops = [
        Loop("recorder", record, RECORD_SECONDS, "Figures over time are not being recorded", lease.give_back),
        Loop("alerts", watch.tick, ALERT_SECONDS, "Alert rules are not being evaluated", watch.end),
    ]
    app = create_app(
        reader,
        stores.alerts,
        series,
        stores.reports,
        sprints=stores.book,
        places=Places(settings.home / "reports", site_of(settings.home / "quality"), PROJECT / "docs" / "runbook.md"),
        token=token or None,
        resolve=watch.resolve,
        parts=lambda: [each.to_json() for each in loops],
        undelivered=lambda: {each.alert for each in stores.outbox.undelivered()},
        gate_checks=gate_checks(),
        me=me(),
    )
    return Parts(app, loops)


def gate_checks() -> dict[str, str]:
    """{gate: path of the first check that guards it, in Dagster's web UI}."""
    found: dict[str, str] = {}
    for suite, asset in _SUITES.items():
        for each in expected(suite):
            for gate in each.parameters & set(Gates.model_fields):
                found.setdefault(gate, f"assets/{asset}?view=checks&checkDetail={each.check}")
    return found


@dataclass
class _Watch:
    """Evaluates alert rules while it holds the lease; what is wrong with its files shows on the page."""

    stores: OpenStores
    settings: Settings
    reader: FreshReader
    dagster_url: str | None
    _evaluator: Evaluator | None = None
    _turns: int = 0
    _is_running: bool = False
    _lease: Lease = field(init=False)

    def __post_init__(self) -> None:
        self._lease = Lease("alerts", self.stores.redis, self.stores.db, self.settings.home)

    def tick(self) -> None:
        """One look, unless somebody else watches."""
        if not self._lease.take():
            return
        self._turns += 1
        if self._is_running or self._turns % REST_EVERY == 1:
            state = self.reader.read()
            self._is_running = (state["sprint"] or {}).get("state") == "running"
            self._ready().tick(state)

    def end(self) -> None:
        """Let another one watch."""
        self._lease.give_back()

    def resolve(self, alert_id: str, by: str, reason: str) -> Alert | None:
        """End an alert; those who were told of it are told of its end."""
        return self._ready().resolve(alert_id, by, reason)

    def _ready(self) -> Evaluator:
        if self._evaluator is None:
            self._evaluator = Evaluator.of(self.stores, self.settings, dagster=self.dagster_url)
        return self._evaluator
