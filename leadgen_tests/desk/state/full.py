"""A state in which every figure is known."""

from __future__ import annotations

from typing import Any

AT, BEFORE = "2026-11-22T12:00:00.000Z", "2026-11-22T11:59:30.000Z"


def full_state() -> dict[str, Any]:
    """As `StateReader` gives it in the middle of a sprint; a new one each time."""
    return {
        "at": AT,
        "sprint": {
            "key": "autumn", "name": "autumn", "state": "running", "opened_at": BEFORE, "started_at": BEFORE,
            "deadline": "2026-11-23T11:59:30.000Z", "ended_at": None, "target": 300, "unique_target": 200,
            "hours": 24.0, "rate_target": 833.0, "crm": "hubspot", "is_delivered": False, "left_over": [],
        },
        "verdict": {"word": "on track", "says": "100 of 300 collected.", "severity": "INFO"},
        "progress": {
            "delivered": 110, "leads": 90, "duplicates": 10, "suppressed": 4, "quarantined": 6, "collected": 100,
            "counts_add_up": True, "remaining": 200, "share": 0.3333, "eta": AT, "leads_per_hour": 900.0,
            "leads_per_hour_now": 950.0, "required_per_hour": 8.3, "qualified": 80, "crm_synced": 70, "crm_failed": 1,
            "last_progress_at": BEFORE, "stage": "collecting",
        },
        "rates": {
            "error_rate": 0.01, "error_rate_now": 0.02, "duplicate_rate": 0.1, "quarantine_rate": 0.05,
            "crm_failure_rate": 0.01,
        },
        "quality": {
            "average_quality_score": 81.5, "histogram": {"70": 30, "80": 60}, "email_availability": 0.4,
            "company_completeness": 0.9, "validation_rate": 0.95, "email_valid": 0.99, "company_valid": 0.98,
            "location_valid": 0.97, "as_of": AT, "is_scored": True, "is_final": False,
        },
        "enrichment": [
            {"id": "email hunter", "step": "email", "vendor": "hunter", "answered": 4, "found": 3, "success_rate": 0.75}
        ],
        "vendors": [
            {
                "vendor": "apollo", "calls": 20, "calls_now_per_minute": 10, "errors": 1, "error_rate": 0.05,
                "error_rate_now": 0.1, "throttled": 1, "p50_ms": 22.6, "p95_ms": 90.5, "at_once": 8, "quota": 0.41,
                "quota_says": "82 of 200 search calls a minute", "credits_out": False, "is_down": False, "usd": 6.0,
                "circuit": "closed", "circuit_open": False, "next_probe_at": None, "condition": None, "pace": 0.5,
            }
        ],
        "segments": [
            {
                "id": "apollo-1", "source": "apollo", "state": "collecting", "target": 300, "delivered": 110,
                "leads": 90, "duplicates": 10, "suppressed": 4, "quarantined": 6, "share": 0.3667,
                "leads_per_hour": 900.0, "errors": 1, "seconds": 400.0, "cost_usd": 6.0, "reason": None,
                "run_url": None, "asset_url": None,
            }
        ],
        "stores": {
            "mongo": {"up": True, "says": "", "connections": 9, "slow_queries": 0, "disk_mb": 1.5, "as_of": AT},
            "redis": {
                "up": True, "says": "", "as_of": AT, "memory_mb": 1.8, "memory_share": 0.01, "ops_per_second": 37,
                "hit_rate": 0.5, "keys": 100,
            },
            "batch": 300, "insert_per_second": 8000.0, "insert_p50_ms": 5.7, "insert_p95_ms": 11.3, "query_p50_ms": 1.0,
            "query_p95_ms": 8.0, "pool_in_use": 3, "pool_size": 100, "pool_wait_p95_ms": 0.5, "claim_p50_ms": 16.0,
            "claim_p95_ms": 32.0,
        },
        "machine": {
            "cpu": 0.4, "memory": 0.3, "memory_mb": 5000, "disk": 0.2, "disk_free_gb": 80.0, "net_in_kbps": 12.0,
            "net_out_kbps": 3.0, "load": 1.2,
        },
        "cost": {
            "uncertain_usd": 0.5, "uncertain_calls": 2, "uncertain_share": 0.005,
            "usd": 6.0, "reserved_usd": 1.0, "budget_usd": 100.0, "share": 0.07, "per_collected": 0.06,
            "per_unique": 0.0667, "per_qualified": 0.075, "per_qualified_limit": 0.6, "forecast_usd": 18.0,
            "marks": [{"at": 0.6, "reached": False}], "buying": "on",
        },
        "gates": {"unique_leads": {"value": 90, "threshold": 80, "passed": True}},
        "alerts": [
            {"id": "A1", "rule": "error_rate", "severity": "WARNING", "state": "raised", "title": "t", "is_test": False}
        ],
        "links": {"dagster": None, "report": None},
    }  # fmt: skip


def both_states() -> list[dict[str, Any]]:
    """Before and after the leads were scored: together they know every measure."""
    before = full_state()
    before["quality"] |= {"is_scored": False, "average_quality_score": None, "histogram": {}}
    return [before, full_state()]
