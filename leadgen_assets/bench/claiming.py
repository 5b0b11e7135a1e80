"""Duplicate checks alone: our claims, on record in Redis and MongoDB, beside a Lua script that only sets keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from leadgen_assets.bench.ground import Ground
from leadgen_assets.bench.measure import Job
from leadgen_assets.leads.identity import lead_keys
from leadgen_assets.stores.claims import Claim, LeadKey
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.opened import OpenStores

PAGE = 250
_BARE = """
local fresh = 0
for i = 1, #KEYS do
  if redis.call('SET', KEYS[i], ARGV[1], 'NX', 'PX', 604800000) then fresh = fresh + 1 end
end
return fresh
"""


@contextmanager
def claiming(ground: Ground) -> Iterator[Job]:
    """`ClaimIndex.claim` of normalised leads, a page at a time: first come, first served, written to both stores."""
    pages = _pages(ground)
    with ground.stores("claims") as stores:

        def run() -> int:
            return sum(len(stores.claims.claim(page).owners) for page in pages)

        yield Job(run, before=lambda: _forgotten(stores))


@contextmanager
def bare_lua_claims(ground: Ground) -> Iterator[Job]:
    """Baseline: the same keys set by one script call a page, if nobody holds them; in Redis alone."""
    pages = [(len(page), [key.name for claim in page for key in claim.keys]) for page in _pages(ground)]
    with ground.stores("claims") as stores:
        script = stores.redis.register_script(_BARE)

        def run() -> int:
            for _, keys in pages:
                script(keys=keys, args=["somebody"])
            return sum(leads for leads, _ in pages)

        yield Job(run, before=lambda: _forgotten(stores))


def _pages(ground: Ground) -> list[list[Claim]]:
    """The claims of normalised leads, as collectors make them of their pages."""
    leads = ground.frame("normalised")
    held: dict[str, list[LeadKey]] = {each: [] for each in leads["lead_id"].tolist()}
    keys = lead_keys(leads)
    for lead, kind, key in zip(*(keys[name].tolist() for name in ("lead_id", "kind", "key")), strict=True):
        held[lead].append(LeadKey(kind, key))
    claims = [Claim(lead, tuple(known)) for lead, known in held.items()]
    return [claims[start : start + PAGE] for start in range(0, len(claims), PAGE)]


def _forgotten(stores: OpenStores) -> None:
    stores.redis.flushdb()
    stores.db.drop_collection("lead_keys")
    migrate(stores.db)
