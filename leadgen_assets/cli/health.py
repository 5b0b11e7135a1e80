"""`leadgen health`: is everything fit for a sprint? (PHX-01)"""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.doctor import check_vendors
from leadgen_assets.cli.sandbox_process import running_sandbox
from leadgen_assets.cli.scheduler import scheduler
from leadgen_assets.cli.workplace import PROJECT, Workplace, lay_out_dagster_home, wants_postgres
from leadgen_assets.desk import health as desk
from leadgen_assets.desk.backups import backup_folders
from leadgen_assets.desk.health import Finding, Verdict
from leadgen_assets.services import running
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.services.backup.manifest import read_manifest
from leadgen_assets.services.backup.verify import damaged
from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.services.home import ServiceHome
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import load_sprint
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_assets.stores.pulse import Pulses
from leadgen_assets.stores.redis_connection import connect_redis

_STORES = {"mongo": "MongoDB", "redis": "Redis", "postgres": "Dagster storage"}
_SETTINGS = {"mongo": "leadgen_mongo_uri", "redis": "leadgen_redis_url", "postgres": "dagster_pg_url"}
_NOBODY = "redis://127.0.0.1:9/0"
_COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


def health(
    quick: Annotated[
        bool, typer.Option("--quick", help="Seconds: stores, scheduler, disk, backup (the default).")
    ] = False,
    morning: Annotated[bool, typer.Option("--morning", help="Also sources, indexes, alerts, money.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Also every lead, the lake, and the backup's parts.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Look at everything a sprint needs, without spending a credit. Exit code 1 when something fails."""
    depth = "deep" if deep else "morning" if morning and not quick else "quick"
    findings = list(examine(depth))
    is_fit = not any(each.verdict is Verdict.FAIL for each in findings)
    if as_json:
        report = {"depth": depth, "healthy": is_fit, "findings": [asdict(each) for each in findings]}
        print(json.dumps(report, indent=2))  # noqa: T201
    else:
        _show(findings, is_fit)
    raise typer.Exit(0 if is_fit else 1)


def examine(depth: str) -> Iterator[Finding]:
    """Every finding of a depth (quick, morning, deep), as it is found. Raises only for settings that make no sense."""
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    yield from private_files(settings.home)
    with ExitStack() as stack:
        found = {name: _started(stack, settings, name) for name in _STORES if name != "postgres" or wants_postgres()}
        yield from (each for each in found.values() if each is not None)
        yield from _restarts(settings)
        if "postgres" not in found or found["postgres"] is None:
            lay_out_dagster_home(settings)
            found_at = Settings().leadgen_redis_url
            with connect_redis(found_at if found_at and found["redis"] is None else _NOBODY) as client:
                yield from scheduler(Pulses(client, settings.leadgen_run_silence))
        if found["mongo"] is not None:
            yield from (*desk.disk(settings.home), *desk.messages(settings))
            return
        settings = Settings()
        given = settings if found["redis"] is None else settings.model_copy(update={"leadgen_redis_url": _NOBODY})
        stores = stack.enter_context(open_stores(given))
        if not stores.db.list_collection_names():
            migrate(stores.db)  # a new home: nothing is missing yet
        yield from _only_new(desk.quick(stores, settings), found)
        if depth in ("morning", "deep"):
            yield from desk.morning(stores)
            yield from _sources(stack, settings, stores)
        if depth == "deep":
            yield from desk.deep(stores)
            yield from _newest_backup(settings.backups)


def private_files(home: Path) -> Iterator[Finding]:
    """Files with credentials may be read by their owner only (NFR-010)."""
    files = [each for each in (Path(".env"), home / "services" / "secrets.json") if each.is_file()]
    open_to_others = [each for each in files if stat.S_IMODE(each.stat().st_mode) & 0o077]
    for each in open_to_others:
        yield Finding("Secrets", Verdict.WARN, f"{each} can be read by others: chmod 600 {each}")
    if not open_to_others:
        yield Finding("Secrets", Verdict.OK, "credential files are readable by you only")


def _started(stack: ExitStack, settings: Settings, name: str) -> Finding | None:
    """Join or start one store; what it says when it cannot be had."""
    try:
        stack.enter_context(running(settings, **{each: each == name for each in _STORES}))
    except ServiceUnavailable as error:
        return Finding(_STORES[name], Verdict.FAIL, str(error))
    return None


def _restarts(settings: Settings) -> Iterator[Finding]:
    state = ServiceHome(settings.home).live_state()
    for name, server in state.servers.items() if state else ():
        if server.restarts:
            detail = f"{name} died and was started again {server.restarts} times; see {settings.home}/services/logs"
            yield Finding("Servers", Verdict.WARN, detail)


def _only_new(findings: Iterable[Finding], known: dict[str, Finding | None]) -> Iterator[Finding]:
    told = {each.subject for each in known.values() if each is not None}
    yield from (each for each in findings if each.subject not in told)


def _sources(stack: ExitStack, settings: Settings, stores: OpenStores) -> Iterator[Finding]:
    """One free call to every vendor that the latest sprint names (TL-07)."""
    latest = stores.book.latest()
    sprint = latest.sprint if latest else load_sprint(PROJECT / "sprints" / "performance-marketers.yaml")
    if settings.leadgen_mode == "sandbox" and not settings.leadgen_sandbox_url:
        os.environ.setdefault("LEADGEN_LIMITS", str(PROJECT / "deploy" / "sandbox-limits.yaml"))
        os.environ["LEADGEN_SANDBOX_URL"] = stack.enter_context(running_sandbox(settings))
        stack.callback(os.environ.pop, "LEADGEN_SANDBOX_URL", None)
    for each in asyncio.run(check_vendors(Workplace(Settings(), stores), sprint)):
        verdict = Verdict.OK if each.ok else Verdict.FAIL if each.required else Verdict.WARN
        yield Finding(each.subject, verdict, each.detail)


def _newest_backup(backups: Path) -> Iterator[Finding]:
    newest = next(iter(backup_folders(backups)), None)
    if newest is None:
        return
    try:
        problems = damaged(newest, read_manifest(newest))
    except BackupFailed as error:
        problems = [str(error)]
    detail = (
        "; ".join(problems) or f"{newest.name}: every part is as it was written; `leadgen backup verify` restores it"
    )
    yield Finding("Backup parts", Verdict.FAIL if problems else Verdict.OK, detail)


def _show(findings: list[Finding], is_fit: bool) -> None:
    table = Table("Check", "", "Detail", box=None, header_style="dim", padding=(0, 2))
    for each in findings:
        table.add_row(each.subject, f"[{_COLOURS[each.verdict]}]{each.verdict}[/]", each.detail)
    console = Console(highlight=False)
    console.print(table)
    warned = sum(1 for each in findings if each.verdict is Verdict.WARN)
    word = "Healthy" if is_fit else "Not healthy"
    tail = f", {warned} to look at." if warned else "."
    console.print(f"{word}{tail}", style="bold green" if is_fit else "bold red")
