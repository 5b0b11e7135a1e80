"""ZoomInfo's JSON:API (vendors.md §3.2): reading documents, pages and search attributes, writing answers and errors."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from leadgen_assets.sandbox.frame import Call, Refused, answer, encoded
from leadgen_assets.sandbox.search import PeopleFilter
from leadgen_assets.sandbox.zoominfo_records import LEVELS

MEDIA_TYPE = "application/vnd.api+json"
MOST_PAGES, MOST_ROWS, MOST_INPUTS = 100, 100, 25

_SEARCHED = frozenset(
    ("jobTitle", "managementLevel", "country", "state", "metroRegion", "companyName", "companyWebsite", "fullName",
     "firstName", "lastName", "personId", "emailAddress", "externalURL", "employeeRangeMin", "employeeRangeMax",
     "requiredFields", "contactAccuracyScoreMin")
)  # fmt: skip
_ACCEPTED = frozenset(
    ("department", "jobFunction", "excludePartialProfiles", "locationSearchType", "revenueMin", "revenueMax")
)
"""Attributes that are allowed but do not restrict this world."""


def prose_error(code: str, message: str, status: int, is_retryable: bool = False, headers: Any = None) -> Response:
    """The error shape of the prose documentation (ZI codes)."""
    error = {
        "code": code,
        "message": message,
        "status": status,
        "requestId": str(uuid.uuid4()),
        "retryable": is_retryable,
    }
    return answer({"error": error}, status, headers, MEDIA_TYPE)


def problem(code: str, detail: str, pointer: str = "/data/attributes", status: int = 400) -> Response:
    """The error shape of the OpenAPI file (PFAPI codes); `status` inside is text."""
    title = "Bad Request" if status == 400 else "Server Error"
    error = {"id": str(uuid.uuid4()), "code": code, "status": str(status), "title": title, "detail": detail}
    content = {"title": title, "detail": detail, "errors": [{**error, "source": {"pointer": pointer}}]}
    return answer(content, status, media_type=MEDIA_TYPE)


def attributes(call: Call, kind: str) -> dict[str, Any]:
    """The attributes of the request's document. Raises `Refused` for another media type or document type."""
    if (call.header("content-type") or "").partition(";")[0].strip() != MEDIA_TYPE:
        raise Refused(problem("PFAPI0003", f"Content-Type must be {MEDIA_TYPE}", "/", 415))
    data = call.json_object.get("data")
    found = data.get("attributes") if isinstance(data, dict) and data.get("type") == kind else None
    if not isinstance(found, dict):
        raise Refused(problem("PFAPI0003", f"data.type must be {kind} and data.attributes an object", "/data"))
    return found


def page_of(call: Call) -> tuple[int, int]:
    """Page number and size. Raises `Refused` beyond page 100 or size 100."""
    try:
        number, size = int(call.query.get("page[number]", "1")), int(call.query.get("page[size]", "25"))
    except ValueError:
        raise Refused(problem("PFAPI0002", "Page number and size must be integers", "/page")) from None
    if number > MOST_PAGES:
        message = f"Page number cannot be greater than max value {MOST_PAGES}"
        raise Refused(problem("PFAPI0002", message, "/data/attributes/page"))
    if number < 1 or not 1 <= size <= MOST_ROWS:
        message = f"Page size must be between 1 and {MOST_ROWS} and page number at least 1"
        raise Refused(problem("PFAPI0002", message, "/data/attributes/page"))
    return number, size


def contact_filter(asked: Mapping[str, Any]) -> PeopleFilter:
    """Search attributes as a filter. Raises `Refused` for attributes ZoomInfo does not allow, or none at all."""
    unknown = sorted(set(asked) - _SEARCHED - _ACCEPTED)
    if unknown:
        raise Refused(problem("PFAPI0001", f"Field not allowed: {', '.join(unknown)}"))
    if not asked:
        raise Refused(problem("PFAPI0004", "At least one search criterion is required"))
    levels = _either(asked.get("managementLevel"))
    low, high = asked.get("employeeRangeMin"), asked.get("employeeRangeMax")
    required = {part.strip() for part in str(asked.get("requiredFields") or "").split(",")}
    name = asked.get("fullName") or " ".join(str(asked[key]) for key in ("firstName", "lastName") if asked.get(key))
    return PeopleFilter(
        titles=_either(asked.get("jobTitle")),
        locations=_places(asked),
        seniorities=tuple(each for each, level in LEVELS.items() if level in levels) or (("none",) if levels else ()),
        sizes=((int(low or 0), int(high or 10**9)),) if low or high else (),
        domains=tuple(each.lower().removeprefix("www.") for each in _either(asked.get("companyWebsite"))),
        companies=_either(asked.get("companyName")),
        has_email=True if "email" in required else None,
        name=str(name or ""),
    )


def _places(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """States and metro regions within countries; the finest that is given counts."""
    finest = _either(asked.get("metroRegion")) or _either(asked.get("state"))
    countries = _either(asked.get("country"))
    if not finest or not countries:
        return finest or countries
    return tuple(f"{place}, {country}" for place in finest for country in countries)


def _either(value: Any) -> tuple[str, ...]:
    """`A OR B` or a list as its parts."""
    if value is None:
        return ()
    parts = value if isinstance(value, list) else str(value).split(" OR ")
    return tuple(str(part).strip().strip('"') for part in parts if str(part).strip())


def usage_limit(kind: str, description: str, limit: int, used: int) -> dict[str, Any]:
    """One line of the usage answer."""
    return {
        "limitType": kind,
        "description": description,
        "totalLimit": limit,
        "currentUsage": used,
        "usageRemaining": limit - used,
    }


def enrichment(
    asked: Mapping[str, Any], key: str, known: frozenset[str]
) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """Inputs and output fields of an enrich request. Raises `Refused` for counts and names that are not allowed."""
    inputs, fields = asked.get(key), asked.get("outputFields")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(each, dict) for each in inputs):
        raise Refused(
            problem("PFAPI0004", f"{key} must be a list of 1 to {MOST_INPUTS} objects", f"/data/attributes/{key}")
        )
    if len(inputs) > MOST_INPUTS:
        raise Refused(
            problem("PFAPI0002", f"{key} cannot have more than {MOST_INPUTS} entries", f"/data/attributes/{key}")
        )
    if not isinstance(fields, list) or not fields or set(fields) - known:
        bad = sorted(set(fields) - known) if isinstance(fields, list) else []
        detail = f"Invalid outputFields: {', '.join(map(str, bad))}" if bad else "Missing outputFields"
        raise Refused(problem("PFAPI0009", detail, "/data/attributes/outputFields"))
    return inputs, frozenset(fields)


def with_number(asked: dict[str, Any]) -> dict[str, Any]:
    """The input as it is echoed: `personId` comes back as a number whatever was sent."""
    person = str(asked.get("personId") or "")
    return {**asked, "personId": int(person)} if person.isdigit() else asked


def document(items: list[dict[str, Any]]) -> Response:
    """A JSON:API answer."""
    return answer({"data": items}, media_type=MEDIA_TYPE)


def page(rows: str, number: int, size: int, total: int, call: Call) -> Response:
    """A page of a search, its items already JSON text."""
    pages = math.ceil(total / size)

    def link(page: int) -> str:
        return f"{call.request.url.path}?page[number]={page}&page[size]={size}"

    links = {
        "first": link(1),
        "last": link(max(1, pages)),
        "prev": link(number - 1) if number > 1 else None,
        "next": link(number + 1) if number < pages else None,
    }
    meta = {"page": {"number": number, "total": pages}, "totalResults": total}
    return encoded(f'{{"data":[{rows}],"meta":{json.dumps(meta)},"links":{json.dumps(links)}}}', media_type=MEDIA_TYPE)
