"""`GET /api/stream`: the whole state and the past once, then what changes, as Server-Sent Events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from leadgen_assets.desk.dashboard.backing import Backing, backing
from leadgen_assets.desk.dashboard.charted import past
from leadgen_assets.desk.dashboard.hub import Channel, Hub, TooMany, event
from leadgen_assets.stores.errors import StoreError, StoreMissing

RETRY_MS = 1000
BEAT_SECONDS = 4.0
"""Something is sent at least so often, so that a page can tell a slow store from a lost connection."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def stream(request: Request) -> Response:
    """`?sprint=` names one; without it the latest is followed, also when a newer one begins."""
    hub: Hub = request.app.state.hub
    sprint = request.query_params.get("sprint") or None
    try:
        async with hub.watch(sprint):
            pass  # there is such a sprint, and room to watch it
    except StoreMissing as error:
        return JSONResponse({"error": str(error)}, 404)
    except TooMany as error:
        return JSONResponse({"error": str(error)}, 503)
    return StreamingResponse(_events(hub, sprint, backing(request)), media_type="text/event-stream", headers=_HEADERS)


async def _events(hub: Hub, sprint: str | None, desk: Backing) -> AsyncIterator[str]:
    # entered here and not before: a response that is never begun must not leave a viewer behind
    async with hub.watch(sprint) as channel:
        seen, key = channel.version, _key(channel)
        yield f"retry: {RETRY_MS}\n\n{channel.full}"
        yield await _past(desk, key)
        while not hub.is_ending:
            following = await channel.next(seen, BEAT_SECONDS)
            seen = channel.version
            yield following
            if _key(channel) != key:
                # another sprint has become the latest: its charts begin anew
                key = _key(channel)
                yield await _past(desk, key)


async def _past(desk: Backing, key: str) -> str:
    try:
        found = await asyncio.to_thread(past, desk.series, key) if key else {"at": [], "values": {}}
    except StoreError:
        # the state says that MongoDB is away; the charts go on from here
        found = {"at": [], "values": {}}
    return event("series", found)


def _key(channel: Channel) -> str:
    return str((channel.state.get("sprint") or {}).get("key", ""))
