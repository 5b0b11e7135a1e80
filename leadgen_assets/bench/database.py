"""The lead store under load (DE-05): batch sizes, many writers at once, and duplicate checks while they write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from queue import Empty, Queue
from uuid import uuid4

from leadgen_assets.bench.ground import KEY
from leadgen_assets.bench.sections import table
from leadgen_assets.settings import Settings
from leadgen_assets.stores.claims import Claim, LeadKey
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.mongo import LEADS, Document
from leadgen_assets.stores.opened import OpenStores, open_stores

BATCHES = (100, 250, 500)
WRITERS = (10, 50)
RECORDS = (10_000, 20_000)
CLAIMED_PAGE = 100
"""Leads in one duplicate check, as a vendor's page has them."""
IDLE_PAGES = 100
READY_SECONDS = 60


@dataclass(frozen=True)
class Load:
    """So many records inserted, journaled, by so many writers at once, and the duplicate checks made meanwhile.

    Times are milliseconds: of a batch, and of a check of a page of `CLAIMED_PAGE` leads. Nobody writes where `writers`
    is 0.
    """

    records: int
    writers: int
    batch: int
    seconds: float
    batch_p50_ms: float
    batch_p95_ms: float
    claims: int
    claim_p50_ms: float
    claim_p95_ms: float

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.records else 0.0


def measured(
    stores: OpenStores, documents: Sequence[Document], tell: Callable[[str], None], records: Iterable[int] = RECORDS
) -> Iterator[Load]:
    """Duplicate checks with nobody writing, then every combination of records, writers and batch size under checks.

    Raises `ValueError` when there are fewer documents than records are asked for, `RuntimeError` when some of them
    did not arrive: a benchmark of writes that were refused would be a lie.
    """
    yield _idle(stores)
    for number in records:
        if number > len(documents):
            raise ValueError(f"{number:,} records are asked for, {len(documents):,} are there")
        for writers in WRITERS:
            for batch in BATCHES:
                tell(f"{number:,} records, {writers} writers, batches of {batch}")
                yield _written(stores, documents[:number], writers, batch)


def _idle(stores: OpenStores) -> Load:
    took = [_claim(stores) for _ in range(IDLE_PAGES)]
    return Load(0, 0, 0, sum(took) / 1000, 0.0, 0.0, len(took), quantile(took, 0.5), quantile(took, 0.95))


def _written(stores: OpenStores, documents: Sequence[Document], writers: int, batch: int) -> Load:
    stores.db.drop_collection(LEADS)
    migrate(stores.db)
    waiting: Queue[Sequence[Document]] = Queue()
    for start in range(0, len(documents), batch):
        waiting.put(documents[start : start + batch])
    batches: list[float] = []
    with _claiming() as claims, ThreadPoolExecutor(writers) as pool:
        began = time.perf_counter()
        for each in [pool.submit(_write, stores, waiting, batches) for _ in range(writers)]:
            each.result()
        seconds = time.perf_counter() - began
    if (found := stores.leads.count(KEY)) < 0.99 * len(documents):
        raise RuntimeError(f"{found} of {len(documents)} records are stored")
    return Load(
        len(documents), writers, batch, seconds, quantile(batches, 0.5), quantile(batches, 0.95),
        len(claims), quantile(claims, 0.5), quantile(claims, 0.95),
    )  # fmt: skip


def _write(stores: OpenStores, waiting: Queue[Sequence[Document]], took: list[float]) -> None:
    while True:
        try:
            documents = waiting.get_nowait()
        except Empty:
            return
        began = time.perf_counter()
        stores.leads.insert_provisional(documents)
        took.append((time.perf_counter() - began) * 1000)


@contextmanager
def _claiming() -> Iterator[list[float]]:
    """Duplicate checks, one after the other, by a process of its own, until the block ends; then their milliseconds."""
    processes = get_context("spawn")
    ready, over, answer = processes.Event(), processes.Event(), processes.SimpleQueue()
    process = processes.Process(target=_claim_until, args=(ready, over, answer), daemon=True)
    process.start()
    took: list[float] = []
    try:
        if not ready.wait(READY_SECONDS):
            raise RuntimeError("the process that checks for duplicates did not start")
        yield took
        over.set()
        took += answer.get()
    finally:
        over.set()
        process.join(READY_SECONDS)


def _claim_until(ready: Event, over: Event, answer: SimpleQueue[list[float]]) -> None:
    took: list[float] = []
    with open_stores(Settings()) as stores:
        _claim(stores)  # connects
        ready.set()
        while not over.is_set():
            took.append(_claim(stores))
    answer.put(took)


def _claim(stores: OpenStores) -> float:
    """Milliseconds of one duplicate check of a page of people nobody has seen."""
    page = uuid4().hex
    claims = [
        Claim(f"{page}-{number}", (LeadKey("linkedin", f"https://www.linkedin.com/in/{page}-{number}"),
                                   LeadKey("email", f"{page}.{number}@example.com")))
        for number in range(CLAIMED_PAGE)
    ]  # fmt: skip
    began = time.perf_counter()
    stores.claims.claim(claims)
    return (time.perf_counter() - began) * 1000


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed; 0 where there are none."""
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


HEADER = ("Records", "Writers", "Batch", "Records/s", "Batch p50 ms", "p95", "Duplicate checks", "p50 ms", "p95")


def row(load: Load) -> tuple[str, ...]:
    """A load as cells of `HEADER`."""
    written: tuple[str, ...] = ("–",) * 6
    if load.writers:
        figures = (load.per_second, load.batch_p50_ms, load.batch_p95_ms)
        written = (f"{load.records:,}", str(load.writers), str(load.batch), *(f"{each:,.0f}" for each in figures))
    return (*written, f"{load.claims:,}", f"{load.claim_p50_ms:,.1f}", f"{load.claim_p95_ms:,.1f}")


def to_markdown(loads: Sequence[Load], where: str) -> str:
    """The table, with where and when."""
    return "\n".join([where, "", *table(HEADER, [row(each) for each in loads])])
