"""While MongoDB is away: people are told all the same, and what they were told goes on record when it is back.

Only in the memory of the process that holds the evaluator's lock. Escalation waits; what is critical goes to every level
at once anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from leadgen_assets.desk.alerts.contacts import Contacts
from leadgen_assets.desk.alerts.decision import Limits, Verdict, judge
from leadgen_assets.desk.alerts.ladder import deliveries
from leadgen_assets.desk.alerts.messages import wording
from leadgen_assets.desk.alerts.postman import Postman, pause
from leadgen_assets.desk.alerts.rules import Rule
from leadgen_assets.stores.alert_outbox import Delivery
from leadgen_assets.stores.alert_watch import Watched
from leadgen_assets.stores.alerts import Alert, Key
from leadgen_assets.stores.opened import OpenStores

Look = tuple[Rule, Limits, Key, float]
Build = Callable[[Rule, tuple[str, str], str, str, dict[str, str], datetime], Alert]


@dataclass
class Standby:
    """What is known, and what happened meanwhile."""

    contacts: Contacts
    postman: Postman
    _open: set[Key] = field(default_factory=set)
    _watched: dict[Key, Watched] = field(default_factory=dict)
    _changed: dict[Key, Watched] = field(default_factory=dict)
    _alerts: dict[Key, Alert] = field(default_factory=dict)
    _messages: dict[str, tuple[Key, Delivery]] = field(default_factory=dict)

    def know(self, open_alerts: Iterable[Alert], watched: Mapping[Key, Watched]) -> None:
        """What is on record, as long as it can be read."""
        self._open = {each.key for each in open_alerts if not each.is_test}
        self._watched = dict(watched)

    def tick(self, looks: Iterable[Look], state: Mapping[str, Any], at: datetime, build: Build) -> list[Alert]:
        """Judge, tell, try again. Returns the alerts that were raised or ended."""
        changed = []
        for rule, limits, key, value in looks:
            before = self._changed.get(key) or self._watched.get(key) or Watched(key)
            after, verdict = judge(limits, value, replace(before, is_raised=before.is_raised or key in self._open), at)
            if after != before:
                self._changed[key] = after
            if verdict in (Verdict.RAISE, Verdict.REOPEN) and key not in self._open and not self._is_open(key):
                title, text, figures = wording(rule, limits, value, key[1], key[2], state)
                alert = self._alerts[key] = build(rule, key[1:], title, text, figures, at)
                for each in deliveries(self.contacts, rule, alert, "raised", 0, self.contacts.roles_up_to(alert.level)):
                    if self.postman.can_reach(each):
                        self._messages[each.id] = (key, each)
                changed.append(alert)
            elif verdict is Verdict.RESOLVE and self._is_open(key):
                changed.append(self._end(key, at))
        self._send(at)
        return changed

    def hand_over(self, stores: OpenStores) -> None:
        """Put on record what happened while MongoDB was away. Raises `StoreError` when it is away again."""
        for key, alert in list(self._alerts.items()):
            if stores.alerts.record(alert):
                stores.outbox.put(each for place, each in self._messages.values() if place == key)
            del self._alerts[key]
        stores.alert_watch.remember(self._changed.values())
        self._changed, self._messages = {}, {}

    def _is_open(self, key: Key) -> bool:
        return key in self._alerts and self._alerts[key].is_open

    def _end(self, key: Key, at: datetime) -> Alert:
        alert = self._alerts[key]
        end = {"at": at, "what": "resolved", "by": "itself", "reason": ""}
        ended = replace(
            alert, state="resolved", resolved_at=at, resolved_by="itself", resolutions=alert.resolutions + 1,
            history=(*alert.history, end),
        )  # fmt: skip
        self._alerts[key] = ended
        for place, each in list(self._messages.values()):
            if place == key and each.about == "raised" and each.state == "sent":
                news = replace(
                    each, about="resolved", number=ended.resolutions, state="due", attempts=0, due_at=at,
                    created_at=at, sent_at=None,
                )  # fmt: skip
                self._messages[news.id] = (key, news)
        return ended

    def _send(self, at: datetime) -> None:
        for name, (key, each) in list(self._messages.items()):
            if each.state != "due" or each.due_at > at:
                continue
            posted = self.postman.send(self._alerts[key], each)
            tried = replace(each, attempts=each.attempts + 1)
            if posted.ok:
                done = replace(tried, state="sent", sent_at=at, error="")
                alert = self._alerts[key]
                told = {"at": at, "what": "told", "channel": each.channel, "about": each.about}
                state = "delivered" if alert.state == "raised" else alert.state
                first = alert.history or ({"at": alert.raised_at, "what": "raised"},)
                self._alerts[key] = replace(
                    alert, state=state, delivered_at=alert.delivered_at or at, history=(*first, told)
                )
            else:
                done = replace(tried, due_at=at + pause(tried.attempts), error=posted.detail)
            self._messages[name] = (key, done)
