"""ZoomInfo (GTM API): lists contacts for free, sells their details by id (vendors.md §3.2)."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from leadgen_assets.vendors.answers import by_status, message_of
from leadgen_assets.vendors.contracts import (
    Draft,
    Drift,
    HealthVerdict,
    Listing,
    Purchase,
    Record,
    SearchQuery,
    Usage,
    VendorBadRequest,
    VendorError,
    VendorUnavailable,
    Verdict,
)
from leadgen_assets.vendors.http import Classified, VendorClient, retry_after
from leadgen_assets.vendors.mapping import country_name, draft, first, inner, known_fields, text, us_states
from leadgen_assets.vendors.values import amount, identifier, objects, part, token, whole

OUTPUT_FIELDS = (
    "id", "firstName", "lastName", "email", "phone", "jobTitle", "companyName", "companyWebsite",
    "companyPrimaryIndustry", "companyEmployeeCount", "city", "state", "country", "externalUrls", "validDate",
)  # fmt: skip
"""What is asked for on a purchase; without externalUrls no LinkedIn URL arrives."""

_MEDIA_TYPE = "application/vnd.api+json"
_SCOPE = "api:data:contact api:data:company"
_EARLY = 300.0
"""Seconds before a token's end at which it is replaced."""
_LEVELS = ("C Level Exec", "VP Level Exec", "Director", "Manager", "Non Manager")
_FOUND = ("FULL_MATCH", "CONTACT_ONLY_MATCH")
_VERDICTS = {
    "PFAPI0011": Verdict.OUT_OF_CREDITS,
    "PFAPI0007": Verdict.BACK_OFF,
    "PFAPI0010": Verdict.BACK_OFF,
    "ZI0001": Verdict.AUTH,
    "ZI0002": Verdict.ENTITLEMENT,
    "ZI0003": Verdict.ENTITLEMENT,
    "ZI0004": Verdict.RETRY_AFTER,
}


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """ZoomInfo's language (§3.2): the code counts more than the status, and errors come in two shapes."""
    if status == 200:
        is_document = isinstance(body, dict) and "data" in body
        return Classified(Verdict.OK) if is_document else Classified(Verdict.BACK_OFF, detail="no JSON:API document")
    code = text(inner(body, "error", "code")) or text(inner(_first_error(body), "code"))
    verdict = _VERDICTS.get(code or "")
    if verdict is None:
        return by_status(status, headers, body)
    wait = retry_after(headers) if verdict in (Verdict.RETRY_AFTER, Verdict.BACK_OFF) else None
    bucket = headers.get("x-ratelimit-rejected-bucket", "")
    return Classified(verdict, wait, " ".join(part for part in (code, message_of(body), bucket) if part))


def classify_token(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """The login server's language: OAuth says "wrong client" as 400 or 401."""
    if status in (400, 401, 403):
        return Classified(Verdict.AUTH, detail=message_of(body) or "client id or secret not accepted")
    return by_status(status, headers, body)


class ZoomInfoClient(VendorClient):
    """Contact search and enrichment with one token for all calls of the process. A `ListedSource`."""

    name = "zoominfo"
    page_size = 100
    reach = 10_000
    batch_size = 25
    paid_operation = "enrich"
    repeat_is_free = True  # records under management (vendors.md §3.2)

    _token: str | None = None
    _replace_at = 0.0
    _token_lock: asyncio.Lock | None = None

    async def authorise(self) -> dict[str, str]:
        """The token, replaced once and early: many calls that find it old wait for one login."""
        self._token_lock = self._token_lock or asyncio.Lock()
        async with self._token_lock:
            if self._token is None or time.monotonic() >= self._replace_at:
                await self._log_in()
        return {"Authorization": f"Bearer {self._token}", "Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE}

    async def refresh(self) -> bool:
        """Forget the rejected token; the next call logs in."""
        self._token = None
        return True

    async def count(self, query: SearchQuery) -> int:
        """How many contacts match."""
        return (await self._search(query, page=1, size=1)).total

    async def listing(self, query: SearchQuery, page: int) -> Listing:
        """One page (from 1) of at most 100 contacts by id; a page past the reach is refused before it is sent."""
        if not 1 <= page <= self.reach // self.page_size:
            raise VendorBadRequest(self.name, "search", f"page {page} is past ZoomInfo's 100 pages; split the query")
        return await self._search(query, page, self.page_size)

    def split(self, query: SearchQuery) -> Sequence[SearchQuery]:
        """By title, then state, then management level: each level once."""
        facets = dict(query.facets)
        if len(query.titles) > 1 and "title" not in facets:
            return [query.narrowed("title", title) for title in query.titles]
        if "state" not in facets and not query.locations and query.countries == ("US",):
            return [query.narrowed("state", state) for state in us_states()]
        if "level" not in facets:
            return [query.narrowed("level", level) for level in _LEVELS]
        return []

    async def buy(self, vendor_ids: Sequence[str]) -> Purchase:
        """Details of at most 25 contacts. A contact under management costs nothing again, so re-sending is free.

        ZoomInfo does not say what it charged; `credits` is the most it can be, one a delivered contact.
        """
        wanted = dict.fromkeys(vendor_ids)
        if not wanted:
            return Purchase({})
        if len(wanted) > self.batch_size:
            raise VendorBadRequest(self.name, "enrich", f"{len(wanted)} ids; at most {self.batch_size} in one call")
        people = [{"personId": int(each) if each.isdigit() else each} for each in wanted]
        sent = _document("ContactEnrich", {"matchPersonInput": people, "outputFields": list(OUTPUT_FIELDS)})
        path = "/data/v1/contacts/enrich"
        reply = await self.call("enrich", "POST", path, classify=classify, json=sent, paid=True, resend_is_free=True)
        return _purchase(wanted, _items(reply.json()))

    async def check(self) -> HealthVerdict:
        """Whether the login works and what is left, by the usage route, which is free."""
        try:
            reply = await self.call("usage", "GET", "/data/v1/users/usage", classify=classify)
        except VendorError as error:
            return HealthVerdict(self.name, False, str(error))
        left = _counted(reply.json(), "usageRemaining")
        return HealthVerdict(self.name, True, "logged in", left)

    async def usage(self) -> Usage:
        """Records that were new to the account, which is what a credit is (§3.2)."""
        reply = await self.call("usage", "GET", "/data/v1/users/usage", classify=classify)
        used = _counted(reply.json(), "currentUsage")
        if used is None:
            raise VendorUnavailable(self.name, "usage", "the answer names no usage", reply.status)
        return Usage(used)

    async def _log_in(self) -> None:
        pair = f"{self.access.secret('zoominfo_client_id')}:{self.access.secret('zoominfo_client_secret')}"
        reply = await self.call(
            "token",
            "POST",
            self.access.extra["token_url"],
            classify=classify_token,
            data={"grant_type": "client_credentials", "scope": _SCOPE},
            headers={"Authorization": "Basic " + b64encode(pair.encode()).decode()},
            anonymous=True,
        )
        granted, lifetime = (
            token(reply.json().get("access_token")),
            float(whole(reply.json().get("expires_in")) or 3600),
        )
        if granted is None:
            raise VendorUnavailable(self.name, "token", "the login answer has no access token", reply.status)
        self._token = granted
        self._replace_at = time.monotonic() + lifetime - min(_EARLY, lifetime / 10)

    async def _search(self, query: SearchQuery, page: int, size: int) -> Listing:
        reply = await self.call(
            "search",
            "POST",
            "/data/v1/contacts/search",
            classify=classify,
            params={"page[number]": page, "page[size]": size},
            json=_document("ContactSearch", search_attributes(query)),
        )
        total = whole(inner(reply.json(), "meta", "totalResults"))
        if total is None:
            detail = "the answer does not say how many contacts match"
            raise VendorUnavailable(self.name, "search", detail, reply.status)
        people = ((identifier(item.get("id")), item) for item in _items(reply.json()))
        return Listing(total, {found: item for found, item in people if found is not None})


def search_attributes(query: SearchQuery) -> Record:
    """The query as search attributes. ZoomInfo searches places by state or country, so locations must be states.

    Raises `VendorBadRequest` for a location that is no US state.
    """
    facets = dict(query.facets)
    titles = [facets["title"]] if "title" in facets else query.titles
    attributes = {
        "jobTitle": " OR ".join(titles),
        "country": " OR ".join(country_name(code) for code in query.countries),
    }
    states = [facets["state"]] if "state" in facets else [_state(place) for place in query.locations]
    if states:
        attributes["state"] = " OR ".join(dict.fromkeys(states))
    if "level" in facets:
        attributes["managementLevel"] = facets["level"]
    return attributes


def to_draft(record: Record) -> Draft:
    """A bought contact as a draft; its fields are under `attributes`."""
    said = record.get("attributes")
    said = said if isinstance(said, dict) else {}
    return draft(
        vendor_id=vendor_id(record),
        linkedin_url=_linkedin(said.get("externalUrls")),
        first_name=said.get("firstName"),
        last_name=said.get("lastName"),
        job_title=said.get("jobTitle"),
        company_name=first(said.get("companyName"), inner(said, "company", "name")),
        company_website=first(said.get("companyWebsite"), inner(said, "company", "website")),
        company_industry=first(*_listed(said.get("companyPrimaryIndustry"))),
        company_size=said.get("companyEmployeeCount"),
        location_city=said.get("city"),
        location_state=said.get("state"),
        location_country=said.get("country"),
        email=said.get("email"),
        phone=first(said.get("phone"), said.get("directPhone"), said.get("mobilePhone")),
        profile_picture_url=said.get("picture"),
        observed_at=first(said.get("lastUpdatedDate"), said.get("validDate")),
    )


def drift(records: Sequence[Record]) -> Drift:
    """Attributes that ZoomInfo is not known to send."""
    return Drift.of("zoominfo", known_fields("zoominfo"), (dict(part(record, "attributes")) for record in records))


def vendor_id(record: Record) -> str | None:
    """ZoomInfo's id of the person; "0" stands for nobody."""
    said = first(record.get("id"), inner(record, "meta", "input", "personId"))
    return None if said == "0" else said


def _purchase(wanted: Mapping[str, None], items: Sequence[Record]) -> Purchase:
    outcome: dict[str, str] = {}
    records: dict[str, Record] = {}
    for item in items:
        asked = first(inner(item, "meta", "input", "personId"), item.get("id"))
        if asked is None or asked not in wanted or asked in outcome:
            continue
        outcome[asked] = str(inner(item, "meta", "matchStatus") or "FULL_MATCH")
        if outcome[asked] in _FOUND:
            records[asked] = item
    suppressed = tuple(each for each in wanted if outcome.get(each) == "OPT_OUT")
    refused = tuple(each for each in wanted if outcome.get(each) == "LIMIT_EXCEEDED")
    delivered = {*records, *suppressed, *refused}
    missing = tuple(each for each in wanted if each not in delivered)
    return Purchase(records, missing, suppressed, refused, credits=Decimal(len(records)))


def _document(kind: str, attributes: Record) -> Record:
    return {"data": {"type": kind, "attributes": attributes}}


def _items(document: Record) -> list[Record]:
    return objects(document.get("data"))


def _counted(document: Record, name: str) -> Decimal | None:
    """A figure of the limit on contacts; the vendor's own OpenAPI has `data` as a list."""
    data = document.get("data")
    entry = data[0] if isinstance(data, list) and data else data
    limits = objects(_listed(inner(entry, "attributes", "usage")))
    limits.sort(key=lambda limit: limit.get("limitType") != "uniqueIdLimit")
    return amount(limits[0].get(name)) if limits else None


def _linkedin(urls: Any) -> str | None:
    return next((text(inner(one, "url")) for one in _listed(urls) if "linkedin" in str(inner(one, "type"))), None)


def _first_error(body: Any) -> Any:
    errors = inner(body, "errors")
    return errors[0] if isinstance(errors, list) and errors else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _state(place: str) -> str:
    import us

    found = us.states.lookup(place.rpartition(",")[2].strip())
    if found is None:
        detail = f"searches by state or country; the location {place!r} is no US state"
        raise VendorBadRequest("zoominfo", "search", detail)
    return str(found.name)
