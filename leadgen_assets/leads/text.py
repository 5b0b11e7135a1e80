"""Cleaning and folding that every text field shares, and the way a rule is applied once per distinct value."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar

from anyascii import anyascii

ResultT = TypeVar("ResultT")

NO_NAME = frozenset(
    {
        "", "-", "--", "---", ".", "..", "…", "...", "?", "n/a", "n.a.", "n.a", "undefined", "not available",
        "not provided", "not specified", "contact info", "[]", "{}", "#n/a", "#name?", "#ref!", "#value!",
    }
)  # fmt: skip
NOTHING = NO_NAME | {"na", "none", "null", "nil", "nan", "unknown", "true", "false", "tbd", "test"}
"""What vendors, exports and spreadsheets write where they have nothing (vendors.md §2.4, §8.4). Some people are called Na."""

_LONGEST_NOTHING = max(map(len, NOTHING))

_CUT_OFF = re.compile(r"\s*(?:…|\.{3,})$")
_MASKED = re.compile(r"\*{2,}|•{3,}|\bx{4,}\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+")


def over_unique(values: Iterable[object], rule: Callable[[str], ResultT]) -> list[ResultT | None]:
    """`rule` applied to each distinct text among the values, in the order of the values; None where there is no text.

    Missing values of `str` columns arrive as float NaN, which is why only real text reaches the rule.
    """
    values = list(values)
    answers = {value: rule(value) for value in set(values) if value.__class__ is str}  # type: ignore[arg-type]
    return [answers.get(value) for value in values]  # type: ignore[call-overload]


def printable(text: str) -> str:
    """Text in NFC without control and invisible characters, HTML entities resolved, white space collapsed."""
    if "&" in text and ";" in text:
        text = html.unescape(text)
    if text.isascii() and text.isprintable():
        # nearly every text of a vendor: the only white space that is printable ASCII is the space
        if "  " not in text and text[:1] != " " and text[-1:] != " ":
            return text
    else:
        text = unicodedata.normalize("NFC", text)
        text = "".join(_visible(character) for character in text)
    return " ".join(text.split())


def clean(text: str) -> str | None:
    """Printable text without a cut-off mark, or None where a vendor wrote a word for nothing ("Contact Info", "…")."""
    text = _without_cut_off(printable(text))
    return None if len(text) <= _LONGEST_NOTHING and text.casefold() in NOTHING else text


def clean_name(text: str) -> str | None:
    """As `clean`, but for words that are also names of people."""
    text = _without_cut_off(printable(text))
    return None if len(text) <= _LONGEST_NOTHING and text.casefold() in NO_NAME else text


def _without_cut_off(text: str) -> str:
    return _CUT_OFF.sub("", text) if text.endswith(("...", "…")) else text


def is_masked(text: str) -> bool:
    """Whether a vendor hid part of the value ("Ok***r"): masked is not data (vendors.md §8.4)."""
    return _MASKED.search(text) is not None


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower-case ASCII words with single spaces: for comparison, not display. "Café-Zürich" → "cafe zurich"."""
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """The folded words of a text; apostrophes and dots inside a word do not split it ("O'Neil", "S.E.M.")."""
    plain = text if text.isascii() else anyascii(text)
    return _WORD.findall(plain.casefold().replace("'", "").replace("’", "").replace(".", ""))


def without_symbols(text: str) -> str:
    """Text without emoji and other pictorial characters."""
    if text.isascii():
        return text
    kept = (" " if unicodedata.category(each) in _PICTURES else each for each in text)
    return " ".join("".join(kept).split())


_PICTURES = frozenset({"So", "Sk", "Cs", "Co", "Cn"})


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    # The joiner is a letter's part in some scripts; the rest of Cf (marks, BOM, zero width space) only breaks equality.
    return "" if category in {"Cf", "Cs", "Cn"} and character != "\u200d" else character
