"""Slack: what people read is escaped and fits; a failure is told, never raised."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.vendors.slack import FIELD_LIMIT, TEXT_LIMIT, SlackClient, SlackMessage, blocks_of
from leadgen_tests.vendors.conftest import Script


def use(script: Script, method: str = "post", *args: Any) -> Any:
    async def run() -> Any:
        async with script.client(SlackClient, "slack") as client:
            return await getattr(client, method)(*args)

    return asyncio.run(run())


def test_markup_in_data_is_escaped(script: Script) -> None:
    """vendors.md §7.1: & < > in data would be read as mentions and links."""
    message = SlackMessage("Sprint", "<!channel> R&D > sales", {"a<b": "x&y"})
    assert use(script.answers(httpx.Response(200, text="ok")), "post", message).ok
    sent = script.sent()
    assert "&lt;!channel&gt; R&amp;D &gt; sales" in sent["blocks"][1]["text"]["text"]
    assert sent["blocks"][2]["fields"][0]["text"] == "*a&lt;b*\nx&amp;y"
    assert "<!channel>" not in sent["text"]


def test_a_rate_limit_is_waited_for(script: Script) -> None:
    """vendors.md §7.1: 429 with Retry-After."""
    limited = httpx.Response(429, headers={"Retry-After": "3"}, text="rate_limited")
    assert use(script.answers(limited, httpx.Response(200, text="ok")), "post", SlackMessage("t")).ok
    assert script.slept == [3.0]


@pytest.mark.parametrize("status", [400, 403, 404, 410, 500])
def test_failures_are_returned(script: Script, status: int) -> None:
    """REQ-022: an alert that fails must not fail the pipeline; the address of the webhook stays secret."""
    posted = use(script.answers(httpx.Response(status, text="no_service")), "post", SlackMessage("t"))
    assert not posted.ok
    assert "services/T" not in posted.detail


def test_the_check_shows_nobody_a_message(script: Script) -> None:
    """TL-07."""
    assert use(script.answers(httpx.Response(400, text="no_text")), "check").ok
    assert not use(script.answers(httpx.Response(404, text="no_service")), "check").ok
    assert script.sent() == {}


@given(
    st.text(max_size=4000),
    st.text(max_size=4000),
    st.dictionaries(st.text(max_size=3000), st.text(max_size=3000), max_size=30),
)
def test_blocks_always_fit(title: str, text: str, fields: dict[str, str]) -> None:
    """vendors.md §7.1: 50 blocks, 3,000 characters a section, 150 a header."""
    blocks = blocks_of(SlackMessage(title, text, fields, "footer"))
    assert len(blocks) <= 50
    assert 1 <= len(blocks[0]["text"]["text"]) <= 150
    for block in blocks[1:]:
        assert len(block.get("text", {}).get("text", "")) <= TEXT_LIMIT
        assert len(block.get("fields", [])) <= 10
        assert all(1 <= len(each["text"]) <= FIELD_LIMIT for each in block.get("fields", []))


def test_five_hundred_fields_do_not_break_a_message() -> None:
    """vendors.md §7.1."""
    assert len(blocks_of(SlackMessage("t", "x", {str(number): "y" for number in range(600)}, "footer"))) == 50
