"""Peers collect the same people from the same vendor; one that is not installed is left out, by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leadgen_assets.bench import peering, suite
from leadgen_assets.bench.peering import PEERS, search_body
from leadgen_assets.bench.stages import BY_NAME
from leadgen_assets.vendors.contracts import SearchQuery
from leadgen_tests.sprint.vendors import no_limits, serving


@pytest.mark.parametrize("script", ["tight", "naive"])
def test_a_script_collects_as_many_people_as_it_is_told(script: str, tmp_path: Path, mongo_uri: str) -> None:
    """Issue 5: peers are measured on the same vendor pages, and say what they took without their imports."""
    query = SearchQuery(titles=("Performance Marketing Manager", "PPC Manager"), countries=("US",))
    task = tmp_path / "task.json"
    with serving(no_limits(tmp_path / "limits.yaml")) as sandbox:
        searches = [{"body": search_body(query), "leads": 30}]
        said = {"base": f"{sandbox.url}/apollo/api/v1", "key": "sandbox", "searches": searches, "mongo": mongo_uri}
        task.write_text(json.dumps({**said, "folder": str(tmp_path)}))
        command = [sys.executable, str(PEERS / f"{script}.py"), str(task)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        asked = sandbox.calls()["apollo"]["operations"]

    assert 25 <= told["leads"] <= 30
    assert told["seconds"] > 0
    assert asked == {"search": {"200": 1}, "bulk_match": {"200": 3}}


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Issue 5: peers come on demand; without them the rest is measured."""
    monkeypatch.setattr(peering, "PEERS_PYTHON", tmp_path / "nowhere")
    told: list[str] = []

    assert list(suite.run([(BY_NAME["peer-dlt"], 1_000)], tmp_path, told.append)) == []
    assert told == ["peer-dlt is left out: `make bench` installs it"]
