"""The difference of two states as a short list: what is sent to a page after it has the whole state.

Each entry is `[path, value]`, or `[path]` for a key that is gone; a path is a list of keys and positions. Lists of equal
length are compared place by place, others are replaced. `null` is a value like any other: it means "not known".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Change = list[Any]


def changes(before: Any, after: Any) -> list[Change]:
    """What turns `before` into `after`, both made of what JSON can say."""
    return list(_changes([], before, after))


def applied(before: Any, found: list[Change]) -> Any:
    """`before` with the changes made, as the page does it (static/js/changes.js)."""
    holder = {"": _copied(before)}
    for path, *value in found:
        place: Any = holder
        keys = ["", *path]
        for key in keys[:-1]:
            place = place[key]
        if value:
            place[keys[-1]] = value[0]
        else:
            del place[keys[-1]]
    return holder[""]


def _changes(path: list[str | int], before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() - after.keys():
            yield [[*path, key]]
        for key, value in after.items():
            if key not in before:
                yield [[*path, key], value]
            else:
                yield from _changes([*path, key], before[key], value)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changes([*path, position], one, other)
    elif type(before) is not type(after) or before != after:
        yield [path, after]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
