"""A sprint's privacy policy applied to its records: who may not become a lead, and who is kept with a flag (NFR-011)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from leadgen_assets.leads.jurisdiction import NOTICE_OWED, regions
from leadgen_assets.sprint_file import Privacy
from leadgen_assets.stores.suppressions import Suppressions

NOTICE_DUE, DO_NOT_SELL = "notice_due", "do_not_sell"


@dataclass(frozen=True)
class Protected:
    """Masks over the records: `barred` count as suppressed, `flagged` ({flag: mask}) are kept and marked."""

    barred: pd.Series
    flagged: dict[str, pd.Series] = field(default_factory=dict)


def protected_people(leads: pd.DataFrame, do_not_sell: Suppressions, policy: Privacy) -> Protected:
    """People in the EU, EEA or UK and people who opted out of sale, sorted by what the policy says about them."""
    abroad = regions(leads).isin(NOTICE_OWED)
    opted_out = do_not_sell.mask(leads)
    barred = pd.Series(False, index=leads.index, dtype=bool)
    flagged = {}
    if policy.eu_uk == "skip":
        barred |= abroad
    else:
        flagged[NOTICE_DUE] = abroad
    if policy.do_not_sell == "suppress":
        barred |= opted_out
    else:
        flagged[DO_NOT_SELL] = opted_out
    return Protected(barred, flagged)
