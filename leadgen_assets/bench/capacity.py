"""How far the system goes: leads a day by vendors' limits, machines, memory, disk and money, from measured figures.

A model of proportions: what one lead takes (measured, `footprint`) times leads, against what there is. It knows nothing of
queues and bursts; `simulated` checks the part where these could matter, rate windows and workers.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadgen_assets.vendors.apollo import ApolloClient
from leadgen_assets.vendors.arrivals import guarded
from leadgen_assets.vendors.limits import TOGETHER, Limits, Window
from leadgen_assets.vendors.lone_windows import LoneWindows
from leadgen_assets.vendors.zoominfo import ZoomInfoClient

DAY = 86_400
BUSY = 0.6
"""Of a core, on average over a day: the rest is for peaks."""
GB = 1e9
HUBSPOT_BATCH = 100
"""Contacts in one upsert (vendors.md §6.1)."""


@dataclass(frozen=True)
class Model:
    """What one unique lead takes, and what machines there are."""

    lead: Mapping[str, Any]
    """A `Footprint`, as JSON has it."""
    cpu_seconds: float
    """Of all processes, stores included."""
    refining_bytes: float
    """Memory that refining one lead of a sprint takes."""
    limits: Limits

    def calls(self) -> dict[tuple[str, str], float]:
        """{(vendor, operation): calls a lead}, for every limited operation that grows with leads."""
        paid, records = self.lead["paid"], self.lead["records"]
        apollo, zoominfo = (self.lead["shares"].get(each, 0.0) * records for each in ("apollo", "zoominfo"))
        return {
            ("apollo", "search"): apollo / ApolloClient.page_size,
            ("apollo", "bulk_match"): apollo / ApolloClient.batch_size,
            ("zoominfo", TOGETHER): zoominfo / ZoomInfoClient.page_size + zoominfo / ZoomInfoClient.batch_size,
            ("hunter", "finder"): paid.get("hunter.finder", 0.0),
            ("clearbit", "company"): paid.get("clearbit.company", 0.0),
            ("hubspot", TOGETHER): self.lead["qualified"] / HUBSPOT_BATCH,
        }

    def leads_per_day(self) -> dict[str, float]:
        """{vendor and operation: unique leads a day that one account's limits allow}, the fewest first."""
        found = {
            f"{vendor} {'calls' if operation == TOGETHER else operation.replace('_', ' ')}": per_day(
                self.limits.windows[vendor][operation]
            )
            / calls
            for (vendor, operation), calls in self.calls().items()
            if calls
        }
        return dict(sorted(found.items(), key=lambda each: each[1]))

    def step(self, leads: int) -> dict[str, float]:
        """What so many leads take, delivered within a day and then kept."""
        slowest = next(iter(self.leads_per_day().values()))
        return {
            "leads": leads,
            "days": leads / slowest,
            "accounts": -(-leads // slowest),
            "cores": leads * self.cpu_seconds / DAY / BUSY,
            "inserts": leads * self.lead["records"] / DAY,
            "refining_gb": leads * self.refining_bytes / GB,
            "mongo_gb": leads * (self.lead["mongo_kept"] + self.lead["mongo_expiring"]) / GB,
            "indexes_gb": leads * self.lead["mongo_indexes"] / GB,
            "redis_gb": leads * self.lead["redis"] / GB,
            "lake_gb": leads * self.lead["lake"] / GB,
            "usd": leads * self.lead["usd"],
        }

    def breaks(self) -> list[tuple[float, str, str]]:
        """(leads, what no longer suffices, what takes over), the first first. Machines as `MACHINE` has them."""
        one = self.step(1_000_000)
        found = [
            (leads, f"{what} of one account", ACCOUNTS[what.split()[0]]) for what, leads in self.leads_per_day().items()
        ]
        for figure, most, what, then in MACHINE:
            found.append((most / one[figure] * 1_000_000, what, then))
        return sorted(found)


ACCOUNTS = {
    "hunter": "a larger plan; or look up what is missing in bulk (People Data Labs: 100 people a call, an enricher we have)",
    "clearbit": "Bright Data's company data set first, which has no rate; Clearbit only for the rest",
    "apollo": "a second team account, or more weight on Bright Data, whose snapshots have no rate",
    "zoominfo": "a higher tier (vendors.md §3.2), or more weight on Bright Data",
    "hubspot": "an API add-on of the portal; Salesforce's bulk jobs, which count batches of 10,000",
}
"""What takes over where an account's limits end."""
MACHINE: Sequence[tuple[str, float, str, str]] = (
    ("cores", 2, "two cores", "Celery workers on more machines (deploy/celery)"),
    ("cores", 64, "a few machines", "Kubernetes with an autoscaler on the queue's length (deploy/kubernetes)"),
    (
        "refining_gb", 16, "16 GB for refining one sprint",
        "several sprints a day: people are owned across sprints; beyond that DuckDB or Spark with Splink over the lake",
    ),
    (
        "indexes_gb", 64, "64 GB of memory for MongoDB's indexes",
        "a MongoDB cluster, side collections sharded (deploy/kubernetes/shard.js); old sprints exported to the lake",
    ),
    ("mongo_gb", 2_000, "2 TB of disk for MongoDB", "the same cluster; pages and caches expire by themselves"),
    ("redis_gb", 16, "16 GB for Redis", "a larger Redis, or claims that live shorter: MongoDB has every claim, too"),
    ("inserts", 5_000, "5,000 journaled inserts a second", "more shards for pages and keys, NVMe for the leads"),
)  # fmt: skip
"""(figure of a step, the most a usual machine has, what that is, what takes over)."""


def per_day(windows: Sequence[Window]) -> float:
    """Calls a day that all of these windows allow together, as the governor keeps them."""
    kept = [guarded(window) for window in windows]
    return min((window.requests / window.seconds * DAY for window in kept), default=float("inf"))


def rate(windows: Sequence[Window], at_once: int, latency: float) -> float:
    """Calls a second by the formula: the windows, or as many calls at once as there are, whichever is less."""
    return min(per_day(windows) / DAY, at_once / latency)


def simulated(windows: Sequence[Window], at_once: int, latencies: Iterator[float], seconds: float) -> float:
    """Calls a second of so many callers in `seconds` of simulated time, under the windows as the governor keeps them.

    Each caller asks for a slot, waits as it is told, calls for the next latency, and asks again.
    """
    keeper = LoneWindows()
    kept = [(str(number), guarded(window)) for number, window in enumerate(windows)]
    turns = [(0.0, number) for number in range(at_once)]
    done = 0
    while turns[0][0] < seconds:
        now, caller = heapq.heappop(turns)
        decision = keeper.grant("vendor", (), kept, now)
        if decision.wait:
            heapq.heappush(turns, (now + decision.wait, caller))
            continue
        done += 1
        heapq.heappush(turns, (now + next(latencies), caller))
    return done / seconds
