"""Flags: everything that can be said against a lead, how bad it is, and when it no longer holds (REQ-004, REQ-011).

Some flags follow from the fields a lead has now and are worked out again whenever those change (`refreshed`). The
others remember an event (an address that was no address) and heal when a good value takes the place of the bad one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadgen_assets.leads.columns import collector_paused
from leadgen_assets.leads.schema import REQUIRED_FIELDS
from leadgen_assets.leads.titles import LOW_CONFIDENCE

Severity = Literal["ERROR", "WARNING"]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Flag:
    """`healed_by`: fields that, all present, make an event flag go. Leads without an ERROR flag are valid."""

    severity: Severity
    meaning: str
    healed_by: tuple[str, ...] = ()


FLAGS: dict[str, Flag] = {
    "needs_enrichment": Flag("ERROR", "a required field is missing (REQ-004)"),
    "linkedin_not_a_person": Flag("ERROR", "the LinkedIn address is not a person's page", ("linkedin_url",)),
    "email_invalid": Flag(
        "ERROR", "the delivered address is not RFC 5322 syntax and was dropped (REQ-012)", ("email",)
    ),
    "email_undeliverable": Flag("ERROR", "a verifier or the vendor says that the address does not deliver (REQ-012)"),
    "email_role": Flag("WARNING", "the address belongs to a function, not to a person; never a merge key"),
    "email_disposable": Flag("WARNING", "a throw-away address; never a merge key and worth no points"),
    "phone_invalid": Flag("WARNING", "the delivered number cannot be dialled and was dropped", ("phone",)),
    "title_unknown": Flag("WARNING", "the job title is none of the sprint's titles"),
    "title_low_confidence": Flag("WARNING", "the job title only resembles one of the sprint's titles"),
    "title_former": Flag(
        "WARNING", "former, retired, intern, assistant or aspiring: does not hold the post", ("target_title",)
    ),
    "location_unknown": Flag("WARNING", "neither the place nor its country could be made out"),
    "country_outside": Flag("WARNING", "not in one of the sprint's countries"),
    "company_missing": Flag("WARNING", "no employer"),
    "company_junk": Flag("WARNING", 'the company text names no employer ("self-employed")', ("company_name",)),
    "name_suspicious": Flag("WARNING", "the name has signs of not being a person's name"),
    "identity_conflict": Flag(
        "WARNING", "shares an e-mail address with another LinkedIn profile: for a person to decide"
    ),
    "possible_duplicate": Flag("WARNING", "similar name at the same company as another lead: for a person to decide"),
    "suppressed": Flag("WARNING", "asked a vendor to be removed: must not be contacted"),
    "notice_due": Flag("WARNING", "in the EU, EEA or UK: must be told within a month of collection (GDPR art. 14)"),
    "do_not_sell": Flag("WARNING", "opted out of sale and sharing (CCPA): not passed to enrichment vendors"),
}

_STATES: dict[str, Callable[[pd.DataFrame], Mask]] = {
    "needs_enrichment": lambda leads: _any_missing(leads, REQUIRED_FIELDS),
    "company_missing": lambda leads: _missing(leads, "company_name"),
    "title_unknown": lambda leads: ~_missing(leads, "job_title") & _missing(leads, "target_title"),
    "title_low_confidence": lambda leads: (
        ~_missing(leads, "target_title")
        & (leads["title_confidence"].to_numpy(dtype=float, na_value=np.nan) < LOW_CONFIDENCE)
    ),
    "location_unknown": lambda leads: (
        _missing(leads, "location_country") | (_missing(leads, "location_city") & _missing(leads, "location_state"))
    ),
    "email_role": lambda leads: _equals(leads, "email_kind", "role"),
    "email_disposable": lambda leads: _equals(leads, "email_kind", "disposable"),
    "email_undeliverable": lambda leads: ~_missing(leads, "email") & is_false(leads["email_verified"]),
}

_ORDER = {name: position for position, name in enumerate(FLAGS)}
ERRORS: frozenset[str] = frozenset(name for name, flag in FLAGS.items() if flag.severity == "ERROR")


def refreshed(leads: pd.DataFrame, countries: tuple[str, ...] = ()) -> pd.Series:
    """The flags column as it must be for the fields the leads have now: list[str] in the order of `FLAGS`.

    Leads with the same flags share one list: make a new one instead of changing it.
    Columns read: LEAD_FIELDS. `countries` are the sprint's; without them `country_outside` stays as it is.
    """
    states = {name: rule(leads) for name, rule in _STATES.items()}
    if countries:
        known = ~_missing(leads, "location_country")
        states["country_outside"] = known & ~leads["location_country"].isin(countries).to_numpy(dtype=bool)
    healed = {
        name: ~_any_missing(leads, flag.healed_by)
        for name, flag in FLAGS.items()
        if flag.healed_by and name not in states
    }
    given = leads["flags"].tolist() if "flags" in leads else [()] * len(leads)
    ways, names = _as_bits(given)
    for name, mask in (states | healed).items():
        bit = np.int64(1 << names.index(name))
        without = ways & ~bit
        ways = np.where(mask, ways | bit, without) if name in states else np.where(mask, without, ways)
    kinds, combinations = pd.factorize(ways)
    lists = [[name for bit, name in enumerate(names) if way >> bit & 1] for way in combinations.tolist()]
    return column([lists[kind] for kind in kinds.tolist()], leads.index)


def added(leads: pd.DataFrame, name: str, lead_ids: Iterable[str]) -> pd.Series:
    """The flags column with one more flag on some leads. Raises `KeyError` for a flag that is not in `FLAGS`."""
    if name not in FLAGS:
        raise KeyError(f"no flag {name!r}; flags.FLAGS has {', '.join(FLAGS)}")
    marked = leads["lead_id"].isin(set(lead_ids)).to_numpy(dtype=bool)
    given = [as_list(each) for each in leads["flags"].tolist()]
    return column([in_order([*row, name]) if hit else row for row, hit in zip(given, marked, strict=True)], leads.index)


def is_valid(flags: pd.Series) -> pd.Series:
    """Whether each list of flags has no ERROR among it (design's counting rules)."""
    return pd.Series([not ERRORS.intersection(as_list(row)) for row in flags.tolist()], index=flags.index, dtype=bool)


def in_order(names: Iterable[str]) -> list[str]:
    """Distinct flags in the order of `FLAGS`; unknown ones last."""
    return sorted(set(names), key=lambda name: (_ORDER.get(name, len(_ORDER)), name))


def as_list(value: Any) -> list[str]:
    """A flags cell as a list, however a file format gave it back (array, tuple, missing)."""
    if isinstance(value, list):
        return value
    return list(value) if isinstance(value, tuple | np.ndarray) else []


def column(rows: list[list[str]], index: pd.Index) -> pd.Series:
    """A column of lists."""
    return pd.Series(rows, index=index, dtype=object)


def is_false(verified: pd.Series) -> Mask:
    """Where a True/False/missing column says False."""
    said = (isinstance(each, bool | np.bool_) and not each for each in verified.tolist())
    return np.fromiter(said, bool, len(verified))


def _as_bits(rows: list[Any]) -> tuple[NDArray[np.int64], list[str]]:
    """Each row's flags as a number with a bit for each name, and the names by bit: those of `FLAGS`, unknown ones last.

    There are a few dozen combinations in a million leads, so everything is done once for each of them.
    """
    with collector_paused():
        combinations = [tuple(as_list(row)) for row in rows]
    distinct = dict.fromkeys(combinations)
    names = [*FLAGS, *sorted({name for each in distinct for name in each} - set(FLAGS))]
    bit = {name: 1 << position for position, name in enumerate(names)}
    number = {each: sum(bit[name] for name in set(each)) for each in distinct}
    return np.fromiter((number[each] for each in combinations), np.int64, len(rows)), names


def _missing(leads: pd.DataFrame, field: str) -> Mask:
    return leads[field].isna().to_numpy(dtype=bool)


def _any_missing(leads: pd.DataFrame, fields: Iterable[str]) -> Mask:
    mask = np.zeros(len(leads), dtype=bool)
    for field in fields:
        mask |= _missing(leads, field)
    return mask


def _equals(leads: pd.DataFrame, field: str, value: str) -> Mask:
    return (leads[field] == value).fillna(False).to_numpy(dtype=bool)
