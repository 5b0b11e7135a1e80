"""The dashboard as people see it: by mouse and keyboard, on a phone, in the dark, when something is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.reports import WrittenReport
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.browser.desk_pages import LiveDesk, Window, findings, live_desk, window
from leadgen_tests.desk.dashboard import scene
from leadgen_tests.desk.dashboard.conftest import KEY, alert, land, sprint
from leadgen_tests.desk.dashboard.served import Scripted, Served, app_over, emptied, migrated_database, served

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
PAGES = {
    "live": "/",
    "delivered": "/?sprint=spring",
    "sprints": "/sprints",
    "compare": f"/compare?a=spring&b={scene.SPRINT}",
    "alerts": "/alerts",
    "reports": "/reports",
    "runbook": "/runbook",
}


@pytest.fixture(scope="module")
def browser(chromium: str, screenshots: Path) -> Iterator[Window]:
    """One Chromium for the module; nothing it shows may complain."""
    with window(chromium, screenshots) as opened:
        yield opened
    assert opened.complaints == []


@pytest.fixture(scope="module")
def migrated(mongo_client: Any) -> Iterator[Any]:
    """One database for the module, because migrating takes longer than any page."""
    with migrated_database(mongo_client) as database:
        yield database


@pytest.fixture
def database(migrated: Any) -> Any:
    """Empty."""
    return emptied(migrated)


@pytest.fixture
def desk(database: Any, redis_client: Any, redis_url: str, tmp_path: Path) -> Iterator[LiveDesk]:
    """A running sprint on real stores."""
    with live_desk(database, redis_url, tmp_path) as opened:
        opened.stores.book.open(KEY, sprint())
        opened.stores.book.set_state(KEY, SprintState.RUNNING)
        land(opened.stores, 0)
        yield opened


@pytest.fixture
def shown(database: Any, redis_client: Any, tmp_path: Path) -> Iterator[Served]:
    """An invented sprint of full size, and what belongs to it on record."""
    stores = OpenStores(database, redis_client, (tmp_path / "lake").as_uri())
    _put_on_record(stores, tmp_path)
    others = {"spring": scene.delivered("spring"), scene.SPRINT: scene.state()}
    with served(app_over(stores, Scripted(scene.state(), others), tmp_path)) as server:
        yield server


def _put_on_record(stores: OpenStores, home: Path) -> None:
    ended = scene.NOW - timedelta(hours=1)
    pasts = {"spring": scene.past(ended, 13.3, 20_532, 19_152, 1353.96), scene.SPRINT: scene.past()}
    for name, past in pasts.items():
        stores.book.open(name, sprint(name))
        stores.db["metrics"].insert_many({"at": at, "meta": {"sprint": name}, "values": values} for at, values in past)
    first, second = (alert(each) for each in ("error_rate", "api_quota"))
    for each in (first, second):
        stores.alerts.record(each)
    stores.alerts.deliver(second.id, "slack")
    stores.alerts.acknowledge(second.id, "sam")
    stores.alerts.resolve(second.id, "itself")
    (home / "reports").mkdir()
    (home / "reports" / "hourly.pdf").write_bytes(b"%PDF-1.7")
    moment = scene.NOW.replace(minute=0, second=0, microsecond=0)
    report = WrittenReport(
        "r", "hourly", scene.SPRINT, moment, moment, moment, "", "hourly.pdf", "14,107 collected", "a"
    )
    stores.reports.record(report)


def is_live(page: Page) -> None:
    """The stream has begun."""
    expect(page.locator("#connection")).to_have_text("live")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(browser: Window, shown: Served, scheme: str) -> None:
    """OPS-01, issue: axe finds nothing (WCAG 2.2 AA and best practice) in light and dark, and a phone is wide enough."""
    for name, path in PAGES.items():
        with browser.page(f"{shown.url}{path}", scheme=scheme) as page:
            _is_drawn(page, name)
            assert findings(page) == [], f"{name} {scheme}"
            browser.keep(page, f"{name}-{scheme}")
            page.set_viewport_size(PHONE)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_as_well(browser: Window, shown: Served, scheme: str) -> None:
    """Issue: 390 px; axe finds nothing there either."""
    with browser.page(shown.url, scheme=scheme, **PHONE) as page:
        _is_drawn(page, "live")
        assert findings(page) == []
        browser.keep(page, f"live-{scheme}-phone")


def _is_drawn(page: Page, name: str) -> None:
    if name in ("live", "delivered"):
        is_live(page)
        expect(page.locator("#chart-collected canvas")).to_be_visible()
    elif name != "runbook":
        page.locator("#content tbody tr").first.wait_for()


def test_the_top_row_answers_both_questions(browser: Window, shown: Served) -> None:
    """Issue: "are we going to make it, and is anything wrong?" in the top row."""
    with browser.page(shown.url) as page:
        is_live(page)
        top = page.locator("#top")
        for words in (
            "on track",
            "14,107",
            "Target at 22:58 UTC",
            "before the deadline",
            "2",
            "open alerts: 1 not acknowledged",
        ):
            expect(top).to_contain_text(words)
        bar = page.get_by_role("progressbar", name="Collected of the target")
        expect(bar).to_have_attribute("aria-valuetext", "14,107 of 20,000 collected")
        for link in page.locator("#figures a").all():
            assert page.locator(str(link.get_attribute("href"))).count() == 1


def test_progress_shows_as_it_happens_and_equals_the_record(browser: Window, desk: LiveDesk) -> None:
    """REQ-021, OPS-02: an event is on the page within moments; the end is the record's."""
    with browser.page(desk.server.url) as page:
        is_live(page)
        expect(page.locator("#figure-unique")).to_have_text("10")
        for number in (1, 2, 3):
            land(desk.stores, number, duplicates=2)
            expect(page.locator("#figure-unique")).to_have_text(str(10 * (number + 1)), timeout=5_000)
        expect(page.locator("#figure-collected")).to_have_text("46", timeout=5_000)
        desk.stores.book.set_state(KEY, SprintState.FINISHED)
        expect(page.locator("#top")).to_contain_text("Ended", timeout=10_000)
        expect(page.locator("#segments tbody tr").first).to_contain_text("46 / 100")


def test_it_comes_back_after_a_restart(browser: Window, desk: LiveDesk) -> None:
    """Issue: "connection lost" is said with the time of the figures, and it is back by itself."""
    with browser.page(desk.server.url) as page:
        is_live(page)
        desk.server.stop()
        expect(page.locator("#connection")).to_have_text("connection lost")
        expect(page.get_by_role("alert").filter(has_text="Connection lost. These figures are of")).to_be_visible()
        browser.keep(page, "connection-lost")
        land(desk.stores, 1)
        desk.server.start()
        is_live(page)
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.locator("#figure-unique")).to_have_text("20")


def test_a_redis_outage_is_said(browser: Window, desk: LiveDesk) -> None:
    """Issue: a store that is down is said at the top; the last known figures stay, with their time, until it is back."""
    with browser.page(desk.server.url) as page:
        is_live(page)
        expect(page.locator("#figure-unique")).to_have_text("10")
        desk.redis.cut()
        notice = page.get_by_role("alert").filter(has_text="Redis is down")
        expect(notice).to_contain_text("the marked figures are of")
        expect(page.locator("#top")).to_contain_text("Redis is down.")
        expect(page.locator("#redis .tag")).to_have_text("down")
        expect(page.locator("#redis")).to_contain_text("figures of")
        expect(page.locator("#figure-unique")).to_have_text("10")
        browser.keep(page, "redis-down")
        assert findings(page) == []
        desk.redis.mend()
        expect(notice).to_have_count(0)


def test_an_alert_is_acknowledged_from_the_keyboard(browser: Window, desk: LiveDesk) -> None:
    """Issue: Tab order, visible focus, `a` acknowledges the focused alert; OPS-04: it is on record."""
    first, second = alert(), alert("api_quota", instance="apollo", title="Apollo: 84 % of the quota is used")
    for each in (first, second):
        desk.stores.alerts.record(each)
    with browser.page(desk.server.url) as page:
        is_live(page)
        expect(page.locator("[data-alert]")).to_have_count(2)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("a")
        focused = page.locator("[data-alert]").first.get_by_role("button", name="Acknowledge")
        expect(focused).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        alert_id = str(page.locator("[data-alert]").first.get_attribute("data-alert"))
        page.keyboard.press("a")
        card = page.locator(f"[data-alert={alert_id}]")
        expect(card).to_contain_text("acknowledged by tester")
        expect(card.get_by_role("button", name="Resolve")).to_be_focused()
        expect(page.locator("#said")).to_contain_text("Acknowledged by tester")
        assert desk.stores.alerts.get(alert_id).state == "acknowledged"
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        assert findings(page) == []
        page.get_by_label("Single keys are on").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_alert_is_resolved_with_a_reason(browser: Window, desk: LiveDesk) -> None:
    """OPS-04: by hand, with a name and a reason."""
    raised = alert()
    desk.stores.alerts.record(raised)
    with browser.page(f"{desk.server.url}/alerts") as page:
        page.get_by_role("button", name="Resolve").click()
        page.get_by_label("Reason").fill("vendor is back")
        page.get_by_label("Your name").fill("Sam")
        page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
        expect(page.locator(f"[data-alert={raised.id}]")).to_contain_text("resolved")
    stored = desk.stores.alerts.get(raised.id)
    assert (stored.resolved_by, stored.history[-1]["reason"]) == ("Sam", "vendor is back")


def test_a_hidden_tab_lets_go_of_its_connection(browser: Window, desk: LiveDesk) -> None:
    """Issue: the stream is closed while the tab is hidden (a browser has six connections), and back when it is seen."""
    hub = desk.server.app.state.hub
    with browser.page(desk.server.url) as page:
        is_live(page)
        assert hub.viewers == 1
        _hide(page, hidden=True)
        expect(page.locator("#connection")).to_have_text("resting")
        page.wait_for_timeout(300)
        assert (hub.viewers, hub.is_at_work) == (0, False)
        land(desk.stores, 1)
        _hide(page, hidden=False)
        is_live(page)
        expect(page.locator("#figure-unique")).to_have_text("20")


def _hide(page: Page, *, hidden: bool) -> None:
    """What a browser says when another tab is brought to the front; headless ones never do."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_what_is_named_in_code_stays_text(browser: Window, desk: LiveDesk) -> None:
    """Issue: text only from data."""
    evil = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    desk.stores.alerts.record(alert(title=evil, text=evil))
    with browser.page(desk.server.url) as page:
        is_live(page)
        expect(page.locator("[data-alert] b")).to_have_text(evil)
        assert page.locator("main img, main script").count() == 0


def test_light_and_dark_can_be_chosen(browser: Window, shown: Served) -> None:
    """Issue: light and dark by the system's preference, plus a switch that is remembered."""
    colour = "getComputedStyle(document.body).backgroundColor"
    with browser.page(shown.url) as page:
        is_live(page)
        light = page.evaluate(colour)
        button = page.locator("#theme")
        button.click()
        expect(button).to_have_text("Theme: light")
        button.click()
        expect(button).to_have_text("Theme: dark")
        assert page.evaluate(colour) != light
        page.reload()
        expect(page.locator("#theme")).to_have_text("Theme: dark")
        assert page.evaluate(colour) != light


def test_a_person_signs_in(browser: Window, database: Any, redis_client: Any, tmp_path: Path) -> None:
    """Issue: a token where others can reach it; the login leads to the page one wanted."""
    stores = OpenStores(database, redis_client, (tmp_path / "lake").as_uri())
    with (
        served(app_over(stores, Scripted(scene.state()), tmp_path, token="a-long-random-text")) as server,
        browser.page(f"{server.url}/sprints") as page,
    ):
        assert findings(page) == []
        page.get_by_label("Token").fill("a-guess")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text("That is not the token.")
        page.get_by_label("Token").fill("a-long-random-text")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Sprints")).to_be_visible()
        page.goto(server.url)
        is_live(page)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
