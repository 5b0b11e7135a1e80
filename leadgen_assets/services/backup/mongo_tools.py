"""MongoDB's own tools, where they are on PATH.

`mongorestore` reads our archives and is preferred for restoring. `mongodump` is used on demand only: for one database
it reads one collection after the other, so that its dump of a database in use is of no single moment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from leadgen_assets.services.backup.errors import BackupFailed


def has(tool: str) -> bool:
    """Whether the tool is on PATH."""
    return shutil.which(tool) is not None


def version_of(tool: str) -> str:
    """What the tool calls itself."""
    answer = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.splitlines()[0].strip() if answer.stdout else tool


def mongodump(uri: str, database: str, path: Path) -> None:
    """Dump a database into an archive. `BackupFailed` with the tool's last line, which holds no document."""
    _run("mongodump", uri, "--db", database, f"--archive={path}", "--gzip")


def mongorestore(uri: str, source: str, target: str, path: Path) -> None:
    """Restore an archive of database `source` into `target`."""
    names = ("--nsFrom", f"{source}.*", "--nsTo", f"{target}.*") if source != target else ()
    _run("mongorestore", uri, f"--archive={path}", "--gzip", "--nsInclude", f"{source}.*", *names,
         "--bypassDocumentValidation", "--stopOnError")  # fmt: skip


def _run(tool: str, uri: str, *arguments: str) -> None:
    with _login(uri) as config:
        done = subprocess.run([tool, "--config", config, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise BackupFailed(f"{tool} ended with exit code {done.returncode}: {last[0].replace(uri, '…')}")


@contextmanager
def _login(uri: str) -> Iterator[str]:
    """The address in a private file, because anybody can list the arguments of a process."""
    handle, name = tempfile.mkstemp(prefix="leadgen-", suffix=".yaml")
    try:
        with os.fdopen(handle, "w") as file:
            yaml.safe_dump({"uri": uri}, file)
        yield name
    finally:
        os.unlink(name)
