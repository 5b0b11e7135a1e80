"""Text that people may send to others: secrets, addresses, profiles, phone numbers and names of leads taken out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import pairwise

from pydantic import SecretStr

from leadgen_assets.settings import Settings
from leadgen_assets.stores.mongo import LEADS, MongoDatabase
from leadgen_assets.vendors.redaction import HIDDEN, redacted

_PIECE = 200
"""Characters that are looked at together; `redacted` shortens what is longer."""
_SHORTEST_SECRET = 4
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class Scrubber:
    """Takes out what must not leave. `names` are people's full names."""

    def __init__(self, secrets: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self._secrets = sorted({each for each in secrets if len(each) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._pairs = {pair for name in names for pair in _pairs(name)}

    def line(self, text: str) -> str:
        """One line without what must not leave; its length stays about the same."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        pieces = textwrap.wrap(text, _PIECE, break_long_words=False, break_on_hyphens=False)
        return self._without_names(" ".join(redacted(each, (), {}) for each in pieces))

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


def secrets_of(settings: Settings) -> Iterator[str]:
    """Every secret in the settings, and the passwords inside addresses."""
    for value in dict(settings).values():
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
    for address in (
        settings.leadgen_mongo_uri,
        settings.leadgen_redis_url,
        settings.dagster_pg_url,
        settings.leadgen_storage,
    ):
        found = re.search(r"://[^/@]*:([^/@]+)@", address or "")
        if found:
            yield found[1]


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
