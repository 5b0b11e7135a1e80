"""The numbers of a report are those of the database at its time stamp."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from leadgen_assets.desk.reports import money, periods
from leadgen_assets.desk.reports.document import Report, Table, Text
from leadgen_assets.desk.reports.final import final_report
from leadgen_assets.desk.reports.hourly import hourly_report
from leadgen_assets.desk.reports.picture import picture
from leadgen_assets.desk.reports.rollup import roll_up_report
from leadgen_assets.desk.reports.rollup_figures import roll_up_figures
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.snapshot import moment
from leadgen_tests.desk.reports.conftest import Reported
from leadgen_tests.stores.samples import lead


def found(report: Report, caption: str) -> Table:
    """The table of that caption."""
    tables = [each for part in report.sections for each in part.blocks if isinstance(each, Table)]
    return next(each for each in tables if each.caption == caption)


def column(table: Table, name: str) -> dict[str, str]:
    """{first cell: cell in the column}."""
    at = [each.name for each in table.columns].index(name)
    return {row[0]: row[at] for row in table.rows}


def dollars(reported: Reported, **wanted: Any) -> Decimal:
    """US dollars over settled ledger entries, added up here."""
    entries = reported.office.stores.db["cost_ledger"].find({"sprint": reported.key, "state": "settled", **wanted})
    return sum((Decimal(each["micros"]) for each in entries), Decimal(0)) / 1_000_000


def test_a_report_tells_what_is_uncertain_and_what_was_decided(reported: Reported) -> None:
    """Issue 4: how many calls, for how much, and what became of those that were uncertain before."""
    [entry, *_] = reported.office.stores.ledger.entries(reported.key)
    lost, billed, freed = (
        replace(entry, state=state, usd=Decimal(usd))
        for state, usd in (("uncertain", 2), ("settled", 3), ("released", 4))
    )
    cost = replace(
        reported.seen.cost, reserved_usd=2.5, uncertain_usd=2.0, uncertain=(lost,), decided=(billed, freed, freed)
    )
    texts = [each.says for each in money.blocks(replace(reported.seen, cost=cost)) if isinstance(each, Text)]
    assert "$2.50 more are reserved for calls without a bill yet." in texts
    assert any(
        each.startswith("$2.00 of that is uncertain: calls that were sent and never confirmed (1).") for each in texts
    )
    assert "Uncertain calls that were decided: 3, of which billed 1 ($3.00), not billed 2 ($8.00 freed)." in texts


def test_the_final_report_says_what_direct_counts_say(reported: Reported) -> None:
    """OPS-02, OPS-06, REQ-024: totals, quality, CRM and cost."""
    db, key = reported.office.stores.db, reported.key
    leads = db["performance_marketers"]
    report = final_report(reported.seen)
    headlines = {each.label: each.value for each in report.headlines}
    qualified = leads.count_documents({"sprint": key, "is_qualified": True})
    rows = list(leads.find({"sprint": key}))
    spent = dollars(reported)

    assert headlines["unique leads"] == f"{len(rows):,}"
    assert headlines["qualified"] == f"{qualified:,}"
    assert headlines["in HubSpot"] == f"{leads.count_documents({'sprint': key, 'crm_synced': True}):,}"
    assert headlines["average quality score"] == f"{sum(each['data_quality_score'] for each in rows) / len(rows):.2f}"
    with_address = sum(each["additional_data"]["email_available"] for each in rows)
    assert headlines["with an email address"] == f"{with_address / len(rows):.1%}"
    assert headlines["spent of $500"] == f"${spent:,.2f}"
    assert headlines["per qualified lead (≤ $0.60)"] == f"${spent / qualified:,.3f}"


def test_the_tables_add_up_and_equal_direct_counts(reported: Reported) -> None:
    """OPS-06, NFR-007: by source and by segment; delivered is what was landed, cost what the ledger says."""
    db, key = reported.office.stores.db, reported.key
    report = final_report(reported.seen)
    segments, sources = found(report, "By segment"), found(report, "By source")
    landed = {
        each["_id"]: f"{each['n']:,}"
        for each in db["raw_pages"].aggregate(
            [{"$match": {"sprint": key, "kind": "page"}}, {"$group": {"_id": "$segment", "n": {"$sum": "$records"}}}]
        )
    }
    qualified = {
        each["_id"]: f"{each['n']:,}"
        for each in db["performance_marketers"].aggregate(
            [{"$match": {"sprint": key, "is_qualified": True}}, {"$group": {"_id": "$data_source", "n": {"$sum": 1}}}]
        )
    }

    assert column(segments, "Delivered") == landed
    for name in ("Delivered", "Leads", "Dupl.", "Suppr.", "Quar."):
        at = [each.name for each in segments.columns].index(name)
        assert sum(int(row[at].replace(",", "")) for row in segments.rows) == int(segments.total[at].replace(",", ""))
    assert column(segments, "Cost") == {each: f"${float(dollars(reported, segment=each)):,.2f}" for each in landed}
    assert column(sources, "Qualified") == {
        "Apollo": qualified["apollo"], "Bright Data": qualified["brightdata"], "ZoomInfo": qualified["zoominfo"],
        "Sales Navigator": qualified["sales_navigator"],
    }  # fmt: skip
    bought = found(report, "What was bought")
    assert bought.total[-1] == f"${dollars(reported):,.2f}"


def test_the_final_report_has_every_section_that_was_asked_for(reported: Reported) -> None:
    """OPS-06."""
    titles = [each.title for each in final_report(reported.seen).sections]

    assert titles == [
        "Executive summary", "Collection", "Performance", "Errors", "Infrastructure", "Quality", "Alerts", "Cost",
        "Lessons", "Recommendations",
    ]  # fmt: skip


def test_the_hourly_report_tells_the_hour_from_the_whole(reported: Reported) -> None:
    """OPS-05, REQ-023: its sections; what an hour brought is what was accounted for in it."""
    office, key = reported.office, reported.key
    hour = periods.hour_of(reported.seen.began)
    with office.at_work(), moment(office.stores) as now:
        before = periods.hour_of(hour.start - timedelta(hours=2))
        of_hour = hourly_report(picture(now, key, hour, with_lessons=False))
        of_earlier = hourly_report(picture(now, key, before, with_lessons=False))
    in_hour = [
        each["counts"]
        for each in office.stores.db["page_outcomes"].find({"sprint": key, "at": {"$gte": hour.start, "$lt": hour.end}})
    ]
    hour_table = next(each for each in of_hour.sections[0].blocks if isinstance(each, Table))

    assert [each.title for each in of_hour.sections] == [
        "Collection summary", "Quality", "Performance", "Issues and alerts", "Cost",
    ]  # fmt: skip
    assert hour_table.rows[0][1] == f"{sum(each['delivered'] for each in in_hour):,}"
    assert of_earlier.headlines[1].value == "0"
    assert of_earlier.headlines[0] == of_hour.headlines[0]


def test_a_day_equals_the_sum_of_its_sprints_and_the_ledger(reported: Reported) -> None:
    """PHX-06, PHX-03: operations of a day."""
    office = reported.office
    day = periods.roll_up("daily", reported.seen.began)
    with office.at_work(), moment(office.stores) as now:
        figures = roll_up_figures(now, "daily", day)
    spent = office.stores.ledger.between(day.start, day.end)[""].usd

    assert [each.status.sprint for each in figures.sprints] == [reported.key]
    assert (figures.totals.qualified, figures.totals.collected) == (
        reported.seen.status.qualified, reported.seen.status.collected,
    )  # fmt: skip
    assert figures.totals.usd == pytest.approx(float(spent))
    assert sum(each.delivered for each in figures.days) == reported.seen.status.delivered
    report = roll_up_report(figures)
    assert [each.title for each in report.shown()] == ["Sprints", "Cost"]
    assert found(report, "By vendor").total[-1] == f"${spent:,.2f}"


def test_a_week_and_a_month_are_set_against_those_before(reported: Reported) -> None:
    """PHX-06: performance and executive."""
    office = reported.office
    for kind, wanted in (("weekly", "Pace"), ("monthly", "Cost and projection")):
        with office.at_work(), moment(office.stores) as now:
            report = roll_up_report(roll_up_figures(now, kind, periods.roll_up(kind, reported.seen.began)))
        period = {"weekly": "week", "monthly": "month"}[kind]
        change = found(report, f"This {period} and the one before")
        assert wanted in [each.title for each in report.shown()]
        assert column(change, "Before")["Records collected"] == "0"
        assert column(change, f"This {period}")["Qualified leads"] == f"{reported.seen.status.qualified:,}"


def test_whatever_is_written_meanwhile_a_report_reads_one_moment(database: Any, redis_client: Any) -> None:
    """OPS-02: every figure is of the same time, also while collectors write."""
    stores = OpenStores(database, redis_client, "memory://")
    stores.leads.insert_provisional([lead(1)])
    with moment(stores) as now:
        first = now.stores.leads.count("autumn")
        stores.leads.insert_provisional([lead(2), lead(3)])
        again, by_segment = now.stores.leads.count("autumn"), now.stores.leads.counts_by("autumn", "segment")
        with pytest.raises(AttributeError, match="read only"):
            now.stores.leads.delete(["L1"])
    assert now.is_exact
    assert (first, again, by_segment) == (1, 1, {"apollo-1": 1})
    assert stores.leads.count("autumn") == 3
