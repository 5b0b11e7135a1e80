"""`leadgen diagnostics`: one file to send to whoever helps (PHX-05)."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import typer
from rich.console import Console

from leadgen_assets.cli.health import examine
from leadgen_assets.cli.workplace import lay_out_dagster_home, wants_postgres
from leadgen_assets.desk import diagnostics as parts_of
from leadgen_assets.desk.scrub import Scrubber, names_of_leads
from leadgen_assets.services import running, status
from leadgen_assets.services.backup import catalogue
from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.services.home import ServiceHome, read_json
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import open_stores

_RUNS = 50


def diagnostics(
    out: Annotated[Path | None, typer.Option(help="Where to write it; default: the working folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Write a zip file: versions, settings without secrets, health, counts, states, last log lines. Nobody's data."""
    settings = Settings()
    path = out or Path(f"leadgen-diagnostics-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip")
    parts: dict[str, Any] = {
        "versions.json": parts_of.versions(),
        "settings.json": parts_of.settings_without_secrets(settings),
    }
    parts["health.json"] = parts_of.guarded(lambda: [asdict(each) for each in examine("quick")])
    parts["services.json"] = parts_of.guarded(lambda: asdict(status(settings)))
    parts["backups.json"] = parts_of.guarded(lambda: _backups(settings.backups))
    parts |= dict(parts_of.logs(settings.home / "logs", ""))
    parts |= dict(parts_of.logs(ServiceHome(settings.home).logs, "services/"))
    secrets, names = _secrets(settings), []
    with ExitStack() as stack:
        try:
            stack.enter_context(running(settings, postgres=wants_postgres()))
        except ServiceUnavailable as error:
            parts["stores.json"] = {"away": str(error)}
        else:
            lay_out_dagster_home(settings)
            secrets |= _secrets(Settings())
            stores = stack.enter_context(open_stores(Settings()))
            names = parts_of.guarded(lambda: list(names_of_leads(stores.db)))
            parts["collections.json"] = parts_of.guarded(lambda: parts_of.collections(stores.db))
            parts["sprints.json"] = parts_of.guarded(lambda: parts_of.sprints(stores))
            parts["records.json"] = parts_of.guarded(lambda: parts_of.records(stores))
            parts["runs.json"] = parts_of.guarded(_runs)
    bundle = parts_of.write_bundle(path, parts, Scrubber(secrets, names if isinstance(names, list) else ()))
    if as_json:
        print(json.dumps({"file": str(bundle.path), "parts": bundle.parts}, indent=2))  # noqa: T201
    else:
        size = bundle.path.stat().st_size / 1e3
        Console(highlight=False, soft_wrap=True).print(f"{bundle.path}: {len(bundle.parts)} parts, {size:,.0f} kB.")


def _secrets(settings: Settings) -> set[str]:
    """Everything that must not leave: settings, passwords of embedded servers, and what the environment calls secret."""
    embedded = read_json(ServiceHome(settings.home).root / "secrets.json") or {}
    words = ("KEY", "TOKEN", "SECRET", "PASSWORD", "WEBHOOK", "SMTP")
    environment = {value for name, value in os.environ.items() if any(word in name.upper() for word in words)}
    return {*settings.secret_values(), *map(str, embedded.values()), *environment} - {"sandbox", ""}


def _backups(folder: Path) -> list[dict[str, Any]]:
    return [
        {"backup": each.folder.name, "problem": each.problem, "verified_at": each.verified_at and str(each.verified_at)}
        for each in catalogue.listed(folder)
    ]


def _runs() -> list[dict[str, Any]]:
    with dg.DagsterInstance.get() as instance:
        return [
            {
                "job": record.dagster_run.job_name,
                "partition": record.dagster_run.tags.get("dagster/partition"),
                "status": record.dagster_run.status.value,
                "start": record.start_time,
                "end": record.end_time,
            }
            for record in instance.get_run_records(limit=_RUNS)
        ]
