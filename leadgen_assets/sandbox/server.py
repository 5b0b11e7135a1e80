"""All sandbox vendors in one Starlette app and one uvicorn process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Router
from starlette.types import Receive, Scope, Send

from leadgen_assets.sandbox import (
    apollo,
    brightdata,
    clearbit,
    hubspot,
    hunter,
    neverbounce,
    pdl,
    salesforce,
    slack,
    zoominfo,
)
from leadgen_assets.sandbox.control import Control
from leadgen_assets.sandbox.frame import FrameOptions, VendorSim
from leadgen_assets.sandbox.rates import Limits, load_limits
from leadgen_assets.sandbox.sales_navigator import write_exports
from leadgen_assets.sandbox.world import World
from leadgen_assets.sandbox.world.plan import FULL_SCALE

SIMS: tuple[ModuleType, ...] = (
    apollo, brightdata, zoominfo, hunter, clearbit, neverbounce, pdl, hubspot, salesforce, slack,
)  # fmt: skip
"""Each module's `build(world, options) -> VendorSim` makes one vendor."""


def build_app(world: World, limits: Limits | None = None, options: FrameOptions | None = None) -> Starlette:
    """The app: every vendor below its prefix, the control API below `/_sandbox`.

    `limits` are rate windows by vendor and operation (the documented ones by default). `app.state.sims` has the
    vendors by name.
    """
    options = options or FrameOptions(limits=limits if limits is not None else load_limits(), seed=world.seed)
    sims: dict[str, VendorSim] = {}
    for module in SIMS:
        sim = module.build(world, options)
        sims[sim.name] = sim
    app = Starlette(routes=[*Control(world, sims).routes(), Mount("/", app=_ByVendor(sims))])
    app.state.sims = sims
    app.state.world = world
    return app


class _ByVendor:
    """Sends a request to its vendor's routes by the first part of the path: one look instead of sixty patterns."""

    def __init__(self, sims: dict[str, VendorSim]) -> None:
        self._routers = {sim.prefix.split("/")[1]: Router(list(sim.routes())) for sim in sims.values()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        router = self._routers.get(scope["path"].split("/", 2)[1])
        if router is None:
            await PlainTextResponse("no such vendor", 404)(scope, receive, send)
        else:
            await router(scope, receive, send)


def run(
    host: str = "127.0.0.1",
    port: int = 0,
    people: int = FULL_SCALE,
    seed: int = 7,
    limits_path: Path | None = None,
    exports_dir: Path | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. Port 0 takes a free one; `ready` gets the base URL once requests are accepted.

    The Sales Navigator export files are written into `exports_dir` first. Raises `OSError` when the port is taken and
    `ValueError` for a limits file that cannot be used.
    """
    world = World.generate(seed, people)
    app = build_app(world, load_limits(limits_path))
    if exports_dir is not None:
        write_exports(world, exports_dir)
    listener = socket.create_server((host, port), backlog=512)
    # asyncio sets this on sockets it opens itself; without it every answer in two parts waits 40 ms for the client.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://{host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(app, access_log=False, log_level="warning", lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)

    async def serve() -> None:
        announcer = asyncio.create_task(_announce(server, url, ready))
        try:
            await server.serve([listener])
        finally:
            announcer.cancel()

    with contextlib.closing(listener):
        asyncio.run(serve())


async def _announce(server: uvicorn.Server, url: str, ready: Callable[[str], None] | None) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn announces its start by this flag alone
        await asyncio.sleep(0.01)
    if ready is not None:
        ready(url)
