"""What other users of the machine see of our processes, and what children are given (NFR-010)."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from leadgen_assets.cli.sandbox_process import running_sandbox
from leadgen_assets.redaction.known import KNOWN
from leadgen_assets.settings import CREDENTIALS
from leadgen_tests.conftest import embedded_settings

PLANTED = "planted-credential-of-the-environment"


def test_simulated_vendors_get_no_real_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-010: neither in its environment nor on its command line; nor is anything secret in ours."""
    for name in CREDENTIALS:
        monkeypatch.setenv(name.upper(), f"{PLANTED}-{name}")
    monkeypatch.setenv("LEADGEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    KNOWN.learn([PLANTED])
    me = psutil.Process()
    with running_sandbox(embedded_settings(tmp_path / "home")):
        children = me.children(recursive=True)
        mine = [each for each in children if "sandbox" in each.cmdline()]
        assert len(mine) == 1
        assert not [name for name, value in mine[0].environ().items() if PLANTED in value]
        lines = [" ".join(each.cmdline()) for each in (me, *children)]
    assert not [line for line in lines for secret in KNOWN.values if secret in line]
    assert os.environ["HUNTER_API_KEY"].startswith(PLANTED)
