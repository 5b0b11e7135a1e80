"""An alert's messages and record: delivered or tried again, together when there are many, quiet when asked, never twice."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from leadgen_assets.desk.alerts.contacts import Contacts
from leadgen_assets.desk.alerts.rules import Rules, load_rules
from leadgen_assets.stores.alert_watch import Silence
from leadgen_assets.stores.alerts import Alert, AlertBook
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.mongo import now
from leadgen_tests.desk.alerts.room import Room, state

RUN = ("workflow_failed", "autumn", "collect apollo-1")
FAILED = {"text": "raw_apollo: apollo is unavailable", "is_bad": True}
WELL = {"text": "A later run succeeded.", "is_bad": False}


def fail(room: Room, **other: Any) -> Alert:
    change = room.evaluator.event(*RUN, **{**FAILED, **other})
    assert change
    return change.alert


def test_a_failed_run_is_told_to_every_level_at_once_and_ends_with_the_next_good_one(room: Room) -> None:
    """OPS-04: critical goes up at once; one mail to all roles, one post; nothing again for the same matter."""
    alert = fail(room)
    assert room.evaluator.event(*RUN, **FAILED) is None
    posts, mails = room.told()
    body = room.sandbox.slack()[-1]["blocks"]
    mail = room.mailbox.mails[-1]

    assert (posts, mails) == (["🚨 collect apollo-1 failed"], ["[leadgen CRITICAL] collect apollo-1 failed"])
    assert sorted(room.mailbox.envelopes[-1]) == [f"{each}@example.com" for each in ("cro", "pm", "second", "team")]
    assert body[1]["text"]["text"] == "raw_apollo: apollo is unavailable"
    assert "<https://docs.example/runbook#workflow-failed|Runbook>" in str(body)
    assert mail["from"] == "leadgen <desk@example.com>"
    assert "apollo is unavailable" in mail.get_body(("plain",)).get_content()
    assert "<h2>" in mail.get_body(("html",)).get_content()
    stored = room.stores.alerts.get(alert.id)
    assert (stored.state, stored.level, bool(stored.delivered_at)) == ("escalated", 3, True)

    ended = room.evaluator.event(*RUN, **WELL)
    assert ended
    assert ended.what == "resolved"
    assert room.told() == ([], [])
    room.tick(state(), timedelta(minutes=6))
    assert room.told() == (
        ["✅ Resolved: collect apollo-1 failed"],
        ["[leadgen RESOLVED] Resolved: collect apollo-1 failed"],
    )
    assert "A later run succeeded." in str(room.sandbox.slack()[-1])


def test_a_mail_server_that_refuses_is_tried_again_and_the_record_shows_it(room: Room) -> None:
    """OPS-07: delivery is confirmed and retried, channel by channel; nobody waits for it."""
    room.mailbox.refuses = True
    alert = fail(room)
    by_channel = {each.channel: each for each in room.stores.outbox.of(alert.id)}
    assert (by_channel["slack"].state, by_channel["mail"].state) == ("sent", "due")
    assert by_channel["mail"].error
    assert "@" not in by_channel["mail"].error
    assert [each.channel for each in room.stores.outbox.undelivered()] == ["mail"]

    room.tick(state(), 4)
    assert room.stores.outbox.undelivered()[0].attempts == 1
    room.tick(state(), 2)
    assert room.stores.outbox.undelivered()[0].attempts == 2
    room.mailbox.refuses = False
    room.tick(state(), 20)
    assert room.told() == (["🚨 collect apollo-1 failed"], ["[leadgen CRITICAL] collect apollo-1 failed"])
    assert room.stores.outbox.undelivered() == []
    assert [each.get("channel") for each in room.stores.alerts.get(alert.id).history if each["what"] == "told"] == [
        "slack",
        "mail",
    ]


def test_who_never_heard_of_it_is_not_told_that_it_is_over(room: Room) -> None:
    """OPS-04: a resolve goes to whoever got the raise; a stale raise goes to nobody."""
    room.mailbox.refuses = True
    alert = fail(room)
    room.evaluator.event(*RUN, **WELL)
    room.mailbox.refuses = False
    room.tick(state(), timedelta(hours=1))
    assert [len(each) for each in room.told()] == [2, 0]
    assert Counter((each.about, each.channel, each.state) for each in room.stores.outbox.of(alert.id)) == {
        ("raised", "slack", "sent"): 1,
        ("raised", "mail", "withdrawn"): 1,
        ("resolved", "slack", "sent"): 1,
    }


def test_a_message_that_never_arrives_is_given_up_and_noted(room: Room) -> None:
    """OPS-07: visible, not tried for ever."""
    room.mailbox.refuses = True
    alert = fail(room)
    room.tick(state(), timedelta(hours=25))
    [mail] = [each for each in room.stores.outbox.of(alert.id) if each.channel == "mail"]
    assert mail.state == "failed"
    assert "given up: mail did not take it" in room.stores.alerts.get(alert.id).history[-1]["what"]


def test_a_storm_comes_as_few_messages(room: Room) -> None:
    """OPS-04: rate limited; what is beyond a channel's share comes together, and critical alerts are never held back."""
    slow = room.evaluator.contacts.model_dump()
    slow["channels"]["slack"]["per_ten_minutes"] = slow["channels"]["mail"]["per_ten_minutes"] = 3
    contacts = Contacts.model_validate(slow)
    room.evaluator = replace(
        room.evaluator, contacts=contacts, postman=replace(room.evaluator.postman, contacts=contacts)
    )
    room.mailbox.refuses = True
    room.sandbox.faults("slack", down=True)
    for each in range(8):
        room.evaluator.event("check_failed", "autumn", f"check {each}", "x", is_bad=True)
    fail(room)
    room.sandbox.faults("slack", down=False)
    room.mailbox.refuses = False
    room.tick(state(), timedelta(minutes=14))
    posts, mails = room.told()

    for told in (posts, mails):
        assert len(told) == 4
        assert "collect apollo-1 failed" in told[0]
        assert "6 more alerts" in told[-1]
    assert all(f"check {each}" in str(room.sandbox.slack()[-4:]) for each in range(8))
    assert room.stores.outbox.undelivered() == []


def test_what_was_asked_to_be_quiet_is_on_record_and_tells_nobody(room: Room) -> None:
    """OPS-04: the quiet list, by rule and instance, with an end."""
    until = room.clock() + timedelta(hours=1)
    room.stores.alert_watch.silence(Silence("workflow_failed", "collect apollo-1", until, "somebody", "planned"))
    alert = fail(room)
    other = room.evaluator.event("workflow_failed", "autumn", "refine", **FAILED)
    assert other
    assert room.told()[0] == ["🚨 refine failed"]
    assert "kept quiet by somebody" in room.stores.alerts.get(alert.id).history[-1]["what"]
    room.stores.alerts.resolve(alert.id, "somebody")
    room.evaluator.event(*RUN, **WELL)
    room.clock.pass_by(timedelta(hours=2))
    assert fail(room).id != alert.id
    assert room.told()[0] == ["🚨 collect apollo-1 failed"]


def test_what_was_ended_by_hand_stays_ended_until_it_has_cleared(room: Room) -> None:
    """OPS-04: nobody is told again what somebody has decided about; the next time is told."""
    bad, good = state(stores={"redis": {"up": False, "says": "away"}}), state()
    room.evaluator = _only(room, "redis_away")
    room.tick(bad)
    [raised] = room.tick(bad, 10)
    room.evaluator.resolve(raised.alert.id, "somebody", "known")
    assert [len(each) for each in room.told()] == [2, 2]
    assert [room.tick(bad, 60) for _ in range(3)] == [[], [], []]
    room.tick(good, 5)
    room.tick(good, 10)
    room.tick(bad, 5)
    assert [each.what for each in room.tick(bad, 10)] == ["raised"]
    assert [len(each) for each in room.told()] == [1, 1]


def test_a_test_is_a_real_alert_beside_the_real_one(room: Room) -> None:
    """`leadgen alerts test`: the same path, marked; it neither hides nor ends what is really wrong."""
    real = fail(room)
    first, second = room.evaluator.test("workflow_failed"), room.evaluator.test("workflow_failed")
    posts, mails = room.told()
    assert posts[1] == "🚨 TEST · test failed"
    assert "TEST · " in mails[1]
    assert not room.stores.alerts.get(first.id).is_open
    assert {each.id for each in room.stores.alerts.open()} == {real.id, second.id}
    room.tick(state(), timedelta(hours=1))
    assert room.stores.alerts.get(second.id).is_open


def test_an_end_of_the_sprint_ends_what_was_about_it(room: Room) -> None:
    """OPS-04: resolved by itself when nobody measures it any more; what is about the machine goes on."""
    bad = state(rates={"error_rate_now": 0.5}, machine={"disk": 0.99})
    room.tick(bad)
    assert {each.alert.rule for each in room.tick(bad, 60)} == {"error_rate", "disk"}
    over = state(sprint={"state": "finished"}, rates={"error_rate_now": 0.5}, machine={"disk": 0.99})
    assert [(each.what, each.alert.rule) for each in room.tick(over, 5)] == [("resolved", "error_rate")]
    later = state(sprint={"key": "winter"}, machine={"disk": 0.99})
    assert room.tick(later, 5) == []


def test_without_any_channel_the_alert_is_on_record_and_says_so(room: Room) -> None:
    """OPS-04: an alert that reaches nobody is visible as such."""
    postman = room.evaluator.postman
    mute = replace(postman, notifier=replace(postman.notifier, slack=None, smtp=None))
    room.evaluator = replace(room.evaluator, postman=mute)
    alert = fail(room)
    assert room.told() == ([], [])
    assert "told nobody" in room.stores.alerts.get(alert.id).history[-1]["what"]
    assert room.stores.alerts.get(alert.id).delivered_at is None


@given(course=st.lists(st.tuples(st.booleans(), st.integers(1, 400)), min_size=1, max_size=15))
@tuned(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_it_flaps_messages_never_double(room: Room, course: list[tuple[bool, int]]) -> None:
    """OPS-04: over any course there is at most one open alert, each alert is told once, and its end at most once."""
    room.evaluator = _only(room, "redis_away")
    room.told()
    known = {each.id for each in room.stores.alerts.list()}
    for is_up, seconds in course:
        room.tick(state(stores={"redis": {"up": is_up, "says": ""}}), seconds)
        assert sum(each.is_open for each in room.stores.alerts.list()) <= 1
    for _ in range(3):
        room.tick(state(), timedelta(minutes=10))
    fresh = [each for each in room.stores.alerts.list() if each.id not in known]
    posts, _ = room.told()
    begun = [each for each in posts if "Resolved" not in each and "Nobody" not in each]
    assert len(begun) == len(fresh)
    assert len([each for each in posts if "Resolved" in each]) == len(fresh)
    assert all(not each.is_open for each in fresh)


def _only(room: Room, name: str) -> Any:
    rules = Rules(rules={name: load_rules()[name]})
    return replace(room.evaluator, rules=rules, postman=replace(room.evaluator.postman, rules=rules))


def test_many_raises_at_once_make_one_alert(desk_database: Any, desk_settings: Any) -> None:
    """OPS-04: the unique index decides, whoever else is at it."""
    book = AlertBook(desk_database)
    drafts = [Alert("r", "s", "", "INFO", "t", "x", now()) for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(book.record, drafts)) == 1
    [one] = book.open()
    assert book.resolve(one.id, "itself")
    assert book.record(Alert("r", "s", "", "INFO", "t", "x", now()))


def test_steps_out_of_turn_change_nothing(desk_database: Any, desk_settings: Any) -> None:
    """OPS-04: what is acknowledged goes no higher, what is over is not acknowledged, twice is once."""
    book = AlertBook(desk_database)
    alert = Alert("r", "s", "", "INFO", "t", "x", now())
    book.record(alert)
    assert book.acknowledge(alert.id, "one").acked_by == "one"
    assert book.acknowledge(alert.id, "two").acked_by == "one"
    assert book.escalate(alert.id, 2) is None
    assert book.resolve(alert.id, "itself")
    assert book.resolve(alert.id, "itself") is None
    assert book.get(alert.id[:8]).state == "resolved"
    assert book.deliver(alert.id, "slack")
    assert book.get(alert.id).state == "resolved"
    with pytest.raises(StoreMissing, match="there is no alert Z"):
        book.get("Z")
