"""What the pages, and programs, read: JSON over GET. The same numbers as on the page."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadgen_assets.desk.dashboard.backing import Backing, backing, patience
from leadgen_assets.desk.dashboard.charted import CHARTED, past, unknown_names
from leadgen_assets.desk.dashboard.comparison import compared
from leadgen_assets.desk.exposition import CONTENT_TYPE, exposition
from leadgen_assets.desk.state.times import iso
from leadgen_assets.leads.counting import Counts
from leadgen_assets.stores import alerts as alert_store
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.reports import WrittenReport
from leadgen_assets.stores.sprint_book import OpenSprint

MOST_ALERTS = 500


class BadQuestion(Exception):
    """A parameter that cannot be used; the message names it."""


def state(request: Request) -> Response:
    """`?sprint=`: the state, see docs of `desk.state`."""
    return JSONResponse(backing(request).state(request.query_params.get("sprint") or None))


def series(request: Request) -> Response:
    """`?sprint=&names=a,b&since=&until=&every=`: points as columns. The latest sprint and the charted names by default."""
    asked, desk = request.query_params, backing(request)
    names = tuple(filter(None, asked.get("names", "").split(","))) or CHARTED
    if unknown := unknown_names(names):
        raise BadQuestion(f"names: no figure is called {', '.join(unknown)}")
    sprint = asked.get("sprint") or _latest(desk)
    every = asked.get("every")
    if every is not None and (not every.isdecimal() or not 1 <= int(every) <= 86_400):
        raise BadQuestion("every: seconds from 1 to 86400")
    seconds = int(every) if every else None
    found = past(desk.series, sprint, names, _time(asked.get("since")), _time(asked.get("until")), seconds)
    return JSONResponse({"sprint": sprint, **found})


def sprints(request: Request) -> Response:
    """All sprints on record, the one opened last first."""
    with patience():
        found = backing(request).sprints.list()
    return JSONResponse({"sprints": [_sprint(each) for each in found]})


def compare(request: Request) -> Response:
    """`?a=&b=`: two sprints side by side."""
    one, other = request.query_params.get("a"), request.query_params.get("b")
    if not one or not other:
        raise BadQuestion("a and b: name two sprints")
    desk = backing(request)
    return JSONResponse(compared(desk.state(one), desk.state(other)))


def alerts(request: Request) -> Response:
    """`?state=&sprint=&limit=`: alerts with their history, the latest first; `state=open` for those not resolved."""
    asked, desk = request.query_params, backing(request)
    wanted, sprint = asked.get("state") or None, asked.get("sprint") or None
    if wanted not in (None, "open", *get_args(alert_store.State)):
        raise BadQuestion(f"state: open, {', '.join(get_args(alert_store.State))}")
    limit = asked.get("limit", "100")
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST_ALERTS:
        raise BadQuestion(f"limit: 1 to {MOST_ALERTS}")
    with patience():
        found = _alerts(desk, wanted, sprint, int(limit))
        late = desk.undelivered()
    return JSONResponse({"alerts": [{**each.to_json(), "undelivered": each.id in late} for each in found]})


def reports(request: Request) -> Response:
    """`?sprint=`: reports on record, the one written last first, with the files that are still there."""
    desk = backing(request)
    with patience():
        found = desk.reports.list(sprint=request.query_params.get("sprint") or None)
    return JSONResponse({"reports": [_report(each, desk) for each in found]})


def metrics(request: Request) -> Response:
    """For Prometheus: every known measure of the latest sprint, the machine and the stores."""
    return Response(exposition(backing(request).reader.read()), media_type=CONTENT_TYPE)


def healthz(request: Request) -> Response:
    """This process answers. Says nothing about stores: those have alerts, and restarting this mends none."""
    return JSONResponse({"ok": True, "viewers": request.app.state.hub.viewers})


def _alerts(desk: Backing, wanted: str | None, sprint: str | None, limit: int) -> list[alert_store.Alert]:
    if wanted == "open":
        return desk.alerts.open(sprint)[:limit]
    return desk.alerts.list(limit, wanted, sprint)  # type: ignore[arg-type]


def _latest(desk: Backing) -> str:
    sprint = desk.reader.read()["sprint"]
    if sprint is None:
        raise StoreMissing("no sprint is on record")
    return str(sprint["key"])


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadQuestion(f"since and until: a time with its zone, as 2026-11-22T05:20:00Z, not {text[:40]!r}")
    return found


def _sprint(opened: OpenSprint) -> dict[str, Any]:
    total = Counts.total(Counts(**each) for each in opened.counts.values()) if opened.counts else None
    gates = opened.result.get("gates", {})
    changes = [each["at"] for each in opened.changes if each["what"] == "state"]
    return {
        "key": opened.key,
        "name": opened.sprint.name,
        "state": opened.state.value,
        "opened_at": iso(opened.opened_at),
        "changed_at": iso(changes[-1]) if changes else None,
        "target": opened.sprint.target.collected,
        "segments": len(opened.sprint.segments),
        "collected": total.collected if total else None,
        "leads": total.leads if total else None,
        "gates_passed": sum(1 for each in gates.values() if each["passed"]),
        "gates": len(gates),
    }


def _report(report: WrittenReport, desk: Backing) -> dict[str, Any]:
    folder = desk.places.reports
    return {
        "id": report.report_id,
        "kind": report.kind,
        "sprint": report.sprint,
        "period_start": iso(report.period_start),
        "period_end": iso(report.period_end),
        "written_at": iso(report.written_at),
        "headline": report.headline,
        "is_bad": report.is_bad,
        "files": [name for name in (report.html, report.pdf) if name and (folder / name).is_file()],
        "deliveries": [
            {
                "channel": each.channel,
                "to_role": each.to_role,
                "state": each.state,
                "at": iso(each.at),
                "attempts": each.attempts,
                "error": each.error,
            }
            for each in report.deliveries
        ],
    }
