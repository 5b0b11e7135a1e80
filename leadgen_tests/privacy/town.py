"""A small delivered sprint of invented people, one of whom we know all about: Ada Quillfeather.

She is in every place that can hold a person: three vendors delivered her under different keys, one record of hers is in
quarantine, a free listing names her, an enrichment vendor answered about her, the CRM holds her, and files do.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from leadgen_assets.collection.ingest import ingest_pages
from leadgen_assets.collection.normalising import normalise_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.delivery.mapping import load_mapping
from leadgen_assets.delivery.report import SyncReport
from leadgen_assets.delivery.sync import Ledgers, sync
from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.leads.score import score
from leadgen_assets.privacy.crm import CrmAccess
from leadgen_assets.privacy.erase import Office
from leadgen_assets.refinement.deduplicate import Deduplicated, deduplicate
from leadgen_assets.refinement.publish import publish_leads
from leadgen_assets.refinement.suppress import without_suppressed
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import RawPage, unpack
from leadgen_assets.vendors import sales_navigator
from leadgen_assets.vendors.governor import Unlimited
from leadgen_assets.vendors.hubspot import HubSpotClient
from leadgen_assets.vendors.registry import VendorOff

KEY = "town"
EMAIL = "ada.quillfeather@inkwell.example"
SLUG = "ada-quillfeather-7"
TOKEN = "ACwAAB1quillfeatherTown7Xy"
APOLLO_ID, ZOOMINFO_ID = "5f00adaquillfeather77aa", "7700077"
WORDS = ("quillfeather", SLUG, TOKEN.casefold(), APOLLO_ID)
"""Nobody else's data contain these."""
SEGMENTS = {"apollo-1": "apollo", "zoominfo-1": "zoominfo", "sales-navigator-1": "sales_navigator"}
FETCHED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HEADER = "Full Name,LinkedIn URL,Sales Navigator URL,Title,Company Name,Location"
FILE = "imports/sales_navigator/list.csv"


def apollo(number: int, **changes: Any) -> dict[str, Any]:
    """A bystander as Apollo delivers them."""
    return {
        "id": f"5e{number:022x}",
        "name": f"Bystander {_letters(number)}",
        "linkedin_url": f"https://www.linkedin.com/in/bystander-{number}",
        "title": "PPC Manager",
        "email": f"bystander.{number}@acme.example",
        "city": "Boston",
        "state": "Massachusetts",
        "country": "United States",
        "organization": {"name": "Acme", "website_url": "https://acme.example", "industry": "Retail",
                         "estimated_num_employees": 120},
        **changes,
    }  # fmt: skip


def zoominfo(number: int, **changes: Any) -> dict[str, Any]:
    """A bystander as ZoomInfo delivers them."""
    said = {
        "firstName": "Bystander", "lastName": _letters(number), "jobTitle": "Media Buyer", "companyName": "Borealis",
        "companyWebsite": "https://borealis.example", "city": "Denver", "state": "CO", "country": "United States",
        "email": f"bystander.{number}@borealis.example",
        "externalUrls": [{"type": "linkedin.com", "url": f"https://www.linkedin.com/in/bystander-{number}"}],
        **changes.pop("attributes", {}),
    }  # fmt: skip
    return {"id": str(9_000_000 + number), "type": "Contact", "attributes": said, **changes}


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)).title() + "son"


ADA_APOLLO = apollo(
    0, id=APOLLO_ID, name="Ada Quillfeather", linkedin_url=f"https://uk.linkedin.com/in/{SLUG.upper()}/", email=EMAIL
)
ADA_ZOOMINFO = zoominfo(
    0,
    id=ZOOMINFO_ID,
    attributes={"firstName": "Ada", "lastName": "Quillfeather", "email": EMAIL.upper(), "externalUrls": []},
)
ADA_EXPORTED = (
    f"Ada Quillfeather,https://www.linkedin.com/in/{SLUG},https://www.linkedin.com/sales/lead/{TOKEN}%2CNAME_SEARCH,"
    "PPC Manager,Inkwell,Boston"
)
ADA_HELD = apollo(0, id=APOLLO_ID, name="Ada Quillfeather", linkedin_url=None, email=EMAIL, title="x" * 10_300)


@dataclass
class Town:
    """The sprint, its stores, its home and the CRM."""

    settings: Settings
    stores: OpenStores
    crm_access: Any = None
    """A `VendorAccess` of the sandbox's HubSpot; None: the CRM is off."""
    crm_calls: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """LEADGEN_HOME."""
        return self.settings.home

    @property
    def office(self) -> Office:
        """What an erasure works with."""
        return Office(self.stores, self.home, self.open_crm)

    def open_crm(self, target: str) -> CrmAccess:
        """A way into the CRM, as the command line gives it."""
        self.crm_calls.append(target)
        if self.crm_access is None:
            raise VendorOff(f"{target} is off")
        return CrmAccess(lambda: _client(self.crm_access), "lead_external_id")

    # the sprint

    def build(self, policy: dict[str, Any] | None = None) -> Town:
        """Collect, refine, deliver, and plant Ada in files and caches."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.stores.book.open(KEY, town_sprint(policy))
        self.write_export()
        self.land("apollo-1", 1, [*(apollo(n) for n in range(1, 9)), ADA_APOLLO, ADA_HELD])
        self.stores.raw_pages.land_listing(KEY, "apollo-1", 1, {"5e1": {}, APOLLO_ID: {"first_name": "Ada"}}, 2)
        self.land("zoominfo-1", 1, [ADA_ZOOMINFO, *(zoominfo(n) for n in range(5, 14))])
        self.land("sales-navigator-1", 1, sales_navigator.read_export(self.home / FILE))
        self.refine()
        self.stores.cache.put("neverbounce", "jobs", {EMAIL: {"result": "valid"}})
        self.stores.cache.put("hunter", "finder", {"someone": {"email": EMAIL}, "else": {"email": "else@acme.example"}})
        self.plant_files()
        return self

    def write_export(self) -> None:
        """The file Ada is in; its place in the numbering is on record, as the collector does it."""
        rows = [f"Bystander {_letters(n)},https://www.linkedin.com/in/bystander-{n},,Media Buyer,Acme,Austin"
                for n in range(20, 26)]  # fmt: skip
        path = self.home / FILE
        path.parent.mkdir(parents=True)
        path.write_text("\n".join([HEADER, *rows[:2], ADA_EXPORTED, *rows[2:]]) + "\n", encoding="utf-8")

    def plant_files(self) -> None:
        """What people and programs leave behind."""
        for name, text in {
            "logs/run.log": f"INFO asked about {EMAIL}\nINFO done\n",
            "privacy/exports/old.json": f'{{"about": "{EMAIL}"}}',
            "exports/leads.csv": f"email,name\nelse@acme.example,Else\n{EMAIL},Ada Quillfeather\n",
            "exports/leads.bin": f"\0\0{EMAIL}\0",
        }.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def land(self, segment: str, number: int, records: list[Any], *, ingest: bool = True) -> RawPage:
        """A page as a collector lands and ingests it."""
        page = RawPage(KEY, segment, SEGMENTS[segment], number, records, {}, FETCHED, Decimal(0))
        self.stores.raw_pages.land(page)
        if ingest:
            ingest_pages(self.stores, [page], mapper(page.source), self.profile)
        return page

    def normalise(self) -> dict[str, pd.DataFrame]:
        """The assets `normalized_*`."""
        made = {}
        for segment, source in SEGMENTS.items():
            pages = list(self.stores.raw_pages.read(KEY, segment))
            made[segment] = normalise_pages(pages, mapper(source), self.profile).leads
            self.stores.lake.write(f"normalized_{source}", f"{KEY}/{segment}", made[segment])
        return made

    def refine(self) -> Deduplicated:
        """The assets from `normalized_*` to `crm_sync`; enrichment finds nothing."""
        done = self.deduplicate()
        self.stores.lake.write("deduplicated_leads", KEY, done.golden)
        self.stores.lake.write("processed_records", KEY, done.records)
        self.stores.book.record_counts(KEY, {each: counts.as_dict() for each, counts in done.counts.items()})
        kept = without_suppressed(self.stores, KEY, done.golden)
        sprint = self.stores.book.get(KEY).sprint
        scored = score(kept, sprint.score, sprint.qualification.minimum_score, self.profile)
        publish_leads(self.stores, KEY, scored)
        self.stores.lake.write("scored_leads", KEY, scored)
        self.sync(scored)
        return done

    def deduplicate(self) -> Deduplicated:
        """The asset `deduplicated_leads`."""
        return deduplicate(self.stores, KEY, self.normalise(), self.stores.book.get(KEY).sprint.privacy)

    def sync(self, scored: pd.DataFrame) -> SyncReport | None:
        """The asset `crm_sync` without its gate."""
        if self.crm_access is None:
            return None
        stores = self.stores
        ledgers = Ledgers(stores.outcomes, stores.leads, stores.suppressions, stores.jobs)

        async def run() -> SyncReport:
            async with _client(self.crm_access) as client:
                return await sync(scored, client, load_mapping("hubspot"), ledgers, KEY)

        return asyncio.run(run())

    @property
    def profile(self) -> TargetProfile:
        """Whom the sprint looks for."""
        wanted = self.stores.book.get(KEY).sprint.profile
        return TargetProfile(titles=wanted.titles, countries=tuple(wanted.countries), metros=wanted.metros)

    # looking

    def page_counts(self) -> dict[str, dict[str, int]]:
        """{segment: counts} while collecting."""
        return {segment: counts.as_dict() for segment, counts in self.stores.counts(KEY).items()}

    def final_counts(self) -> dict[str, dict[str, int]]:
        """{segment: counts} after refinement."""
        return {segment: dict(each) for segment, each in self.stores.book.get(KEY).counts.items()}

    def lead(self) -> dict[str, Any]:
        """Ada's lead."""
        found = self.stores.leads.with_keys([f"linkedin:https://www.linkedin.com/in/{SLUG}"])
        assert len(found) == 1
        return found[0]

    def found(self, words: Iterable[str] = WORDS) -> dict[str, int]:
        """Where any of the words is, over every byte of every store: this test's own search, not the product's."""
        wanted = [each.casefold() for each in words]
        found: dict[str, int] = {}
        for place, text in self._everything():
            if any(word in text.casefold() for word in wanted):
                found[place] = found.get(place, 0) + 1
        return found

    def _everything(self) -> Iterable[tuple[str, str]]:
        db = self.stores.db
        for name in db.list_collection_names():
            if name.startswith("system."):
                continue
            for document in db[name].find():
                packed = document.pop("packed", None)
                yield f"mongodb:{name}", str(document) + (str(unpack(packed)) if packed is not None else "")
        client: Any = self.stores.redis
        for key in client.scan_iter():
            kind = client.type(key)
            value = client.get(key) if kind == b"string" else client.hgetall(key) if kind == b"hash" else b""
            yield "redis", f"{key!r} {value!r}"
        for folder, _, files in os.walk(self.home):
            for name in files:
                path = Path(folder) / name
                place = f"files:{path.relative_to(self.home).parts[0]}"
                if path.suffix == ".parquet":
                    yield place, str(pd.read_parquet(path).to_dict("records"))
                else:
                    yield place, path.read_bytes().decode("utf-8", "replace")


def adds_up(counts: dict[str, dict[str, int]]) -> bool:
    """The counting identity in every segment."""
    return bool(counts) and all(
        each["delivered"] == each["leads"] + each["duplicates"] + each["suppressed"] + each["quarantined"]
        for each in counts.values()
    )


def total(counts: dict[str, dict[str, int]], name: str) -> int:
    """One count over all segments."""
    return sum(each[name] for each in counts.values())


def town_sprint(policy: dict[str, Any] | None = None) -> Sprint:
    """The sprint file."""
    files = {"sales-navigator-1": {"files": FILE}}
    return Sprint.model_validate(
        {
            "name": KEY,
            "target": {"collected": 30, "unique": 1},
            "profile": {"titles": ["PPC Manager", "Media Buyer"], "countries": ["US"]},
            "segments": [
                {"id": segment, "source": source, "leads": 30, **files.get(segment, {})}
                for segment, source in SEGMENTS.items()
            ],
            "qualification": {"minimum_score": 0},
            "budget": {"usd": 100},
            "privacy": policy or {},
        }
    )


def _client(access: Any) -> AbstractAsyncContextManager[Any]:
    return HubSpotClient(access, Unlimited())
