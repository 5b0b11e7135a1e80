"""`leadgen dashboard`: the live page, and what keeps it, the time series and the alerts going while no daemon runs.

Imports no Dagster, so that it starts in about two seconds and stays small.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from socket import socket
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console

from leadgen_assets.cli.dashboard_parts import parts_of
from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.whereabouts import DAGSTER, DASHBOARD, announced, known
from leadgen_assets.cli.workplace import workplace
from leadgen_assets.desk.dashboard.access import LOOPBACK
from leadgen_assets.desk.dashboard.loops import Loop, running
from leadgen_assets.desk.dashboard.server import listen, serve
from leadgen_assets.services.processes import ProcessIdentity
from leadgen_assets.settings import Settings

PORT = 4000
LOOK_SECONDS = 0.5


def dashboard(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = PORT,
    host: Annotated[
        str, typer.Option(help="Elsewhere than on loopback it asks for LEADGEN_DASHBOARD_TOKEN.")
    ] = "127.0.0.1",
    open_page: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="Open it in a browser. Default: when somebody is at a screen."),
    ] = None,
    sprint: Annotated[
        str | None, typer.Option(help="The sprint to show; default: the latest.", show_default=False)
    ] = None,
    dagster: Annotated[
        str | None, typer.Option(help="Address of Dagster's web UI, for links.", show_default=False)
    ] = None,
    parent: Annotated[int | None, typer.Option(hidden=True, min=1, max=2**22)] = None,
    listener: Annotated[int | None, typer.Option(hidden=True, min=3, max=2**20)] = None,
) -> None:
    """Show a sprint live: progress, time left, segments, vendors, quality, cost, alerts. Until Ctrl-C."""
    settings = Settings()
    token = settings.leadgen_dashboard_token
    if not _is_loopback(host) and not (token and token.get_secret_value()):
        raise CannotDo(
            f"--host {host} opens the dashboard to others, so it asks for a token: set LEADGEN_DASHBOARD_TOKEN to a "
            'long random text (python3 -c "import secrets; print(secrets.token_urlsafe(32))") and start again.'
        )
    serving = _listener(host, port) if listener is None else socket(fileno=listener)
    # of the socket, because port 0 has become a real one
    url = f"http://{_written(host)}:{serving.getsockname()[1]}"
    page = f"{url}/?sprint={quote(sprint, safe='')}" if sprint else url
    with ExitStack() as stack:
        place = stack.enter_context(workplace())
        dagster = dagster or known(settings.home, DAGSTER)
        parts = parts_of(place, dagster, token.get_secret_value() if token else None)
        leaving = _leaving_with(parent)
        stack.enter_context(announced(place.settings.home, DASHBOARD, url))
        stack.enter_context(running([*parts.loops, *leaving]))

        def ready() -> None:
            Console(highlight=False, soft_wrap=True).print(f"Dashboard        {page}", style="bold")
            if open_page if open_page is not None else _somebody_is_there():
                webbrowser.open(page)

        with _stopped_in_order():
            serve(parts.app, serving, ready)


def _is_loopback(host: str) -> bool:
    return host in LOOPBACK or host == "::1" or host.startswith("127.")


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listener(host: str, port: int) -> socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise CannotDo(
            f"Port {port} on {host} cannot be used ({error.strerror}). Is another `leadgen dashboard` running? "
            f"Open http://{_written(host)}:{port}, or choose another port: leadgen dashboard --port {port + 1}"
        ) from None


def _somebody_is_there() -> bool:
    has_screen = sys.platform in ("darwin", "win32") or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))
    return has_screen and sys.stdout.isatty()


def _leaving_with(parent: int | None) -> list[Loop]:
    """A killed parent tells nobody, so this process looks for itself."""
    if parent is None:
        return []
    who = ProcessIdentity.of(parent)

    def look() -> None:
        if who is None or not who.is_alive:
            os.kill(os.getpid(), signal.SIGTERM)

    return [Loop("parent", look, LOOK_SECONDS, "The command that started this cannot be watched")]


@contextmanager
def _stopped_in_order() -> Iterator[None]:
    """The server hears SIGINT and SIGTERM itself and raises them again when it has ended; then the rest is to end too,
    in order, so that another process may take over at once. A closed terminal is a SIGTERM."""
    handlers = {
        signal.SIGINT: lambda *_: None,
        signal.SIGTERM: lambda *_: None,
        signal.SIGHUP: lambda *_: os.kill(os.getpid(), signal.SIGTERM),
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    typer.run(told(dashboard))
