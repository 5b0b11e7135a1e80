"""Sales Navigator export files against vendors.md §4.2."""

from __future__ import annotations

import csv
import io

import pytest

from leadgen_assets.sandbox.sales_navigator import (
    CONNECTIONS_HEADER,
    EVABOOT_HEADER,
    PHANTOMBUSTER_HEADER,
    shapes_of,
    table,
    write_exports,
)
from leadgen_assets.sandbox.world import World
from leadgen_tests.sandbox.vendor_server import small_world


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "sales_navigator"
    write_exports(small_world(), folder)
    return folder


def rows(path, encoding, delimiter=",", skip=0):
    text = path.read_bytes().decode(encoding)
    lines = text.splitlines(keepends=True)[skip:]
    return list(csv.DictReader(io.StringIO("".join(lines)), delimiter=delimiter))


def test_two_segments_of_three_files_hold_all_rows(folder):
    """Contract: the folder of a sprint's segments 9 and 10."""
    names = sorted(path.name for path in folder.iterdir())
    shapes = ("evaboot", "phantombuster", "users-connections")
    assert names == [f"segment-{number}-{shape}.csv" for number in (1, 2) for shape in shapes]
    delivered = (
        len(rows(folder / "segment-1-phantombuster.csv", "utf-8"))
        + len(rows(folder / "segment-1-users-connections.csv", "utf-8-sig", skip=3))
        + len(rows(folder / "segment-1-evaboot.csv", "utf-8", ";"))
    )
    assert delivered == len(small_world().pool("sales-navigator-1"))


def test_phantombuster_has_two_families_of_urls(folder):
    """§4.2: /sales/lead/<token>,NAME_SEARCH,… and the public profile; some rows have only the token."""
    found = rows(folder / "segment-1-phantombuster.csv", "utf-8")
    assert tuple(found[0]) == PHANTOMBUSTER_HEADER
    people = [row for row in found if row["vmid"]]
    assert all(row["profileUrl"].startswith(f"https://www.linkedin.com/sales/lead/{row['vmid']},") for row in people)
    only_token = [row for row in people if row["vmid"] in row["defaultProfileUrl"]]
    assert only_token
    assert len(only_token) < len(people) / 2


def test_connections_start_with_a_mark_and_three_lines_of_notes(folder):
    """§4.2: BOM, `Notes:`, a quoted paragraph, a blank line, then the header; addresses mostly blank."""
    path = folder / "segment-1-users-connections.csv"
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfNotes:")
    found = rows(path, "utf-8-sig", skip=3)
    assert tuple(found[0]) == CONNECTIONS_HEADER
    day, month, year = found[0]["Connected On"].split()
    assert (len(day), len(month), len(year)) == (2, 3, 4)


@pytest.mark.parametrize(("segment", "encoding", "delimiter"), [(1, "utf-8", ";"), (2, "utf-16", "\t")])
def test_evaboot_files_have_other_delimiters_and_encodings(folder, segment, encoding, delimiter):
    """§4.2: `;` and tab, BOM and UTF-16."""
    found = rows(folder / f"segment-{segment}-evaboot.csv", encoding, delimiter)
    assert tuple(found[0]) == EVABOOT_HEADER
    people = [row for row in found if row["Full Name"]]
    assert all(row["LinkedIn URL Public"] or row["Sales Navigator URL"] for row in people)
    assert any(row["Email"] for row in people)
    assert not all(row["Email"] for row in people)


def test_a_row_of_nobody_has_neither_name_nor_profile():
    """REQ-011: rows for quarantine, in every shape."""
    world = World.generate(people=6_000)
    nobody = [seen for seen in world.sightings("sales_navigator") if seen.junk]
    assert nobody
    for segment in ("1", "2"):
        for name, shape in shapes_of(segment).items():
            text = table(shape, [seen for seen in nobody if seen.shape == name]).decode(shape.encoding)
            assert "/in/" not in text
            assert "/sales/lead/" not in text


def test_writing_again_gives_the_same_bytes(folder):
    """Design 12."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_exports(small_world(), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
