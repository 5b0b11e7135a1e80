"""Where long-running parts of this home are (dashboard, Dagster's web UI), for commands that come later."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from leadgen_assets.services.home import read_json, write_json
from leadgen_assets.services.processes import ProcessIdentity

DASHBOARD, DAGSTER = "dashboard", "dagster-ui"


@contextmanager
def announced(home: Path, what: str, url: str) -> Iterator[None]:
    """This process serves it at `url` for as long as the block lasts. A killed one leaves a record that nobody trusts."""
    record = home / f"{what}.json"
    write_json(record, {"url": url, "process": asdict(ProcessIdentity.current())})
    try:
        yield
    finally:
        if (read_json(record) or {}).get("process", {}).get("pid") == os.getpid():
            record.unlink(missing_ok=True)


def known(home: Path, what: str) -> str | None:
    """Where it is served now; None when it is not."""
    record = read_json(home / f"{what}.json")
    if record is None:
        return None
    try:
        is_alive = ProcessIdentity(**record["process"]).is_alive
    except (KeyError, TypeError):
        return None
    return str(record["url"]) if is_alive else None
