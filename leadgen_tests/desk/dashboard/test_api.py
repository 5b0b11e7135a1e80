"""What the pages and other programs read, over real stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from leadgen_assets.desk.status import sprint_status
from leadgen_assets.stores.reports import WrittenReport
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.desk.dashboard import scene
from leadgen_tests.desk.dashboard.conftest import KEY, Desk, alert, land, sprint


def test_the_state_is_the_readers_and_says_how_the_background_parts_are(desk: Desk) -> None:
    """OPS-01: `GET /api/state` gives the same numbers as the page, as JSON."""
    answer = desk.client.get("/api/state")
    found = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert found.pop("desk") == {"parts": [], "gate_checks": {}}
    assert found == scene.state()


def test_at_the_end_its_figures_are_those_of_the_database_and_of_sprint_status(real: Desk) -> None:
    """OPS-02, issue: at the end the figures equal `leadgen sprint status --json` and direct counts exactly."""
    stores = real.stores
    stores.book.open(KEY, sprint())
    stores.book.set_state(KEY, SprintState.RUNNING)
    for number in range(3):
        land(stores, number, leads=9, duplicates=1)
    stores.book.set_state(KEY, SprintState.FINISHED)
    found, status = real.client.get("/api/state").json(), sprint_status(stores, KEY).to_json()
    for name in ("delivered", "collected", "duplicates", "suppressed", "quarantined", "crm_synced", "crm_failed"):
        assert found["progress"][name] == status[name], name
    assert found["progress"]["leads"] == status["unique"] == 27
    assert found["cost"]["usd"] == status["cost_usd"]
    counted = stores.db["page_outcomes"].aggregate([{"$group": {"_id": None, "n": {"$sum": "$counts.delivered"}}}])
    assert next(iter(counted))["n"] == found["progress"]["delivered"] == 30


def test_an_unknown_sprint_is_named(real: Desk) -> None:
    """OPS-01: 404 and a sentence, in every answer that takes a sprint."""
    for path in ("/api/state?sprint=nowhere", "/api/stream?sprint=nowhere", "/api/compare?a=nowhere&b=nowhere"):
        answer = real.client.get(path)
        assert answer.status_code == 404, path
        assert "nowhere" in answer.json()["error"]


def test_series_are_columns_of_one_length_thinned_to_a_screen(desk: Desk) -> None:
    """OPS-01 (trend): a long sprint fits a chart; a figure that was not known is null."""
    start = datetime(2026, 11, 22, tzinfo=UTC)
    desk.stores.db["metrics"].insert_many(
        {
            "at": start + timedelta(seconds=number),
            "meta": {"sprint": scene.SPRINT},
            "values": {"collected": float(number)} | ({"cpu": 0.5} if number > 1500 else {}),
        }
        for number in range(0, 3000, 5)
    )
    found = desk.client.get(f"/api/series?sprint={scene.SPRINT}&names=collected,cpu").json()
    assert 300 < len(found["at"]) <= 401
    assert {len(each) for each in found["values"].values()} == {len(found["at"])}
    assert found["values"]["cpu"][0] is None
    assert found["values"]["collected"][-1] == 2995.0
    later = desk.client.get("/api/series?names=collected&since=2026-11-22T00:49:00Z&every=10").json()
    assert later["sprint"] == scene.SPRINT
    assert later["at"][0] >= (start + timedelta(minutes=49)).timestamp()
    assert len(later["at"]) == 6


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("names=collected,moon_phase", "moon_phase"),
        ("since=yesterday", "since"),
        ("since=2026-11-22T00:00:00", "zone"),
        ("every=0", "every"),
    ],
)
def test_a_series_that_cannot_be_is_told(desk: Desk, question: str, said: str) -> None:
    """OPS-01: the message names the parameter."""
    answer = desk.client.get(f"/api/series?sprint=x&{question}")
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_sprints_are_listed_the_latest_first(desk: Desk) -> None:
    """Issue: past sprints can be opened."""
    for name in ("spring", "summer"):
        desk.stores.book.open(name, sprint(name))
    counts = {"delivered": 12, "leads": 9, "duplicates": 2, "suppressed": 1, "quarantined": 0}
    desk.stores.book.record_counts("spring", {"apollo-1": counts})
    desk.stores.book.record_result("spring", {"gates": {"unique_leads": {"value": 9, "threshold": 5, "passed": True}}})
    summer, spring = desk.client.get("/api/sprints").json()["sprints"]
    assert (summer["key"], spring["key"]) == ("summer", "spring")
    assert (spring["collected"], spring["leads"], spring["gates_passed"], spring["gates"]) == (11, 9, 1, 1)
    assert summer["collected"] is None


def test_two_sprints_are_compared_figure_by_figure(desk: Desk) -> None:
    """Issue: two sprints can be compared; the better one is marked where one is better."""
    desk.reader.others = {"done": scene.delivered()}
    found = desk.client.get(f"/api/compare?a={scene.SPRINT}&b=done").json()
    rows = {each["label"]: each for each in found["rows"]}
    assert rows["Collected"] == {"label": "Collected", "unit": "count", "a": 14107, "b": 20532, "winner": "b"}
    assert rows["Cost"]["winner"] == "a"
    assert rows["Target"]["winner"] == ""
    assert rows["Qualified"]["a"] is None
    assert rows["Qualified"]["winner"] == ""
    assert found["b"]["verdict"]["word"] == "delivered"
    assert desk.client.get("/api/compare?a=done").status_code == 400


def test_alerts_are_listed_with_the_times_of_their_lives(desk: Desk) -> None:
    """OPS-04: all times on record, to be read by people."""
    book = desk.stores.alerts
    first, second = alert(), alert("api_quota", instance="apollo")
    for each in (first, second):
        book.record(each)
    book.deliver(first.id, "slack")
    book.resolve(first.id, "itself")
    found = {each["id"]: each for each in desk.client.get("/api/alerts").json()["alerts"]}
    assert [each["what"] for each in found[first.id]["history"]] == ["raised", "told", "resolved"]
    assert found[first.id]["resolved_at"].endswith("Z")
    still = desk.client.get(f"/api/alerts?state=open&sprint={KEY}").json()["alerts"]
    assert [each["id"] for each in still] == [second.id]
    assert desk.client.get("/api/alerts?state=asleep").status_code == 400


def test_reports_are_listed_with_the_files_that_are_still_there(desk: Desk) -> None:
    """OPS-06: reports are kept and listed in the dashboard."""
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    report = WrittenReport("r1", "hourly", KEY, moment, moment, moment, "h.html", "h.pdf", "on track", "first")
    desk.stores.reports.record(report)
    (desk.home / "reports").mkdir()
    (desk.home / "reports" / "h.pdf").write_bytes(b"%PDF-1.7")
    (found,) = desk.client.get(f"/api/reports?sprint={KEY}").json()["reports"]
    assert (found["kind"], found["headline"], found["files"]) == ("hourly", "on track", ["h.pdf"])


def test_metrics_can_be_scraped(desk: Desk) -> None:
    """REQ-021: Prometheus reads the same figures."""
    families = {each.name: each for each in text_string_to_metric_families(desk.client.get("/metrics").text)}
    assert families["leadgen_collected"].samples[0].value == 14107
    assert desk.client.get("/healthz").json() == {"ok": True, "viewers": 0}


def test_what_breaks_is_told_by_its_type_only(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Charter: no personal data in errors or logs; a message may quote what it stumbled over."""
    desk.reader.problem = RuntimeError("ada@example.com")
    answer = desk.client.get("/api/state")
    assert answer.status_code == 500
    assert "RuntimeError" in answer.json()["error"]
    assert "ada" not in answer.text
    assert "ada" not in caplog.text
