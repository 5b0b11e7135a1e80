"""Errors a person can act on are shown as one message and exit code 2; anything else is a bug and keeps its stack."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
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


class CannotDo(Exception):
    """A request that makes no sense as things are; the message says what to do instead."""


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Show the errors that a person can mend, without a stack."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        logs.install()
        try:
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
        except ValidationError as error:
            if error.title != Settings.__name__:
                raise
            _tell("\n".join(_setting(each) for each in error.errors(include_input=False, include_url=False)))
        raise typer.Exit(USAGE)

    return wrapped


def _tell(message: str) -> None:
    Console(stderr=True, highlight=False).print(clean(message), style="red", markup=False, soft_wrap=True)


def _setting(problem: Any) -> str:
    """Setting and what is wrong with it; not its value, which may be a secret."""
    return f"{'.'.join(str(each) for each in problem['loc']).upper()}: {problem['msg']}; see .env.example"
