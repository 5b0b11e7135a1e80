"""What vendors delivered: every record is exactly one of lead, duplicate, suppressed, quarantined (NFR-007)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Counts:
    """Outcome counts of delivered records; additive over pages, segments and sprints."""

    delivered: int = 0
    leads: int = 0
    duplicates: int = 0
    suppressed: int = 0
    quarantined: int = 0

    def __post_init__(self) -> None:
        negative = [name for name, value in asdict(self).items() if value < 0]
        if negative:
            raise ValueError(f"counts cannot be negative: {', '.join(negative)}")

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.delivered + other.delivered,
            self.leads + other.leads,
            self.duplicates + other.duplicates,
            self.suppressed + other.suppressed,
            self.quarantined + other.quarantined,
        )

    @classmethod
    def total(cls, parts: Iterable[Counts]) -> Counts:
        """The sum; all zeros for no parts."""
        return sum(parts, cls())

    @property
    def accounted(self) -> int:
        """Records with a known outcome."""
        return self.leads + self.duplicates + self.suppressed + self.quarantined

    @property
    def adds_up(self) -> bool:
        """Whether delivered = leads + duplicates + suppressed + quarantined: none lost, none counted twice."""
        return self.delivered == self.accounted

    @property
    def collected(self) -> int:
        """Records that became a lead or turned out to be a duplicate of one."""
        return self.leads + self.duplicates

    @property
    def duplicate_rate(self) -> float:
        """Duplicates / (leads + duplicates); 0 when nothing was collected."""
        return self.duplicates / self.collected if self.collected else 0.0

    def as_dict(self) -> dict[str, int]:
        """The five counts by name."""
        return asdict(self)
