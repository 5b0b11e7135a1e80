"""Opens the clients a sprint's enrichment plan names, as far as there are credentials for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from leadgen_assets.enrichment.enrich import Toolbox
from leadgen_assets.settings import VendorAccess
from leadgen_assets.sprint_file import Enrichment
from leadgen_assets.vendors.brightdata_companies import BrightDataCompanies, JobMemory
from leadgen_assets.vendors.clearbit import ClearbitClient
from leadgen_assets.vendors.contracts import CallObserver, CompanyFinder, EmailFinder, EmailVerifier, ignore_calls
from leadgen_assets.vendors.governor import Governor
from leadgen_assets.vendors.http import VendorClient
from leadgen_assets.vendors.hunter import HunterClient, HunterVerifier
from leadgen_assets.vendors.neverbounce import NeverBounceClient
from leadgen_assets.vendors.pdl import PdlClient

CLIENTS: dict[str, type[VendorClient]] = {
    "brightdata": BrightDataCompanies,
    "clearbit": ClearbitClient,
    "hunter": HunterClient,
    "neverbounce": NeverBounceClient,
    "pdl": PdlClient,
}


@asynccontextmanager
async def open_toolbox(
    plan: Enrichment,
    access: Callable[[str], VendorAccess | None],
    governor: Governor,
    jobs: JobMemory,
    observer: CallObserver = ignore_calls,
) -> AsyncIterator[Toolbox]:
    """The plan's vendors, logged in on first use. A vendor that is off (`access` gives None) is left out, and the
    report will say so. `jobs` keeps the ids of company snapshots."""
    wanted = dict.fromkeys((*plan.company, *plan.email, *plan.verify))
    async with AsyncExitStack() as stack:
        clients: dict[str, VendorClient] = {}
        for name in wanted:
            where = access(name)
            if where is not None:
                clients[name] = await stack.enter_async_context(CLIENTS[name](where, governor, observer))
        yield _sorted_by_use(plan, clients, jobs)


def _sorted_by_use(plan: Enrichment, clients: dict[str, VendorClient], jobs: JobMemory) -> Toolbox:
    emails: dict[str, EmailFinder] = {}
    companies: dict[str, CompanyFinder] = {}
    verifiers: dict[str, EmailVerifier] = {}
    for name, client in clients.items():
        if isinstance(client, BrightDataCompanies):
            client.jobs = jobs
        if name in plan.email and isinstance(client, HunterClient | PdlClient):
            emails[name] = client
        if name in plan.company and isinstance(client, ClearbitClient | HunterClient | BrightDataCompanies):
            companies[name] = client
        if name in plan.verify and isinstance(client, NeverBounceClient):
            verifiers[name] = client
        if name in plan.verify and isinstance(client, HunterClient):
            verifiers[name] = HunterVerifier(client)
    return Toolbox(emails, companies, verifiers)
