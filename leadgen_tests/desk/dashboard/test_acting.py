"""Acknowledge and resolve, and who may not."""

from __future__ import annotations

import pytest

from leadgen_tests.desk.dashboard.conftest import Desk, alert


def test_an_alert_is_acknowledged_by_name(desk: Desk) -> None:
    """OPS-04: it goes on record who takes care of it; the second one changes nothing."""
    raised = alert()
    desk.stores.alerts.record(raised)
    done = desk.client.post(f"/api/alerts/{raised.id}/ack", json={"by": " Sam\tDoe "})
    assert (done.status_code, done.json()["acked_by"]) == (200, "Sam Doe")
    again = desk.client.post(f"/api/alerts/{raised.id}/ack", json={})
    assert again.json()["acked_by"] == "Sam Doe"
    assert desk.stores.alerts.get(raised.id).state == "acknowledged"


def test_without_a_name_it_is_whoever_runs_the_desk(desk: Desk) -> None:
    """OPS-04: somebody always stands there."""
    raised = alert()
    desk.stores.alerts.record(raised)
    assert desk.client.post(f"/api/alerts/{raised.id}/ack", json={}).json()["acked_by"] == "tester"


def test_an_alert_is_resolved_with_a_reason(desk: Desk) -> None:
    """OPS-04: an end by hand is on record with who and why."""
    raised = alert()
    desk.stores.alerts.record(raised)
    done = desk.client.post(f"/api/alerts/{raised.id}/resolve", json={"by": "Sam", "reason": "vendor is back"}).json()
    assert (done["state"], done["resolved_by"]) == ("resolved", "Sam")
    assert done["history"][-1]["reason"] == "vendor is back"
    assert desk.client.post(f"/api/alerts/{raised.id}/resolve", json={}).json()["resolved_by"] == "Sam"


def test_an_unknown_alert_is_named(desk: Desk) -> None:
    """OPS-04: 404."""
    answer = desk.client.post("/api/alerts/A000/ack", json={})
    assert (answer.status_code, "A000" in answer.json()["error"]) == (404, True)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/x-www-form-urlencoded"}, "by=Sam", 400),
        ({"content-type": "text/plain"}, "{}", 400),
        ({"content-type": "application/json"}, "[]", 400),
        ({"content-type": "application/json"}, "{", 400),
        ({"content-type": "application/json"}, '{"by": 7}', 400),
        ({"content-type": "application/json"}, '{"by": "' + "x" * 61 + '"}', 400),
        ({"content-type": "application/json"}, '{"by": "' + "x" * 5000 + '"}', 413),
        ({"content-type": "application/json", "origin": "https://elsewhere.example"}, "{}", 403),
        ({"content-type": "application/json", "origin": "null"}, "{}", 403),
        ({"content-type": "application/json", "sec-fetch-site": "cross-site"}, "{}", 403),
        ({"content-type": "application/json", "origin": "http://127.0.0.1:4000"}, "{}", 200),
    ],
)
def test_only_our_own_pages_and_programs_act(desk: Desk, headers: dict[str, str], body: str, status: int) -> None:
    """Issue: JSON only, Origin checked. What is refused changes nothing."""
    raised = alert()
    desk.stores.alerts.record(raised)
    answer = desk.client.post(f"/api/alerts/{raised.id}/ack", content=body, headers=headers)
    assert answer.status_code == status
    assert (desk.stores.alerts.get(raised.id).acked_at is not None) == (status == 200)


def test_reading_changes_nothing(desk: Desk) -> None:
    """Issue: a link or an image of another page cannot act."""
    raised = alert()
    desk.stores.alerts.record(raised)
    assert desk.client.get(f"/api/alerts/{raised.id}/ack").status_code == 405
