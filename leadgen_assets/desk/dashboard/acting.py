"""The two things a viewer may do: acknowledge an alert, and end one by hand. JSON only, from our own pages only."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadgen_assets.desk.dashboard.api import BadQuestion
from leadgen_assets.desk.dashboard.backing import backing, patience
from leadgen_assets.stores.alerts import Alert

_MOST_BYTES = 4096
_NAME, _REASON = 60, 300


class TooLarge(Exception):
    """A body beyond what a request of ours can be."""


async def acknowledge(request: Request) -> Response:
    """`POST /api/alerts/{id}/ack` {by}: somebody takes care of it. Again it changes nothing."""
    asked = await _asked(request)
    desk, alert_id = backing(request), request.path_params["id"]

    def act() -> Alert:
        with patience():
            found = desk.alerts.get(alert_id)
            return desk.alerts.acknowledge(found.id, _text(asked, "by", _NAME) or desk.me)

    return JSONResponse((await asyncio.to_thread(act)).to_json())


async def resolve(request: Request) -> Response:
    """`POST /api/alerts/{id}/resolve` {by, reason}: it is over. Again it changes nothing."""
    asked = await _asked(request)
    desk, alert_id = backing(request), request.path_params["id"]

    def act() -> Alert:
        with patience():
            found = desk.alerts.get(alert_id)
        ended = desk.resolve(found.id, _text(asked, "by", _NAME) or desk.me, _text(asked, "reason", _REASON))
        return ended or found

    return JSONResponse((await asyncio.to_thread(act)).to_json())


async def _asked(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadQuestion("send JSON, with Content-Type: application/json")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise TooLarge
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadQuestion("the body is not a JSON object")
    return found


def _text(asked: dict[str, Any], name: str, most: int) -> str:
    value = asked.get(name) or ""
    if not isinstance(value, str) or len(value) > most:
        raise BadQuestion(f"{name}: text of at most {most} characters")
    return " ".join("".join(each if each.isprintable() else " " for each in value).split())
