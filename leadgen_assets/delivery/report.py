"""What became of the leads that a sync was given."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_log = logging.getLogger(__name__)


@dataclass
class SyncReport:
    """What became of the qualified leads: created + updated + unchanged + failed + refused + suppressed + unsent."""

    target: str
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    """The CRM already holds them in this form; not sent."""
    failed: int = 0
    refused: int = 0
    """Not sent, because the mapping cannot make a valid record of them."""
    suppressed: int = 0
    """Not sent, because they must not be contacted."""
    unsent: int = 0
    """Not reached, because the CRM stopped answering; the next run sends them."""
    has_waited_in_vain: bool = False
    """The CRM did not answer for as long as the sync was willing to wait."""
    retried: int = 0
    """Records that had to be sent more than once."""
    batches: int = 0
    stopped_because: str | None = None
    reasons: Counter[str] = field(default_factory=Counter)
    """Why leads failed or were refused, and how many each."""
    adjusted: Counter[str] = field(default_factory=Counter)
    """Values that were changed to fit the CRM, by field."""

    @property
    def is_complete(self) -> bool:
        """Whether the CRM holds every lead it may hold."""
        return self.stopped_because is None and not (self.failed or self.refused or self.unsent)

    def as_record(self) -> dict[str, Any]:
        """Plain values, for metadata and reports."""
        return {**vars(self), "reasons": dict(self.reasons), "adjusted": dict(self.adjusted)}

    def log(self) -> None:
        """Say in the log what did not go, by reason and without values."""
        for reason, count in self.reasons.most_common(20):
            _log.warning("%s: %d leads not delivered: %s", self.target, count, reason)
        for change, count in self.adjusted.most_common(20):
            _log.info("%s: %d leads adjusted: %s", self.target, count, change)
        if self.stopped_because:
            _log.error("%s: stopped, %d leads not sent: %s", self.target, self.unsent, self.stopped_because)
