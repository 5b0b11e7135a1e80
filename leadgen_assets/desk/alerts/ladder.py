"""Who is told of an alert, and when it goes up: levels and channels of the contacts, applied. Pure (OPS-04)."""

from __future__ import annotations

from datetime import datetime, timedelta

from leadgen_assets.desk.alerts.contacts import Contacts
from leadgen_assets.desk.alerts.rules import Rule
from leadgen_assets.stores.alert_outbox import About, Delivery
from leadgen_assets.stores.alerts import Alert


def top_level(contacts: Contacts, rule: Rule) -> int:
    """The level an alert of a rule starts at: critical ones at the top, as the contacts say."""
    levels = [each.level for each in contacts.levels]
    return min(contacts.severities[rule.severity].level, max(levels))


def due_level(contacts: Contacts, alert: Alert, at: datetime) -> int:
    """The level an alert should have reached by now, were nobody to acknowledge it."""
    waited = at - alert.raised_at
    reached = [each.level for each in contacts.levels if waited >= timedelta(minutes=each.after_minutes)]
    return max([alert.level, *reached])


def deliveries(
    contacts: Contacts,
    rule: Rule,
    alert: Alert,
    about: About,
    number: int,
    roles: tuple[str, ...],
    at: datetime | None = None,
) -> list[Delivery]:
    """One message for each channel of the rule, or of its severity, that serves one of the roles."""
    wanted = rule.roles or roles
    found = []
    for channel in rule.channels or contacts.severities[rule.severity].channels:
        served = contacts.serves(channel, wanted)
        if served:
            moment = at or alert.raised_at
            found.append(
                Delivery(alert.id, about, number, channel, alert.severity, served, due_at=moment, created_at=moment)
            )
    return found
