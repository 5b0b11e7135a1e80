"""Data Docs: the results as pages that open offline. One process builds at a time, readers never see half a site."""

from __future__ import annotations

import logging
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from leadgen_assets.checks.suites import PROJECT

logger = logging.getLogger(__name__)

KEEP = 100
"""Results that stay. The index and every page are rebuilt from all of them, about 18 ms each."""


def site_of(state: Path) -> Path:
    """The current site, a link to the last complete build."""
    return state / "site"


def page_url(key: Sequence[str], state: Path, docs_url: str | None = None) -> str:
    """Address of a result's page, below `docs_url` if the site is served, else as a file."""
    base = docs_url.rstrip("/") if docs_url else site_of(state.absolute()).as_uri()
    return "/".join((base, "validations", *key)) + ".html"


def publish(state: Path, keep: int = KEEP, project: Path = PROJECT) -> Path:
    """Build the site from the newest `keep` results, switch to it in one step, and return its index page.

    Older results are deleted. When another process has already built a site that holds every result, it stays.
    """
    state.mkdir(parents=True, exist_ok=True)
    with FileLock(state / "site.lock"):
        index, started = site_of(state) / "index.html", time.time()
        results = _prune(state / "validations", keep)
        if _is_current(index, results):
            return index
        build = state / "builds" / uuid.uuid4().hex
        _build(state, build, project)
        os.utime(build / "index.html", (started, started))
        _switch(site_of(state), build)
        for other in build.parent.iterdir():
            if other != build:
                shutil.rmtree(other, ignore_errors=True)
    return index


def _build(state: Path, build: Path, project: Path) -> None:
    from leadgen_assets.checks.project import opened

    with opened(state, build, project) as context:
        context.build_data_docs()
    # Fonts and pictures of the original pages; ours carry their stylesheet inside.
    shutil.rmtree(build / "static", ignore_errors=True)


def _switch(link: Path, build: Path) -> None:
    fresh = link.with_name(f".{link.name}.{build.name}")
    fresh.symlink_to(build.relative_to(link.parent), target_is_directory=True)
    os.replace(fresh, link)


def _is_current(index: Path, results: Sequence[Path]) -> bool:
    if not index.exists():
        return False
    built = index.stat().st_mtime
    return all(each.stat().st_mtime < built for each in results)


def _prune(validations: Path, keep: int) -> list[Path]:
    """The newest results; the others are deleted with the run directories they leave empty, never a suite's own."""
    found = sorted(validations.glob("*/*/*/*.json"), key=lambda each: (each.stat().st_mtime, str(each)), reverse=True)
    for old in found[keep:]:
        old.unlink(missing_ok=True)
        for directory in (old.parent, old.parent.parent):
            if not any(directory.iterdir()):
                directory.rmdir()
    return found[:keep]
