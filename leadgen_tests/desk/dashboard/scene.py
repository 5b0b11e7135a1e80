"""An invented sprint at four in the afternoon: a state as the reader gives it, and its past, for pages that are looked at."""

from __future__ import annotations

import copy
import math
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 22, 16, 0, 1, 120_000, tzinfo=UTC)
OPENED = NOW - timedelta(hours=14, minutes=20)
SPRINT = "autumn-marketers"

_SEGMENTS = (
    # id, source, target, leads, duplicates, suppressed, quarantined, errors, hours, usd, state, reason
    ("brightdata-1", "brightdata", 2050, 1930, 91, 9, 20, 0, 3.1, 5.12, "done", None),
    ("brightdata-2", "brightdata", 2050, 1912, 109, 8, 21, 2, 3.4, 5.12, "done", None),
    ("brightdata-3", "brightdata", 2050, 1204, 61, 3, 12, 0, 4.2, 3.20, "collecting", None),
    ("brightdata-4", "brightdata", 2050, 0, 0, 0, 0, 0, None, 0.0, "waiting", None),
    ("apollo-1", "apollo", 2600, 1821, 166, 5, 22, 41, 9.8, 50.35, "collecting", None),
    ("apollo-2", "apollo", 2400, 2270, 106, 4, 20, 3, 8.9, 60.08, "done", None),
    ("zoominfo-1", "zoominfo", 3000, 1702, 232, 0, 19, 6, 9.9, 683.55, "collecting", None),
    ("sales-navigator-1", "sales_navigator", 1500, 1371, 103, 11, 15, 0, 0.1, 0.0, "done", None),
    (
        "sales-navigator-2",
        "sales_navigator",
        1500,
        940,
        89,
        6,
        10,
        0,
        0.1,
        0.0,
        "short",
        "no file matches imports/*.csv",
    ),
)
_DELIVERED = (
    ("brightdata-1", "brightdata", 2050, 1930, 91, 9, 20, 0, 3.1, 5.12, "done", None),
    ("brightdata-2", "brightdata", 2050, 1912, 109, 8, 21, 2, 3.4, 5.12, "done", None),
    ("brightdata-3", "brightdata", 2050, 1926, 98, 4, 22, 0, 6.2, 5.12, "done", None),
    ("brightdata-4", "brightdata", 2050, 1935, 85, 10, 20, 0, 5.9, 5.12, "done", None),
    ("brightdata-5", "brightdata", 2050, 1929, 92, 8, 21, 0, 6.0, 5.12, "done", None),
    ("apollo-1", "apollo", 2600, 2324, 250, 7, 28, 41, 12.8, 65.22, "done", None),
    ("apollo-2", "apollo", 2400, 2270, 106, 4, 23, 3, 8.9, 60.08, "done", None),
    ("zoominfo-1", "zoominfo", 3000, 2615, 357, 0, 31, 6, 13.1, 1051.05, "done", None),
    ("sales-navigator-1", "sales_navigator", 1500, 1371, 103, 11, 15, 0, 0.1, 0.0, "done", None),
    ("sales-navigator-2", "sales_navigator", 1045, 940, 89, 6, 10, 0, 0.1, 0.0, "done", None),
)
_VENDORS = (
    # vendor, calls, now, errors, error rate now, throttled, p50, p95, quota, says, usd
    ("apollo", 1406, 31, 44, 0.0323, 12, 181.0, 724.1, 0.84, "504 of 600 calls an hour", 110.43),
    ("brightdata", 322, 4, 2, 0.0, 0, 128.0, 362.0, 0.12, "12 of 100 calls a minute", 13.44),
    ("zoominfo", 842, 22, 6, 0.0, 1, 256.0, 512.0, 0.41, "246 of 600 calls a minute", 683.55),
    ("clearbit", 2210, 61, 0, 0.0, 0, 64.0, 128.0, 0.33, "198 of 600 calls a minute", 0.10),
    ("hunter", 1833, 55, 9, 0.0, 0, 90.5, 256.0, 0.52, "260 of 500 calls a minute", 64.12),
    ("neverbounce", 2, 0, 0, None, 0, 512.0, 724.0, None, None, 31.20),
    ("hubspot", 0, 0, 0, None, 0, None, None, None, None, 0.0),
)
_ALERTS = (
    (
        "A4c1f0a2b7d9",
        "vendor_error_rate",
        "apollo",
        "WARNING",
        "Apollo: 7.2 % of the calls fail",
        "More than 5 % of the calls to Apollo failed for a minute. Leads are not lost; collection slows down.",
        11,
        None,
    ),
    (
        "Ab21e09d4f10",
        "api_quota",
        "apollo",
        "WARNING",
        "Apollo: 84 % of the quota is used",
        "504 of 600 calls an hour. Collection slows down by itself.",
        42,
        "sam",
    ),
)


def iso(moment: datetime) -> str:
    """As the state writes times."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def state(**changes: Any) -> dict[str, Any]:
    """The state; `changes` are laid over its parts."""
    segments = [_segment(*each) for each in _SEGMENTS]
    total = {
        name: sum(each[name] for each in segments)
        for name in ("delivered", "leads", "duplicates", "suppressed", "quarantined")
    }
    collected = total["leads"] + total["duplicates"]
    found: dict[str, Any] = {
        "at": iso(NOW),
        "sprint": {
            "key": SPRINT,
            "name": "autumn-marketers",
            "state": "running",
            "opened_at": iso(OPENED),
            "started_at": iso(OPENED),
            "deadline": iso(OPENED + timedelta(hours=24)),
            "ended_at": None,
            "target": 20_000,
            "unique_target": 18_000,
            "hours": 24,
            "rate_target": 833,
            "crm": "hubspot",
            "is_delivered": False,
            "left_over": [],
            "gates": {
                "required_fields": 1.0,
                "average_quality_score": 75,
                "email_availability": 0.25,
                "company_completeness": 0.8,
                "validation_rate": 0.7,
                "duplicate_rate": 0.1,
                "unique_leads": 18_000,
            },
        },
        "verdict": {
            "word": "on track",
            "says": f"{collected:,} of 20,000 collected at 981 leads/h; 650/h are enough, "
            "the target is reached 2.7 h before the deadline.",
            "severity": "INFO",
        },
        "progress": {
            **total,
            "collected": collected,
            "counts_add_up": True,
            "remaining": 20_000 - collected,
            "share": collected / 20_000,
            "eta": iso(NOW + timedelta(hours=6, minutes=58)),
            "leads_per_hour": 981.4,
            "leads_per_hour_now": 1044.0,
            "required_per_hour": 650.2,
            "qualified": None,
            "crm_synced": 0,
            "crm_failed": 0,
            "last_progress_at": iso(NOW - timedelta(seconds=2)),
            "stage": "collecting",
        },
        "rates": {
            "error_rate": 0.0092,
            "error_rate_now": 0.0058,
            "duplicate_rate": total["duplicates"] / collected,
            "quarantine_rate": 0.0098,
            "crm_failure_rate": None,
        },
        "quality": {
            "average_quality_score": None,
            "histogram": {},
            "email_availability": 0.431,
            "company_completeness": 0.874,
            "validation_rate": 0.923,
            "email_valid": 0.951,
            "company_valid": 0.982,
            "location_valid": 0.977,
            "as_of": iso(NOW),
            "is_scored": False,
            "is_final": False,
        },
        "enrichment": [
            {
                "id": "company clearbit",
                "step": "company",
                "vendor": "clearbit",
                "answered": 2210,
                "found": 1904,
                "success_rate": 0.8615,
            },
            {
                "id": "email hunter",
                "step": "email",
                "vendor": "hunter",
                "answered": 1824,
                "found": 803,
                "success_rate": 0.4402,
            },
        ],
        "vendors": [_vendor(*each) for each in _VENDORS],
        "segments": segments,
        "stores": {
            "mongo": {
                "up": True,
                "says": "",
                "connections": 38,
                "slow_queries": 2,
                "disk_mb": 214.6,
                "as_of": iso(NOW),
            },
            "redis": {
                "up": True,
                "says": "",
                "memory_mb": 21.4,
                "memory_share": 0.0009,
                "ops_per_second": 214,
                "hit_rate": 0.94,
                "keys": 41_207,
                "as_of": iso(NOW),
            },
            "insert_per_second": 4120.0,
            "insert_p50_ms": 11.3,
            "insert_p95_ms": 22.6,
            "query_p50_ms": 1.4,
            "query_p95_ms": 8.0,
            "pool_in_use": 6,
            "pool_size": 100,
            "pool_wait_p95_ms": 0.5,
            "claim_p50_ms": 2.8,
            "claim_p95_ms": 5.7,
        },
        "machine": {
            "cpu": 0.46,
            "memory": 0.38,
            "memory_mb": 9120,
            "disk": 0.41,
            "disk_free_gb": 118.2,
            "net_in_kbps": 412.0,
            "net_out_kbps": 96.0,
            "load": 1.2,
        },
        "cost": {
            "usd": 902.84,
            "reserved_usd": 12.5,
            "uncertain_usd": 2.5,
            "budget_usd": 1500.0,
            "share": 0.6102,
            "per_collected": 0.0652,
            "per_unique": 0.0686,
            "per_qualified": None,
            "per_qualified_limit": 0.6,
            "forecast_usd": 1345.2,
            "marks": [{"at": 0.6, "reached": True}, {"at": 0.8, "reached": False}, {"at": 0.95, "reached": False}],
            "buying": "on",
        },
        "gates": {},
        "alerts": [_alert(*each) for each in _ALERTS],
        "links": {"dagster": None, "report": None},
    }
    for name, value in changes.items():
        found[name] = (
            {**found[name], **value} if isinstance(value, dict) and isinstance(found.get(name), dict) else value
        )
    return copy.deepcopy(found)


def delivered(key: str = SPRINT) -> dict[str, Any]:
    """The same sprint when it is over."""
    gates = {
        "average_quality_score": (87.46, 75),
        "company_completeness": (0.9793, 0.8),
        "duplicate_rate": (0.0671, 0.1),
        "email_availability": (0.6292, 0.25),
        "required_fields": (1.0, 1.0),
        "unique_leads": (19_152, 18_000),
        "validation_rate": (0.9417, 0.7),
    }
    segments = [_segment(*each) for each in _DELIVERED]
    return state(
        verdict={
            "word": "delivered",
            "says": "19,152 unique leads, 18,123 qualified and in the CRM at $0.07 each.",
            "severity": "INFO",
        },
        sprint={"key": key, "state": "finished", "ended_at": iso(NOW - timedelta(hours=1)), "is_delivered": True},
        progress={
            "collected": 20_532,
            "leads": 19_152,
            "duplicates": 1_380,
            "delivered": 20_810,
            "suppressed": 67,
            "quarantined": 211,
            "remaining": 0,
            "share": 1.0266,
            "eta": None,
            "leads_per_hour_now": None,
            "required_per_hour": None,
            "leads_per_hour": 1540.2,
            "qualified": 18_123,
            "crm_synced": 18_123,
            "stage": None,
        },
        quality={
            "average_quality_score": 87.46,
            "is_scored": True,
            "is_final": True,
            "email_availability": 0.6292,
            "company_completeness": 0.9793,
            "validation_rate": 0.9417,
            "histogram": {"40": 141, "50": 68, "60": 1590, "70": 5766, "80": 240, "90": 11_344},
        },
        gates={name: {"value": value, "threshold": limit, "passed": True} for name, (value, limit) in gates.items()},
        cost={"usd": 1353.96, "share": 0.9026, "per_qualified": 0.0747, "reserved_usd": 0.0, "forecast_usd": 1353.96},
        rates={"duplicate_rate": 0.0672},
        alerts=[],
        segments=segments,
    )


def past(
    until: datetime = NOW, hours: float = 14.3, collected: int = 14_107, leads: int = 13_150, usd: float = 902.84
) -> list[tuple[datetime, dict[str, float]]]:
    """Samples of the sprint so far: (time, values). It has come to `collected`, `leads` and `usd`."""
    samples = []
    for step in range(180):
        part = step / 179
        at = until - timedelta(hours=hours * (1 - part))
        wave = math.sin(step / 7) * 60 + math.sin(step / 2.3) * 25
        pace = (0.75 + 0.32 * (1 - math.exp(-5 * part))) * collected / hours + wave if part > 0.02 else 120.0
        samples.append(
            (
                at,
                {
                    "collected": round(collected * part**0.97),
                    "leads": round(leads * part**0.97),
                    "leads_per_hour_now": pace,
                    "leads_per_hour": 0.71 * collected / hours + 0.29 * collected / hours * part**0.4,
                    "error_rate_now": max(
                        0.0, 0.012 + 0.01 * math.sin(step / 11) + (0.06 if 140 < step < 150 else 0.0)
                    ),
                    "duplicate_rate": 0.03 + 0.035 * part,
                    "collected_with_email": 0.40 + 0.03 * part,
                    "collected_with_company": 0.89 - 0.016 * part,
                    "collected_valid": 0.93 - 0.007 * part,
                    "insert_p95_ms": 21 + 3 * math.sin(step / 3),
                    "query_p95_ms": 8 + 1.5 * math.sin(step / 4),
                    "claim_p95_ms": 5.6 + math.sin(step / 5),
                    "cpu": 0.42 + 0.12 * math.sin(step / 6),
                    "memory": 0.34 + 0.04 * part,
                    "net_in_kbps": 380 + 90 * math.sin(step / 5),
                    "net_out_kbps": 90 + 22 * math.sin(step / 5),
                    "cost_usd": usd * part,
                },
            )
        )
    return samples


def _segment(
    name: str,
    source: str,
    target: int,
    leads: int,
    duplicates: int,
    suppressed: int,
    quarantined: int,
    errors: int,
    hours: float | None,
    usd: float,
    standing: str,
    reason: str | None,
) -> dict[str, Any]:
    delivered = leads + duplicates + suppressed + quarantined
    return {
        "id": name,
        "source": source,
        "state": standing,
        "target": target,
        "delivered": delivered,
        "leads": leads,
        "duplicates": duplicates,
        "suppressed": suppressed,
        "quarantined": quarantined,
        "share": round(delivered / target, 4),
        "leads_per_hour": round((leads + duplicates) / hours, 1) if hours else None,
        "errors": errors,
        "seconds": hours * 3600 if hours else None,
        "cost_usd": usd,
        "reason": reason,
        "run_url": None,
        "asset_url": None,
    }


def _vendor(
    vendor: str,
    calls: int,
    now: int,
    errors: int,
    error_rate_now: float | None,
    throttled: int,
    p50: float | None,
    p95: float | None,
    quota: float | None,
    says: str | None,
    usd: float,
) -> dict[str, Any]:
    return {
        "vendor": vendor,
        "calls": calls,
        "calls_now_per_minute": now,
        "errors": errors,
        "error_rate": errors / calls if calls else None,
        "error_rate_now": error_rate_now,
        "throttled": throttled,
        "circuit": "closed",
        "circuit_open": False,
        "next_probe_at": None,
        "condition": None,
        "pace": 1.0,
        "p50_ms": p50,
        "p95_ms": p95,
        "quota": quota,
        "quota_says": says,
        "credits_out": False,
        "is_down": False,
        "usd": usd,
    }


def _alert(
    name: str, rule: str, instance: str, severity: str, title: str, text: str, minutes: int, by: str | None
) -> dict[str, Any]:
    raised = NOW - timedelta(minutes=minutes)
    return {
        "id": name,
        "rule": rule,
        "instance": instance,
        "severity": severity,
        "state": "acknowledged" if by else "delivered",
        "title": title,
        "text": text,
        "figures": {},
        "raised_at": iso(raised),
        "acked_at": iso(raised + timedelta(minutes=3)) if by else None,
        "acked_by": by,
        "level": 1,
        "runbook": f"docs/runbook.md#{rule.replace('_', '-')}",
        "is_test": False,
    }
