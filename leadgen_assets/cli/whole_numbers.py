"""Options that take several whole numbers, separated by commas."""

from __future__ import annotations

from leadgen_assets.cli.errors import CannotDo


def whole_numbers(option: str, given: str, *, like: str, least: int, because: str) -> tuple[int, ...]:
    """`20_000,200000` as numbers. Raises `CannotDo`, which names the option, shows one like it, or says why the `least`."""
    try:
        numbers = tuple(int(each.replace("_", "")) for each in given.split(","))
    except ValueError:
        raise CannotDo(f"{option} {given}: whole numbers, as in {like}") from None
    if min(numbers) < least:
        raise CannotDo(f"{option} {given}: at least {least:,}, or {because}")
    return numbers
