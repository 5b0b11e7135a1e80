"""How many records are written in one batch: more while that makes a record cheaper, fewer when a batch takes too long."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEAST, FIRST, MOST = 100, 250, 500
"""REQ-017: 100 to 500 are allowed, 250 to 500 preferred."""
STEP = 50
SLOW_SECONDS = 2.0
"""A batch that takes longer keeps its leads from the database, and the desk, for too long."""
WORSE = 1.1
"""A record may be that much dearer than lately before it counts: single batches vary."""
_NEWS = 0.3
_FULL = 0.8
"""Batches emptier than this share of their size say nothing about it."""


@dataclass(frozen=True)
class BatchSize:
    """The size of the next batch, and what a record has cost lately (seconds; None before the first batch)."""

    records: int = FIRST
    seconds_each: float | None = None

    def after(self, records: int, seconds: float) -> BatchSize:
        """The size to go on with when a batch of so many records took so long (PHX-09).

        Halved when it was slow, a step larger while a record is no dearer than lately, the same when it is.
        """
        if records < _FULL * self.records:
            return self
        each = seconds / records
        known = self.seconds_each
        now = each if known is None else known + _NEWS * (each - known)
        if seconds > SLOW_SECONDS:
            return replace(self, records=max(LEAST, self.records // 2), seconds_each=now)
        is_no_dearer = known is None or each <= known * WORSE
        return replace(self, records=min(MOST, self.records + STEP) if is_no_dearer else self.records, seconds_each=now)
