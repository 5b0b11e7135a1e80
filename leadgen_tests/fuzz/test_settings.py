"""Settings as people paste them: usable values, or a message that names the setting and keeps the value to itself."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from leadgen_assets.cli.main import app
from leadgen_assets.settings import VENDORS, Settings
from leadgen_tests.fuzz.hostile import texts
from leadgen_tests.fuzz.sizes import cases

NAMES = sorted(set(Settings.model_fields) - {"leadgen_home"})


@cases(quick=30, full=1500)
@given(
    name=st.sampled_from(NAMES),
    text=texts | st.sampled_from(("http://[", "http://u:p@x:99999999", "//", "x", "mongodb://a,b:1/")),
)
@example(name="leadgen_mongo_uri", text="http://[")
@example(name="apollo_base_url", text="http://[")
@example(name="apollo_base_url", text="http://x:99999999")
@example(name="leadgen_database", text="a/b")
@example(name="apollo_api_key", text="a\nb")
@example(name="leadgen_redis_url", text="a\ud800")
def test_a_setting_is_usable_or_named(name: str, text: str) -> None:
    """Issue "Bad input": what is accepted can be used; what is not names the setting."""
    with pytest.MonkeyPatch.context() as patched:
        # fuzzed values are no secrets that others' messages should be cleaned of
        patched.setattr("leadgen_assets.settings.KNOWN.learn", lambda _: None)
        for mode in ("sandbox", "live"):
            try:
                found = Settings(_env_file=None, **{"leadgen_home": Path("/nowhere"), "leadgen_mode": mode, name: text})
            except ValidationError as error:
                is_named_in(error, name)
                continue
            assert found.backups.is_absolute()
            assert found.storage
            for access in filter(None, map(found.vendor, VENDORS)):
                assert not access.base_url or httpx.URL(access.base_url).host or access.vendor == "slack"


def is_named_in(error: ValidationError, name: str) -> None:
    assert {each["loc"] for each in error.errors()} == {(name,)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LEADGEN_MONGO_URI", "http://["),
        ("APOLLO_BASE_URL", "http://secret:word@["),
        ("LEADGEN_DATABASE", "a/b"),
        ("LEADGEN_MODE", "x"),
    ],
)
def test_a_command_names_the_setting(name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue "Bad input": not its value, which may be a secret."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["sprint", "list"], env={"LEADGEN_HOME": str(tmp_path / "home"), name: text})

    assert done.exit_code == 2
    assert name in done.stderr
    assert text not in done.stderr or text == "x"
