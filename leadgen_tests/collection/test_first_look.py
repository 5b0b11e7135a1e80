"""Quality of provisional leads, counted as they come in."""

from __future__ import annotations

import pandas as pd
from redis import Redis

from leadgen_assets.collection.first_look import count_quality
from leadgen_assets.stores.live import LiveCounters


def test_parts_of_a_good_lead_are_counted_one_by_one(redis_url: str, redis_client: Redis) -> None:
    """OPS-01: address, company data, validity, and what is said against address, company and place."""
    leads = pd.DataFrame(
        {
            "email": ["ada@example.com", None, "bob@example.com"],
            "company_website": ["https://example.com", "https://example.com", None],
            "company_industry": ["software", "software", "software"],
            "company_size": ["11-50", None, "11-50"],
            "flags": [[], ["needs_enrichment", "location_unknown"], ["email_disposable", "company_junk"]],
        }
    )
    with Redis.from_url(redis_url) as client:
        live = LiveCounters(client)
        count_quality(live, "autumn", leads)
        count_quality(live, "autumn", leads.iloc[:0])
        live.flush()
        totals = live.read("autumn").totals
    assert totals == {
        "quality:leads": 3, "quality:email": 2, "quality:company": 1, "quality:valid": 2, "quality:email_valid": 2,
        "quality:company_valid": 2, "quality:location_valid": 2,
    }  # fmt: skip
