"""Every figure that rules, time series, `/metrics` and baselines may use: one list of names with unit and meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Measures = dict[tuple[str, str], float]
"""{(name, instance): value}; the instance is "" where there is only one."""


@dataclass(frozen=True)
class Measure:
    """What a name means. `of` says what its instances are; `place` is where the state has it, dotted."""

    name: str
    unit: str
    meaning: str
    place: str = ""
    of: Literal["", "vendor", "segment", "gate", "mark", "bucket", "step", "rule"] = ""
    kind: Literal["gauge", "counter"] = "gauge"


_SHARE, _COUNT, _USD, _MS, _PER_HOUR, _YES = "share 0..1", "count", "US dollars", "ms", "per hour", "1 yes, 0 no"

_ALL = (
    Measure("is_running", _YES, "the sprint is being worked on", "sprint.state"),
    Measure("target", _COUNT, "records the sprint is to collect", "sprint.target"),
    Measure("delivered", _COUNT, "records that vendors delivered", "progress.delivered"),
    Measure("collected", _COUNT, "leads and duplicates", "progress.collected"),
    Measure("leads", _COUNT, "unique leads", "progress.leads"),
    Measure("duplicates", _COUNT, "records of people who were leads already", "progress.duplicates"),
    Measure("suppressed", _COUNT, "people who must not be contacted", "progress.suppressed"),
    Measure("quarantined", _COUNT, "records that cannot be leads", "progress.quarantined"),
    Measure("counts_do_not_add_up", _YES, "delivered differs from what became of the records", "progress.counts_add_up"),
    Measure("remaining", _COUNT, "records still to collect", "progress.remaining"),
    Measure("progress_share", _SHARE, "collected of the target", "progress.share"),
    Measure("leads_per_hour", _PER_HOUR, "collected between the first and the last page", "progress.leads_per_hour"),
    Measure("leads_per_hour_now", _PER_HOUR, "collected over the last minute", "progress.leads_per_hour_now"),
    Measure("required_per_hour", _PER_HOUR, "needed from now on to be in time", "progress.required_per_hour"),
    Measure("rate_target", _PER_HOUR, "what the sprint file promises", "sprint.rate_target"),
    Measure("qualified", _COUNT, "qualified leads", "progress.qualified"),
    Measure("crm_synced", _COUNT, "leads that the CRM holds", "progress.crm_synced"),
    Measure("crm_failed", _COUNT, "leads that the CRM did not take", "progress.crm_failed"),
    Measure("crm_failure_rate", _SHARE, "of the leads that were sent to the CRM", "rates.crm_failure_rate"),
    Measure("seconds_without_progress", "s", "since anything came further, while running; 0 otherwise"),
    Measure("seconds_to_deadline", "s", "left until the deadline; negative when it has passed"),
    Measure("error_rate", _SHARE, "failed calls of all calls to vendors", "rates.error_rate"),
    Measure("error_rate_now", _SHARE, "the same over the last minute", "rates.error_rate_now"),
    Measure("duplicate_rate", _SHARE, "duplicates of leads and duplicates", "rates.duplicate_rate"),
    Measure("quarantine_rate", _SHARE, "quarantined of delivered", "rates.quarantine_rate"),
    Measure("average_quality_score", "points 0..100", "over the scored leads", "quality.average_quality_score"),
    Measure("email_availability", _SHARE, "scored leads with an address", "quality.email_availability"),
    Measure("company_completeness", _SHARE, "scored leads with website, industry and size", "quality.company_completeness"),
    Measure("validation_rate", _SHARE, "scored leads without an error flag", "quality.validation_rate"),
    Measure("email_valid", _SHARE, "scored leads with nothing against their address", "quality.email_valid"),
    Measure("company_valid", _SHARE, "scored leads with nothing against their company", "quality.company_valid"),
    Measure("location_valid", _SHARE, "scored leads with nothing against their place", "quality.location_valid"),
    Measure("collected_with_email", _SHARE, "leads with an address as they come in, before enrichment"),
    Measure("collected_with_company", _SHARE, "leads with whole company data as they come in"),
    Measure("collected_valid", _SHARE, "leads without an error flag as they come in"),
    Measure("enriched", _COUNT, "questions that an enrichment vendor answered", "enrichment.found", "step", "counter"),
    Measure("enrichment_success_rate", _SHARE, "of the questions that were asked", "enrichment.success_rate", "step"),
    Measure("score_histogram", _COUNT, "leads by score, in steps of ten points", "quality.histogram", of="bucket"),
    Measure("vendor_calls", _COUNT, "HTTP attempts", "vendors.calls", of="vendor", kind="counter"),
    Measure("vendor_calls_now", "per minute", "HTTP attempts in the last minute", "vendors.calls_now_per_minute", "vendor"),
    Measure("vendor_errors", _COUNT, "attempts that failed", "vendors.errors", of="vendor", kind="counter"),
    Measure("vendor_error_rate", _SHARE, "failed of all attempts", "vendors.error_rate", "vendor"),
    Measure("vendor_error_rate_now", _SHARE, "the same over the last minute", "vendors.error_rate_now", "vendor"),
    Measure("vendor_throttled", _COUNT, "attempts answered with slow down", "vendors.throttled", "vendor", "counter"),
    Measure("vendor_p50_ms", _MS, "half of the attempts are faster", "vendors.p50_ms", "vendor"),
    Measure("vendor_p95_ms", _MS, "95 % of the attempts are faster", "vendors.p95_ms", "vendor"),
    Measure("vendor_at_once", _COUNT, "calls that may be under way at once, by their latency", "vendors.at_once", "vendor"),
    Measure("quota", _SHARE, "of the fullest rate window of a minute or more", "vendors.quota", "vendor"),
    Measure("credits_out", _YES, "the vendor said that no credits are left", "vendors.credits_out", "vendor"),
    Measure("vendor_down", _YES, "nothing but failures, shut out by the vendor, or circuit open", "vendors.is_down", "vendor"),
    Measure("circuit_open", _YES, "calls are held back, because the vendor did not answer", "vendors.circuit_open", "vendor"),
    Measure("vendor_pace", _SHARE, "of the documented rate that is used after rejections", "vendors.pace", "vendor"),
    Measure("vendor_usd", _USD, "settled for calls to the vendor", "vendors.usd", "vendor"),
    Measure("segment_share", _SHARE, "delivered of the segment's target", "segments.share", "segment"),
    Measure("segment_leads", _COUNT, "unique leads", "segments.leads", "segment"),
    Measure("segment_leads_per_hour", _PER_HOUR, "collected while it ran", "segments.leads_per_hour", "segment"),
    Measure("segment_errors", _COUNT, "failed calls", "segments.errors", "segment", "counter"),
    Measure("segment_usd", _USD, "settled", "segments.cost_usd", "segment"),
    Measure("mongo_down", _YES, "MongoDB does not answer", "stores.mongo.up"),
    Measure("redis_down", _YES, "Redis does not answer", "stores.redis.up"),
    Measure("mongo_connections", _COUNT, "connections that the server has", "stores.mongo.connections"),
    Measure("slow_queries", _COUNT, "commands slower than 100 ms in the last hour", "stores.mongo.slow_queries"),
    Measure("mongo_disk_mb", "MB", "stored data and indexes", "stores.mongo.disk_mb"),
    Measure("redis_memory_mb", "MB", "in use", "stores.redis.memory_mb"),
    Measure("redis_memory_share", _SHARE, "of its limit, or of the machine where it has none", "stores.redis.memory_share"),
    Measure("redis_ops_per_second", "per second", "commands", "stores.redis.ops_per_second"),
    Measure("redis_hit_rate", _SHARE, "look-ups that found something", "stores.redis.hit_rate"),
    Measure("redis_keys", _COUNT, "keys", "stores.redis.keys"),
    Measure("batch", _COUNT, "records a collector writes at a time, the smallest of all segments", "stores.batch"),
    Measure("insert_per_second", "per second", "documents while inserting", "stores.insert_per_second"),
    Measure("insert_p50_ms", _MS, "half of the inserted batches are faster", "stores.insert_p50_ms"),
    Measure("insert_p95_ms", _MS, "95 % of the inserted batches are faster", "stores.insert_p95_ms"),
    Measure("query_p50_ms", _MS, "half of the MongoDB commands are faster", "stores.query_p50_ms"),
    Measure("query_p95_ms", _MS, "95 % of the MongoDB commands are faster", "stores.query_p95_ms"),
    Measure("pool_in_use", _COUNT, "connections in use, in the busiest process", "stores.pool_in_use"),
    Measure("pool_share", _SHARE, "connections in use of those allowed, in the busiest process"),
    Measure("pool_wait_p95_ms", _MS, "95 % of the waits for a connection are shorter", "stores.pool_wait_p95_ms"),
    Measure("claim_p50_ms", _MS, "half of the duplicate checks of a page are faster", "stores.claim_p50_ms"),
    Measure("claim_p95_ms", _MS, "95 % of the duplicate checks of a page are faster", "stores.claim_p95_ms"),
    Measure("cpu", _SHARE, "of all cores", "machine.cpu"),
    Measure("memory", _SHARE, "of the machine's memory", "machine.memory"),
    Measure("memory_mb", "MB", "in use", "machine.memory_mb"),
    Measure("disk", _SHARE, "of the disk that holds LEADGEN_HOME", "machine.disk"),
    Measure("disk_free_gb", "GB", "free there", "machine.disk_free_gb"),
    Measure("net_in_kbps", "kB/s", "received", "machine.net_in_kbps"),
    Measure("net_out_kbps", "kB/s", "sent", "machine.net_out_kbps"),
    Measure("load", "processes", "load average of one minute", "machine.load"),
    Measure("cost_usd", _USD, "settled", "cost.usd"),
    Measure("cost_reserved_usd", _USD, "reserved and not settled", "cost.reserved_usd"),
    Measure("cost_uncertain_usd", _USD, "reserved for calls that were sent and never confirmed", "cost.uncertain_usd"),
    Measure("uncertain_calls", _COUNT, "calls that were sent and never confirmed", "cost.uncertain_calls"),
    Measure("uncertain_share", _SHARE, "of the budget, held for calls that were never confirmed", "cost.uncertain_share"),
    Measure("budget_usd", _USD, "the sprint's budget", "cost.budget_usd"),
    Measure("budget_share", _SHARE, "settled or reserved of the budget", "cost.share"),
    Measure("cost_per_collected", _USD, "a collected record", "cost.per_collected"),
    Measure("cost_per_unique", _USD, "a unique lead", "cost.per_unique"),
    Measure("cost_per_qualified", _USD, "a qualified lead", "cost.per_qualified"),
    Measure("cost_per_qualified_limit", _USD, "what a qualified lead may cost", "cost.per_qualified_limit"),
    Measure("cost_forecast_usd", _USD, "at the end, at this price", "cost.forecast_usd"),
    Measure("budget_mark_reached", _YES, "an announced share of the budget is reached", of="mark"),
    Measure("buying_paused", _YES, "paid enrichment, or all buying, is paused", "cost.buying"),
    Measure("gate_value", "as the gate's threshold", "what the gate has measured", "gates.value", "gate"),
    Measure("gate_threshold", "as the sprint file", "what the gate asks for", "gates.threshold", "gate"),
    Measure("gate_failed", _YES, "the gate refuses", "gates.passed", "gate"),
    Measure("alerts_open", _COUNT, "alerts that are not resolved"),
    Measure("alerts_open_by_rule", _COUNT, "alerts of a rule that are not resolved", of="rule"),
    Measure("sprint_failed", _YES, "the refinement failed or was refused"),
)  # fmt: skip
MEASURES: dict[str, Measure] = {each.name: each for each in _ALL}
"""By name."""

_INVERTED = frozenset({"counts_do_not_add_up", "mongo_down", "redis_down", "gate_failed"})
"""The state says the good case, the measure the bad one."""
_LISTS = {"vendors": "vendor", "segments": "id", "enrichment": "id"}
_FIRST_LOOK = {
    "collected_with_email": "email_availability",
    "collected_with_company": "company_completeness",
    "collected_valid": "validation_rate",
}
"""Before leads are scored the same shares go by other names, so that no rule takes a first look for a result."""


def measures(state: Mapping[str, Any]) -> Measures:
    """The known figures of a state; what is not known is absent."""
    found: Measures = {}
    for measure in _ALL:
        for instance, value in _values(state, measure):
            number = _number(measure, value)
            if number is not None:
                found[measure.name, instance] = number
    return found


def _values(state: Mapping[str, Any], measure: Measure) -> Iterator[tuple[str, Any]]:
    if not measure.place:
        yield from _derived(state, measure.name)
        return
    first, *rest = measure.place.split(".")
    part = state.get(first)
    if first == "quality" and not (part or {}).get("is_scored"):
        return
    if first in _LISTS:
        yield from ((each[_LISTS[first]], each.get(rest[0])) for each in part or ())
    elif first == "gates":
        yield from ((name, gate.get(rest[0])) for name, gate in (part or {}).items())
    else:
        for name in rest:
            part = part.get(name) if isinstance(part, Mapping) else None
        yield from part.items() if measure.of == "bucket" and isinstance(part, Mapping) else [("", part)]


def _number(measure: Measure, value: Any) -> float | None:
    if measure.name == "is_running":
        return None if value is None else float(value == "running")
    if measure.name == "buying_paused":
        return None if value is None else float(value != "on")
    if not isinstance(value, bool | int | float):
        return None
    return float(not value) if measure.name in _INVERTED else float(value)


def _derived(state: Mapping[str, Any], name: str) -> Iterator[tuple[str, float]]:
    """Figures that follow from several of the state's."""
    at, sprint, progress = state.get("at"), state.get("sprint") or {}, state.get("progress") or {}
    if name == "seconds_without_progress" and sprint:
        last = progress.get("last_progress_at") or sprint.get("started_at")
        yield "", _seconds(last, at) if sprint.get("state") == "running" and last and at else 0.0
    elif name == "seconds_to_deadline" and sprint.get("deadline") and not sprint.get("ended_at") and at:
        yield "", _seconds(at, sprint["deadline"])
    elif name in _FIRST_LOOK:
        quality = state.get("quality") or {}
        value = quality.get(_FIRST_LOOK[name])
        if value is not None and not quality.get("is_scored"):
            yield "", value
    elif name == "pool_share":
        stores = state.get("stores") or {}
        if stores.get("pool_in_use") is not None and stores.get("pool_size"):
            yield "", stores["pool_in_use"] / stores["pool_size"]
    elif name == "budget_mark_reached":
        for mark in (state.get("cost") or {}).get("marks", ()):
            yield f"{mark['at'] * 100:.0f}", float(mark["reached"])
    elif name == "sprint_failed" and sprint:
        yield "", float(sprint["state"] == "failed")
    elif name == "alerts_open_by_rule":
        rules = [each["rule"] for each in state.get("alerts") or ()]
        yield from ((rule, float(rules.count(rule))) for rule in sorted(set(rules)))
    elif name == "alerts_open":
        yield "", float(sum(1 for each in state.get("alerts") or () if each.get("state") != "resolved"))


def _seconds(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
