"""Phone numbers: E.164 for display. Never a key, because switchboards are shared (design's identity rules)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from leadgen_assets.leads.text import clean, is_masked

_EXTENSION = re.compile(r"(?i)(?:\s*[,;#]|\s*\b(?:ext|extn|extension|x))[.:]?\s*\d{1,7}\s*$")
_LABEL = re.compile(r"(?i)^(?:tel|phone|mobile|m|t|direct|office)\s*[:.]\s*")
_NORTH_AMERICAN = re.compile(r"\+1[ .-]?\(?([2-9]\d{2})\)?[ .-]?(\d{3})[ .-]?(\d{4})\Z", re.ASCII)
"""A number with the country code 1 in the ways people write it."""


class Phone(NamedTuple):
    """A delivered number: E.164 or None. `is_invalid` means there was one and it cannot be dialled."""

    number: str | None
    is_invalid: bool = False


def parse(text: str, region: str = "US") -> Phone:
    """The number in E.164, read as one of `region` (ISO 3166-1 alpha-2) when it has no country code. Extensions go."""
    import phonenumbers

    plain = _NORTH_AMERICAN.match(text)
    if plain:
        digits = "".join(plain.groups())
        return Phone(f"+1{digits}") if _is_assigned(digits[:7]) else Phone(None, is_invalid=True)
    given = clean(text)
    if given is None or is_masked(given):
        return Phone(None)
    # A leading apostrophe is how spreadsheets keep a plus sign; 00 is the plus sign of most of the world.
    given = _EXTENSION.sub("", _LABEL.sub("", given.lstrip("'’")))
    given = "+" + given[2:] if given.startswith("00") else given
    try:
        number = phonenumbers.parse(given, region)
    except phonenumbers.NumberParseException:
        return Phone(None, is_invalid=True)
    if not phonenumbers.is_valid_number(number):
        return Phone(None, is_invalid=True)
    number.extension = None
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@lru_cache(maxsize=65536)
def _is_assigned(prefix: str) -> bool:
    """Whether numbers of the country code 1 may begin so. No rule of any of its countries looks at the last three digits."""
    import phonenumbers

    return bool(phonenumbers.is_valid_number(phonenumbers.PhoneNumber(1, int(f"{prefix}000"))))
