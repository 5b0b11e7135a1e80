"""A way into the sprint's CRMs for erasures: client, and the field of ours by which it knows our leads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leadgen_assets.delivery.mapping import load_mapping
from leadgen_assets.privacy.crm import CrmAccess, OpenCrm
from leadgen_assets.settings import Settings
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.contracts import ErasingCrm


def crm_opener(settings: Settings) -> OpenCrm:
    """Opens a CRM by name, as the settings say. Raises `VendorOff`, and `MappingError` for a broken mapping file."""

    def opener(target: str) -> CrmAccess:
        if settings.vendor(target) is None:
            raise registry.VendorOff(f"{target} is off: its credentials are not set")
        mapping = load_mapping(target, getattr(settings, f"{target}_mapping"))
        return CrmAccess(lambda: _client(target, settings), mapping.external_id)

    return opener


@asynccontextmanager
async def _client(target: str, settings: Settings) -> AsyncIterator[ErasingCrm]:
    governor = registry.governor(settings)
    try:
        async with registry.crm(target, settings, governor) as client:
            yield client  # type: ignore[misc]
    finally:
        await governor.aclose()
