"""Slack's webhook in the sandbox answers as vendors.md §7.1 says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.slack import build

from .vendor_server import Opened, opened

HOOK = "/services/T000/B000/sandbox"


@pytest.fixture
def slack() -> Iterator[Opened]:
    with opened(build) as vendor:
        yield vendor


def test_a_message_is_kept_and_answered_with_ok_in_plain_text(slack: Opened) -> None:
    """REQ-022: alerts reach Slack; vendors.md §7.1."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Lead run"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*New leads*\n1,204"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "run `a1`"}]},
    ]
    reply = slack.http.post(HOOK, json={"text": "finished", "blocks": blocks})
    assert (reply.status_code, reply.text) == (200, "ok")
    assert reply.headers["content-type"].startswith("text/plain")
    kept = slack.sim.inspect()["messages"]
    assert [each["text"] for each in kept] == ["finished"]
    assert kept[0]["blocks"] == blocks


def test_a_form_with_a_payload_field_is_a_message_too(slack: Opened) -> None:
    """REQ-022: Slack's older form encoding."""
    reply = slack.http.post(HOOK, data={"payload": json.dumps({"text": "by form"})})
    assert reply.text == "ok"
    assert slack.sim.messages[0]["text"] == "by form"


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "marquee"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "y" * 3001}}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "y" * 151}}]}, "invalid_blocks"),
        ({"text": "x", "blocks": "none"}, "invalid_payload"),
        (["text"], "invalid_payload"),
    ],
)  # fmt: skip
def test_a_message_slack_cannot_show_is_refused_with_one_word(slack: Opened, message: Any, word: str) -> None:
    """REQ-022: vendors.md §7.1, 400 bodies."""
    reply = slack.http.post(HOOK, json=message)
    assert (reply.status_code, reply.text) == (400, word)
    assert slack.sim.messages == []


def test_a_body_that_is_no_message_is_an_invalid_payload(slack: Opened) -> None:
    """REQ-022: vendors.md §7.1."""
    reply = slack.http.post(HOOK, content=b"not json")
    assert (reply.status_code, reply.text) == (400, "invalid_payload")


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/services/T000/B000/guess", 403, "invalid_token"),
        ("/services/T000/B999/sandbox", 404, "no_service"),
        ("/services/T999/B000/sandbox", 404, "no_team"),
    ],
)
def test_only_the_right_address_may_post(slack: Opened, path: str, status: int, word: str) -> None:
    """REQ-022: the address is the secret."""
    reply = slack.http.post(path, json={"text": "x"})
    assert (reply.status_code, reply.text) == (status, word)


def test_a_message_too_many_is_told_when_to_come_back() -> None:
    """REQ-022: about one message a second, then 429 with Retry-After."""
    with opened(build, windows={"webhook": (Window(3, 3),)}) as slack:
        replies = [slack.http.post(HOOK, json={"text": str(number)}) for number in range(4)]
        assert [each.status_code for each in replies] == [200, 200, 200, 429]
        assert replies[3].headers["retry-after"] == "3"
        slack.clock.advance(3)
        assert slack.http.post(HOOK, json={"text": "later"}).text == "ok"


def test_a_long_text_is_cut_and_an_outage_is_a_rollup_error(slack: Opened) -> None:
    """REQ-022: vendors.md §7.1."""
    assert slack.http.post(HOOK, json={"text": "x" * 50_000}).text == "ok"
    assert len(slack.sim.messages[0]["text"]) == 40_000
    slack.sim.faults.down = True
    reply = slack.http.post(HOOK, json={"text": "x"})
    assert (reply.status_code, reply.text) == (500, "rollup_error")
