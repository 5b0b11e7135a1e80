"""Text that people may send to others: secrets, addresses, profiles, phone numbers and names of leads taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from leadgen_assets.redaction.known import HIDDEN, pattern_of
from leadgen_assets.redaction.text import strict
from leadgen_assets.stores.mongo import LEADS, MongoDatabase

_SHORTEST_SECRET = 4
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class Scrubber:
    """Takes out what must not leave. `names` are people's full names."""

    def __init__(self, secrets: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self._secrets = pattern_of(each for each in secrets if len(each) >= _SHORTEST_SECRET)
        self._pairs = {pair for name in names for pair in _pairs(name)}

    def line(self, text: str) -> str:
        """One line without what must not leave."""
        return self._without_names(strict(text, self._secrets))

    def text(self, text: str) -> str:
        """Several lines."""
        return "\n".join(self.line(each) for each in text.splitlines())

    def _without_names(self, text: str) -> str:
        """A first name beside its last name is a person; alone either may be a word."""
        if not self._pairs:
            return text
        words = list(_WORD.finditer(text))
        hidden: set[int] = set()
        for at, (first, second) in enumerate(pairwise(words)):
            if (first[0].casefold(), second[0].casefold()) in self._pairs:
                hidden |= {at, at + 1}
        for at in sorted(hidden, reverse=True):
            text = text[: words[at].start()] + HIDDEN + text[words[at].end() :]
        return text


def names_of_leads(db: MongoDatabase, limit: int = 250_000) -> Iterator[str]:
    """Full names on record, for taking them out of texts."""
    for each in db[LEADS].find({}, {"full_name": 1, "_id": 0}).limit(limit):
        if each.get("full_name"):
            yield str(each["full_name"])


def _pairs(name: str) -> Iterator[tuple[str, str]]:
    words = [each.casefold() for each in _WORD.findall(name)]
    if len(words) >= 2:
        yield words[0], words[-1]
        yield words[-1], words[0]
        yield from pairwise(words)
