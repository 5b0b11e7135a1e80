"""`leadgen cost reconcile` and `decide`: the ledger against what the vendors say they billed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.person import me
from leadgen_assets.cli.show import wide_console
from leadgen_assets.cli.sprint import AsJson, which
from leadgen_assets.cli.workplace import workplace
from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reconciled import Reconciled
from leadgen_assets.desk.reconciliation import reconcile as reconcile_all
from leadgen_assets.vendors.prices import load_prices

By = Annotated[str | None, typer.Option("--by", help="Who; kept on record. Default: the user of this machine.")]


@told
def reconcile(
    sprint: Annotated[
        str | None, typer.Option("--sprint", help="Only the vendors that this sprint bought from. Default: all.")
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help="Take this vendor's difference as it is, and compare from here on; repeatable."),
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Ask the vendors what they billed, compare with the ledger, and decide the uncertain calls that this tells about.

    Free calls only; again is harmless. Exit code 1 when a vendor differs, cannot be read, or calls stay uncertain.
    """
    with workplace(vendors=True) as place:
        only = None if sprint is None else {each.vendor for each in place.stores.ledger.sums(which(place, sprint))}
        unknown = sorted(set(accept or ()) - set(load_prices(place.settings.leadgen_prices).vendors))
        if unknown:
            raise CannotDo(f"no vendor {', '.join(unknown)}; name them as the table does")
        found = asyncio.run(
            reconcile_all(place.stores, place.settings, by or me(), only=only, accepts=tuple(accept or ()))
        )
    is_settled = all(each.is_settled for each in found)
    if as_json:
        vendors = [each.to_json() for each in found]
        print(json.dumps({"agrees": is_settled, "vendors": vendors}, indent=2, default=str))  # noqa: T201
    else:
        _show(found)
    raise typer.Exit(0 if is_settled else 1)


@told
def decide(
    entry: Annotated[str, typer.Argument(help="The ledger entry, as `leadgen cost show` lists it.")],
    credits: Annotated[
        float, typer.Option("--credits", min=0, max=1e9, help="What the vendor billed for it; 0 for nothing.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="How you know; kept on record.")],
    by: By = None,
) -> None:
    """Say what became of an uncertain call that no reading can decide. Not billed means that it may be made again."""
    with workplace() as place:
        found = place.stores.ledger.entry(entry)
        if found is None:
            raise CannotDo(f"there is no ledger entry {entry}; `leadgen cost show` lists the uncertain ones")
        place.stores.ledger.doubt_abandoned()
        amount = Decimal(str(credits))
        usd = load_prices(place.settings.leadgen_prices).usd(found.vendor, amount, found.reserved_at)
        says = f"{'billed' if amount else 'not billed'}: {reason}; decided by {by or me()}"
        if not place.stores.ledger.decide(entry, amount, usd, says):
            raise CannotDo(f"{entry} is not uncertain, it is {found.state}; nothing was changed")
    outcome = f"billed, {say.usd(float(usd))}" if amount else "not billed; it may be made again"
    Console(highlight=False).print(f"{entry}: {outcome}.", markup=False)


def _show(found: Sequence[Reconciled]) -> None:
    table = Table("Vendor", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("Vendor billed", "Ledger", "Difference", "Billed", "Not billed", "Uncertain"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    for each in found:
        open_ = f"{len(each.undecided)} ({say.usd(float(each.undecided_usd))})" if each.undecided else ""
        amounts = (_amount(amount, each.unit) for amount in (each.used, each.ledger, each.difference))
        counts = (f"{len(each.billed)}" if each.billed else "", f"{len(each.not_billed)}" if each.not_billed else "")
        style = "" if each.is_settled else "yellow"
        table.add_row(say.vendor(each.vendor), *amounts, *counts, open_, each.verdict.value, style=style)
    console = wide_console()
    console.print(table)
    for each in found:
        if each.says:
            console.print(f"{say.vendor(each.vendor)}: {each.says}.", style="dim", markup=False)


def _amount(amount: Decimal | None, unit: str) -> str:
    if amount is None:
        return say.UNKNOWN
    return say.usd(float(amount)) if unit == "usd" else f"{amount:,.1f} credits"
