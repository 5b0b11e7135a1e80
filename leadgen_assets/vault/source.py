"""The vault as a source of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource

from leadgen_assets.vault.vault import Vault


class VaultSource(PydanticBaseSettingsSource):
    """Settings by their names from the vault in `leadgen_home`, which stronger sources, `.env` or the default tell."""

    def __init__(self, settings_cls: type[BaseSettings], dotenv: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        # asked for this one value: all of them would take as long as all settings
        self._dotenv = dotenv.env_vars if isinstance(dotenv, DotEnvSettingsSource) else {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Not asked: all fields come at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """{field: value}. Raises `VaultError` when there is a vault that cannot be opened: a vendor that is off for that
        reason must not look like one that was never configured."""
        fields = self.settings_cls.model_fields
        home = self.current_state.get("leadgen_home") or self._dotenv.get("leadgen_home")
        secrets = Vault(Path(home or fields["leadgen_home"].default).expanduser().absolute()).secrets()
        return {name.lower(): each.value for name, each in secrets.items() if name.lower() in fields}
