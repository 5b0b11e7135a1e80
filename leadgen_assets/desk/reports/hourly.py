"""The hourly report: collection summary, quality, performance, issues and alerts, cost (OPS-05, REQ-023). Pure."""

from __future__ import annotations

from datetime import datetime

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports import charts, findings, findings_gates, infrastructure, money, pace, quality, tables
from leadgen_assets.desk.reports.document import Block, Headline, Report, Section, Text, Tone
from leadgen_assets.desk.reports.final import footer
from leadgen_assets.desk.reports.picture import Picture
from leadgen_assets.leads.counting import Counts
from leadgen_assets.stores.alerts import Alert

_TONES: dict[str, Tone] = {"INFO": "good", "WARNING": "warn", "CRITICAL": "bad"}


def hourly_report(picture: Picture) -> Report:
    """Where the sprint stands, and what the hour brought."""
    status, verdict = picture.status, picture.state["verdict"]
    return Report(
        title=f"Sprint {status.sprint}",
        subtitle=f"Hourly report · {_hour(picture)} · {status.state}",
        verdict=f"{verdict['word'].capitalize()}: {verdict['says']}",
        tone=_TONES[verdict["severity"]],
        as_of=say.moment(picture.at),
        headlines=_headlines(picture),
        sections=(
            Section("Collection summary", _collection(picture)),
            Section("Quality", quality.blocks(picture)),
            Section("Performance", _performance(picture)),
            Section("Issues and alerts", _issues(picture)),
            Section("Cost", (Text(_spent_in_the_hour(picture)), *money.blocks(picture, in_detail=False))),
        ),
        footer=footer(picture),
    )


def _headlines(picture: Picture) -> tuple[Headline, ...]:
    status, progress, rates = picture.status, picture.state["progress"], picture.state["rates"]
    required = progress["required_per_hour"]
    rate = picture.pace.per_hour
    is_slow = bool(rate is not None and required and rate < required)
    in_hour = pace.between(picture.pages, picture.period.start, picture.period.end)
    return (
        Headline(say.count(status.collected), f"collected of {status.target:,} ({status.collected / status.target:.0%})"),
        Headline(say.count(in_hour.collected), "collected in this hour"),
        Headline(say.rate(rate), f"on average, {say.rate(required)} needed" if required else "on average",
                 "bad" if is_slow else "plain"),
        Headline(_eta(picture), "target reached" if not progress["remaining"] else "expected to reach the target"),
        Headline(say.count(status.unique), f"unique leads, {say.share(status.duplicate_rate)} duplicates"),
        _quality(picture),
        Headline(say.share(rates["error_rate"]), "of the calls failed",
                 "bad" if (rates["error_rate"] or 0) > findings.ERROR_SHARE else "plain"),
        Headline(say.usd(status.cost_usd), f"spent of {say.usd(status.budget_usd, 0)}"),
    )  # fmt: skip


def _quality(picture: Picture) -> Headline:
    """The score once there is one, else what collectors know of addresses."""
    score = picture.status.average_quality_score
    if score is not None:
        return Headline(say.value("average_quality_score", score), "average quality score")
    return Headline(say.share(picture.state["quality"]["email_availability"]), "with an email address, so far")


def _hour(picture: Picture) -> str:
    return f"{picture.period.start:%Y-%m-%d %H:%M} to {picture.period.end:%H:%M} UTC"


def _eta(picture: Picture) -> str:
    progress = picture.state["progress"]
    if not progress["remaining"]:
        return "yes"
    return f"{datetime.fromisoformat(progress['eta']):%H:%M} UTC" if progress["eta"] else say.UNKNOWN


def _collection(picture: Picture) -> tuple[Block, ...]:
    status, period = picture.status, picture.period
    in_hour = pace.between(picture.pages, period.start, period.end)
    whole = Counts(status.delivered, status.unique, status.duplicates, status.suppressed, status.quarantined)
    drawn = [charts.progress(picture.pace, status.target), charts.course(picture.pace, _required(picture))]
    return (
        tables.counts("Accounted for", {"in this hour": in_hour, "since the start": whole}),
        *(each for each in drawn if each is not None),
        tables.segments(picture),
    )


def _required(picture: Picture) -> float:
    required = picture.state["progress"]["required_per_hour"]
    return float(required or picture.opened.sprint.target.leads_per_hour)


def _performance(picture: Picture) -> tuple[Block, ...]:
    found = tables.vendors(picture)
    return (*([found] if found else []), *infrastructure.blocks(picture, most=3))


def _issues(picture: Picture) -> tuple[Block, ...]:
    rules = (findings.short_segments, findings_gates.failed_gates, findings.vendor_errors, findings.quarantine)
    issues: list[Block] = [each.as_lesson() for rule in rules for each in rule(picture)]
    paused = [each.id for each in picture.status.segments if each.state == "paused"]
    if paused:
        issues.append(Text(f"Paused: {', '.join(paused)}.", "warn"))
    recent = [each for each in picture.alerts if _concerns(each, picture)]
    shown = tables.alerts(recent)
    calls = sum(each["calls"] for each in picture.state["vendors"])
    if not issues and shown is None:
        return (Text(f"No alert, no short segment, no failed gate; no vendor beyond its limits in {calls:,} calls."),)
    return (*issues, shown) if shown else (*issues, Text("No alert was raised in this hour and none is open."))


def _concerns(alert: Alert, picture: Picture) -> bool:
    """Raised in the hour, or still open."""
    return alert.is_open or picture.period.start <= alert.raised_at < picture.period.end


def _spent_in_the_hour(picture: Picture) -> str:
    spent = picture.cost.by_hour.get(picture.period.start.isoformat().replace("+00:00", "Z"))
    usd = spent.usd if spent else 0.0
    forecast = picture.cost.forecast.usd
    at_the_end = f"; at this price collecting ends at {say.usd(forecast)}" if forecast is not None else ""
    return f"{say.usd(usd)} were spent in this hour{at_the_end}."
