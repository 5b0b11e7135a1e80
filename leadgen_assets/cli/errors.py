"""Errors a person can act on are shown as one message and exit code 2; anything else is a bug and keeps its stack."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from leadgen_assets.redaction import logs
from leadgen_assets.redaction.text import clean
from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import SprintFileError
from leadgen_assets.stores.errors import StoreError
from leadgen_assets.stores.retention import RetentionError
from leadgen_assets.vault.errors import VaultError
from leadgen_assets.vendors.contracts import VendorError
from leadgen_assets.vendors.limits import LimitsError
from leadgen_assets.vendors.prices import PricesError

P = ParamSpec("P")
R = TypeVar("R")

USAGE = 2
"""Exit code for input that cannot be used."""
LONGEST_WORD = 10_000
"""Characters of one argument or option."""


class CannotDo(Exception):
    """A request that makes no sense as things are; the message says what to do instead."""


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Show the errors that a person can mend, without a stack."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        logs.install()
        try:
            _require_usable(kwargs)
            return command(*args, **kwargs)
        except (
            CannotDo,
            SprintFileError,
            ServiceUnavailable,
            VendorError,
            LimitsError,
            PricesError,
            RetentionError,
            StoreError,
            VaultError,
        ) as error:
            _tell(str(error))
        except OSError as error:
            if not _is_about_a_given_file(error, kwargs):
                raise
            _tell(f"{_short(str(error.filename))}: {error.strerror}; name another file or folder.")
        except ValidationError as error:
            if error.title != Settings.__name__:
                raise
            _tell("\n".join(_setting(each) for each in error.errors(include_input=False, include_url=False)))
        raise typer.Exit(USAGE)

    return wrapped


def _is_about_a_given_file(error: OSError, given: Mapping[str, object]) -> bool:
    """Whether the system has refused a file that the command line names, or one below it."""
    words = {str(each) for each in given.values() if isinstance(each, str | Path)}
    place = str(error.filename) if error.filename is not None else ""
    return any(word and (place == word or word in place) for word in words)


def _short(place: str) -> str:
    return place if len(place) <= 200 else f"{place[:200]}…"


def _require_usable(given: Mapping[str, object]) -> None:
    """Numbers must be numbers, and words text that can be stored and shown: bytes that are no UTF-8 arrive as halves of
    characters."""
    for name, value in given.items():
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, float) and not math.isfinite(each):
                raise CannotDo(f"{name}: a number is needed, not {each}.")
            if not isinstance(each, str | Path):
                continue
            word = str(each)
            if len(word) > LONGEST_WORD:
                raise CannotDo(f"{name}: {len(word):,} characters; give at most {LONGEST_WORD:,}.")
            if any("\ud800" <= letter <= "\udfff" for letter in word):
                raise CannotDo(f"{name}: this is not UTF-8 text; write it, or name the file, in UTF-8.")


def _tell(message: str) -> None:
    """On standard error, without what could steer the terminal."""
    visible = "".join(each if each.isprintable() or each == "\n" else "�" for each in clean(message))
    Console(stderr=True, highlight=False).print(visible, style="red", markup=False, soft_wrap=True)


def _setting(problem: Any) -> str:
    """Setting and what is wrong with it; not its value, which may be a secret."""
    return f"{'.'.join(str(each) for each in problem['loc']).upper()}: {problem['msg']}; see .env.example"
