"""The list of stages: what each measures, what it starts from, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from leadgen_assets.bench.claiming import bare_lua_claims, claiming
from leadgen_assets.bench.collecting import collecting
from leadgen_assets.bench.endtoend import sprinting, sprinting_unwatched
from leadgen_assets.bench.enriching import enriching_from_cache, enriching_over_http
from leadgen_assets.bench.ground import MOST_STORED
from leadgen_assets.bench.limited import collecting_at_the_limit, told_use
from leadgen_assets.bench.measure import Setup
from leadgen_assets.bench.peering import collecting_apollo, peer, peers_missing
from leadgen_assets.bench.records import FULL_SPRINT as ONE_SPRINT
from leadgen_assets.bench.refining import deduplicating, gating, normalising, parquet, scoring
from leadgen_assets.bench.storing import bare_insert_many, in_batches_of, inserting, publishing, shaped_insert_many
from leadgen_assets.bench.traffic import bare_gets


@dataclass(frozen=True)
class Stage:
    """One row of the table."""

    name: str
    says: str
    setup: Setup
    baseline: Setup | None = None
    compared_with: str = ""
    starts_from: tuple[str, ...] = ()
    """Frames an earlier stage keeps."""
    keeps: str | None = None
    largest: int | None = None
    largest_baseline: int | None = None
    """Beyond it the baseline is left out: it would take as long as the stage itself."""
    needs_sandbox: bool = False
    missing: Callable[[], str | None] | None = None
    """Why it cannot be measured here; None when it can."""
    tells: Callable[[Mapping[str, float]], str] | None = None
    """What the notes of a run say, as a sentence below the table."""


_PANDAS = "pandas: write and read the frame as Parquet"
_PYMONGO = "pymongo: insert_many, journaled, no validator, no indexes"
_LUA = "redis: the same keys set by a bare Lua script, in Redis alone"
_TIGHT = "asyncio script: httpx and insert_many, nothing else, not journaled"
_HTTPX = "httpx: as many bare GETs, one after the other"

STAGES: tuple[Stage, ...] = (
    Stage(
        "normalise", "pages of ten segments to leads", normalising, parquet("normalised"), _PANDAS, keeps="normalised"
    ),
    Stage(
        "dedup", "keys, clusters, golden records, resemblance", deduplicating, parquet("normalised"), _PANDAS,
        starts_from=("normalised",), keeps="golden",
    ),
    Stage(
        "enrich", "own knowledge and waterfalls, every answer cached", enriching_from_cache, parquet("golden"), _PANDAS,
        starts_from=("golden",), keeps="enriched", largest=MOST_STORED,
    ),
    Stage(
        "score", "score and qualification", scoring, parquet("enriched"), _PANDAS,
        starts_from=("enriched",), keeps="scored",
    ),
    Stage(
        "gate", "Great Expectations suite with data docs", gating, parquet("scored"), _PANDAS, starts_from=("scored",)
    ),
    Stage(
        "insert", "provisional leads, batches of 500, journaled", inserting, bare_insert_many, _PYMONGO,
        starts_from=("normalised", "golden"), largest=MOST_STORED,
    ),
    *(
        Stage(
            f"bare-{name}", f"pymongo's insert_many, {says}", shaped_insert_many(has_validator, has_indexes),
            bare_insert_many, _PYMONGO, starts_from=("normalised", "golden"), largest=ONE_SPRINT,
        )
        for name, says, has_validator, has_indexes in (
            ("validator", "with our validator, without indexes", True, False),
            ("indexes", "with our indexes, without validator", False, True),
            ("both", "with our validator and indexes: what `insert` could be at best", True, True),
        )
    ),
    Stage(
        "claim", "duplicate checks, pages of 250, on record in Redis and MongoDB", claiming, bare_lua_claims, _LUA,
        starts_from=("normalised",), largest=MOST_STORED,
    ),
    Stage(
        "publish", "scored leads over provisional ones, journaled", publishing, bare_insert_many, _PYMONGO,
        starts_from=("normalised", "golden", "scored"), largest=MOST_STORED,
    ),
    *(
        Stage(
            f"batch-{size}", f"inserts in batches of {size}", in_batches_of(size), bare_insert_many, _PYMONGO,
            starts_from=("normalised", "golden"), largest=ONE_SPRINT,
        )
        for size in (100, 250, 500)
    ),
    Stage(
        "collect", "ten segments at once in one process, over HTTP", collecting, bare_gets("collect"), _HTTPX,
        largest=MOST_STORED, needs_sandbox=True,
    ),
    Stage(
        "collect-apollo", "the two Apollo segments at once in one process, over HTTP", collecting_apollo, peer("tight"), _TIGHT,
        largest=ONE_SPRINT, needs_sandbox=True,
    ),
    *(
        Stage(f"peer-{name}", says, peer(script, is_foreign=foreign), peer("tight"), _TIGHT, largest=ONE_SPRINT,
              needs_sandbox=True, missing=peers_missing if foreign else None)
        for name, script, says, foreign in (
            ("dlt", "dlt_pipeline", "the same with dlt, parallel, appended to DuckDB", True),
            ("naive", "naive", "the same one request after the other, each person inserted alone", False),
        )
    ),
    Stage(
        "limited", "one Apollo account, documented limits, two homes collecting at once", collecting_at_the_limit,
        largest=ONE_SPRINT, tells=told_use,
    ),
    Stage(
        "enrich-http", "waterfalls over HTTP, nothing cached", enriching_over_http, bare_gets("enrich-http"), _HTTPX,
        starts_from=("golden",), largest=ONE_SPRINT, needs_sandbox=True,
    ),
    Stage(
        "sprint", "`leadgen sprint start`, end to end, all processes, five people at the dashboard", sprinting,
        sprinting_unwatched, "the same without dashboard", largest=MOST_STORED, largest_baseline=ONE_SPRINT,
    ),
)  # fmt: skip
"""In the order in which they run: each before those that start from what it keeps."""

BY_NAME = {stage.name: stage for stage in STAGES}


def maker(frame: str) -> Stage:
    """The stage that keeps a frame."""
    return next(stage for stage in STAGES if stage.keeps == frame)
