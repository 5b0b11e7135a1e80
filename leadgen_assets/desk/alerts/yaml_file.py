"""Reading the desk's YAML files into models, with errors that name file and key and never quote a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from leadgen_assets import yaml_text
from leadgen_assets.yaml_text import shown

M = TypeVar("M", bound=BaseModel)


class AlertFileError(ValueError):
    """A file of rules or contacts that cannot be used; one line a mistake."""


class Model(BaseModel):
    """Frozen, and a key nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def load(path: Path, model: type[M]) -> M:
    """The model of a file. Raises `AlertFileError`."""
    return validated(read(path), model, str(path))


def read(path: Path) -> dict[str, Any]:
    """The mapping in a file. Raises `AlertFileError`."""
    try:
        content = yaml_text.read(path)
    except yaml_text.YamlError as error:
        raise AlertFileError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise AlertFileError(f"{path}: expected a mapping of keys and values")
    return content


def validated(content: Any, model: type[M], origin: str) -> M:
    """The model of some content. Raises `AlertFileError`; values are not quoted, they may be addresses or keys."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        raise AlertFileError("\n".join(f"{origin}: {_problem(each)}" for each in details)) from None


def _problem(detail: Any) -> str:
    key = shown(".".join(str(part) for part in detail["loc"]))
    message = shown(detail["msg"].removeprefix("Value error, "))
    if detail["type"] == "extra_forbidden":
        message = "unknown key"
    return f"{key}: {message}" if key else message
