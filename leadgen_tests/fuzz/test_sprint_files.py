"""Sprint files as nobody should write them: a sprint, or a message that names file and place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import bson
import pytest
import yaml
from hypothesis import example, given

from leadgen_assets.cli.workplace import PROJECT
from leadgen_assets.collection.exports import _matching
from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.sprint_file import Sprint, SprintFileError, dump_sprint, load_sprint, parse_sprint
from leadgen_tests.fuzz.contract import says
from leadgen_tests.fuzz.hostile import put
from leadgen_tests.fuzz.sizes import cases
from leadgen_tests.fuzz.yaml_hostile import files_like

GOOD = (PROJECT / "sprints" / "rehearsal.yaml").read_text("utf-8")
CONTENT: Any = yaml.safe_load(GOOD)
EXPORTS = ("segments", next(at for at, each in enumerate(CONTENT["segments"]) if each["source"] == "sales_navigator"))


def with_line(line: str) -> bytes:
    return f"{GOOD}\n{line}\n".encode()


def instead(place: tuple[Any, ...], value: Any) -> bytes:
    return yaml.safe_dump(put(CONTENT, place, value)).encode()


@cases(quick=40, full=2500)
@given(content=files_like(CONTENT))
@example(content=b"name: \xff")
@example(content=b"[" * 5000)
@example(content=with_line("name: again"))
@example(content=with_line("x: 2020-13-45"))
@example(content=with_line("x: !!int y"))
@example(content=instead(("target", "hours"), float("inf")))
@example(content=instead(("target", "hours"), 1e300))
@example(content=instead(("target", "hours"), 1e-302))
@example(content=instead(("target", "collected"), 10**20))
@example(content=instead(("budget", "usd"), float("inf")))
@example(content=instead((*EXPORTS, "files"), "../../etc/*"))
@example(content=instead((*EXPORTS, "files"), "a**"))
@example(content=instead((*EXPORTS, "files"), "a\0b"))
@example(content=b"x: " + b"9" * 5000)
def test_a_sprint_file_is_a_sprint_or_told(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Issue "Bad input": never a traceback, always the file, the key and what to do."""
    path = tmp_path_factory.getbasetemp() / "hostile.yaml"
    path.write_bytes(content)
    try:
        sprint = load_sprint(path)
    except SprintFileError as error:
        for line in says(error).splitlines():
            assert line.startswith(f"{path}: ")
        return
    can_be_run(sprint, path.parent)


def can_be_run(sprint: Sprint, home: Path) -> None:
    """What opening and collecting it will do with the values."""
    bson.encode(sprint.model_dump(mode="json"))
    assert parse_sprint(dump_sprint(sprint)) == sprint
    assert timedelta(hours=sprint.target.hours) > timedelta(0)
    for segment in sprint.segments:
        assert Assignment("key", sprint, segment).query.titles
        if segment.files:
            assert all(each.is_relative_to(home) for each in _matching(home, segment.files))


@pytest.mark.parametrize("path", ["/dev/zero", "/", "nowhere.yaml", "a" * 300, "/proc/self/mem"])
def test_what_is_no_file_is_told(path: str) -> None:
    """Devices without end, folders, names that cannot be."""
    with pytest.raises(SprintFileError) as told:
        load_sprint(Path(path))
    assert path in says(told.value)


@pytest.mark.parametrize(
    ("content", "says_so"),
    [
        (with_line("name: again"), "a key is there twice"),
        (b"name: \xff", "line 1 is not UTF-8 text"),
        (b"x: " + b"9" * 5000, "a date, number or tag that has no value"),
        (b"[" * 5000, "nested too deeply"),
        (instead((*EXPORTS, "files"), "../../etc/*"), "a pattern below LEADGEN_HOME"),
        (instead(("target", "hours"), float("inf")), "target.hours: "),
        (instead(("target", "hours"), 1e-302), "target.hours: "),
        (instead(("target", "collected"), 10**20), "target.collected: "),
    ],
    ids=["twice", "bytes", "digits", "deep", "outside", "endless", "nothing", "many"],
)
def test_a_mistake_is_told_by_its_name(content: bytes, says_so: str, tmp_path: Path) -> None:
    """What was accepted, and broke the sprint later, or ended in a stack."""
    path = tmp_path / "sprint.yaml"
    path.write_bytes(content)
    with pytest.raises(SprintFileError) as told:
        load_sprint(path)
    assert says_so in says(told.value)
