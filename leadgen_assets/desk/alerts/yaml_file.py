"""Reading the desk's YAML files into models, with errors that name file and key and never quote a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

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
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise AlertFileError(f"{path}: cannot be read ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise AlertFileError(f"{path}: not YAML{f', see line {mark.line + 1}' if mark else ''}") from None
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
    key = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "unknown key"
    return f"{key}: {message}" if key else message
