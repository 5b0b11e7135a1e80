"""The tables that several reports share. Pure: a picture in, texts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports.document import Table, Tone, table
from leadgen_assets.desk.reports.picture import Picture
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.stores.alerts import Alert

_STATES: dict[str, Tone] = {"done": "good", "short": "bad", "paused": "warn"}


def counts(caption: str, found: Mapping[str, Counts]) -> Table:
    """What became of delivered records, by time."""
    names = ("delivered", "leads", "duplicates", "suppressed", "quarantined")
    rows = [(when, *(f"{getattr(each, name):,}" for name in names)) for when, each in found.items()]
    return table(caption, "When | Delivered> | Leads> | Duplicates> | Suppressed> | Quarantined>", rows)


def segments(picture: Picture) -> Table:
    """Every segment with its outcome, its pace and its cost; why it is short stands below it."""
    status, paces = picture.status, {each.segment: each for each in picture.segments}
    rows, notes, tones = [], {}, {}
    for at, each in enumerate(status.segments):
        own = paces.get(each.id)
        figures = (each.delivered, each.leads, each.duplicates, each.suppressed, each.quarantined)
        took = say.duration(own.seconds) if own else say.UNKNOWN
        rows.append((each.id, *(f"{n:,}" for n in figures), took, say.rate(own.per_hour if own else None),
                     say.usd(usd_of(picture, each.id)), each.state))  # fmt: skip
        tones[at] = _STATES.get(each.state, "plain")
        if each.reason:
            notes[at] = each.reason
    sums = (status.delivered, status.unique, status.duplicates, status.suppressed, status.quarantined)
    usd = say.usd(usd_of(picture, *(each.id for each in status.segments)))
    total = (
        "Together",
        *(f"{n:,}" for n in sums),
        say.duration(picture.seconds),
        say.rate(picture.pace.per_hour),
        usd,
        "",
    )
    head = "Segment | Delivered> | Leads> | Dupl.> | Suppr.> | Quar.> | Took> | Pace> | Cost> | State"
    return table("By segment", head, rows, total, notes=notes, tones=tones)


def sources(picture: Picture) -> Table:
    """Every source with what it delivered and what its stored leads are like."""
    rows = []
    for source in SOURCES:
        own = [each for each in picture.status.segments if each.source == source]
        if not own:
            continue
        known = picture.lessons.sources.get(source)
        is_scored = known is not None and picture.status.qualified is not None
        rows.append((
            say.vendor(source),
            f"{sum(each.delivered for each in own):,}",
            f"{sum(each.leads for each in own):,}",
            f"{sum(each.duplicates for each in own):,}",
            say.count(known.qualified if known and is_scored else None),
            f"{known.score:.1f}" if known and known.score is not None else say.UNKNOWN,
            say.share(known.email_availability if known and is_scored else None),
            say.share(known.company_completeness if known and is_scored else None),
            say.usd(usd_of(picture, *(each.id for each in own))),
        ))  # fmt: skip
    head = "Source | Delivered> | Leads> | Duplicates> | Qualified> | Score> | Email> | Company> | Cost>"
    return table("By source", head, rows)


def gates(picture: Picture) -> Table | None:
    """What was required and what was measured."""
    found = sorted(picture.status.gates.items())
    rows = [
        (say.gate(name), say.value(name, gate["value"]), say.limit(name, gate["threshold"]),
         "passed" if gate["passed"] else "FAILED")
        for name, gate in found
    ]  # fmt: skip
    tones: dict[int, Tone] = {at: "good" if gate["passed"] else "bad" for at, (_, gate) in enumerate(found)}
    return table("Quality gates", "Gate | Measured> | Required> | Verdict", rows, tones=tones) if rows else None


def vendors(picture: Picture) -> Table | None:
    """Calls, errors and answering times by vendor."""
    rows = [
        (say.vendor(each["vendor"]), f"{each['calls']:,}", f"{each['errors']:,}", say.share(each["error_rate"]),
         f"{each['throttled']:,}", milliseconds(each["p50_ms"]), milliseconds(each["p95_ms"]))
        for each in picture.state["vendors"]
        if each["calls"]
    ]  # fmt: skip
    head = "Vendor | Calls> | Errors> | Error rate> | Throttled> | Median> | p95>"
    return table("Calls to vendors", head, rows) if rows else None


def purchases(picture: Picture) -> Table | None:
    """What was bought, the dearest first."""
    found = sorted(picture.cost.by_operation.items(), key=lambda each: (-each[1].usd, each[0]))
    rows = [
        (
            say.purchase(name),
            f"{each.calls:,}",
            f"{each.credits:,.1f}".rstrip("0").rstrip("."),
            say.usd(each.usd),
        )
        for name, each in found
    ]
    total = ("Together", f"{sum(each.calls for _, each in found):,}", "", say.usd(picture.status.cost_usd))
    return (
        table("What was bought", "Vendor and operation | Paid calls> | Credits> | US dollars>", rows, total)
        if rows
        else None
    )


def enrichment(picture: Picture) -> Table | None:
    """Who was asked for what, and how often the answer was known."""
    rows = []
    for each in picture.enrichment:
        answered = each["found"] + each["missed"]
        rate = say.share(each["found"] / answered) if answered else say.UNKNOWN
        rows.append((each["step"].capitalize(), say.vendor(each["vendor"]), f"{answered:,}", f"{each['found']:,}", rate,
                     f"{each['failed'] + each['skipped']:,}", each["stopped_because"] or ""))  # fmt: skip
    head = "Step | Vendor | Answers> | Known> | Hit rate> | Unanswered> | Stopped"
    return table("Enrichment", head, rows) if rows else None


def frequencies(caption: str, what: str, found: dict[str, int], most: int = 8) -> Table | None:
    """The most frequent of some reasons."""
    rows = [(name.replace("_", " ") or "no reason given", f"{count:,}") for name, count in list(found.items())[:most]]
    rest = sum(list(found.values())[most:])
    if rest:
        rows.append(("everything else", f"{rest:,}"))
    return table(caption, f"{what} | Records>", rows) if rows else None


def alerts(found: Sequence[Alert]) -> Table | None:
    """Alerts one by one, with what people did about them."""
    rows = [
        (f"{each.raised_at:%m-%d %H:%M}", each.severity, each.title, _answered(each),
         say.duration((each.resolved_at - each.raised_at).total_seconds()) if each.resolved_at else "open")
        for each in found
    ]  # fmt: skip
    return table("Alerts", "Raised (UTC) | Severity | What | Acknowledged after> | Lasted>", rows) if rows else None


def alert_rules(found: Sequence[Alert]) -> Table | None:
    """How often each rule fired, and how long people and conditions took."""
    rows = []
    for rule in sorted({each.rule for each in found}, key=lambda name: (-sum(a.rule == name for a in found), name)):
        own = [each for each in found if each.rule == rule]
        answers = [(each.acked_at - each.raised_at).total_seconds() for each in own if each.acked_at]
        lasted = [(each.resolved_at - each.raised_at).total_seconds() for each in own if each.resolved_at]
        rows.append((
            rule.replace("_", " "), max((each.severity for each in own), key=_SEVERITIES.index), f"{len(own):,}",
            say.duration(median(answers)) if answers else say.UNKNOWN,
            say.duration(median(lasted)) if lasted else "open",
        ))  # fmt: skip
    head = "Rule | Severity | Times> | Median response> | Median duration>"
    return table("Alerts by rule", head, rows) if rows else None


def usd_of(picture: Picture, *segments: str) -> float:
    """What segments cost, from the ledger and not rounded, so that sums agree."""
    return sum(picture.cost.by_segment[each].usd for each in segments if each in picture.cost.by_segment)


def milliseconds(figure: float | None) -> str:
    """A latency."""
    if figure is None:
        return say.UNKNOWN
    return f"{figure:,.0f} ms" if figure >= 10 else f"{figure:.1f} ms"


_SEVERITIES = ("INFO", "WARNING", "CRITICAL")


def _answered(alert: Alert) -> str:
    return say.duration((alert.acked_at - alert.raised_at).total_seconds()) if alert.acked_at else "not acknowledged"
