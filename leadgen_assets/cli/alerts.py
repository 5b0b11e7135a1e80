"""`leadgen alerts`: look at alerts, acknowledge, resolve, keep quiet, test (OPS-04)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.person import me
from leadgen_assets.cli.workplace import Workplace, workplace
from leadgen_assets.desk.alerts.contacts import load_contacts
from leadgen_assets.desk.alerts.evaluator import Evaluator
from leadgen_assets.desk.alerts.messages import span, threshold
from leadgen_assets.desk.alerts.rules import Rule, load_rules
from leadgen_assets.desk.alerts.yaml_file import AlertFileError
from leadgen_assets.settings import Settings
from leadgen_assets.stores.alert_watch import Silence
from leadgen_assets.stores.alerts import Alert
from leadgen_assets.stores.mongo import now

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
AlertId = Annotated[str, typer.Argument(help="The alert's id, or the beginning of it.")]
By = Annotated[str | None, typer.Option("--by", help="Your name; default: the one you are logged in with.")]
RuleId = Annotated[str, typer.Argument(help="The rule; see `leadgen alerts rules`.")]

_COLOURS = {"CRITICAL": "red", "WARNING": "yellow", "INFO": "cyan"}
_PLAIN: dict[str, Any] = {"box": None, "header_style": "dim", "padding": (0, 2, 0, 0)}


@app.command("list")
@told
def list_alerts(
    every: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    sprint: Annotated[str | None, typer.Option("--sprint", help="Only of this sprint.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 100,
    as_json: AsJson = False,
) -> None:
    """Open alerts, the latest first, and messages that did not arrive yet."""
    with workplace() as place:
        book = place.stores.alerts
        found = book.list(limit, sprint=sprint) if every else book.open(sprint)[:limit]
        waiting = {each.alert: each for each in place.stores.outbox.undelivered()}
    if as_json:
        rows = [{**each.to_json(), "undelivered": each.id in waiting} for each in found]
        print(json.dumps(rows, indent=2))  # noqa: T201
        return
    console = Console(highlight=False)
    if not found:
        console.print("No alerts." if every else "No open alerts.")
        return
    table = Table("Id", "Severity", "State", "Since", "What", **_PLAIN)
    for each in found:
        late = " [red](not delivered)[/red]" if each.id in waiting else ""
        mark = "TEST · " if each.is_test else ""
        colour = _COLOURS[each.severity]
        table.add_row(
            each.id, f"[{colour}]{each.severity}[/]", each.state, f"{each.raised_at:%m-%d %H:%M}",
            f"{mark}{each.title}{late}",
        )  # fmt: skip
    console.print(table)


@app.command("show")
@told
def show(alert: AlertId, as_json: AsJson = False) -> None:
    """One alert: its figures, its life with times, and to whom each message went."""
    with workplace() as place:
        found = place.stores.alerts.get(alert)
        messages = place.stores.outbox.of(found.id)
    if as_json:
        print(json.dumps({**found.to_json(), "messages": [each.to_json() for each in messages]}, indent=2))  # noqa: T201
        return
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(f"{found.id}  {found.severity}  {found.state}{'  TEST' if found.is_test else ''}", style="bold")
    for line in (found.title, found.text, *(f"{name}: {value}" for name, value in found.figures.items())):
        console.print(line)
    console.print(f"Sprint {found.sprint or '–'}, {found.instance or 'no instance'}, runbook {found.runbook}")
    for each in found.history:
        more = ", ".join(str(value) for name, value in each.items() if name not in ("at", "what") and value)
        console.print(f"{each['at']:%Y-%m-%d %H:%M:%S}  {each['what']}{f' ({more})' if more else ''}")
    for message in messages:
        tries = f"{message.state} after {message.attempts} tries" if message.attempts else message.state
        error = f": {message.error}" if message.error else ""
        console.print(f"{message.about} → {message.channel} ({', '.join(message.roles)}): {tries}{error}")


@app.command("ack")
@told
def acknowledge(alert: AlertId, by: By = None, as_json: AsJson = False) -> None:
    """Say that you take care of it: it goes no higher."""
    with workplace() as place:
        found = place.stores.alerts.get(alert)
        if not found.is_open:
            raise CannotDo(
                f"{found.id} was resolved at {found.resolved_at:%Y-%m-%d %H:%M} UTC; nothing to acknowledge."
            )
        done = place.stores.alerts.acknowledge(found.id, by or me())
    _tell(done, f"{done.id} is acknowledged by {done.acked_by}.", as_json)


@app.command("resolve")
@told
def resolve(
    alert: AlertId,
    reason: Annotated[str, typer.Option("--reason", help="Goes on record and into the message.")] = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """End an alert by hand. Measured conditions end by themselves; one that still holds stays quiet until it has cleared."""
    with _evaluator() as (place, evaluator):
        found = place.stores.alerts.get(alert)
        done = evaluator.resolve(found.id, by or me(), reason)
        if done is None:
            raise CannotDo(f"{found.id} was resolved already.")
    _tell(done, f"{done.id} is resolved.", as_json)


@app.command("test")
@told
def try_rule(rule: RuleId, as_json: AsJson = False) -> None:
    """Raise a real alert of a rule along the real path, marked as a test. Exit code 1 when a message did not arrive."""
    with _evaluator() as (place, evaluator):
        _known(evaluator.rules.rules, rule)
        done = evaluator.test(rule)
        messages = place.stores.outbox.of(done.id)
    arrived = bool(messages) and all(each.state == "sent" for each in messages)
    if as_json:
        print(json.dumps({**done.to_json(), "messages": [each.to_json() for each in messages]}, indent=2))  # noqa: T201
    else:
        console = Console(highlight=False, soft_wrap=True, markup=False)
        for each in messages:
            outcome = "arrived" if each.state == "sent" else f"did not arrive: {each.error}"
            console.print(f"{each.channel} → {', '.join(each.roles)}: {outcome}")
        if not messages:
            console.print("No channel is set up: set SLACK_WEBHOOK_URL, or SMTP_URL and addresses in LEADGEN_CONTACTS.")
        console.print(f"End the test: leadgen alerts resolve {done.id}")
    raise typer.Exit(0 if arrived else 1)


@app.command("rules")
@told
def rules(as_json: AsJson = False) -> None:
    """Every rule as it is now, with the changes of LEADGEN_ALERTS."""
    with _told_files():
        found = load_rules(Settings().leadgen_alerts).rules
    if as_json:
        print(json.dumps([_rule(each) for each in found.values()], indent=2))  # noqa: T201
        return
    table = Table("Rule", "Severity", "Raised when", "Looked at", **_PLAIN)
    for each in found.values():
        off = "" if each.enabled else " (off)"
        table.add_row(each.id, f"[{_COLOURS[each.severity]}]{each.severity}[/]", f"{_when(each)}{off}", each.during)
    Console(highlight=False).print(table)


@app.command("quiet")
@told
def quiet(
    rule: RuleId,
    minutes: Annotated[float, typer.Option("--minutes", min=0, max=525_600, help="For how long; 0 ends it.")] = 60,
    instance: Annotated[str, typer.Option("--instance", help="Only this vendor, gate …; default: all.")] = "",
    reason: Annotated[str, typer.Option("--reason")] = "",
    by: By = None,
) -> None:
    """Keep a rule quiet for a while: its alerts go on record and tell nobody."""
    with _evaluator() as (place, evaluator):
        _known(evaluator.rules.rules, rule)
        watch = place.stores.alert_watch
        if minutes:
            until = now() + timedelta(minutes=minutes)
            watch.silence(Silence(rule, instance, until, by or me(), reason))
            said = f"{rule} is quiet until {until:%Y-%m-%d %H:%M} UTC."
        else:
            said = f"{rule} speaks again." if watch.speak(rule, instance) else f"{rule} was not quiet."
    Console(highlight=False).print(said)


@contextmanager
def _evaluator() -> Iterator[tuple[Workplace, Evaluator]]:
    with workplace(vendors=Settings().leadgen_mode == "sandbox" and not Settings().leadgen_sandbox_url) as place:
        with _told_files():
            evaluator = Evaluator.of(place.stores, place.settings)
        yield place, evaluator


@contextmanager
def _told_files() -> Iterator[None]:
    """A file of rules or contacts that cannot be used is the user's to mend."""
    try:
        load_contacts(Settings().leadgen_contacts)
        yield
    except AlertFileError as error:
        raise CannotDo(str(error)) from None


def _known(found: dict[str, Rule], rule: str) -> None:
    if rule not in found:
        raise CannotDo(f"There is no alert rule {rule}; there are {', '.join(sorted(found))}.")


def _tell(alert: Alert, said: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps(alert.to_json(), indent=2))  # noqa: T201
    else:
        Console(highlight=False).print(said)


def _when(rule: Rule) -> str:
    limits = rule.limits({})
    if rule.is_event or limits is None:
        return "a run or check reports it" if rule.is_event else f"{rule.metric} {rule.comparison} the sprint's"
    return f"{rule.metric} {threshold(rule, limits)}"


def _rule(rule: Rule) -> dict[str, Any]:
    plain = rule.model_dump(mode="python")
    return {
        **{
            k: span(v) if isinstance(v, timedelta) else v.isoformat() if isinstance(v, datetime) else v
            for k, v in plain.items()
        },
        "runbook": rule.runbook,
    }
