"""What Hunter's answers look like (vendors.md §5.2). `verdict` is the world's word on an address, `luck` is in [0, 1)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from leadgen_assets.sandbox.clearbit_records import company_record, employees_range
from leadgen_assets.sandbox.frame import answer

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import Company, Person

STATUS_OF = {
    "valid": "valid",
    "invalid": "invalid",
    "catchall": "accept_all",
    "unknown": "unknown",
    "disposable": "disposable",
}
RESULT_OF = {"valid": "deliverable", "invalid": "undeliverable"}
SCORE_FROM = {"valid": 90, "accept_all": 70, "unknown": 50, "invalid": 20, "disposable": 10}


def failure(status: int, kind: str, details: str) -> Response:
    """Hunter's error body."""
    return answer({"errors": [{"id": kind, "code": status, "details": details}]}, status)


def found(data: Any, params: dict[str, Any], **meta: Any) -> Response:
    """Hunter's envelope."""
    return answer({"data": data, "meta": {**meta, "params": params}})


def score(status: str, luck: float) -> int:
    """How sure Hunter is, 0 to 100."""
    return SCORE_FROM[status] + int(luck * 10)


def finder_data(person: Person, verdict: str, luck: float, linkedin_url: str | None) -> dict[str, Any]:
    """A found address."""
    status = STATUS_OF[verdict]
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "score": score(status, luck),
        "domain": person.company.domain,
        "accept_all": person.company.is_catch_all,
        "position": person.title,
        "twitter": None,
        "linkedin_url": linkedin_url,
        "phone_number": None,
        "company": person.company.name,
        "sources": sources(person.company),
        "verification": {"date": date.today().isoformat(), "status": status},
    }


def listed_data(person: Person, verdict: str, luck: float) -> dict[str, Any]:
    """An address in a domain search."""
    status = STATUS_OF[verdict]
    return {
        "value": person.email,
        "type": "personal",
        "confidence": score(status, luck),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "position": person.title,
        "seniority": person.seniority,
        "department": "marketing",
        "linkedin": person.linkedin_url,
        "phone_number": None,
        "verification": {"date": date.today().isoformat(), "status": status},
        "sources": sources(person.company),
    }


def verifier_data(address: str, verdict: str, luck: float) -> dict[str, Any]:
    """What mailing an address would show."""
    status = STATUS_OF[verdict]
    has_server = verdict not in ("unknown", "disposable")
    return {
        "status": status,
        "result": RESULT_OF.get(verdict, "risky"),
        "score": score(status, luck),
        "email": address,
        "regexp": True,
        "gibberish": False,
        "disposable": verdict == "disposable",
        "webmail": False,
        "mx_records": has_server,
        "smtp_server": has_server,
        "smtp_check": verdict == "valid",
        "accept_all": verdict == "catchall",
        "block": False,
        "sources": [],
    }


def company_data(company: Company, is_clearbit_format: bool) -> dict[str, Any]:
    """A company; Hunter's own shape has a band of head counts where Clearbit's has a number."""
    record = company_record(company)
    if is_clearbit_format:
        return record
    return {**record, "metrics": {**record["metrics"], "employees": employees_range(company.employees)}}


def sources(company: Company) -> list[dict[str, Any]]:
    """Where an address was seen."""
    page = {"domain": company.domain, "uri": f"http://{company.domain}/team", "extracted_on": "2026-03-01"}
    return [{**page, "last_seen_on": "2026-10-11", "still_on_page": True}]
