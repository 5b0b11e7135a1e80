"""Runs the app on a port until told to stop; open streams do not hold the stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from leadgen_assets.desk.dashboard.hub import Hub

STOP_SECONDS = 1
BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `OSError` when the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class DeskServer(uvicorn.Server):
    """Ends the open streams before it waits for open connections."""

    def __init__(self, app: Starlette) -> None:
        quiet = {"access_log": False, "log_level": "warning", "server_header": False, "lifespan": "off"}
        super().__init__(uvicorn.Config(app, timeout_graceful_shutdown=STOP_SECONDS, **quiet))  # type: ignore[arg-type]
        self._hub: Hub = app.state.hub
        self._hub.is_ending = False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, after the streams."""
        self._hub.end()
        await super().shutdown(sockets)


def serve(app: Starlette, listener: socket.socket, ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called once requests are accepted."""
    asyncio.run(serve_within(DeskServer(app), listener, ready))


async def serve_within(server: DeskServer, listener: socket.socket, ready: Callable[[], None] | None = None) -> None:
    """The same inside a loop that runs already."""
    announcer = asyncio.create_task(_announce(server, ready))
    with contextlib.closing(listener):
        try:
            await server.serve([listener])
        finally:
            announcer.cancel()


async def _announce(server: DeskServer, ready: Callable[[], None] | None) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn announces its start by this flag alone
        await asyncio.sleep(0.01)
    if ready is not None:
        ready()
