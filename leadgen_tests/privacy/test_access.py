"""GDPR art. 15, CCPA: a person gets to know everything, with where it came from; nobody else does."""

from __future__ import annotations

import json
import stat

from leadgen_assets.privacy.access import access_report
from leadgen_assets.privacy.access_text import as_text, write_access_report
from leadgen_assets.privacy.erase import erase
from leadgen_assets.privacy.identifiers import identified
from leadgen_assets.privacy.listing import suppress_person
from leadgen_assets.privacy.standing import standing
from leadgen_assets.privacy.subject import find
from leadgen_tests.privacy.town import EMAIL, KEY, SLUG, TOKEN, Town

COLLECTED = {"full_name", "email", "linkedin_url", "job_title", "company_name", "location_city"}


def report_of(town: Town) -> dict:
    """Ada's report; runs are named after what they made."""
    return access_report(town.stores, find(town.stores, identified(EMAIL)), lambda *place: "/".join(place))


def test_every_field_says_where_it_came_from(town: Town) -> None:
    """Vendor, time, run and legal basis, field by field."""
    (lead,) = report_of(town)["leads"]

    assert lead["fields"].keys() >= COLLECTED
    assert all(
        field["value"] is not None
        and field["vendor"]
        and field["observed_at"]
        and field["run"]
        and field["legal_basis"]
        for field in lead["fields"].values()
    )
    assert lead["fields"]["email"]["vendor"] in ("Apollo.io", "ZoomInfo")
    assert lead["fields"]["email"]["run"].startswith(("raw_apollo/town/", "raw_zoominfo/town/"))
    assert "art. 6(1)(f)" in lead["fields"]["email"]["legal_basis"]
    assert lead["fields"]["data_quality_score"]["vendor"] == "worked out here"


def test_nothing_is_left_out(town: Town) -> None:
    """Every place that holds her is in the report: leads, vendors' records, quarantine, frames, answers, recipients."""
    suppress_person(town.stores, town.stores.suppressions, EMAIL, "asked by mail")

    report = report_of(town)

    assert {each["vendor"] for each in report["delivered_records"]} == {"apollo", "zoominfo", "sales_navigator"}
    assert len(report["quarantined"]) == 1
    assert {each["asset"] for each in report["frames"]} >= {"normalized_apollo", "deduplicated_leads", "scored_leads"}
    assert [each["vendor"] for each in report["enrichment_answers"]] == ["hunter"]
    assert [(each["target"], each["outcome"]) for each in report["recipients"]] == [("hubspot", "created")]
    assert {each["reason"] for each in report["suppression"]} == {"asked by mail"}
    assert report["retention_days"]["raw_pages"] == 90


def test_the_text_tells_the_same(town: Town) -> None:
    """Readable without JSON: every value of the lead, every source, the rights."""
    report = report_of(town)

    text = as_text(report)

    for field in report["leads"][0]["fields"].values():
        if isinstance(field["value"], str):
            assert field["value"] in text
    for part in ("Apollo.io", "art. 6(1)(f)", "hubspot", "supervisory authority", TOKEN, SLUG):
        assert part in text


def test_nobody_else_is_in_it(town: Town) -> None:
    assert "ystander" not in json.dumps(report_of(town), default=str)


def test_its_files_are_the_owners_alone(town: Town) -> None:
    """Mode 0600 in a folder of mode 0700; JSON that reads back."""
    report = report_of(town)

    paths = write_access_report(report, town.home / "out", "access-1")

    assert {stat.S_IMODE(each.stat().st_mode) for each in paths} == {0o600}
    assert stat.S_IMODE(paths[0].parent.stat().st_mode) == 0o700
    assert json.loads(paths[0].read_text())["summary"]["leads"] == 1


def test_the_standing_names_nobody(town: Town) -> None:
    """What the desk sees before and after an erasure holds counts, ids and dates."""
    before = standing(town.stores, identified(EMAIL))
    erase(town.office, identified(EMAIL))
    after = standing(town.stores, identified(EMAIL))

    assert (before["is_stored"], before["records"], before["is_suppressed"], before["erasure"]) == (
        True,
        4,
        False,
        None,
    )
    assert before["sprints"] == [KEY]
    assert (after["is_stored"], after["is_suppressed"], after["erasure"]["state"]) == (False, True, "done")
    assert "uillfeather" not in json.dumps([before, after])


def test_who_is_not_known_is_told_so(town: Town) -> None:
    report = access_report(town.stores, find(town.stores, identified("stranger@elsewhere.example")))

    assert "Nothing is stored about you" in as_text(report)
