"""Single values out of a vendor's answer: of the type asked for, or None. Nothing here raises, whatever was sent."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

LARGEST_WHOLE = 2**31 - 1
_LARGEST_AMOUNT = Decimal(10) ** 9
_IDENTIFIER = re.compile(r"[^\s/?#%&\\]{1,256}")
_WORD = re.compile(r"[A-Za-z0-9_][\w.:/-]{0,79}", re.ASCII)


def whole(value: Any) -> int | None:
    """A count: a whole number from 0 that fits 32 bits, given as a number or as digits."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) <= 10 else None
    elif isinstance(value, float):
        value = int(value) if math.isfinite(value) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= LARGEST_WHOLE else None


def amount(value: Any) -> Decimal | None:
    """Credits or money: a finite number from 0, below a thousand million, given as a number or as text."""
    if (
        not isinstance(value, int | float | str)
        or isinstance(value, bool)
        or (isinstance(value, str) and len(value) > 40)
    ):
        return None
    if isinstance(value, int) and not 0 <= value < _LARGEST_AMOUNT:
        return None
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        return None
    return read if read.is_finite() and 0 <= read < _LARGEST_AMOUNT else None


def share(value: Any, of: int) -> float | None:
    """A score as a share of its highest value, 0..1."""
    read = amount(value) if isinstance(value, int | float) else None
    return float(read / of) if read is not None and read <= of else None


def identifier(value: Any) -> str | None:
    """An id that may stand in a path, a key and a log line: up to 256 visible characters, no space, slash or escape."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    if isinstance(value, int) and abs(value) >= 10**30:
        return None
    shown = str(value).strip()
    return shown if _IDENTIFIER.fullmatch(shown) and shown.isprintable() else None


def word(value: Any) -> str:
    """A code, category or field name to quote in a reason; empty for whatever else stands in its place."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def objects(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of a list; nothing where there is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def part(value: Any, key: str) -> Mapping[str, Any]:
    """The JSON object under a key; an empty one where there is none."""
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def token(value: Any) -> str | None:
    """A credential that can stand in a header: visible ASCII on one line."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() and value.strip() else None
