"""Carries messages from the outbox to people: channels side by side, tried again with growing pauses, never in a rush."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pymongo

from leadgen_assets.desk.alerts import messages
from leadgen_assets.desk.alerts.contacts import Contacts
from leadgen_assets.desk.alerts.rules import Rules
from leadgen_assets.desk.notifier import Message, Notifier
from leadgen_assets.stores.alert_outbox import Delivery
from leadgen_assets.stores.alerts import Alert
from leadgen_assets.stores.errors import StoreError, StoreMissing
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.vendors.slack import Posted

log = logging.getLogger(__name__)

PAUSES = (5, 15, 60, 300, 900, 3600)
"""Seconds before the next try; the last one is repeated."""
PATIENCE = timedelta(hours=24)
"""How long a message is tried before it is given up."""
RATE_SPAN = timedelta(minutes=10)
STORE_SECONDS = 10
Trend = Callable[[Alert, datetime], str]


@dataclass(frozen=True)
class Postman:
    """Knows people, rules and the way out."""

    contacts: Contacts
    rules: Rules
    notifier: Notifier
    dagster: str | None = None
    """Address of the Dagster UI, where there is one."""

    def can_reach(self, delivery: Delivery) -> bool:
        """Whether its channel is set up and reaches somebody."""
        kind = self.contacts.channels[delivery.channel].kind
        if kind == "slack":
            return self.notifier.slack is not None
        if kind == "email":
            return self.notifier.has_mail and bool(self.contacts.addresses(delivery.roles))
        return True

    def deliver(self, stores: OpenStores, at: datetime) -> int:
        """Send what is due; returns how many messages arrived. Raises nothing."""
        try:
            with pymongo.timeout(STORE_SECONDS):
                due = stores.outbox.due(at)
        except StoreError as error:
            log.warning("messages wait: %s", error)
            return 0
        if not due:
            return 0
        with ThreadPoolExecutor(len(due), thread_name_prefix="alerts") as pool:
            return sum(pool.map(lambda channel: self._serve(stores, channel, at), due))

    def send(self, alert: Alert, delivery: Delivery, trend: str = "") -> Posted:
        """One message now; the answer says whether it arrived."""
        if delivery.channel not in self.contacts.channels:
            return Posted(ok=False, detail=f"there is no channel {delivery.channel} in the contacts any more")
        return self._out(delivery.channel, delivery.roles, self._message(alert, delivery, trend))

    def _serve(self, stores: OpenStores, channel: str, at: datetime) -> int:
        try:
            return self._serve_channel(stores, channel, at)
        except StoreError as error:
            # what was taken comes back when its lease ends
            log.warning("messages for %s wait: %s", channel, error)
            return 0

    def _serve_channel(self, stores: OpenStores, channel: str, at: datetime) -> int:
        outbox = stores.outbox
        known = self.contacts.channels.get(channel)
        left = (known.per_ten_minutes if known else 1) - outbox.count_sent(channel, at - RATE_SPAN)
        taken = outbox.claim(channel, 200, at)
        told: list[tuple[Delivery, Alert]] = []
        for each in taken:
            alert = self._alert(stores, each)
            if alert is None or (each.about != "resolved" and not alert.is_open):
                outbox.take_back(each, "resolved before it was sent")
            else:
                told.append((each, alert))
        singles, rest = told, []
        if len(told) > left:
            keep = max(0, left - 1)
            urgent = [each for each in told if each[0].severity == "CRITICAL"]
            other = [each for each in told if each[0].severity != "CRITICAL"]
            singles, rest = [*urgent, *other[:keep]], other[keep:]
        for number, (delivery, alert) in enumerate(singles):
            posted = self.send(alert, delivery, self._trend(stores, alert, delivery, at))
            self._write_down(stores, delivery, posted, at)
            if not posted.ok:
                # a channel that is away is asked once a round, not once a message
                for later, _ in [*singles[number + 1 :], *rest]:
                    self._write_down(stores, later, posted, at)
                return number
        return len(singles) + self._together(stores, channel, rest, at, may_send=left > 0)

    def _together(
        self, stores: OpenStores, channel: str, rest: list[tuple[Delivery, Alert]], at: datetime, *, may_send: bool
    ) -> int:
        """Those beyond the channel's rate: one message for all of them, or later."""
        if not rest:
            return 0
        if not may_send:
            for delivery, _ in rest:
                stores.outbox.put_off(delivery, at + RATE_SPAN / 5, "waits: the channel has had its share of messages")
            return 0
        roles = tuple(dict.fromkeys(role for delivery, _ in rest for role in delivery.roles))
        said = messages.digest([self._message(alert, delivery, "") for delivery, alert in rest])
        posted = self._out(channel, roles, said)
        for delivery, _ in rest:
            self._write_down(stores, delivery, posted, at)
        return int(posted.ok)

    def _write_down(self, stores: OpenStores, delivery: Delivery, posted: Posted, at: datetime) -> None:
        if posted.ok:
            stores.outbox.sent(delivery, at)
            stores.alerts.deliver(delivery.alert, delivery.channel, delivery.about, at=at)
        elif at - (delivery.created_at or at) > PATIENCE:
            stores.outbox.give_up(delivery, posted.detail)
            stores.alerts.note(delivery.alert, f"given up: {delivery.channel} did not take it: {posted.detail}", at=at)
        else:
            stores.outbox.put_off(delivery, at + pause(delivery.attempts), posted.detail)

    def _out(self, channel: str, roles: tuple[str, ...], said: Message) -> Posted:
        """Over one channel to these roles."""
        known = self.contacts.channels[channel]
        if known.kind == "slack":
            return self.notifier.post(said)
        if known.kind == "email":
            return self.notifier.mail(
                self.contacts.addresses(roles), messages.subject(said), said.plain(), messages.html(said)
            )
        assert known.url is not None  # noqa: S101  the model guarantees it
        return self.notifier.tell(known.url, said)

    def _message(self, alert: Alert, delivery: Delivery, trend: str) -> Message:
        said = messages.message(alert, delivery, self.contacts.links, dagster=self.dagster)
        if not trend or said.is_over:
            return said
        return Message(**{**vars(said), "fields": {**said.fields, "Trend": trend}})

    def _trend(self, stores: OpenStores, alert: Alert, delivery: Delivery, at: datetime) -> str:
        """The measure's way here, where it is on record; a message does not wait for it."""
        rule = self.rules.rules.get(alert.rule)
        name = rule and (rule.trend or rule.metric)
        if not rule or not name or delivery.about == "resolved":
            return ""
        series = f"{name}:{alert.instance}" if alert.instance and not alert.is_test else name
        try:
            found = MetricSeries(stores.db).series(alert.sprint, [series], since=at - messages.TREND_SPAN)
        except StoreError:
            return ""
        return messages.trend(rule, found.get(series, []))

    def _alert(self, stores: OpenStores, delivery: Delivery) -> Alert | None:
        try:
            return stores.alerts.get(delivery.alert)
        except StoreMissing:
            return None


def pause(attempts: int) -> timedelta:
    """How long to wait after so many tries."""
    return timedelta(seconds=PAUSES[min(max(attempts, 1), len(PAUSES)) - 1])
