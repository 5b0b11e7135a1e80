"""How full a vendor's windows are: by our own grants, and by what its headers say."""

from __future__ import annotations

import httpx
import pytest

from leadgen_assets.vendors.governor import RateGovernor
from leadgen_assets.vendors.limits import Limits, Window
from leadgen_assets.vendors.quota import Quota, told_quota
from leadgen_assets.vendors.windows import WindowQuery

APOLLO = {
    "x-rate-limit-minute": "200", "x-minute-usage": "150", "x-rate-limit-hourly": "6000", "x-hourly-usage": "151",
    "x-rate-limit-24-hour": "", "x-24-hour-usage": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        (APOLLO, Quota(150, 200, 60)),
        ({**APOLLO, "x-minute-usage": "", "x-rate-limit-minute": ""}, Quota(151, 6000, 3600)),
        (
            {"X-RateLimit-Limit-Hour": "100", "X-RateLimit-Remaining-Hour": "10", "X-RateLimit-Limit": "25"},
            Quota(90, 100, 3600),
        ),
        ({"X-RateLimit-Limit-Day": "-1", "X-RateLimit-Remaining-Day": "-1", "X-RateLimit-Limit-Hour": "-1"}, None),
        ({"x-ratelimit-limit": "600", "x-ratelimit-remaining": "150"}, Quota(450, 600, 60)),
        (
            {"x-ratelimit-limit": '{"minute": 100, "day": null}', "x-ratelimit-remaining": '{"minute": 99}'},
            Quota(1, 100, 60),
        ),
        ({"x-ratelimit-limit": "{", "x-ratelimit-remaining": "[]"}, None),
        ({"X-HubSpot-RateLimit-Daily": "500", "X-HubSpot-RateLimit-Daily-Remaining": "400"}, Quota(100, 500, 86400)),
        ({"Sforce-Limit-Info": "api-usage=18/15000"}, Quota(18, 15000, 86400)),
        ({"content-type": "application/json"}, None),
    ],
)
def test_every_vendors_headers(headers: dict[str, str], wanted: Quota | None) -> None:
    """OPS-01: the fullest window of a minute or more (vendors.md §1.8, §3.2, §5, §6)."""
    assert told_quota(httpx.Headers(headers).raw) == wanted


async def _calls(redis_url: str, limits: Limits, times: int) -> None:
    governor = RateGovernor(limits, redis_url)
    try:
        for _ in range(times):
            await governor.acquire("acme", "search")
        await governor.penalise("acme", "search", 120.0)
    finally:
        await governor.aclose()


def test_grants_of_all_processes_fill_the_window(redis_url, redis_client) -> None:
    """REQ-022: API quota, without taking any of it; windows below a minute are pace, not quota."""
    import asyncio

    minute, second = Window(requests=20, seconds=60), Window(requests=1000, seconds=1)
    limits = Limits({"acme": {"search": (second, minute), "*": (Window(requests=1000, seconds=86400),)}})
    asyncio.run(_calls(redis_url, limits, 7))
    query = WindowQuery(limits, ["acme", "nobody"])
    pipeline = redis_client.pipeline(transaction=False)
    query.queue(pipeline)
    found = query.parse(pipeline.execute())
    assert [(each.operation, each.used, each.share) for each in found["acme"]] == [("search", 7, 0.35), ("*", 7, 0.007)]
    assert found["acme"][0].text == "7 of 20 search calls a minute"
    assert found["acme"][1].text == "7 of 1,000 calls a day"
    assert max(each.blocked_seconds for each in found["acme"]) > 100
