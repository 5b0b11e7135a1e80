"""What the alert about a vendor that is down tells beside that (OPS-03, PHX-04)."""

from __future__ import annotations

from leadgen_assets.desk.alerts.messages import wording
from leadgen_assets.desk.alerts.rules import load_rules


def test_it_names_the_next_probe() -> None:
    """OPS-03: nobody has to guess when the vendor is tried again."""
    rule = load_rules().rules["vendor_down"]
    vendor = {
        "vendor": "apollo",
        "is_down": True,
        "condition": "Nobody calls it after 8 unanswered calls; the next probe is at 09:00:05 UTC.",
        "next_probe_at": "2026-11-22T09:00:05.000Z",
    }
    state = {"vendors": [vendor]}
    limits = rule.limits(state)
    assert limits
    title, text, figures = wording(rule, limits, 1.0, "autumn", "apollo", state)
    assert title == "apollo is down"
    assert text.endswith("the next probe is at 09:00:05 UTC.")
    assert "Next probe" in figures
    vendor.update(condition=None, next_probe_at=None)
    _, text, figures = wording(rule, limits, 1.0, "autumn", "apollo", state)
    assert text.endswith("cannot deliver.")
    assert "Next probe" not in figures
