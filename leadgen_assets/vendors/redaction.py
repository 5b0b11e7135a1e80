"""What a vendor's own words may not carry into our errors: secrets, people, and whatever the call was about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from leadgen_assets.redaction.known import HIDDEN, pattern_of
from leadgen_assets.redaction.text import strict

_LONGEST = 240
_WORD = re.compile(r"[^\W_]{2,}")
_SCANNED = 20_000
"""Characters of one sent text that are looked at; longer ones are files, whose classifier must quote codes only."""


def redacted(detail: str, secrets: Iterable[str], sent: Mapping[str, Any]) -> str:
    """The text on one line without the secrets, without anything that looks personal, and without sent values."""
    text = " ".join("".join(each if each.isprintable() else " " for each in detail[:_SCANNED]).split())
    text = strict(text, pattern_of(secrets))
    spoken = {word.casefold() for value in _texts(sent) for word in _WORD.findall(value)}
    text = _WORD.sub(lambda word: HIDDEN if word[0].casefold() in spoken else word[0], text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + HIDDEN


def _texts(value: Any) -> Iterator[str]:
    """Every text inside a request, however deep."""
    if isinstance(value, str):
        yield value[:_SCANNED]
    elif isinstance(value, bytes):
        yield value[:_SCANNED].decode(errors="replace")
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
