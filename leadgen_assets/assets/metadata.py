"""What an asset tells about a materialisation: figures that add up, small tables, no personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from leadgen_assets.collection.collector import SegmentReport
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.normalise import Normalised
from leadgen_assets.stores.raw_pages import RawPage

Metadata = dict[str, Any]


def counts_metadata(counts: Counts) -> Metadata:
    """delivered = leads + duplicates + suppressed + quarantined, and whether it is so."""
    return {
        "delivered": counts.delivered,
        "leads": counts.leads,
        "duplicates": counts.duplicates,
        "suppressed": counts.suppressed,
        "quarantined": counts.quarantined,
        "counts_add_up": counts.adds_up,
    }


def segment_metadata(report: SegmentReport) -> Metadata:
    """Figures of a collected segment."""
    done = report.progress
    return {
        **counts_metadata(report.counts),
        "pages": report.pages,
        "pages_new_in_this_run": done.pages_landed,
        "skipped_already_owned": done.skipped_owned,
        "not_found_by_vendor": done.not_found,
        "opted_out_at_vendor": done.opted_out,
        "uncertain_calls": done.uncertain,
        "listing_truncated": done.truncated,
        "stopped_because": done.stopped_because or "target reached",
        "spent_usd": float(report.spent_usd),
        "unexpected_fields": list(report.unexpected_fields),
    }


def normalised_metadata(done: Normalised, pages: Sequence[RawPage]) -> Metadata:
    """Rows in and out, and how often each flag and each quarantine reason occurs."""
    flags = done.leads["flags"].explode().dropna().value_counts()
    reasons = done.quarantined["reason"].value_counts() if len(done.quarantined) else pd.Series(dtype="int64")
    return {
        "dagster/row_count": len(done.leads),
        "delivered": sum(len(page.records) for page in pages),
        "quarantined": len(done.quarantined),
        "flags": frequency_table("flag", flags.to_dict()),
        "quarantine_reasons": frequency_table("reason", reasons.to_dict()),
    }


def segment_table(counts: Mapping[str, Counts]) -> dg.TableMetadataValue:
    """Counts by segment."""
    rows = [{"segment": segment, **each.as_dict()} for segment, each in sorted(counts.items())]
    return frame_table(pd.DataFrame(rows, columns=["segment", *Counts().as_dict()]))


def frequency_table(name: str, frequencies: Mapping[Any, Any]) -> dg.MetadataValue:
    """A two-column table: what, and how often; "none" instead of an empty one."""
    if not frequencies:
        return dg.MetadataValue.text("none")
    schema = dg.TableSchema([dg.TableColumn(name, "string"), dg.TableColumn("leads", "int")])
    records = [dg.TableRecord({name: str(each), "leads": int(number)}) for each, number in frequencies.items()]
    return dg.MetadataValue.table(records, schema=schema)


def frame_table(frame: pd.DataFrame) -> dg.TableMetadataValue:
    """A small aggregated frame as a table. The caller sees to it that it holds no personal data."""
    kinds = {"i": "int", "u": "int", "f": "float", "b": "bool"}
    columns = [dg.TableColumn(str(each), kinds.get(frame[each].dtype.kind, "string")) for each in frame.columns]
    records = [
        dg.TableRecord({str(key): _plain(value) for key, value in row.items()}) for row in frame.to_dict("records")
    ]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))


def _plain(value: Any) -> Any:
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    return round(plain, 4) if isinstance(plain, float) else plain
