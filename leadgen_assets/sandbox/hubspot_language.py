"""How HubSpot says no (vendors.md §6.1), and what it refuses of a batch before looking at any value."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from leadgen_assets.sandbox.frame import Refused, answer
from leadgen_assets.sandbox.hubspot_contacts import ContactBook, ContactProblem

MOST_INPUTS = 100

TRANSIENT: tuple[tuple[int, dict[str, str]], ...] = (
    (503, {}), (423, {}), (502, {}), (477, {"Retry-After": "1"}), (504, {}), (524, {}),
)  # fmt: skip
"""Failures that pass, in the order an error storm shows them: 423 = locked, 477 = account being migrated."""


def failure(status: int, category: str, message: str, errors: Sequence[dict[str, Any]] = ()) -> Response:
    """HubSpot's error body."""
    body = {
        "status": "error",
        "message": message,
        "correlationId": str(uuid.uuid4()),
        "category": category,
        "errors": list(errors),
        "links": {},
    }
    return answer(body, status)


def refuse(message: str, errors: Sequence[dict[str, Any]] = (), status: int = 400) -> Refused:
    """A validation failure of the whole request."""
    return Refused(failure(status, "VALIDATION_ERROR", message, errors))


def slow_down(policy: str) -> Response:
    """The 429 of a limit; it has `errorType` where other errors have `category`."""
    body = {
        "status": "error",
        "message": f"You have reached your {policy.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": str(uuid.uuid4()),
        "policyName": policy,
        "requestId": str(uuid.uuid4()),
    }
    return answer(body, 429)


def error_of(problem: ContactProblem, trace: str) -> dict[str, Any]:
    """One record's error in a 207."""
    return {
        "status": "error",
        "category": problem.category,
        "message": problem.message,
        "context": {"objectWriteTraceId": [trace]},
        "errors": problem.errors,
        "links": {},
    }


def inputs_of(body: Mapping[str, Any], book: ContactBook) -> tuple[list[dict[str, Any]], str]:
    """The inputs and the one property that identifies them all. Refuses what needs no look at values."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise refuse("Invalid input JSON: Some required fields were not set: [inputs]")
    if len(inputs) > MOST_INPUTS:
        raise refuse(f"The number of inputs {len(inputs)} exceeds the maximum batch size of {MOST_INPUTS}")
    for each in inputs:
        if not isinstance(each, dict) or not isinstance(each.get("id"), str) or not each["id"].strip():
            raise refuse("Invalid input JSON: Some required fields were not set: [id]")
        values = each.get("properties", {})
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise refuse("Invalid input JSON: Cannot deserialize value of type `java.lang.String`")
    properties = {each.get("idProperty") for each in inputs}
    if len(properties) > 1:
        raise refuse("All inputs must use the same idProperty")
    id_property = properties.pop()
    if not isinstance(id_property, str) or not book.is_id_property(id_property):
        raise refuse(f"idProperty {id_property} does not exist or is not a unique property")
    counts = Counter(book.key(id_property, each["id"])[1] for each in inputs)
    repeated = sorted(value for value, count in counts.items() if count > 1)
    if repeated:
        raise refuse(f"Duplicate IDs found in batch input: [{', '.join(repeated)}]. IDs must be unique")
    return inputs, id_property
