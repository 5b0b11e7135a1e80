"""Alert rules: `rules.yaml`, changed rule by rule by the file in LEADGEN_ALERTS (OPS-03)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from leadgen_assets.desk.alerts.decision import Limits
from leadgen_assets.desk.alerts.probes import KNOWN
from leadgen_assets.desk.alerts.yaml_file import AlertFileError, Model, read, validated
from leadgen_assets.stores.alerts import Severity

_BUILT_IN = Path(__file__).with_name("rules.yaml")
_SPAN = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d)$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WORDS = frozenset({"value", "threshold", "clear", "instance", "sprint", "window", "detail"})

EVENT = Limits(is_above=True, threshold=0.5, clear=0.5)
"""What happened (1) or turned out well (0) needs no window."""


def _span(given: Any) -> Any:
    """ "90s", "5m", "2h", "1d" as a duration."""
    found = _SPAN.match(given.strip()) if isinstance(given, str) else None
    if found is None:
        raise ValueError("expected a duration such as 90s, 5m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


Span = Annotated[timedelta, BeforeValidator(_span)]


class FromState(Model):
    """A threshold that depends on the sprint: a figure of the state, times a factor."""

    of: str
    """Where in the state, dotted: sprint.rate_target, gates.average_quality_score.threshold."""
    times: float = 1.0
    otherwise: float | None = None
    """While that figure is not known; None: the rule waits."""


Threshold = float | FromState


class Rule(Model):
    """One matter to watch. `metric` names a measure of `desk/state/measures.py`; without one, runs and checks report it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    metric: str | None = None
    comparison: Literal["above", "at_least", "below"] = "above"
    threshold: Threshold | None = None
    clear: Threshold | None = None
    """Back within this it is over; default: the threshold."""
    window: Span = timedelta(0)
    clear_window: Span = timedelta(0)
    quiet: Span = timedelta(minutes=5)
    """After its end: it reopens untold, and the news of its end is held back."""
    during: Literal["always", "sprint", "running", "collecting"] = "always"
    """When it is looked at: always; while there is a sprint; while one runs; while one collects."""
    provided: str | None = None
    """A place in the state that must be true for the rule to be looked at, dotted."""
    severity: Severity
    channels: tuple[str, ...] = ()
    """Empty: the severity's."""
    roles: tuple[str, ...] = ()
    """Empty: those of the levels it reaches."""
    title: str
    text: str
    detail: str | None = None
    """Where in the state more is said, dotted; {instance} stands for the instance."""
    figures: dict[str, str] = Field(default_factory=dict)
    """{label: where in the state}; shown with the message."""
    trend: str | None = None
    """The series shown as a trend; default: the metric."""
    enabled: bool = True

    @field_validator("metric", "trend")
    @classmethod
    def _is_measured(cls, name: str | None) -> str | None:
        if name is not None and name not in KNOWN:
            raise ValueError(f"nothing measures {name!r}; measured are {', '.join(sorted(KNOWN))}")
        return name

    @field_validator("title", "text")
    @classmethod
    def _can_be_filled(cls, template: str) -> str:
        try:
            used = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        except ValueError as error:
            raise ValueError(f"not a template: {error}") from None
        unknown = sorted(used - _WORDS)
        if unknown:
            raise ValueError(f"unknown words {unknown}; there are {', '.join(sorted(_WORDS))}")
        return template

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.metric is None) != (self.threshold is None):
            raise ValueError("threshold: a rule with a metric needs one, and no other rule has one")
        if isinstance(self.threshold, float) and isinstance(self.clear, float):
            is_wrong = self.clear < self.threshold if self.comparison == "below" else self.clear > self.threshold
            if is_wrong:
                raise ValueError("clear: is beyond the threshold; it is what counts as over again")
        return self

    @property
    def is_event(self) -> bool:
        """Whether runs, checks and materialisations report it instead of a measure."""
        return self.metric is None

    @property
    def is_of_sprint(self) -> bool:
        """Whether it is about a sprint, else about the system."""
        return self.during != "always"

    @property
    def runbook(self) -> str:
        """Its section in the runbook."""
        return f"docs/runbook.md#{self.id.replace('_', '-')}"

    @property
    def held_back(self) -> timedelta:
        """How long the news of an end waits: until it cannot reopen any more."""
        return self.quiet + self.window

    def limits(self, state: Mapping[str, Any]) -> Limits | None:
        """Its limits for this state; None while a threshold is not known."""
        if self.threshold is None:
            return Limits(EVENT.is_above, EVENT.threshold, EVENT.clear, quiet=self.quiet)
        threshold = _figure(self.threshold, state)
        clear = threshold if self.clear is None else _figure(self.clear, state)
        if threshold is None or clear is None:
            return None
        return Limits(
            is_above=self.comparison != "below",
            threshold=threshold,
            clear=clear,
            window=self.window,
            clear_window=self.clear_window,
            quiet=self.quiet,
            is_inclusive=self.comparison == "at_least",
        )


class Rules(Model):
    """Every rule, by id."""

    rules: dict[str, Rule]

    def __getitem__(self, rule_id: str) -> Rule:
        """A rule by id; `KeyError` lists those there are."""
        try:
            return self.rules[rule_id]
        except KeyError:
            raise KeyError(f"there is no alert rule {rule_id!r}; there are {', '.join(sorted(self.rules))}") from None

    @property
    def measured(self) -> list[Rule]:
        """Rules over measures that are switched on."""
        return [each for each in self.rules.values() if each.enabled and not each.is_event]


def load_rules(path: Path | None = None) -> Rules:
    """The built-in rules with the changes of a file: its keys replace a rule's keys, new ids are new rules.

    Raises `AlertFileError` that names file, rule and key.
    """
    if path is None:
        return _built_in()
    changes = read(path)
    merged = {name: dict(each) for name, each in read(_BUILT_IN)["rules"].items()}
    changed = changes.get("rules")
    if set(changes) != {"rules"} or not isinstance(changed, dict):
        raise AlertFileError(f"{path}: expected one key, rules, with rules by id")
    for name, keys in changed.items():
        if not isinstance(keys, dict):
            raise AlertFileError(f"{path}: rules.{name}: expected keys of a rule, such as threshold or severity")
        merged[name] = {**merged.get(name, {}), **keys}
    return _rules(merged, str(path))


def look_up(state: Mapping[str, Any], path: str, instance: str = "") -> Any:
    """A figure of the state by its dotted path; lists are entered by position or by `vendor` or `id`. None when absent."""
    found: Any = state
    for part in path.split("."):
        name = instance if part == "{instance}" else part
        if isinstance(found, Mapping):
            found = found.get(name)
        elif isinstance(found, list):
            found = _member(found, name)
        else:
            return None
    return found


def _member(members: list[Any], name: str) -> Any:
    if name.isdigit():
        return members[int(name)] if int(name) < len(members) else None
    return next((each for each in members if name in (each.get("vendor"), each.get("id"))), None)


def _figure(given: Threshold, state: Mapping[str, Any]) -> float | None:
    if isinstance(given, float):
        return given
    found = look_up(state, given.of)
    known = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) * given.times if known else given.otherwise


@cache
def _built_in() -> Rules:
    return _rules(read(_BUILT_IN)["rules"], str(_BUILT_IN))


def _rules(content: Mapping[str, Any], origin: str) -> Rules:
    return validated({"rules": {name: {"id": name, **keys} for name, keys in content.items()}}, Rules, origin)
