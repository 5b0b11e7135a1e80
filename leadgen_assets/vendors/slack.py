"""Slack incoming webhook (vendors.md §7.1). Failures are returned, not raised: an alert must not fail the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadgen_assets.vendors.answers import by_status
from leadgen_assets.vendors.contracts import HealthVerdict, VendorBadRequest, VendorError, Verdict
from leadgen_assets.vendors.http import Classified, VendorClient

HEADER_LIMIT = 150
TEXT_LIMIT = 3000
FIELD_LIMIT = 2000
FIELDS_A_SECTION = 10
BLOCKS_LIMIT = 50


@dataclass(frozen=True)
class SlackMessage:
    """One message: a headline, a text, name-value fields, links and small print. Plain text; escaping happens here."""

    title: str
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    footer: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    """{label: address}; only http and https become links."""


@dataclass(frozen=True)
class Posted:
    """Whether Slack took the message, and if not, why."""

    ok: bool
    detail: str = ""


class SlackClient(VendorClient):
    """Posts to one webhook, whose address is the secret."""

    name = "slack"

    async def post(self, message: SlackMessage) -> Posted:
        """Send a message; rate limits are waited for within the client's bounds."""
        payload = {"text": _escaped(_fallback(message)), "unfurl_links": False, "blocks": blocks_of(message)}
        try:
            await self._send(payload)
        except VendorError as error:
            return Posted(ok=False, detail=error.detail)
        return Posted(ok=True)

    async def check(self) -> HealthVerdict:
        """Post nothing: a live webhook answers that there is no text, and nobody sees a message."""
        try:
            await self._send({})
        except VendorBadRequest as error:
            if error.status == 400:
                return HealthVerdict(self.vendor, ok=True, detail="the webhook exists")
            return HealthVerdict(self.vendor, ok=False, detail=error.detail)
        except VendorError as error:
            return HealthVerdict(self.vendor, ok=False, detail=error.detail)
        return HealthVerdict(self.vendor, ok=True, detail="the webhook exists")

    async def _send(self, payload: dict[str, Any]) -> None:
        url = self.access.secret("slack_webhook_url")
        await self.call("webhook", "POST", url, classify=classify, json=payload)


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """Slack's language: one word of plain text; 403, 404 and 410 mean the webhook is no use."""
    if status in (403, 404, 410):
        return Classified(Verdict.BAD_REQUEST, detail=body if isinstance(body, str) else "the webhook is not accepted")
    return by_status(status, headers, body)


def blocks_of(message: SlackMessage) -> list[dict[str, Any]]:
    """Block Kit: header, text, fields ten a section, links, footer; each within Slack's lengths."""
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": _cut(message.title.strip() or "Message", HEADER_LIMIT)},
        }
    ]
    if message.text.strip():
        blocks.append({"type": "section", "text": _marked(message.text, TEXT_LIMIT)})
    blocks += [{"type": "section", "fields": part} for part in _sections(message.fields)]
    small_print: list[dict[str, str]] = []
    links = " · ".join(_link(*each) for each in message.links.items() if each[1].startswith(("http://", "https://")))
    if links and len(links) <= FIELD_LIMIT:
        small_print.append({"type": "mrkdwn", "text": links})
    if message.footer.strip():
        small_print.append(_marked(message.footer, FIELD_LIMIT))
    below = [{"type": "context", "elements": [each]} for each in small_print]
    return blocks[: BLOCKS_LIMIT - len(below)] + below


def _sections(fields: Mapping[str, str]) -> list[list[dict[str, str]]]:
    shown = [
        {"type": "mrkdwn", "text": _cut_escaped(f"*{_escaped(name)}*\n{_escaped(str(value))}", FIELD_LIMIT)}
        for name, value in fields.items()
    ]
    return [shown[start : start + FIELDS_A_SECTION] for start in range(0, len(shown), FIELDS_A_SECTION)]


def _marked(text: str, limit: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": _cut_escaped(_escaped(text.strip()), limit)}


def _link(label: str, address: str) -> str:
    """Slack's own form; the characters that end it are percent-encoded in the address."""
    target = address.replace("|", "%7C").replace(">", "%3E").replace("<", "%3C").replace("&", "&amp;")
    return f"<{target}|{_escaped(label).replace('|', '/')}>"


def _fallback(message: SlackMessage) -> str:
    return f"{message.title}: {message.text}"[:TEXT_LIMIT] if message.text else message.title


def _escaped(text: str) -> str:
    """Slack reads these three as markup (mentions, links)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cut_escaped(text: str, limit: int) -> str:
    """Cut so that no half entity is left at the end."""
    if len(text) <= limit:
        return text
    short = text[: limit - 1]
    start = short.rfind("&", max(0, len(short) - 5))
    return (short[:start] if start >= 0 and ";" not in short[start:] else short) + "…"
