"""The vault: encrypted, private, whole at any moment, and a source of settings (NFR-010)."""

from __future__ import annotations

import base64
import multiprocessing
import os
import signal
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from leadgen_assets.services.backup.files import dump_files
from leadgen_assets.services.backup.place import Place
from leadgen_assets.settings import Settings
from leadgen_assets.vault import private
from leadgen_assets.vault.errors import VaultError
from leadgen_assets.vault.keys import KEY, KEY_FILE, KeyFile
from leadgen_assets.vault.vault import Vault

VALUE = "planted-hunter-key-77ab"


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the master key goes; nobody's own key or `.env` is touched."""
    path = tmp_path / "elsewhere" / "master.key"
    monkeypatch.setenv(KEY_FILE, str(path))
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.delenv("HUNTER_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def vault(tmp_path: Path, key_file: Path) -> Vault:
    """A vault with one secret."""
    made = Vault(tmp_path / "home")
    made.put("HUNTER_API_KEY", VALUE)
    return made


def test_neither_value_nor_name_is_readable_without_the_key(vault: Vault, key_file: Path) -> None:
    """NFR-010: encrypted at rest, and the key is not with it."""
    files = [each for each in (vault.path.parents[1]).rglob("*") if each.is_file()]
    content = b"".join(each.read_bytes() for each in files)
    key = key_file.read_text().strip()

    assert vault.secrets()["HUNTER_API_KEY"].value == VALUE
    for hidden in (VALUE, "HUNTER_API_KEY", key, base64.b64encode(VALUE.encode()).decode()[:-4]):
        assert hidden.encode() not in content
    assert VALUE not in repr(vault.secrets())


def test_the_key_is_outside_of_home_and_repository_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_file: Path
) -> None:
    """NFR-010: a copy of LEADGEN_HOME or of the checkout opens nothing."""
    monkeypatch.delenv(KEY_FILE)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "person" / ".config"))
    monkeypatch.setattr("leadgen_assets.vault.keys.SystemKeychain.is_usable", lambda: False)
    one, other = Vault(tmp_path / "home"), Vault(tmp_path / "other")
    one.put("HUNTER_API_KEY", VALUE)
    other.put("HUNTER_API_KEY", VALUE)
    held = one.key_keeper()

    assert isinstance(held, KeyFile)
    assert held.path.is_relative_to(tmp_path / "person")
    one.rotate_key()
    assert other.secrets()["HUNTER_API_KEY"].value == VALUE


def test_files_and_folders_are_private(vault: Vault, key_file: Path) -> None:
    """NFR-010: modes, whatever the umask."""
    assert {stat.S_IMODE(each.stat().st_mode) for each in vault.path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(vault.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("which", ["key", "vault"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_use_is_refused(vault: Vault, key_file: Path, which: str, mode: int) -> None:
    """NFR-010: refused with the remedy, by the settings too."""
    path = key_file if which == "key" else vault.path
    path.chmod(mode)

    with pytest.raises(VaultError, match=f"chmod 600 {path}"):
        vault.secrets()
    with pytest.raises(VaultError, match="can be used by others"):
        Settings(_env_file=None, leadgen_home=vault.path.parents[1])


def test_settings_come_from_environment_then_vault_then_dotenv(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-010: a line forgotten in `.env` does not undo a rotation; the environment has the last word."""
    Path(".env").write_text(
        f"LEADGEN_HOME={vault.path.parents[1]}\nHUNTER_API_KEY=old-and-forgotten\nPDL_API_KEY=of-dotenv\n"
    )
    monkeypatch.delenv("LEADGEN_HOME", raising=False)
    found = Settings()

    assert found.hunter_api_key
    assert found.hunter_api_key.get_secret_value() == VALUE
    assert found.pdl_api_key
    assert found.pdl_api_key.get_secret_value() == "of-dotenv"
    monkeypatch.setenv("HUNTER_API_KEY", "of-the-environment")
    assert set(Settings().secret_values()) >= {"of-the-environment"}


def test_a_lost_or_wrong_key_is_told_and_does_not_switch_vendors_off(vault: Vault, key_file: Path) -> None:
    """interfaces.md: a vendor whose credential cannot be read must not look like one without a credential."""
    key_file.unlink()
    with pytest.raises(VaultError, match="its master key is not in"):
        Settings(_env_file=None, leadgen_home=vault.path.parents[1])
    private.write_private(key_file, Fernet.generate_key())
    with pytest.raises(VaultError, match="does not open with the master key"):
        vault.secrets()
    private.write_private(key_file, b"no key at all")
    with pytest.raises(VaultError, match="no Fernet key"):
        vault.put("PDL_API_KEY", VALUE)


def test_a_changed_file_is_noticed(vault: Vault) -> None:
    """NFR-010: nobody without the key can exchange or cut what is in it."""
    content = vault.path.read_text()
    at = content.index('"content": "') + 60
    vault.path.write_text(content[:at] + ("A" if content[at] != "A" else "B") + content[at + 1 :])
    with pytest.raises(VaultError, match="does not open"):
        vault.secrets()
    vault.path.write_text(content[:40])
    with pytest.raises(VaultError, match="is damaged"):
        vault.secrets()


def test_replacing_keeps_the_time_it_was_first_set(vault: Vault) -> None:
    """PHX-08: age counts from the last rotation."""
    before = vault.secrets()["HUNTER_API_KEY"]
    vault.put("HUNTER_API_KEY", "another-value", datetime(2031, 5, 1, tzinfo=UTC))
    after = vault.secrets()["HUNTER_API_KEY"]

    assert (after.value, after.set_at) == ("another-value", before.set_at)
    assert after.rotated_at == after.changed_at == datetime(2031, 5, 1, tzinfo=UTC)
    vault.remove("HUNTER_API_KEY")
    assert vault.secrets() == {}


def test_a_new_master_key_opens_and_the_old_one_does_not(vault: Vault, key_file: Path) -> None:
    """NFR-010: after a rotation the old key is worth nothing."""
    old = key_file.read_text()
    before = vault.secrets()
    vault.rotate_key()

    assert vault.secrets() == before
    assert len(key_file.read_text().split()) == 1
    private.write_private(key_file, old.encode())
    with pytest.raises(VaultError, match="does not open"):
        vault.secrets()


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_rotation_that_breaks_off_locks_nobody_out(
    vault: Vault, key_file: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """NFR-010: at each of the three writes (both keys, vault, new key) the old state or the new one opens."""
    before, writes = vault.secrets(), 0
    replace = Path.replace

    def dying(draft: Path, target: Path) -> Path:
        nonlocal writes
        writes += 1
        if writes == step:
            raise KeyboardInterrupt
        return replace(draft, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            vault.rotate_key()
    assert vault.secrets() == before
    vault.rotate_key()
    assert vault.secrets() == before
    assert len(key_file.read_text().split()) == 1


def test_a_key_from_the_environment_takes_turns_by_hand(tmp_path: Path) -> None:
    """NFR-010: NEW,OLD while the vault is encrypted anew, then NEW alone."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    Vault(tmp_path, {KEY: old}).put("PDL_API_KEY", VALUE)
    with pytest.raises(VaultError, match="NEW,OLD"):
        Vault(tmp_path, {KEY: old}).rotate_key()
    Vault(tmp_path, {KEY: f"{new},{old}"}).rotate_key()

    assert Vault(tmp_path, {KEY: new}).secrets()["PDL_API_KEY"].value == VALUE
    with pytest.raises(VaultError, match="does not open"):
        Vault(tmp_path, {KEY: old}).secrets()


def test_the_keychain_keeps_the_key_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-010: through `keyring`, as any backend offers it; no key file is made then."""
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 5
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del self.kept[service, username]

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        vault = Vault(tmp_path / "home", {})
        assert "keychain" in vault.put("PDL_API_KEY", VALUE)
        vault.rotate_key()
        assert vault.secrets()["PDL_API_KEY"].value == VALUE
        assert [len(each.split()) for each in Memory.kept.values()] == [1]
        assert not (tmp_path / "config").exists()
    finally:
        keyring.set_keyring(before)


def _write_for_ever(home: Path) -> None:
    vault = Vault(home)
    for number in range(10_000):
        vault.put("PDL_API_KEY", f"{number:06d}" * 50)


def test_kill_9_in_the_middle_of_a_write_loses_nothing(tmp_path: Path, vault: Vault) -> None:
    """NFR-010: whenever a writer dies, the vault opens, other secrets are there, and the next writer gets in."""
    home = vault.path.parents[1]
    for turn in range(5):
        writer = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(home,))
        writer.start()
        seen = vault.path.stat().st_ino
        while vault.path.stat().st_ino == seen:
            time.sleep(0.001)
        time.sleep(0.003 * turn)
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        found = vault.secrets()
        assert found["HUNTER_API_KEY"].value == VALUE
        assert len(set(map(found["PDL_API_KEY"].value.__getitem__, (slice(0, 6), slice(294, 300))))) == 1
    vault.put("PDL_API_KEY", VALUE)
    assert sorted(each.name for each in vault.path.parent.iterdir()) == [".lock", "secrets.json"]


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path, key_file: Path) -> None:
    """NFR-010: each change is made on the last one."""
    home = tmp_path / "home"
    names = ["APOLLO_API_KEY", "PDL_API_KEY", "HUNTER_API_KEY", "CLEARBIT_API_KEY"]
    writers = [
        multiprocessing.get_context("fork").Process(target=Vault(home).put, args=(name, VALUE)) for name in names
    ]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert sorted(Vault(home).secrets()) == sorted(names)


def test_a_backup_holds_neither_vault_nor_key(vault: Vault, key_file: Path, tmp_path: Path) -> None:
    """REQ-018, NFR-010: backups go to other disks and people, so no credential is in them, not even an encrypted one."""
    home = vault.path.parents[1]
    (home / "reports").mkdir()
    (home / "reports" / "final.html").write_text("a report")
    place = Place(Settings(_env_file=None, leadgen_home=home))
    found = dump_files(place.folders, tmp_path / "files.tar")
    content = (tmp_path / "files.tar").read_bytes()

    assert found["reports"]["count"] == 1
    assert vault.path.name.encode() not in content
    assert vault.path.read_bytes() not in content
    assert key_file.read_bytes().strip() not in content
