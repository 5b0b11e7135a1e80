"""Who is told, at which level, over which channels: `contacts.yaml` or the file in LEADGEN_CONTACTS (OPS-04, OPS-07)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from leadgen_assets.desk.alerts.yaml_file import Model, load
from leadgen_assets.stores.alerts import Severity

_BUILT_IN = Path(__file__).with_name("contacts.yaml")
Address = Annotated[str, Field(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]


class Role(Model):
    """Some people."""

    name: str
    email: tuple[Address, ...] = ()


class Level(Model):
    """A step of the ladder."""

    level: int = Field(ge=1, le=9)
    role: str
    after_minutes: float = Field(ge=0)


class Channel(Model):
    """A way to reach people."""

    kind: Literal["slack", "email", "url"]
    url: SecretStr | None = None
    roles: tuple[str, ...] = ()
    """Only these; empty means every role."""
    per_ten_minutes: int = Field(default=20, ge=1)

    @model_validator(mode="after")
    def _url_belongs_to_its_kind(self) -> Self:
        if (self.kind == "url") != (self.url is not None):
            raise ValueError("url is for kind url, which needs it, and for no other")
        return self


class SeverityRoute(Model):
    """Over which channels, and how far up at once."""

    channels: tuple[str, ...]
    level: int = 1


class Links(Model):
    """Addresses that people can open."""

    runbook: str = ""
    dashboard: str = ""


class Contacts(Model):
    """The whole file."""

    roles: dict[str, Role]
    levels: tuple[Level, ...] = Field(min_length=1)
    channels: dict[str, Channel]
    severities: dict[Severity, SeverityRoute]
    links: Links = Links()

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        used = [("levels", each.role) for each in self.levels]
        used += [(f"channels.{name}.roles", role) for name, each in self.channels.items() for role in each.roles]
        for place, role in used:
            if role not in self.roles:
                raise ValueError(f"{place}: there is no role {role!r}; there are {', '.join(self.roles)}")
        for severity in ("INFO", "WARNING", "CRITICAL"):
            if severity not in self.severities:
                raise ValueError(f"severities: {severity} is missing")
        for severity, route in self.severities.items():
            for channel in route.channels:
                if channel not in self.channels:
                    raise ValueError(
                        f"severities.{severity}.channels: there is no channel {channel!r}; "
                        f"there are {', '.join(self.channels)}"
                    )
        numbers = [each.level for each in self.levels]
        waits = [each.after_minutes for each in self.levels]
        if numbers != sorted(set(numbers)) or waits != sorted(waits):
            raise ValueError("levels: levels must rise, and so must after_minutes")
        return self

    def roles_up_to(self, level: int) -> tuple[str, ...]:
        """The roles of a level and of those below."""
        return tuple(dict.fromkeys(each.role for each in self.levels if each.level <= level))

    def addresses(self, roles: tuple[str, ...]) -> tuple[str, ...]:
        """Mail addresses of roles, each once."""
        known = (address for role in roles if role in self.roles for address in self.roles[role].email)
        return tuple(dict.fromkeys(known))

    def serves(self, channel: str, roles: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the roles that a channel reaches."""
        only = self.channels[channel].roles
        return tuple(each for each in roles if not only or each in only)


def load_contacts(path: Path | None = None) -> Contacts:
    """The contacts of a file, or the built-in ones. Raises `AlertFileError` that names file and key."""
    return load(path, Contacts) if path else _built_in()


@cache
def _built_in() -> Contacts:
    return load(_BUILT_IN, Contacts)
