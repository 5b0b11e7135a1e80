"""The steps of an alert's life, each on record with the messages that belong to it: raise, reopen, escalate, resolve (OPS-04)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from leadgen_assets.desk.alerts.contacts import Contacts
from leadgen_assets.desk.alerts.ladder import deliveries, due_level, top_level
from leadgen_assets.desk.alerts.postman import Postman
from leadgen_assets.desk.alerts.rules import Rule, Rules
from leadgen_assets.stores.alert_outbox import Delivery
from leadgen_assets.stores.alerts import ITSELF, Alert, Key
from leadgen_assets.stores.opened import OpenStores

_NOBODY = "told nobody: no channel is set up (SLACK_WEBHOOK_URL, SMTP_URL, LEADGEN_CONTACTS)"


@dataclass(frozen=True)
class Change:
    """Something that happened to an alert."""

    what: Literal["raised", "reopened", "escalated", "resolved"]
    alert: Alert


@dataclass(frozen=True)
class Life:
    """Takes alerts from step to step. Every method raises `StoreError`."""

    stores: OpenStores
    rules: Rules
    contacts: Contacts
    postman: Postman

    def draft(
        self, rule: Rule, place: tuple[str, str], title: str, text: str, figures: dict[str, str], at: datetime
    ) -> Alert:
        """An alert that is not on record yet; a critical one stands at its top level at once."""
        level = top_level(self.contacts, rule)
        return Alert(
            rule=rule.id,
            sprint=place[0],
            instance=place[1],
            severity=rule.severity,
            title=title,
            text=text,
            figures=figures,
            raised_at=at,
            runbook=rule.runbook,
            level=level,
            state="escalated" if level > 1 else "raised",
            escalated_at=at if level > 1 else None,
        )

    def begin(self, rule: Rule, alert: Alert) -> Change | None:
        """Put it on record and tell people; None when one of its key is open already."""
        if not self.stores.alerts.record(alert):
            return None
        hush = self._hush(alert.key, alert.raised_at)
        if hush and not alert.is_test:
            self.stores.alerts.note(alert.id, f"told nobody: kept quiet by {hush}", at=alert.raised_at)
            return Change("raised", alert)
        found = deliveries(self.contacts, rule, alert, "raised", 0, self.contacts.roles_up_to(alert.level))
        reachable = [each for each in found if self.postman.can_reach(each)]
        if not reachable:
            self.stores.alerts.note(alert.id, _NOBODY, at=alert.raised_at)
        self.stores.outbox.put(reachable)
        return Change("raised", alert)

    def again(self, rule: Rule, key: Key, at: datetime) -> Change | None:
        """Reopen what ended within the rule's quiet time; the news of that end is withdrawn, so nobody is told anything."""
        alert = self.stores.alerts.reopen(key, at - rule.held_back, at=at)
        if alert is None:
            return None
        self.stores.outbox.withdraw(alert.id, ["resolved"], "it came back")
        return Change("reopened", alert)

    def end(self, alert_id: str, by: str, reason: str, at: datetime) -> Alert | None:
        """Resolve it, and tell those who were told of it. None when it had ended.

        When it ended by itself the news is held back until it cannot reopen any more: should it come back by then, it goes on.
        """
        ended = self.stores.alerts.resolve(alert_id, by, reason, at=at)
        if ended is None:
            return None
        self.stores.outbox.withdraw(ended.id, ["raised", "escalated"], "resolved before it was sent")
        rule = self.rules.rules.get(ended.rule)
        due_at = at + rule.held_back if rule and by == ITSELF else at
        news: dict[str, Delivery] = {}
        for each in self.stores.outbox.of(ended.id):
            if each.about != "resolved" and each.state in ("sent", "sending"):
                known = news[each.channel].roles if each.channel in news else ()
                news[each.channel] = replace(
                    each, about="resolved", number=ended.resolutions, roles=tuple(dict.fromkeys((*known, *each.roles))),
                    state="due", attempts=0, error="", created_at=at, sent_at=None, due_at=due_at,
                )  # fmt: skip
        self.stores.outbox.put(news.values())
        return ended

    def escalate(self, at: datetime) -> list[Change]:
        """Take every open alert up that nobody has acknowledged for long enough."""
        changes = []
        for alert in self.stores.alerts.open():
            rule, level = self.rules.rules.get(alert.rule), due_level(self.contacts, alert, at)
            if rule is None or alert.acked_at or level <= alert.level:
                continue
            risen = self.stores.alerts.escalate(alert.id, level, at=at)
            if risen is None:
                continue
            changes.append(Change("escalated", risen))
            if not self._hush(alert.key, at):
                before = self.contacts.roles_up_to(alert.level)
                fresh = tuple(each for each in self.contacts.roles_up_to(level) if each not in before)
                found = deliveries(self.contacts, rule, risen, "escalated", level, fresh, at)
                self.stores.outbox.put(each for each in found if self.postman.can_reach(each))
        return changes

    def _hush(self, key: Key, at: datetime) -> str:
        """Who keeps it quiet until when; "" for nobody."""
        held = next((each for each in self.stores.alert_watch.silences(at) if each.covers(key, at)), None)
        return f"{held.by} until {held.until:%Y-%m-%d %H:%M} UTC ({held.reason or 'no reason given'})" if held else ""
