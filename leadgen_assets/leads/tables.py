"""Tables that people tune: YAML files beside this module, read once, checked against a model. No rule lives here."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

TableT = TypeVar("TableT", bound="Table")


class Table(BaseModel):
    """Base of the models of YAML tables: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TableError(ValueError):
    """A table that cannot be used; the message names the file and every wrong key."""


def table(name: str, model: type[TableT]) -> TableT:
    """The table `<name>.yaml` of this package. Raises `TableError`; later calls return the same object."""
    return cast(TableT, _loaded(name, model))


@cache
def _loaded(name: str, model: type[Table]) -> Table:
    return parse_table(files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"), model, f"{name}.yaml")


def parse_table(text: str, model: type[TableT], origin: str) -> TableT:
    """A table from YAML text. Raises `TableError` that names `origin` and the keys that are wrong."""
    try:
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TableError(f"{origin}: not YAML: {' '.join(str(error).split())}") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = (f"{origin}: {'.'.join(map(str, each['loc'])) or 'table'}: {each['msg']}" for each in error.errors())
        raise TableError("\n".join(problems)) from None
