"""Clients by name, built from the settings: the one place that knows which module serves which role.

Every function gives an async context manager; nothing is connected before it is entered.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import Any

from leadgen_assets.settings import VENDORS, Settings
from leadgen_assets.vendors.contracts import (
    CallObserver,
    Checkable,
    CompanyFinder,
    CrmClient,
    EmailFinder,
    EmailVerifier,
    Metered,
    ignore_calls,
)
from leadgen_assets.vendors.governor import Governor, RateGovernor
from leadgen_assets.vendors.limits import load_limits

Opened = AbstractAsyncContextManager

FILE_SOURCE = "sales_navigator"

_CLIENTS = {
    "apollo": "apollo:ApolloClient",
    "brightdata": "brightdata_lost:BrightDataPeople",
    "zoominfo": "zoominfo:ZoomInfoClient",
    "clearbit": "clearbit:ClearbitClient",
    "hunter": "hunter:HunterClient",
    "neverbounce": "neverbounce:NeverBounceClient",
    "pdl": "pdl:PdlClient",
    "hubspot": "hubspot:HubSpotClient",
    "salesforce": "salesforce:SalesforceClient",
    "slack": "slack:SlackClient",
}
_SOURCES = ("apollo", "brightdata", "zoominfo", FILE_SOURCE)
_EMAIL_FINDERS = ("hunter", "pdl")
_COMPANY_FINDERS = {
    "brightdata": "brightdata_companies:BrightDataCompanies",
    "clearbit": _CLIENTS["clearbit"],
    "hunter": _CLIENTS["hunter"],
}
METERED = ("apollo", "brightdata", "zoominfo", "hunter", "neverbounce", "pdl")
"""Vendors with a usage endpoint. Clearbit has none; the CRMs cost nothing a call."""
_VERIFIERS = ("neverbounce", "hunter")
_CRMS = ("hubspot", "salesforce")


class VendorOff(LookupError):
    """A vendor that the settings do not configure; the message names the settings that are missing."""


def governor(settings: Settings, redis_url: str | None = None) -> RateGovernor:
    """The rate governor for these settings; `redis_url` is the running server's address if the settings name none."""
    return RateGovernor(load_limits(settings.leadgen_limits), redis_url or settings.leadgen_redis_url)


def source(name: str, settings: Settings, governor: Governor, observer: CallObserver = ignore_calls) -> Opened[Any]:
    """A `ListedSource`, `SnapshotSource` or the file source. Raises `VendorOff`, `KeyError` for an unknown name."""
    if _known(name, _SOURCES, "source") == FILE_SOURCE:
        from leadgen_assets.vendors.sales_navigator import SalesNavigator

        return SalesNavigator()
    return _client(name, _CLIENTS[name], settings, governor, observer)


def email_finder(
    name: str, settings: Settings, governor: Governor, observer: CallObserver = ignore_calls
) -> Opened[EmailFinder]:
    """The vendor as an email finder. Raises `VendorOff`, `KeyError` for an unknown name."""
    return _client(name, _CLIENTS[_known(name, _EMAIL_FINDERS, "email finder")], settings, governor, observer)


def company_finder(
    name: str, settings: Settings, governor: Governor, observer: CallObserver = ignore_calls
) -> Opened[CompanyFinder]:
    """The vendor as a company finder. Raises `VendorOff`, `KeyError` for an unknown name."""
    known = _known(name, tuple(_COMPANY_FINDERS), "company finder")
    return _client(name, _COMPANY_FINDERS[known], settings, governor, observer)


def verifier(
    name: str, settings: Settings, governor: Governor, observer: CallObserver = ignore_calls
) -> Opened[EmailVerifier]:
    """The vendor as an email verifier. Raises `VendorOff`, `KeyError` for an unknown name."""
    client = _client(name, _CLIENTS[_known(name, _VERIFIERS, "verifier")], settings, governor, observer)
    return _hunter_verifier(client) if name == "hunter" else client


def crm(name: str, settings: Settings, governor: Governor, observer: CallObserver = ignore_calls) -> Opened[CrmClient]:
    """The CRM to load leads into. Raises `VendorOff`, `KeyError` for an unknown name."""
    return _client(name, _CLIENTS[_known(name, _CRMS, "CRM")], settings, governor, observer)


def notifier(settings: Settings, governor: Governor, observer: CallObserver = ignore_calls) -> Opened[Any]:
    """The Slack client. Raises `VendorOff` when there is no webhook."""
    return _client("slack", _CLIENTS["slack"], settings, governor, observer)


def checkables(
    settings: Settings, governor: Governor, observer: CallObserver = ignore_calls
) -> dict[str, Opened[Checkable]]:
    """Every vendor the settings configure, by name, for `doctor` (TL-07)."""
    opened: dict[str, Opened[Checkable]] = {FILE_SOURCE: source(FILE_SOURCE, settings, governor)}
    for name in VENDORS:
        if settings.vendor(name) is not None:
            opened[name] = _client(name, _CLIENTS[name], settings, governor, observer)
    return opened


def meters(settings: Settings, governor: Governor, observer: CallObserver = ignore_calls) -> dict[str, Opened[Metered]]:
    """Every configured vendor that tells what our account has used, by name."""
    wanted = [name for name in METERED if settings.vendor(name) is not None]
    return {name: _client(name, _CLIENTS[name], settings, governor, observer) for name in wanted}


def _client(name: str, where: str, settings: Settings, governor: Governor, observer: CallObserver) -> Opened[Any]:
    access = settings.vendor(name)
    if access is None:
        raise VendorOff(f"{name} is off: {_remedy(name, settings)}")
    module, _, kind = where.partition(":")
    build: Callable[..., Opened[Any]] = getattr(import_module(f"leadgen_assets.vendors.{module}"), kind)
    return build(access, governor, observer)


@asynccontextmanager
async def _hunter_verifier(client: Opened[Any]) -> AsyncIterator[EmailVerifier]:
    from leadgen_assets.vendors.hunter import HunterVerifier

    async with client as hunter:
        yield HunterVerifier(hunter)


def _known(name: str, allowed: tuple[str, ...], role: str) -> str:
    if name not in allowed:
        raise KeyError(f"no {role} {name!r}; there are {', '.join(allowed)}")
    return name


def _remedy(name: str, settings: Settings) -> str:
    if settings.leadgen_mode == "sandbox":
        return f"no sandbox is running (or set {name.upper()}_BASE_URL)"
    return f"{', '.join(settings.missing(name))} not set; put it into .env"
