"""The CRM field mapping: a YAML file read into a `Mapping`. `validation` checks it against a CRM, `rows` applies it.

A mapping names, per CRM field, the lead field it is filled from and what happens on the way. Which CRM has which
fields is data in that file (or in the file a setting points to), never code.
"""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from leadgen_assets import yaml_text
from leadgen_assets.delivery.transforms import TRANSFORMS
from leadgen_assets.leads.flags import FLAGS
from leadgen_assets.leads.schema import LEAD_FIELDS
from leadgen_assets.yaml_text import shown

LEAD_VALUES: frozenset[str] = frozenset(
    (*LEAD_FIELDS, "data_quality_score", "is_qualified", "sources", "company_complete", "email_available")
)
"""What a mapping may read from a scored lead."""


class MappingError(ValueError):
    """A mapping that cannot be used. `problems` has one line per mistake (REQ-020); the message has them all."""

    def __init__(self, origin: str, problems: list[str]) -> None:
        self.origin = origin
        self.problems = problems
        super().__init__("\n".join(f"{origin}: {problem}" for problem in problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.origin, self.problems)


class FieldRule(BaseModel):
    """How one CRM field is filled. Exactly one of `lead` and `constant` says from what."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    lead: str | None = None
    """The lead field that is read."""
    constant: str | None = None
    """The same text for every lead."""
    transform: str | None = None
    """A name from `transforms.TRANSFORMS`."""
    required: bool = False
    """A lead without this value is refused, not sent."""
    default: str | None = None
    """Sent when the lead has no value."""
    too_long: Literal["trim", "drop", "refuse"] = "trim"
    """What happens to a text longer than the CRM's field."""
    options: dict[str, str] = Field(default_factory=dict)
    """Lead value → the CRM's internal option name, for picklists."""
    unknown_option: str | None = None
    """Option for lead values that `options` does not name; without it they are left out."""
    unless_flagged: tuple[str, ...] = ()
    """Left out for leads that carry one of these flags (an invalid address is kept on the lead, not mailed)."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.lead is None) == (self.constant is None):
            raise ValueError("give either lead (a lead field) or constant (a fixed text)")
        if self.lead is not None and self.lead not in LEAD_VALUES:
            raise ValueError(f"lead field {self.lead!r} does not exist; there are {', '.join(sorted(LEAD_VALUES))}")
        if self.transform is not None and self.transform not in TRANSFORMS:
            raise ValueError(f"unknown transform {self.transform!r}; there are {', '.join(sorted(TRANSFORMS))}")
        if self.unknown_option is not None and not self.options:
            raise ValueError("unknown_option is for a field with options")
        strange = [flag for flag in self.unless_flagged if flag not in FLAGS]
        if strange:
            raise ValueError(f"unknown flags {', '.join(strange)}; there are {', '.join(FLAGS)}")
        return self


class Mapping(BaseModel):
    """A whole mapping file: which CRM, which field carries our external id, one rule per CRM field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crm: Literal["hubspot", "salesforce"]
    external_id: str
    fields: dict[str, FieldRule] = Field(min_length=1)

    @model_validator(mode="after")
    def _external_id_is_the_lead_id(self) -> Self:
        rule = self.fields.get(self.external_id)
        if rule is None or rule.lead != "lead_id" or rule.transform is not None:
            raise ValueError(f"external_id: {self.external_id!r} must be among fields and read lead: lead_id unchanged")
        return self

    @cached_property
    def lead_columns(self) -> tuple[str, ...]:
        """The lead fields this mapping reads."""
        return tuple(dict.fromkeys(rule.lead for rule in self.fields.values() if rule.lead is not None))


def parse_mapping(text: str, origin: str = "mapping") -> Mapping:
    """A mapping from YAML text. Raises `MappingError` with every problem found."""
    try:
        content = yaml_text.parse(text)
    except yaml_text.YamlError as error:
        raise MappingError(origin, [str(error)]) from None
    return _validated(content, origin)


def _validated(content: Any, origin: str) -> Mapping:
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        raise MappingError(origin, [_problem(detail) for detail in error.errors()]) from None


def load_mapping(crm: str, path: Path | None = None) -> Mapping:
    """The mapping for `crm`: the file at `path` (`HUBSPOT_MAPPING`, `SALESFORCE_MAPPING`), else the one that ships.

    Raises `MappingError` when the file cannot be read, is broken, or is for another CRM.
    """
    source = path if path is not None else files("leadgen_assets.delivery") / "mappings" / f"{crm}.yaml"
    origin = str(path) if path is not None else f"delivery/mappings/{crm}.yaml"
    try:
        content = yaml_text.read(Path(str(source)))
    except yaml_text.YamlError as error:
        raise MappingError(origin, [str(error)]) from None
    mapping = _validated(content, origin)
    if mapping.crm != crm:
        raise MappingError(origin, [f"crm: is for {mapping.crm}, but the sprint delivers to {crm}"])
    return mapping


def _problem(detail: Any) -> str:
    key = shown(".".join(str(part) for part in detail["loc"])) or "file"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {shown(message)}"
