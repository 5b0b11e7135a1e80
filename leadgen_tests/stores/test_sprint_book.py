"""Sprints on record and their changes while they run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from leadgen_assets.sprint_file import Segment, parse_sprint
from leadgen_assets.stores.errors import StoreConflict, StoreMissing
from leadgen_assets.stores.sprint_book import SprintBook, SprintState

TEXT = """
name: autumn
target: {collected: 100, unique: 90}
profile: {titles: [PPC Manager]}
segments:
  - {id: apollo-1, source: apollo, leads: 60}
  - {id: zoominfo, source: zoominfo, leads: 40}
budget: {usd: 100}
"""


@pytest.fixture
def book(database):
    return SprintBook(database)


@pytest.fixture
def sprint():
    return parse_sprint(TEXT)


def test_a_sprint_is_opened_once(book, sprint):
    """PHX-05: starting again continues; another content under the key is refused."""
    assert book.open("autumn-1", sprint)
    assert not book.open("autumn-1", sprint)
    assert book.get("autumn-1").sprint == sprint
    other = parse_sprint(TEXT.replace("usd: 100", "usd: 200"))
    with pytest.raises(StoreConflict, match="autumn-1"):
        book.open("autumn-1", other)


def test_a_changed_sprint_may_be_opened_from_its_file_again(book, sprint):
    """Requirements §2: the plan changes in mid-sprint without the file."""
    book.open("autumn-1", sprint)
    changed = book.pause("autumn-1", "zoominfo", reason="credits out")
    assert not book.open("autumn-1", sprint)
    assert not book.open("autumn-1", changed.sprint)
    assert book.get("autumn-1").sprint.segment("zoominfo").paused


def test_every_change_is_on_record(book, sprint):
    """PHX-04: add, pause, resume, retarget; what changes nothing leaves no trace."""
    book.open("autumn-1", sprint)
    extra = Segment(id="brightdata-1", source="brightdata", leads=10)
    book.add_segment("autumn-1", extra)
    book.add_segment("autumn-1", extra)
    book.pause("autumn-1", "zoominfo")
    book.pause("autumn-1", "zoominfo")
    book.retarget("autumn-1", {"apollo-1": 90, "brightdata-1": 20}, reason="zoominfo is down")
    book.resume("autumn-1", "zoominfo")
    found = book.get("autumn-1")
    assert [each["what"] for each in found.changes] == ["add_segment", "pause", "retarget", "resume"]
    assert {each.id: each.leads for each in found.sprint.segments} == {
        "apollo-1": 90,
        "zoominfo": 40,
        "brightdata-1": 20,
    }
    assert found.changes[2]["reason"] == "zoominfo is down"


def test_changes_obey_the_rules_of_a_sprint_file(book, sprint):
    """Requirements §2: a change cannot make what a file could not say."""
    book.open("autumn-1", sprint)
    with pytest.raises(ValueError):
        book.retarget("autumn-1", {"apollo-1": 0})
    with pytest.raises(KeyError, match="zoominfo"):
        book.pause("autumn-1", "nowhere")
    with pytest.raises(StoreConflict, match="apollo-1"):
        book.add_segment("autumn-1", Segment(id="apollo-1", source="apollo", leads=5))
    assert book.get("autumn-1").changes == ()


def test_changes_at_the_same_time_all_hold(book, sprint, database):
    """PHX-04: two operators, ten segments."""
    book.open("autumn-1", sprint)

    def add(number: int) -> None:
        SprintBook(database).add_segment("autumn-1", Segment(id=f"s-{number}", source="apollo", leads=1))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(add, range(10)))
    assert len(book.get("autumn-1").sprint.segments) == 12


def test_figures_states_and_lists(book, sprint):
    """OPS-02: counts, result and state by sprint; the latest is the one opened last."""
    assert (book.latest(), book.list()) == (None, [])
    book.open("autumn-1", sprint)
    book.open("autumn-2", sprint)
    book.record_counts("autumn-1", {"apollo-1": {"leads": 5}}, {"apollo-1": 1})
    book.record_result("autumn-1", {"gates": {"passed": True}})
    book.record_result("autumn-1", {"report": "r.html"})
    book.set_state("autumn-1", SprintState.RUNNING)
    book.set_state("autumn-1", "running")
    found = book.get("autumn-1")
    assert (found.counts, found.pages) == ({"apollo-1": {"leads": 5}}, {"apollo-1": 1})
    assert found.result == {"gates": {"passed": True}, "report": "r.html"}
    assert found.state is SprintState.RUNNING
    assert [each["what"] for each in found.changes] == ["state"]
    assert book.latest().key == "autumn-2"
    assert [each.key for each in book.list()] == ["autumn-2", "autumn-1"]


@pytest.mark.parametrize(
    "action",
    [
        lambda book: book.get("none"),
        lambda book: book.set_state("none", "running"),
        lambda book: book.record_counts("none", {}),
        lambda book: book.pause("none", "a"),
    ],
)
def test_an_unknown_sprint_is_named(book, action):
    """PHX-01: the message says which key and what to do."""
    with pytest.raises(StoreMissing, match="none"):
        action(book)


def test_an_unknown_state_is_refused(book, sprint):
    """PHX-05: only the states there are."""
    book.open("autumn-1", sprint)
    with pytest.raises(ValueError, match="sleeping"):
        book.set_state("autumn-1", "sleeping")
