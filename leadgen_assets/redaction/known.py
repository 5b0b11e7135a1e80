"""The secrets that this process has seen, and every form in which one may turn up."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "…"
SHORTEST = 8
"""Characters. A shorter value cannot be told from ordinary words."""


class KnownSecrets:
    """A set of secrets that texts are searched for. It only grows, and is never shown."""

    def __init__(self) -> None:
        self._values: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, values: Iterable[str]) -> None:
        """Remember secrets; short ones are left out."""
        fresh = {each for each in values if len(each) >= SHORTEST} - self._values
        if fresh:
            self.replace(self._values | fresh)

    def replace(self, values: frozenset[str]) -> None:
        """Know exactly these."""
        self._values, self._pattern = values, pattern_of(values)

    @property
    def values(self) -> frozenset[str]:
        """For children and tests; never for people."""
        return self._values

    def hidden_in(self, text: str) -> str:
        """The text without any known secret."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def pattern_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Matches every form of every secret, the longest first."""
    every = {form for each in secrets if each for form in forms(each)}
    return re.compile("|".join(map(re.escape, sorted(every, key=len, reverse=True)))) if every else None


def forms(secret: str) -> Iterator[str]:
    """As it is; in URLs, forms, JSON, Python and HTML; and inside base64, as in `Authorization: Basic`."""
    yield secret
    yield from {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    yield from {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    yield html.escape(secret)
    yield from _inside_base64(secret.encode())


def _inside_base64(secret: bytes) -> Iterator[str]:
    """The characters that depend on the secret alone, for each of the three places it may begin at."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            part = encode(b"\0" * before + secret).decode()[first:last]
            if len(part) >= SHORTEST:
                yield part


KNOWN = KnownSecrets()
"""This process's. Whoever reads the settings has their secrets in it."""
