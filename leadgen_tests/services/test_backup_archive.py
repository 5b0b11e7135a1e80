"""Backups are archives that MongoDB's own tools read: every byte as mongo-tools' format description has it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadgen_assets.services.backup import crc64 as checks
from leadgen_assets.services.backup.archive import (
    CollectionMeta,
    Prelude,
    documents,
    read_blocks,
    read_prelude,
    write_namespace,
    write_prelude,
)
from leadgen_assets.services.backup.crc64 import Crc64, Written, crc64, signed
from leadgen_assets.services.backup.errors import BackupFailed

DOCUMENTS = [bson.encode({"_id": number, "name": "Ada Example"}) for number in range(25)]


def archive(batches: Iterable[bytes] = (b"".join(DOCUMENTS[:10]), b"".join(DOCUMENTS[10:]))) -> bytes:
    """One collection and one time series of nothing."""
    out = io.BytesIO()
    metas = (
        CollectionMeta("db", "people", '{"indexes":[]}', 1, "collection"),
        CollectionMeta("db", "metrics", '{"indexes":[]}', 0, "timeseries"),
    )
    write_prelude(out, Prelude("6.0.5", "leadgen", metas))
    write_namespace(out, "db", "people", batches)
    write_namespace(out, "db", "system.buckets.metrics", [])
    return out.getvalue()


@pytest.mark.parametrize("implementation", [crc64, Written])
def test_the_check_sum_is_the_one_of_go_and_xz(implementation: Any) -> None:
    """DE-06: CRC-64 with the ECMA polynomial has a published check value; however the bytes are cut."""
    check: Crc64 = implementation()
    for piece in (b"1234", b"", b"56789"):
        check.update(piece)
    assert check.value() == 0x995DC9BBDF1939FA
    assert implementation().value() == 0
    assert signed(0x995DC9BBDF1939FA) == 0x995DC9BBDF1939FA - 2**64


@given(st.binary(max_size=4000))
@settings(max_examples=40, deadline=None)
def test_both_ways_to_compute_it_agree(data: bytes) -> None:
    """DE-06: a machine without liblzma writes the same archive."""
    fast, portable = crc64(), Written()
    fast.update(data)
    portable.update(data)
    assert fast.value() == portable.value()


def test_a_machine_without_liblzma_uses_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """DE-06: nothing but Python is needed."""
    monkeypatch.setattr(checks, "_liblzma", lambda: None)
    assert isinstance(crc64(), Written)


def test_the_bytes_are_those_that_mongodump_writes() -> None:
    """DE-06: magic number, prelude, terminator, header, documents, terminator, end with check sum, terminator."""
    end = b"\xff\xff\xff\xff"
    check = crc64()
    check.update(b"".join(DOCUMENTS))
    expected = [
        b"\x6d\xe2\x99\x81",
        bson.encode(
            {"concurrent_collections": 1, "version": "0.1", "server_version": "6.0.5", "tool_version": "leadgen"}
        ),
        bson.encode(
            {"db": "db", "collection": "people", "metadata": '{"indexes":[]}', "size": 1, "type": "collection"}
        ),
        bson.encode(
            {"db": "db", "collection": "metrics", "metadata": '{"indexes":[]}', "size": 0, "type": "timeseries"}
        ),
        end,
        bson.encode({"db": "db", "collection": "people", "EOF": False, "CRC": bson.Int64(0)}),
        *DOCUMENTS,
        end,
        bson.encode({"db": "db", "collection": "people", "EOF": True, "CRC": bson.Int64(signed(check.value()))}),
        end,
        # an empty collection has its block too, and the data of a time series are those of its buckets
        bson.encode({"db": "db", "collection": "system.buckets.metrics", "EOF": False, "CRC": bson.Int64(0)}),
        end,
        bson.encode({"db": "db", "collection": "system.buckets.metrics", "EOF": True, "CRC": bson.Int64(0)}),
        end,
    ]
    assert archive() == b"".join(expected)


def test_interleaved_blocks_as_mongodump_writes_them_are_read() -> None:
    """DE-06: the tool's own dump switches between collections at any document."""
    end = b"\xff\xff\xff\xff"

    def header(name: str, crc: int = 0, eof: bool = False) -> bytes:
        return bson.encode({"db": "db", "collection": name, "EOF": eof, "CRC": bson.Int64(crc)})

    def sum_of(parts: list[bytes]) -> int:
        check = crc64()
        check.update(b"".join(parts))
        return signed(check.value())

    first, second = DOCUMENTS[:7], DOCUMENTS[7:12]
    stream = b"".join(
        [header("a"), *first[:3], end, header("b"), *second[:1], end, header("a"), *first[3:], end,
         header("a", sum_of(first), True), end, header("b"), *second[1:], end, header("b", sum_of(second), True), end]
    )  # fmt: skip
    found: dict[str, list[bytes]] = {}
    for block in read_blocks(io.BytesIO(stream), at_once=2):
        found.setdefault(block.name, []).extend(block.documents)
    assert found == {"a": first, "b": second}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_archive_is_refused(data: st.DataObject) -> None:
    """PHX-08: a byte that changed or is missing anywhere is told as damage, never restored, never a stack."""
    whole = archive()
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    damaged = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    read: list[bytes] = []
    try:
        source = io.BytesIO(damaged)
        prelude = read_prelude(source)
        for block in read_blocks(source):
            read.extend(block.documents)
    except BackupFailed:
        return
    # what can change unnoticed here is in the prelude (the manifest's SHA-256 covers it) or cuts whole collections off
    assert read in (DOCUMENTS, [])
    assert len(prelude.collections) <= 2


def test_a_batch_that_is_not_whole_documents_is_refused() -> None:
    """DE-06: half a document is no backup."""
    with pytest.raises(BackupFailed, match="whole documents"):
        list(documents(DOCUMENTS[0][:-1]))
