"""Errors a person can act on are shown as one message and exit code 2; anything else is a bug and keeps its stack."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import typer
from rich.console import Console

from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.sprint_file import SprintFileError
from leadgen_assets.vendors.contracts import VendorError

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
        try:
            return command(*args, **kwargs)
        except (CannotDo, SprintFileError, ServiceUnavailable, VendorError) as error:
            Console(stderr=True, highlight=False).print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(USAGE) from None

    return wrapped
