"""Companies: display name, matching key, registrable domain, size band, industry (REQ-007, design's identity rules)."""

from __future__ import annotations

import ipaddress
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from leadgen_assets.leads.tables import Table, table
from leadgen_assets.leads.text import NOTHING, clean, fold, is_masked, without_symbols, words

if TYPE_CHECKING:
    from tldextract import TLDExtract

_TRADING_AS = re.compile(r"(?i)\s+(?:d/b/a|dba|d\.b\.a\.|t/a|doing business as|trading as)\s+")
_LAST_WORD = re.compile(r"^(?P<head>.*?)[\s,]+\(?(?P<tail>[^\s,()]+)\)?[\s,.]*$")
_GERMAN_PARTNERSHIP = re.compile(r"(?i)\s+(?:gmbh|mbh|ag|se|ug)\s*&\s*co\.?\s*(?:kgaa|kg|ohg)\.?$")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmM])?")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*\Z")
_PLAIN_HOST = re.compile(r"(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})/?\Z")
_LABEL = re.compile(r"^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")


_KNOWN = 262_144
"""Companies that are remembered: more than a million leads have. A cache that is a little too small is of no use at all."""


class CompanyTable(Table):
    """Schema of companies.yaml. `size_bands` maps a band to its largest head count."""

    legal_suffixes: frozenset[str]
    key_suffixes: frozenset[str]
    junk: frozenset[str]
    size_bands: dict[str, float]
    size_damage: dict[str, str]
    size_words: dict[str, str]
    foreign_hosts: frozenset[str]


class CompanyName(NamedTuple):
    """`display` without legal form, `key` folded for matching; `is_junk` means the text names no employer."""

    display: str | None
    key: str | None
    is_junk: bool = False


@lru_cache(maxsize=_KNOWN)
def name(text: str) -> CompanyName:
    """The company in a text. "Acme Media, Inc." → Acme Media; "Self-Employed" and the like → junk; "…" → nothing."""
    lower = text.lower()
    if _PLAIN_NAME.match(text) and _is_nothing_special(lower):
        return CompanyName(text, lower)
    given = clean(without_symbols(text))
    if given is None or is_masked(given):
        return CompanyName(None, None)
    given = _TRADING_AS.split(given)[-1]
    folded = fold(given)
    if not folded or folded in _table().junk:
        return CompanyName(None, None, is_junk=True)
    display = _without_legal_form(given)
    return CompanyName(display, _key(display))


@lru_cache(maxsize=_KNOWN)
def domain(text: str) -> str | None:
    """Registrable domain of a web address in lower-case ASCII; None for pages on foreign hosts, IPs and non-addresses.

    Suffixes by the Public Suffix List with its private part (two shops on one platform stay two), the bundled copy: no
    network. A suffix the list does not know follows its default rule: the last label.
    """
    host = _host(text)
    if host is None:
        return None
    if host.count(".") == 1 and "--" not in host and not _is_suffix(host):
        return None if host in _table().foreign_hosts else host
    found = _extract()(host)
    registrable = f"{found.domain}.{found.suffix}" if found.suffix and found.domain else ""
    if not found.suffix:
        registrable = ".".join(host.split(".")[-2:])
    if not registrable or any(each in _table().foreign_hosts for each in (registrable, host)):
        return None
    return registrable


def website(domain_name: str) -> str:
    """The address kept as company_website."""
    return f"https://{domain_name}"


@lru_cache(maxsize=4096)
def size_band(text: str) -> str | None:
    """LinkedIn's band of a head count or range ("640", "51-200 employees", "1K-5K", "10,001+"); None if unreadable.

    A range that is not one of the bands goes by its middle.
    """
    rules = _table()
    given = (clean(text) or "").replace(",", "").replace("–", "-").replace("—", "-").casefold()
    if given in rules.size_damage:
        return rules.size_damage[given]
    if given in rules.size_words:
        return rules.size_words[given]
    counts = [float(number) * {"k": 1e3, "m": 1e6}.get(unit.lower(), 1) for number, unit in _NUMBER.findall(given)]
    if not counts or len(counts) > 2 or given.startswith("-"):
        return None
    head_count = sum(counts) / len(counts) + given.endswith("+")
    if counts[0] > counts[-1]:
        return None
    return next(band for band, largest in rules.size_bands.items() if head_count <= largest)


def industry(text: str) -> str | None:
    """The industry as the vendor words it, cleaned; an all-lower-case word gets a capital so that sources agree."""
    given = clean(without_symbols(text))
    if given is None or is_masked(given) or not words(given):
        return None
    return given.capitalize() if given.islower() or (given.isupper() and len(given) > 4) else given


def _is_nothing_special(lower: str) -> bool:
    """Whether a plain name, given in lower case, stays as it is: nothing to cut off, no word for nothing, no mask."""
    has_trade_name = " as " in lower or " dba " in lower  # "… doing business as …"
    is_cut = lower.startswith("the ") or lower.rpartition(" ")[2] in _endings()
    return not (is_cut or has_trade_name or "xxxx" in lower or lower in _no_names())


@cache
def _endings() -> frozenset[str]:
    return _table().legal_suffixes | _table().key_suffixes | {"and"}


@cache
def _no_names() -> frozenset[str]:
    return _table().junk | NOTHING


def _without_legal_form(given: str) -> str:
    """Legal forms cut from the end while something distinctive stays ("The Limited" and "Inc." keep theirs)."""
    suffixes = _table().legal_suffixes
    given = _GERMAN_PARTNERSHIP.sub("", given)
    while found := _LAST_WORD.match(given):
        head = found["head"].rstrip(" ,.-")
        if fold(found["tail"]).replace(" ", "") not in suffixes or fold(head) in {"", "the"} or head.endswith("&"):
            break
        given = head
    return given.rstrip(" ,")


def _key(display: str) -> str:
    parts = fold(display.replace("&", " and ")).split()
    suffixes = _table().key_suffixes | _table().legal_suffixes
    end = len(parts)
    while end > 1 and (parts[end - 1] in suffixes or parts[end - 1] == "and"):
        end -= 1
    kept = parts[:end]
    if kept == ["the"]:
        return " ".join(parts)
    return " ".join(kept[1:] if kept[0] == "the" else kept)


def _host(text: str) -> str | None:
    plain = _PLAIN_HOST.match(text)
    if plain and "xn--" not in text and "xxxx" not in text and len(plain[1]) <= 253:
        host = plain[1]
        return host.removeprefix("www.") if host.count(".") > 1 else host
    given = (clean(text) or "").strip("<>\"'")
    if not given or " " in given or "@" in given or is_masked(given):
        return None
    try:
        host = urlsplit(given if "://" in given else f"//{given.lstrip('/')}").hostname or ""
        host = host.rstrip(".").encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        return None
    labels = host.split(".")
    if len(labels) < 2 or len(host) > 253 or not all(_LABEL.match(label) for label in labels) or _is_ip(host):
        return None
    return host.removeprefix("www.") if len(labels) > 2 else host


@lru_cache(maxsize=4096)
def _has_wildcard(end: str) -> bool:
    """Whether every name below this last label is a public suffix, but for some exceptions."""
    return f"*.{end}" in _suffixes()


def _is_suffix(host: str) -> bool:
    """Whether a host of two labels may be a public suffix ("co.uk"), under which others register."""
    return host in _suffixes() or _has_wildcard(host.rpartition(".")[2])


@cache
def _suffixes() -> frozenset[str]:
    return frozenset(_extract().tlds)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _table() -> CompanyTable:
    return table("companies", CompanyTable)


@cache
def _extract() -> TLDExtract:
    from tldextract import TLDExtract

    # The default constructor fetches the list from the network at its first call.
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
