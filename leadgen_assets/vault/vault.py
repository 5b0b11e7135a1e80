"""The vault: one encrypted file below LEADGEN_HOME. Names and times are encrypted with the values.

Writers hold a lock and replace the file in one step, so a reader or a crash sees the old content or the new one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from leadgen_assets.vault.errors import VaultError
from leadgen_assets.vault.keys import KEY, KEY_FILE, Keeper, keeper
from leadgen_assets.vault.private import read_private, write_private

_FORMAT = 1
_LOCK_SECONDS = 30


@dataclass(frozen=True)
class Secret:
    """A value and its history. `changed_at` is when it was last set or replaced."""

    value: str = field(repr=False)
    set_at: datetime
    rotated_at: datetime | None = None

    @property
    def changed_at(self) -> datetime:
        """The age of a secret counts from here."""
        return self.rotated_at or self.set_at


@dataclass(frozen=True)
class _Envelope:
    """The file: which vault this is, who keeps its key, and the rest encrypted."""

    vault: str
    kept_by: str
    content: str


class Vault:
    """The secrets of one LEADGEN_HOME. `environ` is the process's environment unless given."""

    def __init__(self, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.path = home / "vault" / "secrets.json"
        self._environ = environ

    @property
    def exists(self) -> bool:
        """Whether anything was ever put in."""
        return self.path.exists()

    def secrets(self) -> dict[str, Secret]:
        """{name: secret}. Raises `VaultError` when the file or the key is not private, missing, damaged or wrong."""
        envelope = self._envelope()
        while envelope:
            try:
                return self._opened(envelope, self._keeper(envelope).read())
            except VaultError:
                before, envelope = envelope, self._envelope()
                if envelope == before:
                    raise
        return {}

    def put(self, name: str, value: str, now: datetime | None = None) -> str:
        """Set or replace a value; returns who keeps the master key.

        The time it was first set is kept; replacing it notes the time of rotation.
        """
        at = now or datetime.now(UTC)
        with self._changing() as (content, held):
            known = content.get(name)
            content[name] = Secret(value, known.set_at if known else at, at if known else None)
        return held.says

    def remove(self, name: str) -> None:
        """Forget a value. Raises `KeyError` when there is none."""
        with self._changing() as (content, _):
            del content[name]

    def rotate_key(self) -> str:
        """Encrypt everything with a new master key; returns who keeps it.

        The keeper holds the new and the old key until the file is written, so that a crash in between locks nobody
        out. Where the key comes from the environment, the new one must be there already, in front of the old one.
        """
        from cryptography.fernet import Fernet

        with self._locked():
            envelope = self._envelope()
            if envelope is None:
                raise VaultError(f"there is no vault in {self.path.parent}; put a secret in: leadgen secrets set NAME")
            held = self._keeper(envelope)
            known = held.read()
            content = self._opened(envelope, known)
            if held.kind == "environment":
                if len(known) < 2:
                    raise VaultError(
                        f"the master key comes from the environment: set {KEY} to NEW,OLD and run this again, then to NEW "
                        'alone (a new key: python3 -c "from cryptography.fernet import Fernet as F; '
                        'print(F.generate_key().decode())")'
                    )
                fresh = known[0]
            else:
                fresh = Fernet.generate_key().decode()
                held.write([fresh, *known])
            self._write(envelope.vault, held, [fresh], content)
            if held.kind != "environment":
                held.write([fresh])
            return held.says

    def key_keeper(self) -> Keeper | None:
        """Who keeps the master key; None before the first secret."""
        envelope = self._envelope()
        return self._keeper(envelope) if envelope else None

    @contextmanager
    def _changing(self) -> Iterator[tuple[dict[str, Secret], Keeper]]:
        """The content, to be changed in the block and written after it. Makes vault and key at the first time."""
        from cryptography.fernet import Fernet

        with self._locked():
            envelope = self._envelope()
            vault = envelope.vault if envelope else secrets.token_hex(4)
            held = self._keeper(envelope) if envelope else keeper(vault, None, self._environ)
            keys = held.read()
            content = self._opened(envelope, keys) if envelope else {}
            yield content, held
            if not keys:
                keys = [Fernet.generate_key().decode()]
                held.write(keys)
            self._write(vault, held, keys, content)

    def _write(self, vault: str, held: Keeper, keys: list[str], content: Mapping[str, Secret]) -> None:
        plain = {
            name: {"value": each.value, "set_at": each.set_at.isoformat(),
                   "rotated_at": each.rotated_at and each.rotated_at.isoformat()}
            for name, each in sorted(content.items())
        }  # fmt: skip
        token = _cipher(keys).encrypt(json.dumps(plain).encode()).decode()
        envelope = {"format": _FORMAT, "vault": vault, "kept_by": held.kind, "content": token}
        write_private(self.path, json.dumps(envelope).encode())

    def _opened(self, envelope: _Envelope, keys: list[str]) -> dict[str, Secret]:
        from cryptography.fernet import InvalidToken

        if not keys:
            raise VaultError(
                f"{self.path} is encrypted, and its master key is not in {self._keeper(envelope).says}. Put the key back "
                f"there, or set {KEY} or {KEY_FILE}. If it is lost, delete the file and set the secrets again"
            )
        try:
            plain = json.loads(_cipher(keys).decrypt(envelope.content.encode()))
        except InvalidToken:
            raise VaultError(
                f"{self.path} does not open with the master key in {self._keeper(envelope).says}: it is another vault's "
                "key, or the file was changed"
            ) from None
        return {
            name: Secret(each["value"], datetime.fromisoformat(each["set_at"]), _time(each["rotated_at"]))
            for name, each in plain.items()
        }

    def _envelope(self) -> _Envelope | None:
        try:
            found = json.loads(read_private(self.path))
            if found["format"] != _FORMAT:
                raise VaultError(f"{self.path} was written by a newer leadgen")
            return _Envelope(str(found["vault"]), str(found["kept_by"]), str(found["content"]))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VaultError(f"{self.path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise VaultError(f"{self.path} is damaged; bring it back from a copy or set the secrets again") from None

    def _keeper(self, envelope: _Envelope) -> Keeper:
        return keeper(envelope.vault, envelope.kept_by, self._environ)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with FileLock(self.path.parent / ".lock", timeout=_LOCK_SECONDS, mode=0o600):
                yield
        except Timeout:
            raise VaultError(f"another command is changing {self.path}; wait for it") from None


def _cipher(keys: list[str]) -> Any:
    """Encrypts with the first key, decrypts with any."""
    from cryptography.fernet import Fernet, MultiFernet

    try:
        return MultiFernet([Fernet(each) for each in keys])
    except ValueError:
        raise VaultError(
            "the master key is no Fernet key (32 bytes in URL-safe base64); is the right text set?"
        ) from None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
