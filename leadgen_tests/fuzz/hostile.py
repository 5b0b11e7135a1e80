"""Hostile values, and documents of a known shape with something wrong in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

PLANTED = "Planted Person <planted.person@example.com> +1 415 555 0100 https://www.linkedin.com/in/planted-person"
"""Personal data in hostile places: it must not come out in an error."""
PLANTED_MARKS = ("planted.person@", "/in/planted-person", "555 0100")

_FRAGMENTS = {
    '"@@digits"': "9" * 5000,  # more digits than Python turns into a number
    '"@@arrays"': "[" * 3000 + "]" * 3000,
    '"@@objects"': '{"error":' * 450 + "1" + "}" * 450,
    '"@@overflow"': "1e400",
    '"@@twice"': '{"id":"1","id":null,"id":{"id":[]}}',
}
"""JSON that Python's encoder would not write, by the text that stands for it."""

TEXTS: tuple[str, ...] = (
    "", " ", "\x00", "a\x00b", "\r\n", "\t", "\x1b[31m", "\ud800", "a\udfffz", "\u202eevil\u202c", "\ufeff", "\u200b",
    "\U000e0041",
    "=HYPERLINK(\"http://example.com\",\"x\")", "＝1+1", "@SUM(A1)", "-2+3", "+1+1", "|calc", "%00", "../../etc/passwd",
    "http://[", "https://[::1", "//", "http://example.com:99999999/", "https://exa mple.com", "javascript:alert(1)",
    "https://www.linkedin.com/in/", "https://www.linkedin.com/in/%E0%A4%A", "linkedin.com/in/%00", "https://www.linkedin.com/in/"
    + "a" * 3000, "x@y", "@", "a@" + "b" * 300 + ".com", "\"quoted\"@example.com", "ü@exämple.com", "a@xn--", "a@[", "NaN", "inf",
    "-Infinity",
    "null", "true", "0x10", "1_000", "１２３", "²", "2020-13-45T99:99:99Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "1e999", "<html><body>502</body></html>", "{}", "[]", "{{7*7}}", "${jndi:ldap://x}",
    "'; DROP TABLE",
    "ﷺ" * 30, "İ" * 20, "ß" * 50, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A" * 20, "x" * 9_000, "x" * 100_000,
    "é" * 6_000, "🧑‍🦰" * 2_000, "( " * 5_000, "a," * 5_000, "0" * 5_000,
    *_FRAGMENTS, PLANTED,
)  # fmt: skip
_NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
_SHAPES: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], [None], [{}], {"": None}, {"a": {"b": {"c": []}}}, [1, "a", None],
)  # fmt: skip

texts: st.SearchStrategy[str] = st.sampled_from(TEXTS) | st.text(max_size=40)
values: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(_SHAPES), st.sampled_from(_NUMBERS), texts, st.integers(), st.floats(), st.lists(texts, max_size=3)
)
_OPERATIONS = ("replace", "replace", "replace", "drop", "null", "wrap", "list", "text", "repeat", "add", "nest", "swap")


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three of its nodes wrong."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(_places(document))))
        document = _changed(draw, document, path, draw(st.sampled_from(_OPERATIONS)))
    return document


def put(node: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of the document with the value in that place."""
    if not place:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[place[0]] = put(copy[place[0]] if isinstance(node, list) else copy.get(place[0]), place[1:], value)
    return copy


def encoded(document: Any) -> bytes:
    """The document as JSON, lone surrogates escaped, with what only raw text can say."""
    text = json.dumps(document)
    for mark, fragment in _FRAGMENTS.items():
        text = text.replace(mark, fragment)
    return text.encode()


@st.composite
def mangled(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes that were cut, changed, mixed up or put into another encoding."""
    kind = draw(
        st.sampled_from(("cut", "flip", "insert", "bom", "utf-16", "latin-1", "zip", "twice", "nul", "none", "reverse"))
    )
    at = draw(st.integers(0, len(content)))
    if kind == "cut":
        return content[:at]
    if kind == "flip":
        return content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]
    if kind == "insert":
        return content[:at] + draw(st.binary(max_size=20)) + content[at:]
    others = {
        "bom": b"\xef\xbb\xbf" + content,
        "utf-16": content.decode("utf-8", "replace").encode("utf-16"),
        "latin-1": content.decode("utf-8", "replace").encode("latin-1", "replace") + b"\xe9\xff",
        "zip": gzip.compress(content, 1),
        "twice": content + content,
        "nul": content.replace(b" ", b"\0"),
        "none": b"",
        "reverse": content[::-1],
    }
    return others[kind]


def lines_mutated(content: bytes) -> st.SearchStrategy[bytes]:
    """JSON lines, one of them wrong."""
    lines = content.split(b"\n")
    full = [number for number, line in enumerate(lines) if line.strip()]

    def put(number: int) -> st.SearchStrategy[bytes]:
        changed = mutated(json.loads(lines[number])).map(encoded)
        return changed.map(lambda line: b"\n".join([*lines[:number], line, *lines[number + 1 :]]))

    return st.sampled_from(full).flatmap(put) if full else mangled(content)


@st.composite
def table_mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """A CSV file with wrong cells, ragged rows, other headers."""
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(rows) - 1)))
        row = rows[at] if rows else []
        kind = draw(st.sampled_from(("cell", "cell", "drop", "more", "row", "gone", "header", "empty")))
        if kind == "cell" and row:
            row[draw(st.integers(0, len(row) - 1))] = draw(texts)
        elif kind == "drop" and row:
            row.pop()
        elif kind == "more":
            row.extend([draw(texts), ""])
        elif kind == "row" and rows:
            rows.insert(at, list(row))
        elif kind == "gone" and rows:
            rows.pop(at)
        elif kind == "header" and rows and rows[0]:
            rows[0][draw(st.integers(0, len(rows[0]) - 1))] = rows[0][0]
        elif kind == "empty":
            rows.insert(at, [])
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode("utf-8", "surrogatepass")


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of the nodes; of a list the first two and the last, so that every kind of node is about as likely."""
    yield path
    if isinstance(node, dict):
        for key in node:
            yield from _places(node[key], (*path, key))
    elif isinstance(node, list):
        for at in sorted({*range(min(2, len(node))), len(node) - 1} - {-1}):
            yield from _places(node[at], (*path, at))


def _changed(draw: st.DrawFn, node: Any, path: tuple[Any, ...], operation: str) -> Any:
    """A copy of the node in which the place at the path is changed; what is not on the way is shared."""
    if not path:
        return _replacement(draw, node, operation)
    head, *rest = path
    copy = dict(node) if isinstance(node, dict) else list(node)
    if operation == "drop" and not rest:
        del copy[head]
    else:
        copy[head] = _changed(draw, node[head], tuple(rest), operation)
    return copy


def _replacement(draw: st.DrawFn, node: Any, operation: str) -> Any:
    if operation == "wrap":
        return [node]
    if operation == "text":
        return str(node)
    if operation == "list":
        return [node, node, None]
    if operation == "nest":
        depth = draw(st.sampled_from((3, 60, 200)))
        for _ in range(depth):
            node = {"message": node}
        return node
    if operation == "repeat" and isinstance(node, list):
        return [*node, *node[:3], draw(values)]
    if operation == "add" and isinstance(node, dict):
        return {**node, draw(texts): draw(values)}
    if operation == "swap" and isinstance(node, dict) and len(node) > 1:
        keys = list(node)
        return dict(zip(keys, [node[key] for key in (*keys[1:], keys[0])], strict=True))
    return None if operation == "null" else draw(values)
