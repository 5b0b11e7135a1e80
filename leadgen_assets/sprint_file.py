"""The sprint file: what to collect, from whom, how good it must be, what it may cost (`interfaces.md`).

Pure: text in, frozen models out. Errors name file, key and allowed values.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from leadgen_assets import yaml_text
from leadgen_assets.yaml_text import YamlError, shown

SourceName = Literal["apollo", "brightdata", "zoominfo", "sales_navigator"]
EmailFinderName = Literal["hunter", "pdl"]
CompanyFinderName = Literal["brightdata", "clearbit", "hunter"]
VerifierName = Literal["neverbounce", "hunter"]
Share = Annotated[float, Field(ge=0, le=1)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MOST_LEADS = 10_000_000
MOST_USD = 1e9
MOST_WORDS = 500
"""Titles, places, segments: beyond this somebody has pasted the wrong column."""


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("should be visible text on one line")
    return text


def _inside_the_home(pattern: str) -> str:
    parts = PurePosixPath(pattern).parts
    if not parts or parts[0] == "/" or ".." in parts or any("**" in each and each != "**" for each in parts):
        raise ValueError("should be a pattern below LEADGEN_HOME, e.g. imports/sales_navigator/segment-1*")
    return pattern


Words = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Pattern = Annotated[Words, AfterValidator(_inside_the_home)]


class SprintFileError(ValueError):
    """A sprint file that cannot be used; `problems` has one line per mistake, the message has them all."""

    def __init__(self, origin: str, problems: list[str]) -> None:
        self.origin = origin
        self.problems = problems
        super().__init__("\n".join(f"{origin}: {problem}" for problem in problems))


def require_key(key: str) -> None:
    """A sprint's key names its partitions, files and entries. Raises `SprintFileError` for one that cannot."""
    if not _KEY.fullmatch(key):
        raise SprintFileError(
            "key", [f"{shown(repr(key), 80)}: up to 100 letters without accents, digits, dots, dashes and underscores"]
        )


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class Target(_Model):
    """What the sprint promises. `collected` counts leads and duplicates, `unique` leads only."""

    collected: int = Field(gt=0, le=MOST_LEADS)
    unique: int = Field(gt=0, le=MOST_LEADS)
    hours: float = Field(default=24, ge=0.001, le=24 * 366)
    leads_per_hour: float = Field(default=833, ge=0, le=MOST_LEADS)


class Profile(_Model):
    """Whom the sprint looks for."""

    titles: tuple[Words, ...] = Field(min_length=1, max_length=MOST_WORDS)
    countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = Field(default=("US",), max_length=MOST_WORDS)
    metros: tuple[Words, ...] = Field(default=(), max_length=MOST_WORDS)


class Segment(_Model):
    """One search at one source. Titles and locations default to the profile's."""

    id: Identifier
    source: SourceName
    is_relieved: bool = False
    """All of its leads have moved to other segments (PHX-04); only then may `leads` be 0."""
    leads: int = Field(ge=0, le=MOST_LEADS)
    titles: tuple[Words, ...] = Field(default=(), max_length=MOST_WORDS)
    locations: tuple[Words, ...] = Field(default=(), max_length=MOST_WORDS)
    files: Pattern | None = None
    paused: bool = False

    @field_validator("leads")
    @classmethod
    def _has_leads(cls, leads: int, given: ValidationInfo) -> int:
        if leads == 0 and not given.data.get("is_relieved"):
            raise PydanticCustomError("greater_than", "Input should be greater than 0")
        return leads

    @model_validator(mode="after")
    def _files_belong_to_exports(self) -> Self:
        if (self.source == "sales_navigator") != (self.files is not None):
            raise ValueError("files is for source sales_navigator, which needs it, and for no other")
        return self


class Enrichment(_Model):
    """Waterfalls: vendors in the order in which they are asked. Empty means: do not."""

    email: tuple[EmailFinderName, ...] = ()
    company: tuple[CompanyFinderName, ...] = ()
    verify: tuple[VerifierName, ...] = ()


class Gates(_Model):
    """Thresholds below which nothing is delivered (REQ-005 to REQ-009)."""

    required_fields: Share = 1.0
    average_quality_score: float = Field(default=75, ge=0, le=100)
    email_availability: Share = 0.25
    company_completeness: Share = 0.80
    validation_rate: Share = 0.70
    duplicate_rate: Share = 0.10
    unique_leads: int = Field(default=1, ge=1, le=MOST_LEADS)


class ScoreWeights(_Model):
    """Points for each part of a lead; together 100 (REQ-005)."""

    required_fields: float = Field(default=30, ge=0)
    email: float = Field(default=30, ge=0)
    company: float = Field(default=20, ge=0)
    job_title: float = Field(default=10, ge=0)
    location: float = Field(default=10, ge=0)

    @model_validator(mode="after")
    def _sum_is_hundred(self) -> Self:
        total = self.required_fields + self.email + self.company + self.job_title + self.location
        if abs(total - 100) > 1e-6:
            raise ValueError(f"the five weights add up to {total:g}, not to 100")
        return self


class Qualification(_Model):
    """What makes a lead worth a call, beside target title, target country and complete required fields."""

    minimum_score: float = Field(default=60, ge=0, le=100)


class Budget(_Model):
    """Money in US dollars; `alerts` are the shares of it that are announced."""

    usd: float = Field(gt=0, le=MOST_USD)
    per_qualified_lead: float = Field(default=0.60, gt=0, le=MOST_USD)
    alerts: tuple[Share, ...] = Field(default=(0.60, 0.80, 0.95), max_length=MOST_WORDS)


class Crm(_Model):
    """Where qualified leads go."""

    target: Literal["hubspot", "salesforce"] = "hubspot"


class Privacy(_Model):
    """What happens to people whom a law protects in particular (NFR-011)."""

    eu_uk: Literal["skip", "collect_with_notice"] = "collect_with_notice"
    """People in the EU, EEA or UK: not kept as leads, or kept and flagged as owed a notice (GDPR art. 14)."""
    do_not_sell: Literal["suppress", "flag"] = "suppress"
    """People on the do-not-sell list (CCPA): not kept as leads, or kept, flagged and not passed to enrichment vendors."""
    legal_basis: Literal["legitimate_interest", "consent"] = "legitimate_interest"
    """GDPR art. 6: told in access reports."""


class Sprint(_Model):
    """A whole sprint file."""

    name: Identifier
    target: Target
    profile: Profile
    segments: tuple[Segment, ...] = Field(min_length=1, max_length=MOST_WORDS)
    enrichment: Enrichment = Enrichment()
    gates: Gates = Gates()
    score: ScoreWeights = ScoreWeights()
    qualification: Qualification = Qualification()
    budget: Budget
    crm: Crm = Crm()
    privacy: Privacy = Privacy()

    @model_validator(mode="after")
    def _segments_are_distinct(self) -> Self:
        ids = [segment.id for segment in self.segments]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"segments: the id {', '.join(twice)} is used more than once")
        return self

    def segment(self, segment_id: str) -> Segment:
        """The segment with that id; `KeyError` lists the ids there are."""
        for each in self.segments:
            if each.id == segment_id:
                return each
        raise KeyError(
            f"sprint {self.name} has no segment {segment_id!r}; it has {', '.join(s.id for s in self.segments)}"
        )

    def titles_of(self, segment: Segment) -> tuple[str, ...]:
        """The titles a segment searches."""
        return segment.titles or self.profile.titles

    def locations_of(self, segment: Segment) -> tuple[str, ...]:
        """The locations a segment searches; none means the whole of the profile's countries."""
        return segment.locations


def parse_sprint(text: str, origin: str = "sprint file") -> Sprint:
    """A sprint from YAML text. Raises `SprintFileError` with every problem found, none of them a traceback."""
    try:
        content = yaml_text.parse(text)
    except YamlError as error:
        raise SprintFileError(origin, [str(error)]) from None
    return _validated(content, origin)


def _validated(content: Any, origin: str) -> Sprint:
    if not isinstance(content, dict):
        raise SprintFileError(origin, ["expected a mapping with name, target, profile, segments and budget"])
    try:
        return Sprint.model_validate(content)
    except ValidationError as error:
        raise SprintFileError(origin, problems(error)) from None


def load_sprint(path: Path) -> Sprint:
    """A sprint from a file. Raises `SprintFileError` also when the file cannot be read."""
    try:
        content = yaml_text.read(path)
    except YamlError as error:
        raise SprintFileError(str(path), [str(error)]) from None
    return _validated(content, str(path))


def dump_sprint(sprint: Sprint) -> str:
    """The sprint as YAML text that `parse_sprint` reads back unchanged."""
    return yaml.safe_dump(sprint.model_dump(mode="json", exclude_defaults=True), sort_keys=False, allow_unicode=True)


def problems(error: ValidationError) -> list[str]:
    """One line per mistake: key, what is wrong, what was given."""
    return [_problem(detail) for detail in error.errors()]


def _problem(detail: Any) -> str:
    key = shown(re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in detail["loc"]))) or "sprint"
    message = shown(detail["msg"].removeprefix("Value error, "))
    if detail["type"] == "extra_forbidden":
        message = "unknown key; remove it or see docs for the keys of this part"
    given = detail.get("input")
    quoted = f" (given: {shown(_quoted(given))})" if isinstance(given, str | int | float | bool) else ""
    return f"{key}: {message}{quoted}"


def _quoted(given: object) -> str:
    try:
        return repr(given)
    except ValueError:  # Python does not write down numbers of more than 4,300 digits
        return "a number without end"
