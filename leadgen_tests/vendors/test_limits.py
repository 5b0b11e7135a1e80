"""The limits file: documented windows, overrides, and errors that name what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadgen_assets.vendors.limits import LimitsError, Window, load_limits

USED = {
    "apollo": ("search", "bulk_match", "usage", "health"),
    "brightdata": ("filter", "status", "download"),
    "zoominfo": ("token", "search", "enrich", "usage"),
    "hunter": ("finder", "verifier", "account", "company"),
    "clearbit": ("company", "person"),
    "neverbounce": ("jobs",),
    "pdl": ("bulk",),
    "hubspot": ("upsert",),
    "salesforce": ("upload",),
    "slack": ("webhook",),
}


@pytest.mark.parametrize("vendor", USED)
def test_every_operation_of_every_vendor_has_documented_limits(vendor: str) -> None:
    """TL-02: per source a rate limit."""
    for operation in USED[vendor]:
        assert load_limits().scopes(vendor, operation)


def test_an_override_replaces_only_the_operations_it_names(tmp_path: Path) -> None:
    """LEADGEN_LIMITS overrides documented limits operation by operation."""
    file = tmp_path / "limits.yaml"
    file.write_text("apollo:\n  search: [{requests: 50, seconds: 60}]\nzoominfo:\n  '*': []\n", encoding="utf-8")

    limits = load_limits(file)

    assert limits.scopes("apollo", "search") == {"search": (Window(requests=50, seconds=60),)}
    assert limits.scopes("apollo", "bulk_match") == load_limits().scopes("apollo", "bulk_match")
    assert limits.scopes("zoominfo", "enrich") == {"*": ()}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("apolo: {search: []}", "unknown vendor 'apolo'; allowed: apollo, brightdata"),
        ("apollo: {serch: []}", r"unknown operation apollo\.serch; allowed: \*, bulk_match"),
        ("apollo: {search: [{requests: 0, seconds: 60}]}", r"apollo\.search\.0\.requests: Input should be greater"),
        ("apollo: {search: [{requests: 5}]}", r"apollo\.search\.0\.seconds: Field required"),
        ("apollo: {search: [{requests: 5, seconds: 1, burst: 2}]}", r"apollo\.search\.0\.burst"),
        ("apollo: [", "not YAML"),
    ],
)
def test_a_mistake_in_an_override_names_file_key_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    """House rule: errors name file, key and allowed values."""
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(LimitsError, match=told) as failed:
        load_limits(file)

    assert "mine.yaml" in str(failed.value)


def test_a_missing_override_file_is_told(tmp_path: Path) -> None:
    """A limits file that was named must be used, not skipped."""
    with pytest.raises(LimitsError, match=r"absent\.yaml: cannot be read"):
        load_limits(tmp_path / "absent.yaml")
