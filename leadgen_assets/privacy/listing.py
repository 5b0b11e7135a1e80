"""Putting people on the suppression list: one by name, or many from a file somebody was sent (NFR-011)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leadgen_assets.delimited_text import DELIMITERS, NotText, decoded, rows
from leadgen_assets.leads import emails, linkedin
from leadgen_assets.privacy.identifiers import Identifier, UnknownPerson, domain_in, identified
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.suppressions import Key, Suppressions
from leadgen_assets.yaml_text import shown

_HEADERS = {
    "email": ("email", "emailaddress", "mail", "workemail", "personalemail", "contactemail"),
    "person": ("linkedin", "linkedinurl", "linkedinprofile", "profileurl", "profile", "person", "url"),
    "domain": ("domain", "domains", "companydomain", "emaildomain"),
}
_MEANING = {name: meaning for meaning, names in _HEADERS.items() for name in names}


class SuppressionFileError(ValueError):
    """A file that is no list; the message names it and says what to do."""


@dataclass
class Listing:
    """What a file came to. `unreadable` are line numbers whose cells name nobody."""

    added: int = 0
    known: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    unreadable: list[int] = field(default_factory=list)


def suppress_person(stores: OpenStores, onto: Suppressions, text: str, reason: str) -> Listing:
    """A person by email, LinkedIn profile or lead id, or a domain. Whoever is stored is listed by all their keys, so that
    no other vendor brings them back. Raises `UnknownPerson`."""
    try:
        who = identified(text)
    except UnknownPerson:
        domain = domain_in(text)
        if domain is None:
            raise
        return _put(onto, [("domain", domain)], reason)
    return _put(onto, _keys_of(stores, [who]), reason)


def suppress_file(stores: OpenStores, onto: Suppressions, path: Path, reason: str) -> Listing:
    """Everybody in a CSV file: comma, semicolon, tab or bar, whatever encoding, with a header or without.

    With a header, columns for addresses, LinkedIn profiles and domains count; a company's website does not, because a
    list of people is no list of companies. Without one, every cell counts. Raises `SuppressionFileError`.
    """
    found: list[Identifier] = []
    domains: list[Key] = []
    unreadable = []
    for line, cells in _cells(_rows(path)):
        here = [key for meaning, cell in cells if (key := _read(meaning, cell))]
        if cells and not here:
            unreadable.append(line)
        found += [Identifier(kind, value) for kind, value in here if kind != "domain"]
        domains += [key for key in here if key[0] == "domain"]
    if not found and not domains:
        raise SuppressionFileError(
            f"{shown(path.name)}: names nobody; expected a column of email addresses, LinkedIn profiles or domains"
        )
    done = _put(onto, [*_keys_of(stores, found), *domains], reason)
    done.unreadable = unreadable
    return done


def _put(onto: Suppressions, keys: Iterable[Key], reason: str) -> Listing:
    wanted = list(dict.fromkeys(keys))
    added = onto.add_many(wanted, reason)
    return Listing(added, len(wanted) - added, Counter(kind for kind, _ in wanted))


def _keys_of(stores: OpenStores, people: Sequence[Identifier]) -> list[Key]:
    """The identifiers, and all exact keys of leads that are stored under one of them."""
    own = [each.key for each in people if each.key]
    leads = stores.leads.get([each.value for each in people if each.kind == "lead"])
    missing = sorted({each.value for each in people if each.kind == "lead"} - leads.keys())
    if missing:
        raise UnknownPerson(f"no lead {missing[0]} is stored; name the person by email or LinkedIn profile")
    stored = [*leads.values(), *stores.leads.with_keys([f"{kind}:{key}" for kind, key in own])]
    united = [tuple(key.split(":", 1)) for lead in stored for key in lead["identity_keys"]]
    return [*own, *((kind, key) for kind, key in united)]


def _read(meaning: str | None, cell: str) -> Key | None:
    if meaning == "domain":
        domain = domain_in(cell)
        return ("domain", domain) if domain else None
    if (profile := linkedin.profile_url(cell)) is not None:
        return "linkedin", profile
    if (token := linkedin.member_token(cell)) is not None and meaning != "email":
        return "member", token
    if "@" in cell and not cell.startswith("@") and (address := emails.parse(cell).address) is not None:
        return "email", address
    domain = domain_in(cell) if meaning is None else None
    return ("domain", domain) if domain else None


def _cells(rows: list[list[str]]) -> Iterator[tuple[int, list[tuple[str | None, str]]]]:
    """(line, [(meaning, cell)]): with a header only its known columns, else all cells without a meaning."""
    header = [_MEANING.get(re.sub(r"[^a-z]", "", cell.casefold())) for cell in rows[0]] if rows else []
    has_header = any(header)
    for line, row in enumerate(rows[1:] if has_header else rows, start=2 if has_header else 1):
        meanings = header if has_header else [None] * len(row)
        named = [(meaning, cell.strip()) for meaning, cell in zip(meanings, row, strict=False) if cell.strip()]
        yield line, [each for each in named if each[0] is not None] if has_header else named


def _rows(path: Path) -> list[list[str]]:
    try:
        text = decoded(path)
        sample = "\n".join(text.splitlines()[:20])
        delimiter = max(DELIMITERS, key=sample.count)
        return rows(text, delimiter if delimiter in sample else ",")
    except NotText as error:
        raise SuppressionFileError(f"{shown(path.name)}: {error}") from None
