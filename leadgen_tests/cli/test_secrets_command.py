"""`leadgen secrets` as people and scripts use it (NFR-010, PHX-08)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadgen_assets.cli.main import app
from leadgen_assets.settings import SECRETS, Settings
from leadgen_assets.vault.keys import KEY, KEY_FILE
from leadgen_assets.vault.vault import Vault
from leadgen_tests.sprint.vendors import no_limits, serving

VALUE = "planted-hunter-key-77ab"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any secret, and a working folder without `.env`."""
    for name in (*SECRETS, KEY, "LEADGEN_MODE"):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("LEADGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "keys" / "master.key"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def run(*words: str, stdin: str = "") -> tuple[int, str]:
    """Exit code, and what a person sees."""
    done = CliRunner().invoke(app, ["secrets", *words], input=stdin)
    return done.exit_code, done.output


def checked(*words: str) -> tuple[int, dict[str, str]]:
    """Exit code of `check` and {subject: what to do} of what is not ok."""
    code, output = run("check", "--json", *words)
    return code, {each["subject"]: each["detail"] for each in json.loads(output)["checks"] if not each["ok"]}


def test_a_secret_is_set_listed_rotated_and_removed(home: Path) -> None:
    """NFR-010: by name, through standard input; its value is never shown again."""
    code, said = run("set", "hunter_api_key", stdin=f"{VALUE}\n")
    assert code == 0
    assert Settings().hunter_api_key.get_secret_value() == VALUE  # type: ignore[union-attr]
    [listed] = json.loads(run("list", "--json")[1])
    assert (listed["name"], listed["source"], listed["age_days"], listed["rotated_at"]) == (
        "HUNTER_API_KEY",
        "vault",
        0,
        None,
    )
    assert run("rotate", "HUNTER_API_KEY", stdin=VALUE)[0] == 2
    assert run("rotate", "HUNTER_API_KEY", stdin="planted-second-key")[0] == 0
    assert run("rotate")[0] == 0
    [listed] = json.loads(run("list", "--json")[1])
    assert listed["rotated_at"]
    shown = said + run("list")[1] + run("list", "--json")[1] + run("check")[1]
    assert not [each for each in (VALUE, "planted-second-key") if each in shown]
    assert run("remove", "HUNTER_API_KEY")[0] == 0
    assert json.loads(run("list", "--json")[1]) == []


@pytest.mark.parametrize(
    "words",
    [
        ("set", "HUNTER_API_KEY", VALUE),
        ("set", f"HUNTER_API_KEY={VALUE}"),
        ("set", VALUE),
        ("set", "HUNTER_API_KEY", f"--value={VALUE}"),
        ("rotate", "HUNTER_API_KEY", VALUE),
        ("rotate", VALUE),
        ("remove", f"PDL_API_KEY={VALUE}"),
    ],
)
def test_a_value_on_the_command_line_is_refused_and_not_repeated(home: Path, words: tuple[str, ...]) -> None:
    """NFR-010: argv is seen by other users; nothing is stored and the message does not spread it further."""
    code, said = run(*words, stdin="another-value-99")
    assert code == 2
    assert VALUE not in said
    assert Vault(home).secrets() == {}


@pytest.mark.parametrize("value", ["", "\n", "short", "two\nlines-of-text", "with\x00zero-byte"])
def test_what_is_no_secret_is_refused(home: Path, value: str) -> None:
    """NFR-010: an empty, cut or pasted-wrong value is told at once, not by the vendor."""
    code, said = run("set", "HUNTER_API_KEY", stdin=value)
    assert code == 2
    assert "value" in said
    assert Vault(home).secrets() == {}


def test_check_finds_age_modes_plain_text_and_a_key_in_the_wrong_place(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PHX-08: every finding says what to do; exit code 1 while there is one."""
    assert run("set", "PDL_API_KEY", stdin=VALUE)[0] == 0
    assert checked() == (0, {})
    Vault(home).put("HUNTER_API_KEY", VALUE, datetime(2020, 1, 1, tzinfo=UTC))
    lines = (
        "APOLLO_API_KEY=planted-apollo-key",
        "PDL_API_KEY=planted-old-one",
        "HUNTER_BASE_URL=http://x",
        "LEADGEN_REDIS_URL=redis://127.0.0.1:1/0",
        "LEADGEN_MONGO_URI=mongodb://me:planted-word@h/",
    )
    Path(".env").write_text("\n".join(lines))
    Path(".env").chmod(0o644)
    home.joinpath("vault").chmod(0o755)
    code, wrong = checked()

    assert code == 1
    assert wrong.keys() == {"HUNTER_API_KEY", "APOLLO_API_KEY", "PDL_API_KEY", "LEADGEN_MONGO_URI", "file mode"}
    assert "leadgen secrets rotate HUNTER_API_KEY" in wrong["HUNTER_API_KEY"]
    assert "leadgen secrets set APOLLO_API_KEY" in wrong["APOLLO_API_KEY"]
    assert "delete the line" in wrong["PDL_API_KEY"]
    Path(".env").unlink()
    home.joinpath("vault").chmod(0o700)
    assert checked("--max-age", "9999") == (0, {})
    inside = home / "master.key"
    inside.write_bytes(Path("keys/master.key").read_bytes())
    inside.chmod(0o600)
    monkeypatch.setenv(KEY_FILE, str(inside))
    assert "is inside LEADGEN_HOME" in checked("--max-age", "9999")[1]["master key"]


def test_check_tells_a_vault_that_does_not_open(home: Path) -> None:
    """PHX-08: the same message as any other command, and the list of the rest is not pretended."""
    assert run("set", "PDL_API_KEY", stdin=VALUE)[0] == 0
    Path("keys/master.key").chmod(0o644)
    code, wrong = checked("--live")
    assert (code, list(wrong)) == (1, ["vault"])
    assert "chmod 600" in wrong["vault"]
    assert run("list")[0] == 2


def test_check_live_asks_each_configured_vendor_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PHX-08, TL-07: the vendor has the last word on a credential, without costs; vendors without one are not asked."""
    limits = no_limits(tmp_path / "limits.yaml")
    with serving(limits) as sandbox:
        monkeypatch.setenv("LEADGEN_LIMITS", str(limits))
        monkeypatch.setenv("HUNTER_BASE_URL", f"{sandbox.url}/hunter/v2")
        monkeypatch.setenv("NEVERBOUNCE_BASE_URL", f"{sandbox.url}/neverbounce/v4.2")
        monkeypatch.setenv("NEVERBOUNCE_API_KEY", "sandbox")
        monkeypatch.setattr("leadgen_assets.desk.credentials.SHORTEST", 7)
        run("set", "HUNTER_API_KEY", stdin=VALUE)
        code, wrong = checked("--live")
        asked = {vendor for vendor, each in sandbox.calls().items() if each["requests"]}

    assert (code, list(wrong)) == (1, ["hunter (live)"])
    assert asked == {"hunter", "neverbounce"}
    assert VALUE not in wrong["hunter (live)"]
