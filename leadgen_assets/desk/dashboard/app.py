"""The app: routes, who may come in, and how errors are told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from leadgen_assets.desk.dashboard import access, acting, api, files, pages
from leadgen_assets.desk.dashboard.backing import Backing, Places, Reader
from leadgen_assets.desk.dashboard.fresh import FreshReader
from leadgen_assets.desk.dashboard.headers import SecurityHeaders
from leadgen_assets.desk.dashboard.hub import SECONDS, Hub
from leadgen_assets.desk.dashboard.stream import stream
from leadgen_assets.stores.alerts import Alert, AlertBook
from leadgen_assets.stores.errors import StoreError, StoreMissing
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_assets.stores.reports import ReportBook
from leadgen_assets.stores.sprint_book import SprintBook

log = logging.getLogger(__name__)


def create_app(
    reader: Reader,
    alerts: AlertBook,
    series: MetricSeries,
    reports: ReportBook,
    *,
    sprints: SprintBook,
    places: Places,
    token: str | None = None,
    resolve: Callable[[str, str, str], Alert | None] | None = None,
    parts: Callable[[], list[dict[str, Any]]] = list,
    undelivered: Callable[[], set[str]] = set,
    gate_checks: Mapping[str, str] | None = None,
    me: str = "dashboard",
    seconds: float = SECONDS,
) -> Starlette:
    """The dashboard as an ASGI app.

    With `token` it asks for one; without, it answers only to names of loopback. `resolve` ends an alert and tells people
    of it (by default it is only put on record). `parts` says how the background parts are, `gate_checks` has
    {gate: path of its check in Dagster's web UI}, `me` acts where a request names nobody. `seconds` lie between two looks.
    """
    desk = Backing(
        reader if isinstance(reader, FreshReader) else FreshReader(reader, seconds * 0.8),
        alerts, series, reports, sprints, places,
        resolve or alerts.resolve, parts, gate_checks or {}, undelivered, me,
    )  # fmt: skip
    door = access.Door(token)
    app = Starlette(
        routes=_routes(),
        middleware=[Middleware(SecurityHeaders), Middleware(access.AccessControl, door=door)],
        exception_handlers=_HANDLERS,
    )
    app.state.backing, app.state.door, app.state.hub = desk, door, Hub(desk.state, seconds)
    return app


def _routes() -> list[Route | Mount]:
    return [
        Route("/", pages.live),
        Route("/sprints", pages.sprints),
        Route("/compare", pages.compare),
        Route("/alerts", pages.alerts),
        Route("/reports", pages.reports),
        Route("/runbook", pages.runbook),
        Route("/reports/files/{path:path}", files.report_file),
        Route("/quality", files.quality_file),
        Route("/quality/{path:path}", files.quality_file),
        Route("/login", access.login, methods=["GET", "POST"]),
        Route("/logout", access.logout, methods=["POST"]),
        Route("/api/state", api.state),
        Route("/api/stream", stream),
        Route("/api/series", api.series),
        Route("/api/sprints", api.sprints),
        Route("/api/compare", api.compare),
        Route("/api/alerts", api.alerts),
        Route("/api/reports", api.reports),
        Route("/api/alerts/{id}/ack", acting.acknowledge, methods=["POST"]),
        Route("/api/alerts/{id}/resolve", acting.resolve, methods=["POST"]),
        Route("/metrics", api.metrics),
        Route("/healthz", api.healthz),
        Mount("/static", StaticFiles(directory=pages.STATIC)),
    ]


def _told(request: Request, message: str, status: int) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": message}, status)
    return PlainTextResponse(message, status)


def _missing(request: Request, error: Exception) -> Response:
    return _told(request, str(error), 404)


def _away(request: Request, error: Exception) -> Response:
    return _told(request, str(error), 503)


def _bad(request: Request, error: Exception) -> Response:
    return _told(request, str(error), 400)


def _too_large(request: Request, _error: Exception) -> Response:
    return _told(request, "the request is too large", 413)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette registers it for this type alone
    return _told(request, error.detail, error.status_code)


def _broken(request: Request, error: Exception) -> Response:
    log.error("%s is broken: %s", request.url.path, type(error).__name__)
    return _told(request, f"something is broken here ({type(error).__name__}); the log of the dashboard says more", 500)


_HANDLERS: dict[Any, Callable[[Request, Exception], Response]] = {
    StoreMissing: _missing,
    StoreError: _away,
    api.BadQuestion: _bad,
    acting.TooLarge: _too_large,
    HTTPException: _refused,
    500: _broken,
}
