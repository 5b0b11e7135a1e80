"""The place a command works in: services running, database migrated, sandbox vendors up in sandbox mode, Dagster's home
laid out. What a command starts it also stops."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from leadgen_assets.cli.sandbox_process import running_sandbox
from leadgen_assets.services import running
from leadgen_assets.settings import Settings
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.opened import OpenStores, open_stores

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout: where `dagster.yaml`, `sprints/` and `data_quality/` are."""


@dataclass(frozen=True)
class Workplace:
    """What commands need: settings with every address filled in, and open stores."""

    settings: Settings
    stores: OpenStores

    @property
    def logs(self) -> Path:
        """Where runs and servers write their logs."""
        return self.settings.home / "logs"


@contextmanager
def workplace(*, vendors: bool = False, dagster: bool = False, patiently: bool = False) -> Iterator[Workplace]:
    """Stores, and on demand the sandbox vendors and Dagster's storage. `patiently` as in `open_stores`.

    Raises `services.errors.ServiceUnavailable` with the choices when a server can neither be reached nor started.
    """
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(running(settings, mongo=True, redis=True, postgres=dagster and wants_postgres()))
        if dagster:
            lay_out_dagster_home(settings)
        if vendors and settings.leadgen_mode == "sandbox":
            # Before the sandbox starts: vendors and governor must read the same limits.
            os.environ.setdefault("LEADGEN_LIMITS", str(PROJECT / "deploy" / "sandbox-limits.yaml"))
            os.environ["LEADGEN_SANDBOX_URL"] = stack.enter_context(running_sandbox(settings))
        settings = Settings()
        stores = stack.enter_context(open_stores(settings, patiently=patiently))
        migrate(stores.db)
        yield Workplace(settings, stores)


def wants_postgres() -> bool:
    """Whether Dagster's home reads DAGSTER_PG_URL: ours does, one of your own may not (deploy/dagster.sqlite.yaml)."""
    given = os.environ.get("DAGSTER_HOME")
    if not given:
        return True
    configuration = Path(given) / "dagster.yaml"
    return configuration.is_file() and "DAGSTER_PG_URL" in str(yaml.safe_load(configuration.read_text("utf-8")))


def lay_out_dagster_home(settings: Settings) -> Path:
    """`LEADGEN_HOME/dagster` with the project's `dagster.yaml`; exported as DAGSTER_HOME unless you set your own."""
    given = os.environ.get("DAGSTER_HOME")
    if given:
        return Path(given)
    home = settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return home
