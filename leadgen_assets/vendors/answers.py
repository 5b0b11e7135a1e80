"""Answers and what they mean: parsing a body blindly is never safe, and neither is judging by the status alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from leadgen_assets.vendors.bodies import loads
from leadgen_assets.vendors.contracts import Record, Verdict

_MESSAGE_KEYS = ("error_code", "code", "error_message", "message", "detail", "title", "error", "errors")


@dataclass(frozen=True)
class Classified:
    """What an answer means. `wait` in seconds where the vendor names it; `detail` must not quote personal data."""

    verdict: Verdict
    wait: float | None = None
    detail: str = ""


Classifier = Callable[[int, Mapping[str, str], Any], Classified]
"""(status, headers, body) -> meaning. `body` is the parsed JSON, or the text where the answer is not JSON."""


@dataclass(frozen=True)
class Reply:
    """A usable answer: verdict OK, EMPTY or PENDING. `body` is the parsed JSON or None, `text` the body as sent."""

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str
    verdict: Verdict
    wait: float | None = None
    """Seconds until a PENDING answer is worth asking for again, where the vendor says so."""

    def json(self) -> Record:
        """The body as a JSON object; empty when it is anything else."""
        return self.body if isinstance(self.body, dict) else {}


def by_status(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """The meaning a status code has with most vendors; each classifier first handles where its vendor differs."""
    detail = message_of(body)
    if 200 <= status < 300:
        return Classified(Verdict.OK)
    if status == 429:
        return Classified(Verdict.RETRY_AFTER, retry_after(headers), detail or "rate limit")
    if status in (408, 425) or status >= 500:
        return Classified(Verdict.BACK_OFF, retry_after(headers), detail or "server error")
    verdict = {401: Verdict.AUTH, 402: Verdict.OUT_OF_CREDITS, 403: Verdict.ENTITLEMENT}.get(status)
    return Classified(verdict or Verdict.BAD_REQUEST, detail=detail or "rejected")


def message_of(body: Any) -> str:
    """Code and message of an error body of whatever shape; HTML pages say nothing worth repeating."""
    if isinstance(body, str):
        return "" if body.lstrip()[:1] == "<" else body.strip()
    if isinstance(body, list):
        return message_of(body[0]) if body else ""
    if not isinstance(body, Mapping):
        return ""
    parts = (message_of(str(value) if isinstance(value, int) else value) for value in _picked(body))
    return ": ".join(dict.fromkeys(part for part in parts if part))


def _picked(body: Mapping[str, Any]) -> list[Any]:
    return [body[key] for key in _MESSAGE_KEYS if body.get(key)]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds named by a Retry-After header, as number or date; None when absent or unreadable."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _says_json(response: httpx.Response) -> bool:
    kind = str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def parsed(response: httpx.Response) -> Any:
    """The JSON value, or None where the body is not JSON (then the text counts)."""
    content = response.content.lstrip()
    if not content or not (_says_json(response) or content[:1] in b"{["):
        return None
    try:
        return loads(content)
    except ValueError:
        return None


def is_cut_short(response: httpx.Response, body: Any) -> bool:
    """Whether the answer calls itself JSON and is none: its end is missing. `body` is what `parsed` made of it."""
    return body is None and _says_json(response) and response.content.strip() not in (b"", b"null")
