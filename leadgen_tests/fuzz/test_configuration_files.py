"""The other files people may write (limits, prices, retention, alert rules, contacts, recipients, mappings)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import leadgen_assets
from leadgen_assets.delivery.mapping import MappingError, load_mapping
from leadgen_assets.desk.alerts.contacts import load_contacts
from leadgen_assets.desk.alerts.rules import load_rules
from leadgen_assets.desk.alerts.yaml_file import AlertFileError
from leadgen_assets.desk.reports.recipients import load_recipients
from leadgen_assets.stores.retention import RetentionError, load_retention
from leadgen_assets.vendors.limits import LimitsError, load_limits
from leadgen_assets.vendors.prices import PricesError, load_prices
from leadgen_tests.fuzz.contract import says
from leadgen_tests.fuzz.sizes import cases
from leadgen_tests.fuzz.yaml_hostile import files_like

OURS = Path(leadgen_assets.__file__).parent
FILES: dict[str, tuple[str, Callable[[Path], Any], type[Exception]]] = {
    "limits": ("vendors/limits.yaml", load_limits, LimitsError),
    "prices": ("vendors/prices.yaml", load_prices, PricesError),
    "retention": ("stores/retention.yaml", load_retention, RetentionError),
    "rules": ("desk/alerts/rules.yaml", load_rules, AlertFileError),
    "contacts": ("desk/alerts/contacts.yaml", load_contacts, AlertFileError),
    "recipients": ("desk/reports/recipients.yaml", lambda path: load_recipients(path, load_contacts()), AlertFileError),
    "hubspot mapping": ("delivery/mappings/hubspot.yaml", lambda path: load_mapping("hubspot", path), MappingError),
    "salesforce mapping": (
        "delivery/mappings/salesforce.yaml",
        lambda path: load_mapping("salesforce", path),
        MappingError,
    ),
}
"""The file of this kind that ships, what reads one, and the error it may raise."""


@pytest.mark.parametrize("name", FILES)
@cases(quick=8, full=300)
@given(data=st.data())
def test_a_file_is_read_or_told(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Issue "Bad input": whatever is in it, the error is the file's own and names it."""
    ours, load, expected = FILES[name]
    content = data.draw(files_like(yaml.safe_load((OURS / ours).read_text("utf-8"))))
    path = tmp_path_factory.getbasetemp() / "hostile.yaml"
    path.write_bytes(content)
    try:
        assert load(path) is not None
    except expected as error:
        for line in says(error).splitlines():
            assert path.name in line
