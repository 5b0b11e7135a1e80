"""Every command, every argument and option, with words nobody should type: a reason and an exit code, never a stack."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from leadgen_assets.cli.main import app
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import dump_sprint
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_tests.fuzz.command_lines import complaint, places, room, words
from leadgen_tests.fuzz.sizes import counted, factor, is_full
from leadgen_tests.sprint.plans import small_sprint


@pytest.fixture
def stores(settings: Settings, redis_client: Any) -> Iterator[OpenStores]:
    with open_stores(settings) as opened:
        opened.book.open("fuzz", small_sprint("fuzz"))
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files and folders a command may be pointed at."""
    for name, content in {
        "no.yaml": b"name: [", "bytes.yaml": b"\xff\xfe\x00", "empty.json": b"", "list.json": b"[1, null]",
        "deep.json": b"[" * 9000,
        "wrong.json": b'{"L1": {"a": "\\ud800"}}', "people.csv": b"Email\nada@one.example\n", "no.csv": b"PK\x03\x04",
        "half.csv": b'"',
        "page.md": b"# nothing", "records.json": b'[{"lead_id": ["x"], "raw": {}}]',
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "good.yaml").write_text(dump_sprint(small_sprint("good")), "utf-8")
    return tmp_path


def test_every_command_takes_any_word(stores: OpenStores, folder: Path) -> None:
    """Issue "Bad input": exit code 0, 1 or 2 and a reason, for each place of each command."""
    chance = random.Random(random.random())
    chosen = list(places()) * max(1, round(8 * factor())) if is_full() else chance.sample(places(), 40)
    complaints: dict[str, str] = {}
    with room(stores, folder):
        for place in chosen:
            line = place.line(words(chance, folder))
            counted["test_commands::test_every_command_takes_any_word"] += 1
            if (said := complaint(line)) is not None:
                complaints.setdefault(f"{' '.join(place.command)} {place.option or ''}: {said}", ascii(line)[:300])
    told = "\n".join(f"{what}\n    {line}" for what, line in sorted(complaints.items()))
    assert not complaints, f"\n{told}"


PINNED = (
    ("quarantine", "list", "--segment=a=\udcff"),
    ("quarantine", "show", "\udc80"),
    ("quarantine", "replay", "--from=/dev/zero"),
    ("quarantine", "replay", "--from=deep.json"),
    ("quarantine", "replay", "--from=records.json"),
    ("quarantine", "replay", "--set=" + "a." * 3000 + "b=c"),
    ("report", "list", "--sprint=\udcff"),
    ("backup", "verify", "a" * 300),
    ("incident", "report", "x", "--out=.."),
    ("incident", "note", "x", "--incident=" + "x" * 100_000),
    ("sprint", "open", "good.yaml", "--key=../../x"),
    ("sprint", "open", "good.yaml", "--key=a/b|c"),
    ("sprint", "status", "\x1b[31m"),
    ("sprint", "plan", "/dev/zero"),
    ("dashboard", "--listener=99999999999999999999"),
    ("alerts", "quiet", "error_rate", "--minutes=1e300"),
    ("alerts", "quiet", "error_rate", "--minutes=nan"),
    ("chaos", "--seeds=99999999999999999999"),
    ("sandbox", "serve", "--people=99999999999999999999"),
)
"""Found by the test above, or while it was written, and mended."""


@pytest.mark.parametrize("line", PINNED, ids=lambda line: ascii(" ".join(line))[:40])
def test_what_once_ended_in_a_stack_is_told(line: tuple[str, ...], stores: OpenStores, folder: Path) -> None:
    """Issue "Bad input": and exit code 2."""
    with room(stores, folder):
        done = CliRunner().invoke(app, list(line))
        assert complaint(list(line)) is None
    assert done.exit_code == 2, done.output
