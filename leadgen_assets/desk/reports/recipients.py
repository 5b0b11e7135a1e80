"""Which roles get which report over which channels: `recipients.yaml` or the file in LEADGEN_REPORTS (OPS-07)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field

from leadgen_assets.desk.alerts.contacts import Contacts
from leadgen_assets.desk.alerts.yaml_file import AlertFileError, Model, load
from leadgen_assets.stores.reports import ReportKind

_BUILT_IN = Path(__file__).with_name("recipients.yaml")


class Route(Model):
    """Where one kind of report goes."""

    roles: tuple[str, ...] = Field(min_length=1)
    channels: tuple[str, ...]


class Recipients(Model):
    """The whole file: a route for every kind."""

    launch: Route
    hourly: Route
    sprint: Route
    daily: Route
    weekly: Route
    monthly: Route

    def route(self, kind: ReportKind) -> Route:
        """Where reports of that kind go."""
        found: Route = getattr(self, kind)
        return found


def load_recipients(path: Path | None, contacts: Contacts) -> Recipients:
    """The recipients of a file, or the built-in ones.

    Raises `AlertFileError` that names file and key, also for a role or channel that the contacts do not have.
    """
    found = load(path, Recipients) if path else _built_in()
    for kind, route in found:
        for name, known in (("roles", contacts.roles), ("channels", contacts.channels)):
            for each in getattr(route, name):
                if each not in known:
                    raise AlertFileError(
                        f"{path or _BUILT_IN.name}: {kind}.{name}: the contacts have no {each!r}; there are {', '.join(known)}"
                    )
    return found


@cache
def _built_in() -> Recipients:
    return load(_BUILT_IN, Recipients)
