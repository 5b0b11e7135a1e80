"""Person names: display form and its parts; no guess about who somebody is (REQ-004)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from leadgen_assets.leads.tables import Table, table
from leadgen_assets.leads.text import NO_NAME, clean_name, fold, is_masked, without_symbols

_ADDRESS = re.compile(r"(?i)@|https?:|www\.|\.(?:com|net|org|io)\b")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|[\"“”]")
_TAIL = re.compile(r"\s+[-–—|•·~]\s*.*$|\s*[|•·]\s*.*$")
_INITIAL = re.compile(r"^\w\.?$")
_ODD = re.compile(r"[0-9]")
_WRONG = re.compile(r"[0-9+<=>|~$!?;:_/\\#%&]")
"""What `_is_odd` and `_looks_wrong` look for, in ASCII: a search is many times faster than a look at each character."""
_PLAIN_WORD = re.compile(r"[A-Z][a-z]*[A-Z]?[a-z]+\Z")
"""Most names are two of these: ASCII letters, each with a capital, nothing to set right."""
_LONGEST = 200
"""Characters of a name that is worth parsing; nobody's is longer, and parsing 12 kB of junk takes a tenth of a second."""


class NameTable(Table):
    """Schema of names.yaml."""

    credentials: frozenset[str]
    generations: frozenset[str]
    honorifics: frozenset[str]
    nobody: frozenset[str]
    company_words: frozenset[str]


class PersonName(NamedTuple):
    """Display name and its parts; `is_suspicious` means a person should look at it."""

    full: str | None
    first: str | None
    last: str | None
    is_suspicious: bool = False


def person(full: str | None, first: str | None, last: str | None) -> PersonName:
    """The name from what a vendor delivered of it. Given parts win over parts split from the full name.

    Emoji, bracketed remarks, credentials and what follows " - " or "|" go; shouting and lower case are set right;
    masked parts ("Ok***r") count as missing.
    """
    whole = full or (f"{first} {last}" if first and last else "")
    if len(whole) <= _LONGEST:
        one, _, other = whole.partition(" ")
        agrees = (first is None or first == one) and (last is None or last == other)
        if agrees and _is_plain_word(one) and _is_plain_word(other) and _is_no_phrase(whole):
            return PersonName(whole, one, other)
    given_full, given_first, given_last = (_part(each) for each in (full, first, last))
    suspicious = any(each is not None and _is_odd(each) for each in (full, first, last))
    display = given_full or " ".join(each for each in (given_first, given_last) if each) or None
    if display and " " not in display and given_first and given_last:
        display = f"{given_first} {given_last}"
    # A masked surname makes the whole name unusable, not shorter by one word.
    if display is not None and given_full is None and given_last is None and last and is_masked(last):
        display = None
    if display is None or fold(display) in _table().nobody or fold(display) == "":
        return PersonName(
            None, given_first if display is None else None, given_last if display is None else None, suspicious
        )
    if not (given_first and given_last):
        split_first, split_last = _split(display)
        given_first, given_last = given_first or split_first, given_last or split_last
    return PersonName(display, given_first, given_last, suspicious or _looks_wrong(display))


@lru_cache(maxsize=65536)
def _is_plain_word(word: str) -> bool:
    """Whether a word of a name stays as it is: nothing to set right, and no list has it."""
    lower = word.lower()
    return _PLAIN_WORD.match(word) is not None and lower not in _special_words() and "xxxx" not in lower


def _is_no_phrase(whole: str) -> bool:
    """Whether no list has a plain name as a whole ("Not Available")."""
    return len(whole) > _longest_phrase() or whole.lower() not in _special_words()


@cache
def _special_words() -> frozenset[str]:
    rules = _table()
    return rules.nobody | rules.company_words | rules.generations | NO_NAME


@cache
def _longest_phrase() -> int:
    return max(len(each) for each in ("", *_special_words()) if not each or " " in each)


def _part(text: str | None) -> str | None:
    return None if text is None else _known_part(text) if len(text) <= _LONGEST else _known_part.__wrapped__(text)


@lru_cache(maxsize=65536)
def _known_part(text: str) -> str | None:
    given = clean_name(without_symbols(text)) if text else None
    if given is None or is_masked(given) or _ADDRESS.search(given):
        return None
    given = _TAIL.sub("", _BRACKETS.sub(" ", given))
    given = _without_credentials(" ".join(given.split()).strip(" ,-").lstrip("."))
    if not any(each.isalpha() for each in given):
        return None
    return _capitalised(given)


def _without_credentials(given: str) -> str:
    rules = _table()
    head, *rest = (each.strip() for each in given.split(","))
    kept = [each for each in rest if fold(each).replace(" ", "") in rules.generations]
    # "Doe, Jane" is a name turned round, "Doe, MBA" is not.
    if len(rest) == 1 and not kept and " " not in head and fold(rest[0]).replace(" ", "") not in rules.credentials:
        head = f"{rest[0]} {head}".strip()
    tokens = head.split()
    while (
        len(tokens) > 2
        and fold(tokens[-1]) in rules.credentials
        and (tokens[-1].isupper() or "." in tokens[-1] or tokens[-1] == "PhD")
    ):
        tokens.pop()
    while len(tokens) > 2 and fold(tokens[0]) in rules.honorifics:
        tokens.pop(0)
    return " ".join([*tokens, *kept])


def _capitalised(given: str) -> str:
    if not 3 <= len(given) <= _LONGEST or not (given.isupper() or given.islower()):
        return given
    if re.fullmatch(r"[A-Za-z]+(?: [A-Za-z]+)*", given) and not re.search(
        r"(?i)\b(?:mac|mc|van|von|de|di|da|la|le|ii|iii|iv)", given
    ):
        return given.title()
    from nameparser import HumanName

    human = HumanName(given)
    human.capitalize(force=True)
    return str(human) or given


def _split(display: str) -> tuple[str | None, str | None]:
    tokens = display.split()
    if len(tokens) == 1:
        return tokens[0], None
    if all(_INITIAL.match(each) for each in tokens[1:-1]) and fold(tokens[-1]) not in _table().generations:
        return tokens[0], tokens[-1]
    if len(display) > _LONGEST:
        return tokens[0], tokens[-1]
    from nameparser import HumanName

    human = HumanName(display)
    return human.first or tokens[0], human.last or tokens[-1]


def _is_odd(text: str) -> bool:
    """Signs of something that is no name, in the text as delivered."""
    has_digit = bool(_ODD.search(text)) if text.isascii() else any(each.isdigit() for each in text)
    return has_digit or bool(_ADDRESS.search(text))


def _looks_wrong(display: str) -> bool:
    tokens = display.split()
    if len(tokens) == 1 or len(tokens) > 6 or len(tokens[-1].strip(".")) == 1:
        return True
    if any(each in _table().company_words for each in fold(display).split()):
        return True
    if display.isascii():
        return bool(_WRONG.search(display))
    return any(unicodedata.category(each) in {"Nd", "Sm", "Sc"} or each in "!?;:_=/\\<>#%&" for each in display)


def _table() -> NameTable:
    return table("names", NameTable)
