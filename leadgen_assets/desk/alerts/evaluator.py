"""Looks at the measures, decides, and has carried out what follows.

Nothing here fails whoever asked: a store that is away is an answer, too. While MongoDB is away `Standby` tells people what
happens, events wait in a folder, and both go on record afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pymongo

from leadgen_assets.desk.alerts import spool
from leadgen_assets.desk.alerts.contacts import Contacts, load_contacts
from leadgen_assets.desk.alerts.decision import Limits, Verdict, judge, resolved
from leadgen_assets.desk.alerts.life import Change, Life
from leadgen_assets.desk.alerts.messages import wording
from leadgen_assets.desk.alerts.postman import STORE_SECONDS, Postman
from leadgen_assets.desk.alerts.probes import Prober
from leadgen_assets.desk.alerts.rules import EVENT, Rule, Rules, load_rules, look_up
from leadgen_assets.desk.alerts.standby import Standby
from leadgen_assets.desk.notifier import Notifier
from leadgen_assets.desk.state.measures import Measures, measures
from leadgen_assets.settings import Settings
from leadgen_assets.stores.alert_watch import Watched
from leadgen_assets.stores.alerts import ITSELF, Alert, Key
from leadgen_assets.stores.errors import StoreError, StoreUnavailable
from leadgen_assets.stores.mongo import now
from leadgen_assets.stores.opened import OpenStores

log = logging.getLogger(__name__)

State = Mapping[str, Any]


@dataclass
class Evaluator:
    """One object a process. `tick` belongs under the lock (`watch.py`); `event` may come from anywhere at any time."""

    stores: OpenStores
    rules: Rules
    contacts: Contacts
    postman: Postman
    home: Path
    clock: Callable[[], datetime] = now
    backups: Path | None = None
    life: Life = field(init=False)
    _prober: Prober = field(init=False)
    _standby: Standby = field(init=False)

    @classmethod
    def of(cls, stores: OpenStores, settings: Settings, *, dagster: str | None = None) -> Evaluator:
        """As the settings say. Raises `AlertFileError` for rules or contacts that cannot be used."""
        rules, contacts = load_rules(settings.leadgen_alerts), load_contacts(settings.leadgen_contacts)
        postman = Postman(contacts, rules, Notifier.of(settings), dagster)
        return cls(stores, rules, contacts, postman, settings.home, backups=settings.backups)

    def __post_init__(self) -> None:
        self.life = Life(self.stores, self.rules, self.contacts, self.postman)
        self._prober = Prober(self.stores, self.home, self.backups)
        self._standby = Standby(self.contacts, self.postman)

    def tick(self, state: State) -> list[Change]:
        """Judge every rule, escalate what nobody acknowledged, send what is due. Never raises for want of a store."""
        if not ((state.get("stores") or {}).get("mongo") or {}).get("up", True):
            return self._while_away(state)
        try:
            with pymongo.timeout(STORE_SECONDS):
                self._standby.hand_over(self.stores)
                spool.take_up(self.home, lambda each: self._happened(**each))
                changes = [*self._judge(state), *self.life.escalate(self.clock())]
                self._standby.know(self.stores.alerts.open(), self.stores.alert_watch.recall())
        except StoreUnavailable as error:
            log.warning("alerts wait: %s", error)
            return self._while_away(state)
        except StoreError as error:
            log.warning("alerts could not be judged: %s", error)
            return []
        self.postman.deliver(self.stores, self.clock())
        return changes

    def event(
        self,
        rule: str,
        sprint: str,
        instance: str,
        text: str,
        is_bad: bool,
        figures: Mapping[str, str] | None = None,
    ) -> Change | None:
        """Something happened to a run, a check, a materialisation: raise its alert, or resolve it when it went well.

        `text` must hold nothing personal. While MongoDB is away the event waits. Raises `KeyError` for an unknown rule,
        and nothing for want of a store.
        """
        self.rules[rule]
        told: dict[str, Any] = {"rule": rule, "sprint": sprint, "instance": instance, "text": text, "is_bad": is_bad}
        told |= {"figures": dict(figures or {}), "at": self.clock().isoformat()}
        try:
            with pymongo.timeout(STORE_SECONDS):
                change = self._happened(**told)
        except StoreUnavailable as error:
            log.warning("%s waits to be told: %s", rule, error)
            spool.put(self.home, told)
            return None
        except StoreError as error:
            log.warning("%s could not be told: %s", rule, error)
            return None
        self.postman.deliver(self.stores, self.clock())
        return change

    def test(self, rule: str) -> Alert:
        """A real alert of a rule along the real path, marked as a test; the last test of it is over with that.

        Raises `KeyError` for an unknown rule and `StoreError`.
        """
        wanted, at = self.rules[rule], self.clock()
        for each in self.stores.alerts.open():
            if each.is_test and each.rule == rule:
                self.life.end(each.id, "a new test", "", at)
        limits = wanted.limits({}) or EVENT
        title, text, figures = wording(wanted, limits, limits.threshold, "", "test", {}, detail="Nothing is wrong.")
        alert = replace(self.life.draft(wanted, ("", "test"), title, text, figures, at), is_test=True)
        self.life.begin(wanted, alert)
        self.postman.deliver(self.stores, at)
        return self.stores.alerts.get(alert.id)

    def resolve(self, alert_id: str, by: str, reason: str = "") -> Alert | None:
        """End an alert by hand; those who were told of it are told of its end. None when it had ended already.

        A condition that still holds raises nothing new until it has cleared once. Raises `StoreError`.
        """
        ended = self.life.end(alert_id, by, reason, self.clock())
        self.postman.deliver(self.stores, self.clock())
        return ended

    def _happened(
        self, rule: str, sprint: str, instance: str, text: str, is_bad: bool, figures: Mapping[str, str], at: str
    ) -> Change | None:
        wanted, moment = self.rules[rule], datetime.fromisoformat(at)
        if not wanted.enabled:
            return None
        key = (rule, sprint if wanted.is_of_sprint else "", instance)
        before = self.stores.alert_watch.recall_one(key)
        before = replace(before, is_raised=before.is_raised or self.stores.alerts.is_open(key))
        limits = replace(EVENT, quiet=wanted.quiet)
        after, verdict = judge(limits, float(is_bad), before, moment)
        said = wording(wanted, limits, float(is_bad), key[1], instance, {}, event=text, given=figures)
        change = self._apply(wanted, after, verdict, said, moment, reason=text)
        self.stores.alert_watch.remember([after])
        return change

    def _judge(self, state: State) -> list[Change]:
        at = self.clock()
        known = self.stores.alert_watch.recall()
        open_now = {each.key: each for each in self.stores.alerts.open() if not each.is_test}
        changes: list[Change] = []
        kept: list[Watched] = []
        for rule, limits, key, value in looks(self.rules, state, self._measured(state, at)):
            before = known.get(key, Watched(key))
            after, verdict = judge(limits, value, replace(before, is_raised=before.is_raised or key in open_now), at)
            said = wording(rule, limits, value, key[1], key[2], state)
            if change := self._apply(rule, after, verdict, said, at):
                changes.append(change)
            if key in open_now and verdict is Verdict.NOTHING:
                self._refresh(open_now[key], said)
            if after != before:
                kept.append(after)
        for key, why in self._past(state, known.keys() | open_now.keys()).items():
            if key in open_now and (ended := self.life.end(open_now[key].id, ITSELF, why, at)):
                changes.append(Change("resolved", ended))
            kept.append(resolved(known.get(key, Watched(key)), at))
        self.stores.alert_watch.remember(kept)
        return changes

    def _apply(
        self, rule: Rule, after: Watched, verdict: Verdict, said: tuple[str, str, dict[str, str]], at: datetime,
        reason: str = "",
    ) -> Change | None:  # fmt: skip
        if verdict is Verdict.NOTHING:
            return None
        if verdict is Verdict.RESOLVE:
            last = self.stores.alerts.last(after.key)
            ended = self.life.end(last.id, ITSELF, reason, at) if last else None
            return Change("resolved", ended) if ended else None
        if verdict is Verdict.REOPEN and (change := self.life.again(rule, after.key, at)):
            return change
        return self.life.begin(rule, self.life.draft(rule, after.key[1:], *said, at))

    def _measured(self, state: State, at: datetime) -> Measures:
        return {**measures(state), **self._prober.measures(state, at)}

    def _past(self, state: State, keys: Iterable[Key]) -> dict[Key, str]:
        """Conditions that nobody looks at any more, with the reason: the sprint is over, or another one is watched."""
        sprint = state.get("sprint") or {}
        found: dict[Key, str] = {}
        for key in keys if sprint.get("key") else ():
            rule = self.rules.rules.get(key[0])
            if rule is None or rule.is_event or not rule.is_of_sprint:
                continue
            if key[1] != sprint["key"]:
                found[key] = f"Sprint {sprint['key']} is watched now."
            elif not applies(rule, state):
                found[key] = f"The sprint is {sprint.get('state')} and this is not looked at any more."
        return found

    def _refresh(self, alert: Alert, said: tuple[str, str, dict[str, str]]) -> None:
        """The record shows the present figure, when it reads differently."""
        _, text, figures = said
        if figures.get("Measured") != alert.figures.get("Measured"):
            self.stores.alerts.refresh(alert.id, text, {**alert.figures, **figures})

    def _while_away(self, state: State) -> list[Change]:
        at = self.clock()
        found = looks(self.rules, state, measures(state))
        alerts = self._standby.tick(found, state, at, self.life.draft)
        return [Change("raised" if each.is_open else "resolved", each) for each in alerts]


def applies(rule: Rule, state: State) -> bool:
    """Whether a rule is looked at as things are."""
    sprint = state.get("sprint") or {}
    if rule.provided and not look_up(state, rule.provided):
        return False
    if rule.during == "always":
        return True
    if rule.during == "sprint":
        return bool(sprint.get("key"))
    if sprint.get("state") != "running":
        return False
    return rule.during == "running" or (state.get("progress") or {}).get("stage") in (None, "collecting")


def looks(rules: Rules, state: State, found: Measures) -> Iterator[tuple[Rule, Limits, Key, float]]:
    """Each rule that applies, its limits, and what is measured for each instance."""
    sprint = (state.get("sprint") or {}).get("key") or ""
    for rule in rules.measured:
        limits = rule.limits(state) if applies(rule, state) else None
        if limits is None:
            continue
        for (name, instance), value in found.items():
            if name == rule.metric:
                yield rule, limits, (rule.id, sprint if rule.is_of_sprint else "", instance), value
