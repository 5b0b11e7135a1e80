"""An access report as text that a person can read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def write_access_report(report: Mapping[str, Any], folder: Path, name: str) -> tuple[Path, Path]:
    """The report as `<name>.json` and `<name>.txt`, readable by their owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths = folder / f"{name}.json", folder / f"{name}.txt"
    texts = json.dumps(report, indent=2, ensure_ascii=False, default=str), as_text(report)
    for path, text in zip(paths, texts, strict=True):
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text + "\n", encoding="utf-8")
    return paths


def as_text(report: Mapping[str, Any]) -> str:
    """The whole report in words: what is stored, whence, why, for how long, who has it, and what one may ask for."""
    return "\n".join(_lines(report))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"What is stored about you, as of {report['made_at']}"
    yield ""
    if not (report["leads"] or report["delivered_records"] or report["quarantined"]):
        yield "Nothing is stored about you, beside what is said below."
    yield "Why: " + "; ".join(report["summary"]["purposes"]) + "."
    for lead in report["leads"]:
        yield from _lead(lead)
    for record in report["delivered_records"]:
        yield from _record(record)
    for held in report["quarantined"]:
        yield ""
        yield f"Set aside ({held['reason']}), delivered by {held['data_source']} on {held['at']}: {held['raw']}"
    for answer in report["enrichment_answers"]:
        yield ""
        yield f"Answered by {answer['vendor']} on {answer['asked_at']}: {_value(answer['fields'])}"
    yield ""
    yield "Who received them"
    yield from (
        f"  {each['target']}: record {each['crm_id'] or '-'} ({each['outcome']}, {each['at']})"
        for each in report["recipients"]
    )
    if not report["recipients"]:
        yield "  Nobody."
    yield ""
    yield "Whether you may be contacted"
    yield from (f"  {each['key']}: no, since {each['since']} ({each['reason']})" for each in report["suppression"])
    if not report["suppression"]:
        yield "  You are not on the suppression list."
    yield f"  Do not sell or share: {'yes' if report['do_not_sell'] else 'not asked for'}"
    yield ""
    yield "How long (days): " + ", ".join(f"{place} {days}" for place, days in report["retention_days"].items())
    yield ""
    yield "Your rights"
    yield from (f"  {each}" for each in report["your_rights"])


def _lead(lead: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Contact {lead['lead_id']} of {lead['sprint']}" + (f", region {lead['region']}" if lead["region"] else "")
    if lead["notice_due_by"]:
        yield f"  You were or will be told by {lead['notice_due_by']}."
    for name, field in lead["fields"].items():
        run = f", run {field['run']}" if field["run"] else ""
        yield f"  {name}: {_value(field['value'])}"
        yield f"      from {field['vendor']} ({field['collected_by']}{run}), {field['observed_at']}"
    bases = {field["legal_basis"] for field in lead["fields"].values()}
    yield f"  Legal basis: {'; '.join(sorted(bases))}"


def _record(record: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    where = f"{record['sprint']}/{record['segment']}, page {record['page']}, record {record['position']}"
    yield f"Delivered by {record['vendor']} on {record['fetched_at']} ({where}), deleted by {record['deleted_by']}"
    values = record["record"].items() if isinstance(record["record"], dict) else enumerate([record["record"]])
    yield from (f"  {name}: {_value(value)}" for name, value in values if value not in (None, "", [], {}))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
