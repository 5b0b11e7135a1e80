"""Moments as people type them: a time, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadgen_assets.cli.errors import CannotDo

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def moment(text: str, option: str) -> datetime:
    """ISO 8601, in UTC where no zone is given, or 20m, 3h, 1d ago. `CannotDo` names the option when it is neither."""
    if text[-1:] in _UNITS and text[:-1].isdigit():
        return datetime.now(UTC) - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CannotDo(f"{option} {text}: a time as in 2026-11-22T05:00, or how long ago as in 20m, 3h, 1d") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
