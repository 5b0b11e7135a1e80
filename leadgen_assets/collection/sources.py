"""The four sources: how each one's records are mapped and which way it is collected. A new source is one entry here
and one module in `vendors/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leadgen_assets.collection.collector import Fetch
from leadgen_assets.collection.exports import collect_exports
from leadgen_assets.collection.listed import collect_listed
from leadgen_assets.collection.snapshots import collect_snapshot
from leadgen_assets.collection.workbench import Intake, Mapper
from leadgen_assets.vendors import apollo, brightdata, sales_navigator, zoominfo
from leadgen_assets.vendors.contracts import Record
from leadgen_assets.vendors.width import Widths

_MODULES: dict[str, Any] = {
    "apollo": apollo,
    "brightdata": brightdata,
    "zoominfo": zoominfo,
    "sales_navigator": sales_navigator,
}


def mapper(source: str) -> Mapper:
    """How a source's records become drafts. `KeyError` names the sources there are."""
    try:
        module = _MODULES[source]
    except KeyError:
        raise KeyError(f"no source {source!r}; there are {', '.join(_MODULES)}") from None

    def unexpected(records: list[Record]) -> tuple[str, ...]:
        found: tuple[str, ...] = module.drift(records).unexpected
        return found

    return Mapper(module.to_draft, unexpected, getattr(module, "is_error_row", _never))


def _never(_: Record) -> bool:
    return False


def fetcher(source: str, client: Any, imports: Path, widths: Widths | None = None) -> Fetch:
    """The way to collect a source, bound to its client. `imports` is where export files are dropped; `widths` tell how
    many purchases are under way at once."""

    async def fetch(intake: Intake) -> None:
        if source == "brightdata":
            await collect_snapshot(client, intake)
        elif source == "sales_navigator":
            await collect_exports(client, intake, imports)
        else:
            await collect_listed(client, intake, widths or Widths())

    return fetch
