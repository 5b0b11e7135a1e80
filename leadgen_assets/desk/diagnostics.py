"""The diagnostics bundle: what somebody far away needs to understand a problem, without a secret or a person in it."""

from __future__ import annotations

import json
import platform
import sys
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from pydantic import SecretStr

from leadgen_assets.desk.scrub import Scrubber
from leadgen_assets.desk.status import sprint_status
from leadgen_assets.settings import Settings
from leadgen_assets.stores.mongo import MongoDatabase, collection
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.slow_commands import slow_commands

LOG_LINES = 400
_SPRINTS = 3


@dataclass(frozen=True)
class Bundle:
    """What was written where."""

    path: Path
    parts: tuple[str, ...]


def write_bundle(path: Path, parts: Mapping[str, str | Mapping[str, Any] | list[Any]], scrub: Scrubber) -> Bundle:
    """Write a zip of JSON and text files, private to the user. Everything passes the scrubber, texts and JSON alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in parts.items():
            text = scrub.text(content) if isinstance(content, str) else json.dumps(_clean(content, scrub), indent=2)
            bundle.writestr(name, text + "\n")
    return Bundle(path, tuple(parts))


def versions() -> dict[str, Any]:
    """Python, system and packages."""
    packages = sorted(
        {(each.metadata["Name"], each.version) for each in distributions()}, key=lambda each: each[0].lower()
    )
    memory = psutil.virtual_memory()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": psutil.cpu_count(),
        "memory_gb": round(memory.total / 1e9, 1),
        "load": psutil.getloadavg()[0],
        "packages": dict(packages),
    }


def settings_without_secrets(settings: Settings) -> dict[str, Any]:
    """Every setting: secrets as set or not set, addresses as host and port, paths without the user's folder."""
    return {name.upper(): _shown(value) for name, value in dict(settings).items()}


def collections(db: MongoDatabase) -> dict[str, Any]:
    """Documents, size and indexes of every collection."""
    found: dict[str, Any] = {"server": db.client.server_info()["version"]}
    for each in sorted(db.list_collection_names()):
        if not each.startswith("system."):
            stats = next(iter(db[each].aggregate([{"$collStats": {"storageStats": {}}}])))["storageStats"]
            found[each] = {
                "documents": stats.get("count", stats.get("timeseries", {}).get("bucketCount")),
                "mb": round(stats["size"] / 1e6, 2),
                "indexes": sorted(stats.get("indexSizes", {})),
            }
    return found


def sprints(stores: OpenStores) -> list[dict[str, Any]]:
    """Status and changes of the latest sprints: figures, no leads."""
    found = []
    for each in stores.book.list(_SPRINTS):
        changes = [{name: str(value) for name, value in change.items()} for change in each.changes]
        found.append({**_try(partial(_status, stores, each.key)), "changes": changes})
    return found


def _status(stores: OpenStores, key: str) -> dict[str, Any]:
    return sprint_status(stores, key).to_json()


def records(stores: OpenStores) -> dict[str, Any]:
    """Alerts, incidents and slow commands of late."""
    since = datetime.now(UTC) - timedelta(days=2)
    return {
        "alerts": [
            {name: str(getattr(each, name)) for name in ("rule", "severity", "state", "raised_at", "resolved_at")}
            for each in stores.alerts.list(50)
        ],
        "incidents": [
            {"id": each.id, "severity": each.severity, "opened_at": str(each.opened_at), "is_open": each.is_open}
            for each in stores.incidents.list(limit=20)
        ],
        "slow_commands": slow_commands(collection(stores.db, "slow_commands"), since),
    }


def logs(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """(name in the bundle, last lines) of every log file in a folder."""
    for path in sorted(folder.glob("*.log")) if folder.is_dir() else ():
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                yield f"logs/{prefix}{path.name}", "".join(deque(file, maxlen=LOG_LINES))
        except OSError as error:
            yield f"logs/{prefix}{path.name}", f"could not be read: {type(error).__name__}"


def guarded(part: Callable[[], Any]) -> Any:
    """A part, or why it could not be had: a bundle is wanted most when something is broken."""
    return _try(part)


def _try(part: Callable[[], Any]) -> Any:
    try:
        return part()
    except Exception as error:
        return {"could_not_be_read": type(error).__name__}


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else "empty"
    if isinstance(value, str) and "://" in value:
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if isinstance(value, Path):
        home = str(Path.home())
        text = str(value)
        return f"~{text[len(home) :]}" if home != "/" and text.startswith(home) else text
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _clean(value: Any, scrub: Scrubber) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _clean(each, scrub) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each, scrub) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return scrub.line(str(value))
