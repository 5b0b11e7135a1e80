"""What privacy needs done every day: retention, interrupted erasures, and erased people who turned up again."""

from __future__ import annotations

from dataclasses import dataclass

from leadgen_assets.privacy.erase import Office, resume, sweep
from leadgen_assets.privacy.retain import Kept, retain


@dataclass(frozen=True)
class Upkeep:
    """What a day's work did. `waiting` are ids of erasures that are still not done."""

    kept: list[Kept]
    resumed: int
    swept: int
    waiting: list[str]

    @property
    def deleted(self) -> int:
        """Entries that were too old."""
        return sum(each.deleted for each in self.kept)


def daily(office: Office) -> Upkeep:
    """Retention first, so that nothing is searched that goes anyway."""
    kept = retain(office.stores, office.home)
    resumed, swept = resume(office), sweep(office)
    waiting = [each.erasure_id for each in office.stores.erasures.open()]
    return Upkeep(kept, len(resumed), len(swept), waiting)
