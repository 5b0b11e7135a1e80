"""Data docs: readable offline, without a person in them, replaced in one step, and not growing for ever."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest

from leadgen_assets.checks import docs
from leadgen_assets.checks.runner import validate
from leadgen_tests.quality.frames import (
    PARAMETERS,
    PLANTED,
    PLANTED_EMAIL,
    PLANTED_PROFILE,
    good,
    with_value,
)

ELSEWHERE = re.compile(r"(https?:)?//|url\(|@import|<script|<iframe", re.IGNORECASE)


class References(HTMLParser):
    """Everything a page loads or links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A state directory after a sprint in which one person violates every rule about persons."""
    ready = good("crm_ready")
    for column, value in {
        "full_name": None,
        "email": f"{PLANTED_EMAIL} ",
        "linkedin_url": f"{PLANTED_PROFILE}?x",
        "target_title": PLANTED,
        "location_country": PLANTED,
    }.items():
        ready = with_value(ready, column, value, 2)
    validate("crm_ready", ready, PARAMETERS, "planted", state=tmp_path)
    unreadable = with_value(good("scored"), "data_quality_score", PLANTED)
    validate("scored", unreadable, PARAMETERS, "planted", state=tmp_path)
    docs.publish(tmp_path)
    return tmp_path


def test_neither_results_nor_pages_contain_a_person_who_breaks_the_rules(planted: Path) -> None:
    """NFR-011: a quality report says which lead, by id, never who."""
    files = [each for each in planted.rglob("*") if each.is_file()]
    assert {each.suffix for each in files} >= {".json", ".html"}
    for each in files:
        text = each.read_text(errors="replace").lower()
        assert "quackenbush" not in text, each
        assert "zebulon" not in text, each


def test_pages_load_nothing_and_lead_nowhere_else(planted: Path) -> None:
    """NFR-011: reading a report must not tell anybody that it was read."""
    pages = list((planted / "site").resolve().rglob("*.html"))
    assert len(pages) >= 8
    for page in pages:
        text = page.read_text()
        parser = References()
        parser.feed(text)
        assert parser.found
        for reference in parser.found:
            assert not ELSEWHERE.match(reference)
            target = page.parent / reference.partition("#")[0]
            assert target.exists(), (page, reference)
        assert not ELSEWHERE.search(re.sub(r"<td.*?</td>", "", text, flags=re.DOTALL)), page


def test_a_page_shows_result_threshold_and_lead_ids(planted: Path) -> None:
    """OPS-05: the page a check links to explains the failure by itself."""
    [page] = (planted / "site" / "validations" / "crm_ready").rglob("*.html")
    text = page.read_text()
    assert "Required: every value present" in text
    assert "Lead ids (sample)" in text
    assert good("crm_ready")["lead_id"][0] in text


def test_the_address_of_a_result_is_the_page_that_is_built(tmp_path: Path) -> None:
    """The link in a check's metadata opens."""
    outcome = validate("golden", good("golden"), PARAMETERS, "2026-S47|x y", state=tmp_path)[0]
    assert outcome.docs_url is not None
    docs.publish(tmp_path)
    assert Path(outcome.docs_url.removeprefix("file://")).exists()
    served = validate("golden", good("golden"), PARAMETERS, "r", state=tmp_path, docs_url="http://127.0.0.1:8080/dq/")[
        0
    ]
    assert str(served.docs_url).startswith("http://127.0.0.1:8080/dq/validations/golden/r/")


def test_only_the_newest_results_stay(tmp_path: Path) -> None:
    """A year of sprints must not make every gate slower."""
    for number in range(4):
        validate("golden", good("golden"), PARAMETERS, f"run{number}", state=tmp_path)
        [result] = (tmp_path / "validations" / "golden" / f"run{number}").rglob("*.json")
        os.utime(result, (1_000_000 + number, 1_000_000 + number))
    docs.publish(tmp_path, keep=2)
    assert sorted(each.name for each in (tmp_path / "validations" / "golden").iterdir()) == ["run2", "run3"]
    pages = (tmp_path / "site" / "validations" / "golden").rglob("*.html")
    assert sorted(each.parent.parent.name for each in pages) == ["run2", "run3"]


def test_threads_of_one_process_take_turns(tmp_path: Path) -> None:
    """Great Expectations breaks in threads; a process that checks several partitions at once must not."""

    def validated_and_published(number: int) -> bool:
        outcomes = validate("golden", good("golden"), PARAMETERS, f"thread{number}", state=tmp_path)
        docs.publish(tmp_path)
        return all(each.passed for each in outcomes)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(validated_and_published, range(8)))
    pages = (tmp_path / "site" / "validations" / "golden").rglob("*.html")
    assert len({each.parent.parent.name for each in pages}) == 8


def test_a_new_build_replaces_the_old_in_one_step_and_leaves_no_rubbish(tmp_path: Path) -> None:
    """A reader sees a whole site, before and after; a build that died is swept away."""
    (tmp_path / "builds" / "died").mkdir(parents=True)
    validate("golden", good("golden"), PARAMETERS, "one", state=tmp_path)
    index = docs.publish(tmp_path)
    first = index.resolve()
    assert docs.publish(tmp_path).resolve() == first, "nothing new, nothing built"
    validate("golden", good("golden"), PARAMETERS, "two", state=tmp_path)
    second = docs.publish(tmp_path).resolve()
    assert second != first
    assert [each.name for each in (tmp_path / "builds").iterdir()] == [second.parent.name]
    assert not second.parent.joinpath("static").exists()
