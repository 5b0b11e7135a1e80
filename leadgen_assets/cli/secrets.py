"""`leadgen secrets`: credentials encrypted at rest (NFR-010, PHX-08). Values come from a prompt or standard input only."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.doctor import check_vendor
from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.workplace import PROJECT
from leadgen_assets.desk.credentials import MAX_AGE_DAYS, Concern, concerns, credentials
from leadgen_assets.redaction.known import SHORTEST
from leadgen_assets.settings import SECRETS, Home, Settings
from leadgen_assets.vault.vault import Vault
from leadgen_assets.vendors import registry

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Name = Annotated[str, typer.Argument(help="The setting, like HUNTER_API_KEY.", show_default=False)]
_NO_VALUES = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Extra arguments are taken and refused by us: the usual message would repeat what may be a secret."""


@app.command("set", context_settings=_NO_VALUES)
@told
def set_secret(context: typer.Context, name: Name) -> None:
    """Put a secret into the vault. Type it at the prompt, or pipe it in: `pass show hunter | leadgen secrets set …`."""
    known = _known(context, name)
    says = _vault().put(known, _value(known))
    _say(f"{known} is in the vault; the master key is in {says}. Keep a copy of that, apart from backups.")


@app.command("list")
@told
def list_secrets(as_json: AsJson = False) -> None:
    """Every secret that is set: where it comes from, its age, when it was last rotated. Never the value."""
    found = credentials(_vault())
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=2, default=str))  # noqa: T201
        return
    if not found:
        _say("No secret is set. Put one in: leadgen secrets set NAME")
        return
    table = Table("Name", "From", "Age", "Set", "Last rotated", box=None, header_style="dim", padding=(0, 2))
    for each in found:
        also = f" (also {', '.join(each.also)})" if each.also else ""
        age = "?" if each.age_days is None else f"{each.age_days} d"
        table.add_row(each.name, f"{each.source}{also}", age, _day(each.set_at), _day(each.rotated_at))
    Console(highlight=False).print(table)


@app.command(context_settings=_NO_VALUES)
@told
def rotate(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Replace this secret; without a name: the master key.", show_default=False)
    ] = None,
) -> None:
    """Replace a secret by a new value, or encrypt all of them with a new master key."""
    vault = _vault()
    if name is None:
        _say(f"All secrets are encrypted with a new master key, which is in {vault.rotate_key()}.")
        return
    known = _known(context, name)
    before = vault.secrets().get(known)
    if before is None:
        raise CannotDo(f"{known} is not in the vault. Put it in: leadgen secrets set {known}")
    value = _value(known)
    if value == before.value:
        raise CannotDo(f"{known} has this value already, so nothing was rotated.")
    vault.put(known, value)
    _say(f"{known} is replaced. Revoke the old one at the vendor, then: leadgen secrets check --live")


@app.command(context_settings=_NO_VALUES)
@told
def remove(context: typer.Context, name: Name) -> None:
    """Take a secret out of the vault."""
    known = _known(context, name)
    try:
        _vault().remove(known)
    except KeyError:
        raise CannotDo(f"{known} is not in the vault.") from None
    _say(f"{known} is forgotten here. Revoke it at the vendor if nobody else uses it.")


@app.command()
@told
def check(
    live: Annotated[bool, typer.Option("--live", help="Also call every configured vendor once, for free.")] = False,
    max_age: Annotated[
        int, typer.Option(min=1, max=36_500, help="Days after which a secret is to be rotated.")
    ] = MAX_AGE_DAYS,
    as_json: AsJson = False,
) -> None:
    """Check file modes, the master key, age, secrets in plain .env. Exit code 1 when there is something to do."""
    vault = _vault()
    forbidden = {"LEADGEN_HOME": Home().home, "the repository": PROJECT}
    found = list(concerns(vault, forbidden, max_age))
    if live and found[0].ok:
        found += asyncio.run(_live(Settings()))
    ok = all(each.ok for each in found)
    if as_json:
        print(json.dumps({"ok": ok, "checks": [asdict(each) for each in found]}, indent=2))  # noqa: T201
    else:
        table = Table("Check", "", "Detail", box=None, header_style="dim", padding=(0, 2))
        for each in found:
            table.add_row(each.subject, "[green]ok[/green]" if each.ok else "[red]no[/red]", each.detail)
        Console(highlight=False).print(table)
    raise typer.Exit(0 if ok else 1)


async def _live(settings: Settings) -> list[Concern]:
    """The real vendors, whatever the mode: a credential is tried where it is to be used."""
    settings = settings.model_copy(update={"leadgen_mode": "live"})
    governor = registry.governor(settings)
    opened = registry.checkables(settings, governor)
    opened.pop(registry.FILE_SOURCE)
    try:
        found = await asyncio.gather(*(check_vendor(name, each, required=True) for name, each in opened.items()))
    finally:
        await governor.aclose()
    return [Concern(f"{each.subject} (live)", each.ok, each.detail) for each in found]


def _vault() -> Vault:
    return Vault(Home().home)


def _known(context: typer.Context, name: str) -> str:
    """The setting's name. What was typed is not repeated: it may be the secret."""
    if context.args or "=" in name:
        raise CannotDo(
            "A secret does not belong on the command line, where other users and the shell's history see it: replace the "
            "one you typed. Give the name only; the value is asked for, or read from standard input."
        )
    if name.lower() not in SECRETS:
        raise CannotDo(f"That is no setting for a secret. There are {', '.join(each.upper() for each in SECRETS)}.")
    return name.upper()


def _value(name: str) -> str:
    is_typed = sys.stdin.isatty()
    value = str(
        typer.prompt(f"{name} (not shown)", hide_input=True, err=True) if is_typed else sys.stdin.read()
    ).strip()
    if not value:
        raise CannotDo("No value was given. Type it at the prompt, or pipe it in.")
    if any(not each.isprintable() for each in value):
        raise CannotDo("The value holds line breaks or control characters. It is to be one line.")
    if len(value) < SHORTEST:
        raise CannotDo(f"The value has fewer than {SHORTEST} characters: it is not complete, or it can be guessed.")
    return value


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else ""


def _say(text: str) -> None:
    Console(highlight=False, soft_wrap=True).print(text, markup=False)
