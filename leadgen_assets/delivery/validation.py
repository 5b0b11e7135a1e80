"""Does a mapping fit this CRM? Pure: mapping and the CRM's own description of its fields in, problems out (REQ-020).

Run before every sync, so that a renamed property or a shortened field stops the sync with a list instead of failing
18,000 records one by one.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from typing import Any

from leadgen_assets.delivery.mapping import FieldRule, Mapping
from leadgen_assets.delivery.transforms import NUMERIC_TRANSFORMS

_EXACT = {"email", "url", "phone"}
"""Types whose values mean something else when cut."""
_YES_NO = {"email_verified", "is_qualified", "company_complete", "email_available"}
_KNOWN_LENGTH = {"lead_id": 25, "location_country": 2, "phone": 8, "linkedin_url": 29, "email": 6}
"""Least characters a real value of a lead field has: a shorter CRM field can never hold one."""


def validate(mapping: Mapping, describe: MappingOf[str, MappingOf[str, Any]]) -> list[str]:
    """Every reason why `mapping` cannot be used with the CRM that `describe` describes; empty when it can.

    `describe` has, by field name, {type: text|number|bool|date|picklist|email|phone|url, length, required, options,
    unique, read_only}; a missing key means "no restriction".
    """
    problems = [
        f"{name}: {problem}"
        for name, rule in mapping.fields.items()
        for problem in _problems_of(name, rule, describe.get(name), is_external_id=name == mapping.external_id)
    ]
    problems += [
        f"{name}: the CRM requires this field, but the mapping does not fill it; add a rule"
        for name, field in describe.items()
        if field.get("required") and not field.get("read_only") and name not in mapping.fields
    ]
    return problems


def _problems_of(name: str, rule: FieldRule, field: MappingOf[str, Any] | None, *, is_external_id: bool) -> list[str]:
    if field is None:
        return [f"the CRM has no field {name!r} (or the credential may not see it); create it or remove the rule"]
    problems = []
    if field.get("read_only"):
        problems.append("the CRM does not let anybody write this field; remove the rule")
    if is_external_id and not field.get("unique"):
        problems.append("is our external id but not unique in the CRM; make it a unique field")
    if field.get("required") and not (rule.required or rule.default or rule.constant):
        problems.append("the CRM requires this field; mark the rule required or give it a default")
    return problems + _type_problems(rule, field) + _length_problems(rule, field) + _option_problems(rule, field)


def _type_problems(rule: FieldRule, field: MappingOf[str, Any]) -> list[str]:
    kind = field.get("type", "text")
    if kind == "number":
        is_number = rule.transform in NUMERIC_TRANSFORMS or rule.lead == "data_quality_score"
        if not is_number and not (rule.constant or "").replace(".", "", 1).isdigit():
            return [f"is a number in the CRM; use one of the transforms {', '.join(sorted(NUMERIC_TRANSFORMS))}"]
    if kind == "bool" and rule.lead not in _YES_NO and rule.constant not in {"true", "false"}:
        return ["is a yes/no field in the CRM; map a yes/no lead field or the constant true or false"]
    if kind == "date" and rule.lead not in {"data_collected_date", "observed_at"}:
        return ["is a date in the CRM; map data_collected_date or observed_at"]
    if kind in _EXACT and rule.too_long == "trim" and rule.lead is not None:
        return [f"holds {kind} values, which must not be trimmed; set too_long to drop or refuse"]
    return []


def _length_problems(rule: FieldRule, field: MappingOf[str, Any]) -> list[str]:
    length = field.get("length")
    if not length:
        return []
    fixed = [value for value in (rule.constant, rule.default, rule.unknown_option, *rule.options.values()) if value]
    problems = [
        f"the text {value!r} is longer than the CRM's {length} characters" for value in fixed if len(value) > length
    ]
    needed = _KNOWN_LENGTH.get(rule.lead or "", 0)
    if needed > length and not rule.options and rule.transform is None:
        problems.append(f"the CRM holds {length} characters, but a {rule.lead} has at least {needed}; make it longer")
    return problems


def _option_problems(rule: FieldRule, field: MappingOf[str, Any]) -> list[str]:
    allowed = field.get("options")
    if not allowed:
        return []
    fixed = [value for value in (rule.constant, rule.default, rule.unknown_option, *rule.options.values()) if value]
    wrong = sorted({value for value in fixed if value not in allowed})
    shown = ", ".join(sorted(map(str, allowed))[:20])
    problems = [f"the CRM has no option {value!r}; it has {shown}" for value in wrong]
    if rule.lead is not None and not rule.options:
        problems.append(f"is a picklist in the CRM; list which lead value means which of its options ({shown})")
    return problems
