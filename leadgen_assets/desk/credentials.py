"""Which secrets are configured, where each comes from, how old it is, and what is wrong with how they are kept (PHX-08)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from leadgen_assets.redaction.known import SHORTEST
from leadgen_assets.settings import ADDRESSES, SECRETS, Settings, password_in
from leadgen_assets.vault.errors import VaultError
from leadgen_assets.vault.keys import KeyFile
from leadgen_assets.vault.private import exposure
from leadgen_assets.vault.vault import Secret, Vault

MAX_AGE_DAYS = 90
ENVIRONMENT, VAULT, DOTENV = "environment", "vault", ".env"


@dataclass(frozen=True)
class Credential:
    """One configured secret without its value. `source` is the place that counts, `also` the places that it hides."""

    name: str
    source: str
    also: tuple[str, ...] = ()
    set_at: datetime | None = None
    rotated_at: datetime | None = None
    age_days: int | None = None
    """Since it was last set or replaced; unknown outside of the vault."""
    is_short: bool = False


@dataclass(frozen=True)
class Concern:
    """One thing that was looked at. `detail` says what to do when it is not ok."""

    subject: str
    ok: bool
    detail: str


def credentials(vault: Vault, now: datetime | None = None) -> list[Credential]:
    """Every secret that is set anywhere, by name. Raises `VaultError` when the vault cannot be opened."""
    kept = vault.secrets()
    places = {ENVIRONMENT: _set_in(EnvSettingsSource(Settings)), VAULT: {name: each.value for name, each in kept.items()},
              DOTENV: _set_in(DotEnvSettingsSource(Settings))}  # fmt: skip
    found = []
    for name in sorted({name for values in places.values() for name in values}):
        source, *others = [place for place, values in places.items() if name in values]
        secret = kept[name] if source == VAULT else None
        found.append(
            Credential(
                name, source, tuple(others),
                secret.set_at if secret else None, secret.rotated_at if secret else None,
                _days(secret, now or datetime.now(UTC)) if secret else None,
                len(places[source][name]) < SHORTEST,
            )
        )  # fmt: skip
    return found


def concerns(vault: Vault, forbidden: dict[str, Path], max_age_days: int = MAX_AGE_DAYS) -> Iterator[Concern]:
    """How the secrets are kept. `forbidden` are the folders, by what they are, that a master key must not be in."""
    try:
        known = credentials(vault)
    except VaultError as error:
        yield Concern("vault", False, f"{error}.")
        return
    kept = vault.secrets()
    yield Concern(
        "vault", True, f"{len(kept)} secrets in {vault.path}" if vault.exists else "none yet: leadgen secrets set NAME"
    )
    yield from _master_key(vault, forbidden)
    yield from _modes(vault)
    for each in known:
        yield _judged(each, max_age_days)


def _judged(each: Credential, max_age_days: int) -> Concern:
    if each.is_short:
        return Concern(
            each.name, False, f"shorter than {SHORTEST} characters, so it cannot be kept out of logs: take a longer one"
        )
    if each.source == DOTENV:
        return Concern(
            each.name, False, f"in plain text in .env: leadgen secrets set {each.name}, then delete the line"
        )
    if DOTENV in each.also:
        return Concern(
            each.name, False, f"an old copy is in plain text in .env: delete the line ({each.source} counts)"
        )
    if each.source == ENVIRONMENT:
        hidden = "; hides the one in the vault" if VAULT in each.also else ""
        return Concern(each.name, True, f"from the environment, of unknown age{hidden}")
    age = each.age_days or 0
    remedy = f"; make a new one at the vendor, then: leadgen secrets rotate {each.name}" if age > max_age_days else ""
    return Concern(each.name, age <= max_age_days, f"{age} days old{remedy}")


def _master_key(vault: Vault, forbidden: dict[str, Path]) -> Iterator[Concern]:
    held = vault.key_keeper()
    if held is None:
        return
    where = next((name for name, folder in forbidden.items() if _is_inside(held, folder)), None)
    if where:
        yield Concern(
            "master key",
            False,
            f"{held.says} is inside {where}: whoever copies that has both. Move it, set LEADGEN_MASTER_KEY_FILE",
        )
    elif len(held.read()) > 1:
        yield Concern(
            "master key", False, f"{held.says} still holds an old key: leadgen secrets rotate, or take it out"
        )
    else:
        yield Concern("master key", True, f"in {held.says}")


def _is_inside(held: object, folder: Path) -> bool:
    return isinstance(held, KeyFile) and held.path.resolve().is_relative_to(folder.resolve())


def _modes(vault: Vault) -> Iterator[Concern]:
    """The vault's file and the key's are refused at reading already; these are not."""
    for path in (vault.path.parent, Path(str(Settings.model_config["env_file"]))):
        problem = exposure(path) if path.exists() else None
        if problem:
            yield Concern("file mode", False, problem)


def _set_in(source: EnvSettingsSource) -> dict[str, str]:
    """{setting: value} of the secrets in a source; an address without a password is none, an empty value neither."""
    values = {name: str(value) for name, value in source().items() if name in SECRETS and value}
    return {name.upper(): value for name, value in values.items() if name not in ADDRESSES or password_in(value)}


def _days(secret: Secret, now: datetime) -> int:
    return (now - secret.changed_at).days
