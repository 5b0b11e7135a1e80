"""Sprint files as people write them: what is planned, and every kind of mistake named by file and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadgen_assets.cli.workplace import PROJECT
from leadgen_assets.sprint_file import dump_sprint, parse_sprint
from leadgen_tests.cli.conftest import leadgen
from leadgen_tests.sprint.plans import small_sprint

GOOD: dict[str, Any] = yaml.safe_load(dump_sprint(small_sprint("good")))


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """The good file with one value replaced or added."""
    content = json.loads(json.dumps(GOOD))
    place = content
    for each in path[:-1]:
        place = place[each]
    place[path[-1]] = to
    return content


def without(key: str) -> dict[str, Any]:
    """The good file without a part."""
    return {name: value for name, value in GOOD.items() if name != key}


MISTAKES = {
    "no name": (without("name"), "name: Field required"),
    "no segments": (changed("segments", to=[]), "segments: Tuple should have at least 1 item"),
    "no budget": (without("budget"), "budget: Field required"),
    "a budget of nothing": (changed("budget", "usd", to=0), "budget.usd: Input should be greater than 0 (given: 0)"),
    "an unknown key": (changed("segmets", to=[]), "segmets: unknown key"),
    "an unknown source": (
        changed("segments", 2, "source", to="linkedin"),
        "segments[2].source: Input should be 'apollo', 'brightdata', 'zoominfo' or 'sales_navigator' (given: 'linkedin')",
    ),
    "an id twice": (changed("segments", 1, "id", to="brightdata-1"), "the id brightdata-1 is used more than once"),
    "an id with a slash": (changed("segments", 0, "id", to="a/b"), "segments[0].id: String should match pattern"),
    "leads below one": (changed("segments", 0, "leads", to=0), "segments[0].leads: Input should be greater than 0"),
    "leads in words": (
        changed("segments", 0, "leads", to="many"),
        "segments[0].leads: Input should be a valid integer",
    ),
    "exports without files": (
        changed("segments", 5, "files", to=None),
        "segments[5]: files is for source sales_navigator",
    ),
    "files for an API": (changed("segments", 0, "files", to="x*"), "segments[0]: files is for source sales_navigator"),
    "a country in words": (changed("profile", "countries", to=["USA"]), "profile.countries[0]: String should match"),
    "no titles": (changed("profile", "titles", to=[]), "profile.titles: Tuple should have at least 1 item"),
    "a share above one": (changed("gates", "duplicate_rate", to=10), "gates.duplicate_rate: Input should be less than"),
    "weights that miss": (changed("score", to={"email": 50}), "score: the five weights add up to 120, not to 100"),
    "an unknown enricher": (changed("enrichment", "email", to=["clearbit"]), "enrichment.email[0]: Input should be"),
    "an unknown CRM": (
        changed("crm", to={"target": "pipedrive"}),
        "crm.target: Input should be 'hubspot' or 'salesforce'",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("command", [("sprint", "plan"), ("doctor",)])
def test_a_mistake_names_file_key_and_what_is_allowed(nowhere: Path, mistake: str, command: tuple[str, ...]) -> None:
    """interfaces.md "A sprint is a file": one line, exit code 2, nothing started, no stack."""
    content, told = MISTAKES[mistake]
    path = nowhere / "mistaken.yaml"
    path.write_text(yaml.safe_dump(content))
    done = leadgen(*command, str(path))

    assert done.exit_code == 2
    assert f"{path}: " in done.output
    assert told in done.output
    assert not (nowhere / "home").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a mapping"),
        ("- a\n- b\n", "expected a mapping"),
        ("name: [unclosed", "not YAML"),
        ("\x00", "not YAML"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_sprint_file_is_told_as_such(nowhere: Path, text: str | None, told: str) -> None:
    """interfaces.md: also a file that is empty, no YAML, or not there."""
    path = nowhere / "file.yaml"
    if text is not None:
        path.write_text(text)
    done = leadgen("sprint", "plan", str(path))

    assert done.exit_code == 2
    assert f"{path}: " in done.output
    assert told in done.output


def test_every_mistake_of_a_file_is_told_at_once(nowhere: Path) -> None:
    """interfaces.md: nobody mends a file one run at a time."""
    content = changed("budget", "usd", to=-1) | {"crm": {"target": "none"}, "extra": 1}
    path = nowhere / "three.yaml"
    path.write_text(yaml.safe_dump(content))
    lines = leadgen("sprint", "plan", str(path)).output.strip().splitlines()

    assert [line.split(": ")[1] for line in lines] == ["budget.usd", "crm.target", "extra"]


def test_a_plan_shows_segments_leads_and_list_prices(nowhere: Path) -> None:
    """TL-08: what a sprint would cost, before anything is started."""
    path = nowhere / "good.yaml"
    path.write_text(yaml.safe_dump(GOOD))
    shown = leadgen("sprint", "plan", str(path))
    told = json.loads(leadgen("sprint", "plan", str(path), "--json").stdout)

    assert shown.exit_code == 0
    assert all(each["id"] in shown.output for each in GOOD["segments"])
    assert [each["segment"] for each in told["segments"]] == [each["id"] for each in GOOD["segments"]]
    assert next(each["usd"] for each in told["segments"] if each["segment"] == "apollo-1") == 120 * 0.025
    assert not (nowhere / "home").exists()


def test_a_plan_in_live_mode_shows_which_sources_are_off(nowhere: Path) -> None:
    """interfaces.md: in live a vendor without credentials is off."""
    path = nowhere / "good.yaml"
    path.write_text(yaml.safe_dump(GOOD))
    told = json.loads(leadgen("sprint", "plan", str(path), "--json", LEADGEN_MODE="live", APOLLO_API_KEY="k").stdout)

    on = {each["source"]: each["source_is_on"] for each in told["segments"]}
    assert on == {"apollo": True, "brightdata": False, "zoominfo": False, "sales_navigator": True}


@pytest.mark.parametrize("path", sorted((PROJECT / "sprints").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_sprint_files_that_come_along_are_good_and_survive_a_round_trip(nowhere: Path, path: Path) -> None:
    """interfaces.md: the committed files parse, and what is written back is the same sprint."""
    sprint = parse_sprint(path.read_text())

    assert leadgen("sprint", "plan", str(path)).exit_code == 0
    assert parse_sprint(dump_sprint(sprint)) == sprint
    assert sum(each.leads for each in sprint.segments) >= sprint.target.collected
