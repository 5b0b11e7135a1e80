"""Scored leads become the sprint's rows in the lead store; provisional rows that lost are removed."""

from __future__ import annotations

import pandas as pd

from leadgen_assets.leads.columns import settled_heap
from leadgen_assets.stores.documents import FrameDocuments
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.publication import Published


def publish_leads(stores: OpenStores, sprint: str, scored: pd.DataFrame) -> Published:
    """Write the complete leads and remove what else is stored for the sprint. Again changes nothing."""
    losers = stores.leads.ids(sprint) - set(scored["lead_id"])
    with settled_heap():
        return stores.leads.publish(FrameDocuments(scored), sprint, losers)
