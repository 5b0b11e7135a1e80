"""What an enrichment did, vendor by vendor: the figures of the desk, the asset's metadata and the sprint report."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import pandas as pd

Step = Literal["company", "email", "verify"]


@dataclass
class VendorLine:
    """One vendor in one step. asked + cached = found + missed + failed, in questions (companies, people, addresses)."""

    step: Step
    vendor: str
    asked: int = 0
    """Questions put to the vendor in this run."""
    cached: int = 0
    """Questions whose answer was on record."""
    found: int = 0
    missed: int = 0
    failed: int = 0
    """Asked without an answer; asked again by the next run."""
    skipped: int = 0
    """Not asked, because the vendor was stopped."""
    uncertain: int = 0
    """Not asked again, because a call that broke off may have been billed for them."""
    suppressed: int = 0
    """Of the missed: people who asked the vendor to be removed."""
    usd: Decimal = Decimal(0)
    stopped_because: str | None = None

    @property
    def success_rate(self) -> float | None:
        """Share of answers that found something (REQ-014); None without answers."""
        answered = self.found + self.missed
        return self.found / answered if answered else None

    def as_record(self) -> dict[str, Any]:
        """Plain values, for metadata and reports."""
        return {**vars(self), "usd": float(self.usd), "success_rate": self.success_rate}


@dataclass
class EnrichmentReport:
    """All vendors in the order in which they were asked, and what the sprint's own leads already knew."""

    lines: list[VendorLine] = field(default_factory=list)
    filled_from_own_leads: int = 0
    """Fields filled for free from other leads of the same company."""
    companies: int = 0
    """Distinct companies with something missing, after that."""
    people: int = 0
    """Leads without a usable address that may be asked about."""
    addresses: int = 0
    """Addresses to verify."""

    def line(self, step: Step, vendor: str) -> VendorLine:
        """A new line at the end."""
        self.lines.append(VendorLine(step, vendor))
        return self.lines[-1]

    @property
    def usd(self) -> Decimal:
        """What this run paid."""
        return sum((line.usd for line in self.lines), Decimal(0))

    @property
    def problems(self) -> list[str]:
        """One line for each vendor that was stopped."""
        return [
            f"{line.step}: {line.vendor} stopped: {line.stopped_because} ({line.skipped + line.failed} not answered)"
            for line in self.lines
            if line.stopped_because
        ]

    def as_records(self) -> list[dict[str, Any]]:
        """The lines as plain values."""
        return [line.as_record() for line in self.lines]


@dataclass(frozen=True)
class Enriched:
    """The same leads, in the same order, with what could be found; nobody is lost (TL-05)."""

    leads: pd.DataFrame
    report: EnrichmentReport
