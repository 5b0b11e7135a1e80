"""Data quality score and qualification of a lead (REQ-005, REQ-013; design's counting rules)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadgen_assets.leads import flags
from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.leads.schema import COMPANY_FIELDS, REQUIRED_FIELDS

SCORE_PARTS: tuple[str, ...] = ("score_required", "score_email", "score_company", "score_job_title", "score_location")
SCORE_FIELDS: tuple[str, ...] = (
    "data_quality_score", *SCORE_PARTS, "is_qualified", "not_qualified_because", "company_complete", "email_available",
    "is_valid",
)  # fmt: skip
"""Columns that `score` adds."""

REASONS: dict[str, str] = {
    "title_not_targeted": "the job title is none of the sprint's",
    "country_not_targeted": "not in one of the sprint's countries",
    **{f"missing_{field}": f"the required field {field} is missing" for field in REQUIRED_FIELDS},
    "score_below_minimum": "the score is below the sprint's threshold",
    "suppressed": "the person is on the suppression list",
    "already_owned": "delivered in an earlier sprint",
}
"""Words of not_qualified_because, in their order."""

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Weights(Protocol):
    """Points for each part; together 100."""

    @property
    def required_fields(self) -> float: ...
    @property
    def email(self) -> float: ...
    @property
    def company(self) -> float: ...
    @property
    def job_title(self) -> float: ...
    @property
    def location(self) -> float: ...


@dataclass(frozen=True)
class DefaultWeights:
    """REQ-005: 30, 30, 20, 10, 10."""

    required_fields: float = 30
    email: float = 30
    company: float = 20
    job_title: float = 10
    location: float = 10


def score(golden: pd.DataFrame, weights: Weights, minimum_score: float, profile: TargetProfile) -> pd.DataFrame:
    """The leads with SCORE_FIELDS added and their flags worked out anew; same rows, same order.

    golden: LEAD_FIELDS, and optionally the booleans is_suppressed and is_earlier. Required fields: an even share for
    each of full name, LinkedIn URL, title, company and place (city and state). E-mail: full points when available, not
    verified as bad and not disposable; half for a role address. Company: a third each for website, industry, size.
    Title: its confidence. Place: 40 % city, 30 % state, 30 % target country. data_quality_score is 0..100, rounded to
    0.01.
    """
    leads = golden.copy(deep=False)
    leads["flags"] = flags.refreshed(leads, profile.countries)
    in_country = _in_country(leads, profile)
    shares = {
        "score_required": (_required(leads), weights.required_fields),
        "score_email": (_email(leads), weights.email),
        "score_company": (sum(_has(leads, f) / 3 for f in COMPANY_FIELDS), weights.company),
        "score_job_title": (_title(leads), weights.job_title),
        "score_location": (_location(leads, in_country), weights.location),
    }
    for name, (share, weight) in shares.items():
        leads[name] = np.round(np.asarray(share, dtype=float) * weight, 4)
    total = leads[list(SCORE_PARTS)].sum(axis=1).to_numpy()
    leads["data_quality_score"] = np.round(np.clip(total, 0, 100), 2)
    leads["company_complete"] = np.logical_and.reduce([_has(leads, field) for field in COMPANY_FIELDS])
    leads["email_available"] = _has(leads, "email")
    leads["is_valid"] = flags.is_valid(leads["flags"])
    reasons = _reasons(leads, in_country, minimum_score)
    leads["not_qualified_because"] = reasons
    leads["is_qualified"] = np.fromiter((not each for each in reasons), bool, len(leads))
    return leads


def _required(leads: pd.DataFrame) -> Numbers:
    items = [_has(leads, field) for field in REQUIRED_FIELDS if not field.startswith("location_")]
    items.append(_has(leads, "location_city") & _has(leads, "location_state"))
    return np.asarray(sum(item / len(items) for item in items), dtype=np.float64)


def _email(leads: pd.DataFrame) -> Numbers:
    kind = leads["email_kind"]
    usable = _has(leads, "email") & ~flags.is_false(leads["email_verified"]) & ~_is(kind, "disposable")
    return np.asarray(np.where(_is(kind, "role"), 0.5, 1.0) * usable, dtype=np.float64)


def _title(leads: pd.DataFrame) -> Numbers:
    confidence = leads["title_confidence"].to_numpy(dtype=float, na_value=0.0)
    return np.where(_has(leads, "target_title"), np.clip(np.nan_to_num(confidence), 0, 1), 0.0)


def _location(leads: pd.DataFrame, in_country: Mask) -> Numbers:
    city, state = _has(leads, "location_city"), _has(leads, "location_state")
    return np.asarray(0.4 * city + 0.3 * state + 0.3 * in_country, dtype=np.float64)


def _in_country(leads: pd.DataFrame, profile: TargetProfile) -> Mask:
    country = leads["location_country"]
    return (
        country.isin(profile.countries).to_numpy(dtype=bool) if profile.countries else _has(leads, "location_country")
    )


def _reasons(leads: pd.DataFrame, in_country: Mask, minimum_score: float) -> pd.Series:
    masks: dict[str, Mask] = {"title_not_targeted": ~_has(leads, "target_title"), "country_not_targeted": ~in_country}
    masks |= {f"missing_{field}": ~_has(leads, field) for field in REQUIRED_FIELDS}
    masks["score_below_minimum"] = leads["data_quality_score"].to_numpy() < minimum_score
    for column, word in (("is_suppressed", "suppressed"), ("is_earlier", "already_owned")):
        if column in leads:
            masks[word] = leads[column].fillna(False).to_numpy(dtype=bool)
    rows: list[list[str]] = [[] for _ in range(len(leads))]
    for word in REASONS:
        for position in np.flatnonzero(masks.get(word, np.empty(0, dtype=bool))):
            rows[position].append(word)
    return flags.column(rows, leads.index)


def _has(leads: pd.DataFrame, field: str) -> Mask:
    return leads[field].notna().to_numpy(dtype=bool)


def _is(values: pd.Series, word: str) -> Mask:
    return (values == word).fillna(False).to_numpy(dtype=bool)
