"""Every command of `leadgen` with every option, found by walking its own tree; and a room in which they may all be run."""

from __future__ import annotations

import os
import random
import resource
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import psutil
import typer
from typer.testing import CliRunner

from leadgen_assets.cli.errors import CannotDo
from leadgen_assets.cli.main import app
from leadgen_assets.cli.workplace import Workplace
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores
from leadgen_tests.fuzz.hostile import PLANTED_MARKS, TEXTS

ENDS = (0, 1, 2)
"""Exit codes: done, no (not fit, not delivered, not confirmed), cannot be done as asked."""
HEAVY = (
    "sprint.worker_pool", "dev.running_dagster", "dashboard.serve", "bench._measured", "services.lifecycle",
    "backup.create_backup", "backup.running", "backup.verify_backup", "diagnostics.running",
    "report.write_sprint_report", "report.write_roll_up", "doctor.check_vendors", "health.examine",
    "dashboard.parts_of",
)  # fmt: skip
"""What starts servers, calls vendors or takes seconds: a command that gets there has understood its words."""
_REACHED = "has reached its work"


@dataclass(frozen=True)
class Place:
    """A place for a word on a command line: an argument, or an option with a value."""

    command: tuple[str, ...]
    option: str | None
    required: tuple[str, ...]
    """Words that the command cannot do without, beside this place's."""

    def line(self, word: str) -> list[str]:
        """The command line with that word in the place. Options are given as `--option=word`, as scripts do."""
        if self.option is None:
            return (
                [*self.command, *self.required, "--", word]
                if word.startswith("-")
                else [*self.command, word, *self.required]
            )
        return [*self.command, *self.required, f"{self.option}={word}"]


@cache
def places() -> tuple[Place, ...]:
    """Every place of every command."""
    return tuple(_places(typer.main.get_command(app), ()))


def _places(command: Any, path: tuple[str, ...]) -> Iterator[Place]:
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from _places(each, (*path, name))
        return
    known = [each for each in command.params if each.name not in ("help", "install_completion", "show_completion")]
    for one in known:
        needed = [each for each in known if each.required and each is not one]
        words = [
            word
            for each in needed
            for word in ([each.opts[0]] if each.param_type_name == "option" else []) + [_usual(path, each.name)]
        ]
        if one.param_type_name == "argument":
            yield Place(path, None, tuple(words))
        elif not getattr(one, "is_flag", False):
            yield Place(path, one.opts[0], tuple(words))
    yield Place(path, "--no-such-option", ())


def _usual(path: tuple[str, ...], name: str) -> str:
    """A word with which a command goes on to look at the others."""
    if name == "file":
        return "out.csv" if path == ("export",) else "good.yaml"
    return {"leads": "5", "source": "apollo", "kind": "hourly", "rule": "error_rate"}.get(name, "x")


def words(chance: random.Random, folder: Path) -> str:
    """A hostile word that a shell can hand over: no NUL; half a character stands for bytes that are no UTF-8."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.choice([str(each) for each in sorted(folder.iterdir())])
    if kind == 1:
        return chance.choice(_WORDS)
    return chance.choice([each for each in TEXTS if _is_typed(each)])


_WORDS = (
    "-1", "0", "1", "1e999", "99999999999999999999", "--", "-", "--json", "../../x", "/dev/full/x.csv", "/dev/zero",
    "/", ".", "..", "~", "latest", "fuzz", "apollo-1", "apollo", "L" + "0" * 24, "2026-01-01", "0001-01-01",
    "9999-12-31", "2026-02-30", "NaN", "\udcff\udc80", "a/b", "x.csv", "x.parquet", "/proc/x.csv", "P3", "hourly",
    "final", "launch", "error_rate", "company_name=x", "=", "a.b.c=d", "a=\udcff", "/proc/self/mem",
    "a" * 5000 + ".csv", "http://user:secret@127.0.0.1:1/", "%s%s%n", "[bold]x[/bold]", "[/]",
    "\N{RIGHT-TO-LEFT OVERRIDE}x",
)  # fmt: skip


def _is_typed(text: str) -> bool:
    """Whether a shell can hand it over: no NUL, and only those halves of characters that the system makes of bytes."""
    halves = [each for each in text if "\ud800" <= each <= "\udfff"]
    is_a_mark = text.startswith("@@") or "\0" in text or len(text) > 10_000
    return not is_a_mark and all("\udc80" <= each <= "\udcff" for each in halves)


def complaint(line: list[str]) -> str | None:
    """What is wrong with how the command ended; None when it did as it should."""
    done = CliRunner().invoke(app, line)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return f"{type(done.exception).__name__}: {ascii(str(done.exception))[:200]}"
    if done.exit_code not in ENDS:
        return f"exit code {done.exit_code}"
    if "Traceback" in done.output:
        return "a traceback"
    if done.exit_code == 2 and len(done.stderr.strip()) < 15:
        return f"no reason: {done.stderr!a}"
    if done.exit_code == 2 and any(not each.isprintable() and each != "\n" for each in done.stderr):
        return f"control characters in {ascii(done.stderr)[:200]}"
    if len(done.stderr) > 60_000:
        return f"{len(done.stderr):,} characters of complaint"
    if line[0] == "privacy" and any(mark in done.stderr for mark in PLANTED_MARKS):
        return "repeats a person's data"
    return None


@contextmanager
def room(stores: OpenStores, folder: Path) -> Iterator[None]:
    """Commands run in this process, on these stores; what is heavy is reached and not done."""

    @contextmanager
    def workplace(*, vendors: bool = False, dagster: bool = False) -> Iterator[Workplace]:
        yield Workplace(Settings(), stores)

    def reached(*_: Any, **__: Any) -> Any:
        raise CannotDo(_REACHED)

    limit = resource.getrlimit(resource.RLIMIT_AS)
    env = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    (folder / "home").mkdir()
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, {**env, "LEADGEN_HOME": str(folder / "home")}, clear=True))
        modules = [module for name, module in sys.modules.items() if name.startswith("leadgen_assets.cli.")]
        for module in [
            each for each in modules if hasattr(each, "workplace") and each.__name__ != "leadgen_assets.cli.workplace"
        ]:
            stack.enter_context(patch.object(module, "workplace", workplace))
        for module in [each for each in modules if hasattr(each, "environment")]:
            stack.enter_context(patch.object(module, "environment", reached))
        for name in HEAVY:
            module, _, what = name.partition(".")
            stack.enter_context(patch.object(import_module(f"leadgen_assets.cli.{module}"), what, reached))
        stack.enter_context(patch("leadgen_assets.sandbox.server.run", reached))
        stack.enter_context(patch("webbrowser.open", reached))
        instance = stack.enter_context(dg.DagsterInstance.ephemeral())
        stack.enter_context(patch.object(dg.DagsterInstance, "get", lambda: nullcontext(instance)))
        tree = typer.main.get_command(app)
        stack.enter_context(patch("typer.testing._get_command", lambda _: tree))
        # a command that reads a device without end fails here and not the machine
        resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + 2**30, limit[1]))
        stack.callback(resource.setrlimit, resource.RLIMIT_AS, limit)
        here = os.getcwd()
        stack.callback(os.chdir, here)
        os.chdir(folder)
        yield
