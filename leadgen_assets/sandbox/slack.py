"""Slack's incoming webhook (vendors.md §7.1): one channel that keeps what it was sent, and says `ok` in plain text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, plain
from leadgen_assets.sandbox.rates import Rejection

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

TEAM, HOOK = "T000", "B000"

MOST_BLOCKS = 50
MOST_ATTACHMENTS = 100
MOST_FIELDS = 10
LONGEST = {"section": 3_000, "header": 150, "field": 2_000}
LONGEST_TEXT = 40_000
"""Longer notification texts are cut, not refused."""

BLOCK_TYPES = frozenset(
    ("actions", "context", "divider", "header", "image", "input", "rich_text", "section", "table", "video", "markdown")
)


def text_of(element: Any, longest: int) -> str:
    """The text of a text object (`mrkdwn` or `plain_text`). `ValueError` when it is none, empty or too long."""
    if not isinstance(element, dict) or element.get("type") not in ("mrkdwn", "plain_text"):
        raise ValueError("not a text object")
    text = element.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= longest:
        raise ValueError("text is missing, empty or too long")
    return text


def check_block(block: Any) -> None:
    """`ValueError` when Block Kit would refuse the block."""
    if not isinstance(block, dict) or block.get("type") not in BLOCK_TYPES:
        raise ValueError("unknown block type")
    kind = block["type"]
    if kind == "header":
        text_of(block.get("text"), LONGEST["header"])
    if kind == "section":
        fields = block.get("fields", [])
        if "text" not in block and not fields:
            raise ValueError("a section needs text or fields")
        if "text" in block:
            text_of(block["text"], LONGEST["section"])
        if len(fields) > MOST_FIELDS:
            raise ValueError("too many fields")
        for each in fields:
            text_of(each, LONGEST["field"])
    if kind == "context" and not 1 <= len(block.get("elements", [])) <= MOST_FIELDS:
        raise ValueError("a context needs 1 to 10 elements")


class Slack(VendorSim):
    """One workspace with one webhook."""

    name = "slack"
    prefix = "/slack"

    def reset(self) -> None:
        super().reset()
        self.messages: list[dict[str, Any]] = []

    def routes(self) -> Sequence[Route]:
        return [self.endpoint("/services/{team}/{hook}/{token}", "webhook", self.post_message)]

    def authorize(self, call: Call) -> Response | None:
        """The address is the secret."""
        if call.path["team"] != TEAM:
            return plain("no_team", 404)
        if call.path["hook"] != HOOK:
            return plain("no_service", 404)
        return None if self.accepts(call.path["token"]) else plain("invalid_token", 403)

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        return plain("rate_limited", 429, {"Retry-After": str(rejection.retry_after)})

    def broken(self, call: Call) -> Response:
        return plain("rollup_error", 500)

    def post_message(self, call: Call) -> Response:
        """Keep one message; `ok`, or a 400 with one word about what is wrong."""
        message = payload_of(call)
        text, blocks = message.get("text"), message.get("blocks", [])
        attachments = message.get("attachments", [])
        if not isinstance(blocks, list) or not isinstance(attachments, list):
            raise Refused(plain("invalid_payload", 400))
        if not (isinstance(text, str) and text) and not blocks and not attachments:
            raise Refused(plain("no_text", 400))
        if len(attachments) > MOST_ATTACHMENTS:
            raise Refused(plain("too_many_attachments", 400))
        try:
            if len(blocks) > MOST_BLOCKS:
                raise ValueError("too many blocks")
            for block in blocks:
                check_block(block)
        except (ValueError, TypeError, AttributeError):
            raise Refused(plain("invalid_blocks", 400)) from None
        kept = {**message, "text": (text or "")[:LONGEST_TEXT], "received_at": datetime.now(UTC).isoformat()}
        self.messages.append(kept)
        return plain("ok")

    def inspect(self) -> dict[str, Any]:
        """The messages of the channel, oldest first, each with `received_at`."""
        return {"count": len(self.messages), "messages": self.messages}


def payload_of(call: Call) -> Mapping[str, Any]:
    """The message, sent as JSON or as the form field `payload`."""
    content = call.json()
    if content is None:
        try:
            content = json.loads(parse_qs(call.body.decode()).get("payload", [""])[0])
        except ValueError:
            content = None
    if not isinstance(content, dict):
        raise Refused(plain("invalid_payload", 400))
    return content


def build(world: World, options: FrameOptions) -> VendorSim:
    """The simulator, as the server mounts it."""
    return Slack(world, options)
