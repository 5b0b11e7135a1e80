"""The master key and who keeps it: the environment, a private file, or the system's keychain.

Keys are Fernet keys, the newest first. There are two only while a new one takes over.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from platformdirs import user_config_path

from leadgen_assets.vault.errors import VaultError
from leadgen_assets.vault.private import read_private, write_private

KEY, KEY_FILE = "LEADGEN_MASTER_KEY", "LEADGEN_MASTER_KEY_FILE"
"""Read from the environment only: in `.env` the key would lie in the repository."""
_KEYCHAIN = "leadgen"


class Keeper(Protocol):
    """Whoever keeps a vault's keys. `says` tells a person where that is."""

    kind: str
    says: str

    def read(self) -> list[str]:
        """The keys, the newest first; none when there are none yet. Raises `VaultError`."""
        ...

    def write(self, keys: Sequence[str]) -> None:
        """Keep these from now on. Raises `VaultError` where only a person can do that."""
        ...


class EnvironmentKeys:
    """`LEADGEN_MASTER_KEY`: one key, or two with a comma between them while a new one takes over."""

    kind, says = "environment", f"the environment ({KEY})"

    def __init__(self, value: str) -> None:
        self._value = value

    def read(self) -> list[str]:
        """As given."""
        return [each.strip() for each in self._value.split(",") if each.strip()]

    def write(self, keys: Sequence[str]) -> None:
        """Only a person changes the environment."""
        if list(keys) != self.read():
            raise VaultError(f"the master key comes from {self.says} and cannot be changed from here")


class KeyFile:
    """A private file, a key a line."""

    kind = "file"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.says = f"the file {path}"

    def read(self) -> list[str]:
        """Raises `VaultError` when others could read the file."""
        try:
            return read_private(self.path).decode("ascii", "replace").split()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise VaultError(f"the master key in {self.path} cannot be read: {error.strerror}") from None

    def write(self, keys: Sequence[str]) -> None:
        """Replaced in one step."""
        try:
            write_private(self.path, "".join(f"{each}\n" for each in keys).encode())
        except OSError as error:
            raise VaultError(f"the master key cannot be written to {self.path}: {error.strerror}") from None


class SystemKeychain:
    """macOS Keychain, Windows Credential Locker, Secret Service: whatever `keyring` finds."""

    kind = "keychain"

    def __init__(self, vault: str) -> None:
        self._vault = vault
        self.says = f"the system's keychain (service {_KEYCHAIN}, account {vault})"

    def read(self) -> list[str]:
        """Raises `VaultError` while the keychain is locked."""
        return str(self._ask("get_password") or "").split()

    def write(self, keys: Sequence[str]) -> None:
        """Raises `VaultError` while the keychain is locked."""
        self._ask("set_password", " ".join(keys))

    def _ask(self, what: str, *values: str) -> Any:
        import keyring

        try:
            return getattr(keyring, what)(_KEYCHAIN, self._vault, *values)
        except Exception as error:
            raise VaultError(f"{self.says} does not answer ({type(error).__name__}); unlock it") from None

    @staticmethod
    def is_usable() -> bool:
        """Whether this system has a keychain; most servers have none."""
        with suppress(Exception):
            import keyring
            from keyring.backends import chainer, fail, null

            found = keyring.get_keyring()
            backends = found.backends if isinstance(found, chainer.ChainerBackend) else [found]
            return any(not isinstance(each, fail.Keyring | null.Keyring) for each in backends)
        return False


def default_key_file(vault: str) -> Path:
    """In the user's configuration folder: outside of the repository and of LEADGEN_HOME."""
    return user_config_path("leadgen") / f"master-{vault}.key"


def keeper(vault: str, kind: str | None, environ: Mapping[str, str] | None = None) -> Keeper:
    """Who keeps the keys of this vault: the environment's word first, then who kept them so far (`kind`), and for a new
    vault the system's keychain where there is one."""
    given = os.environ if environ is None else environ
    if given.get(KEY):
        return EnvironmentKeys(given[KEY])
    if given.get(KEY_FILE):
        return KeyFile(Path(given[KEY_FILE]).expanduser().absolute())
    if kind == SystemKeychain.kind or (kind is None and SystemKeychain.is_usable()):
        return SystemKeychain(vault)
    return KeyFile(default_key_file(vault))
