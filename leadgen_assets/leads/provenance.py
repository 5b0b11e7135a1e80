"""Where each field of a lead came from, as text in a frame: every origin once, with the fields it gave (NFR-011).

`[{"source": …, "segment": …, "observed_at": …, "lead_id": …, "fields": ["email", "phone"]}, …]`: nearly always one
record gave nearly everything, and this takes a sixth of the memory of an origin for each field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

Origins = dict[str, dict[str, Any]]
"""{field: {source, segment, observed_at, lead_id}}."""


def origin_text(source: object, segment: object, observed_at: object, lead_id: object) -> str:
    """An origin as text whose end is open for the fields; what is not text is null."""
    who, where, when, lead = _quoted(source), _quoted(segment), _quoted(observed_at), _quoted(lead_id)
    return f'{{"source": {who}, "segment": {where}, "observed_at": {when}, "lead_id": {lead}'


def fields_text(fields: Iterable[str]) -> str:
    """The end of an origin: the fields it gave, in alphabetical order."""
    return _fields_text(tuple(sorted(fields)))


@lru_cache(maxsize=4096)
def _fields_text(fields: tuple[str, ...]) -> str:
    return f', "fields": {json.dumps(fields)}}}'


def united(fields: Mapping[str, Iterable[str]]) -> str:
    """The text for {origin as of `origin_text`: fields it gave}; the same for whatever order they are given in."""
    return "[" + ", ".join(origin + fields_text(names) for origin, names in sorted(fields.items())) + "]"


def amended(text: object, origins: Mapping[str, str]) -> str:
    """The text with other origins for some fields, each as of `origin_text`."""
    fields: dict[str, list[str]] = {}
    if isinstance(text, str) and text.startswith("["):
        for each in json.loads(text):
            fields[_text_of(each)] = [name for name in each["fields"] if name not in origins]
    else:
        for name, origin in read(text).items():
            if name not in origins:
                fields.setdefault(_text_of(origin), []).append(name)
    for name, told in origins.items():
        fields.setdefault(told, []).append(name)
    return united({origin: names for origin, names in fields.items() if names})


def read(said: object) -> Origins:
    """{field: origin} of such a text or of what is stored of it, fields in alphabetical order; {} where there is none.

    Frames and documents of before 2026-11-22 hold {field: origin} itself, which is understood too.
    """
    whole = said if isinstance(said, Mapping) else as_stored(said)
    if "origins" not in whole:
        return dict(whole)
    found: Origins = {}
    for each in whole["origins"]:
        origin = {name: value for name, value in each.items() if name != "fields"}
        found.update(dict.fromkeys(each["fields"], origin))
    return dict(sorted(found.items()))


def as_stored(text: object) -> dict[str, Any]:
    """What a document holds of such a text: `{"origins": [...]}`; {} where there is none."""
    said = json.loads(text) if isinstance(text, str) and text else {}
    return said if isinstance(said, dict) else {"origins": said}


def _text_of(origin: Mapping[str, Any]) -> str:
    return origin_text(origin.get("source"), origin.get("segment"), origin.get("observed_at"), origin.get("lead_id"))


def _quoted(value: object) -> str:
    return encode_basestring_ascii(value) if isinstance(value, str) else "null"
