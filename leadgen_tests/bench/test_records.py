"""The leads that are measured: as many as asked for, all different, all invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadgen_assets.bench.ground import SPRINT_FILE, Ground
from leadgen_assets.bench.records import pages, write_records
from leadgen_assets.collection.normalising import normalise_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.sprint_file import load_sprint


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    made = Ground(600, tmp_path_factory.mktemp("bench"))
    write_records(made)
    return made


def test_the_segments_are_those_of_the_real_sprint_in_proportion(ground: Ground) -> None:
    """Issue item 8: a size says how many records go through the stages, whatever the size."""
    delivered = {each.id: sum(len(page.records) for page in pages(ground, each)) for each in ground.sprint.segments}

    assert len(delivered) == 10
    assert sum(delivered.values()) == ground.size
    real = load_sprint(SPRINT_FILE)
    assert [each.leads / ground.size for each in ground.sprint.segments] == pytest.approx(
        [each.leads / sum(other.leads for other in real.segments) for each in real.segments], abs=0.02
    )


def test_people_are_invented_and_no_two_records_are_one_lead(ground: Ground) -> None:
    """Charter: sample people live on reserved domains."""
    done = [
        normalise_pages(pages(ground, each), mapper(each.source), ground.profile) for each in ground.sprint.segments
    ]

    ids = [lead for each in done for lead in each.leads["lead_id"]]
    domains = {email.rpartition("@")[2] for each in done for email in each.leads["email"].dropna()}
    assert len(ids) == len(set(ids)) > 0.95 * ground.size
    assert domains
    assert all(domain.endswith((".example", "example.com", "example.org", "example.net")) for domain in domains)


def test_the_same_size_has_the_same_records(ground: Ground, tmp_path: Path) -> None:
    """Issue item 8: two runs measure the same work."""
    again = Ground(ground.size, tmp_path)
    write_records(again)

    for each in ground.records.iterdir():
        assert (again.records / each.name).read_bytes() == each.read_bytes()
