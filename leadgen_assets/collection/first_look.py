"""How good provisional leads are, counted as they come in, so that the desk sees quality before the refinement (OPS-01).

Never the last word: enrichment and scoring follow, and then the stored leads are counted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadgen_assets.leads.flags import ERRORS, as_list
from leadgen_assets.leads.schema import COMPANY_FIELDS
from leadgen_assets.stores.figures import AGAINST
from leadgen_assets.stores.live import LiveCounters

PREFIX = "quality:"
"""Of the names of these counts."""


def count_quality(live: LiveCounters, sprint: str, leads: pd.DataFrame) -> None:
    """Add up how many of some provisional leads (LEAD_FIELDS) have what a good lead has."""
    if leads.empty:
        return
    flags = [frozenset(as_list(each)) for each in leads["flags"].tolist()]
    company = np.logical_and.reduce([_has(leads, name) for name in COMPANY_FIELDS])
    counts = {
        "leads": len(leads),
        "email": int(_has(leads, "email").sum()),
        "company": int(company.sum()),
        "valid": sum(1 for each in flags if not each & ERRORS),
        **{part: sum(1 for each in flags if not each & against) for part, against in AGAINST.items()},
    }
    live.tally(sprint, {f"{PREFIX}{name}": times for name, times in counts.items()})


def _has(leads: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    return leads[name].notna().to_numpy(dtype=bool)
