"""An incident as a Markdown report, from a template that asks for what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import jinja2

from leadgen_assets.desk.incidents.timeline import Event
from leadgen_assets.desk.status import SprintStatus
from leadgen_assets.stores.incidents import Incident
from leadgen_assets.stores.mongo import now

_TEMPLATE = Path(__file__).with_name("incident.md.jinja")


def incident_report(incident: Incident, events: Sequence[Event], status: SprintStatus | None) -> str:
    """The report as of now. `events` are shown in their order; an open incident's report says that it is a draft."""
    lasted = (incident.closed_at or now()) - incident.began_at
    return _template().render(
        incident=incident, events=events, status=status, lasted=_span(lasted), noticed=_span(_noticing(incident)),
        written_at=now(),
    )  # fmt: skip


def _noticing(incident: Incident) -> timedelta:
    return max(incident.opened_at - incident.began_at, timedelta(0))


def _span(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _cell(text: str) -> str:
    """A text that stays in its cell of a table, and that Markdown does not read as a picture or a link."""
    return " ".join(text.split()).replace("\\", "\\\\").translate({ord(each): f"\\{each}" for each in "|<>[]`*_!"})


@cache
def _template() -> jinja2.Template:
    place = jinja2.Environment(  # nosec B701 # Markdown
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined,
        autoescape=False,  # this is Markdown; every text passes `cell`
    )  # fmt: skip
    place.filters |= {"time": _time, "cell": _cell}
    return place.from_string(_TEMPLATE.read_text("utf-8"))
