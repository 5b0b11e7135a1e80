"""Who comes in, and what every answer says to the browser."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from leadgen_assets.desk.dashboard.access import COOKIE, Door, local_path
from leadgen_assets.desk.dashboard.pages import NAVIGATION
from leadgen_assets.stores.opened import OpenStores
from leadgen_tests.desk.dashboard import scene
from leadgen_tests.desk.dashboard.conftest import Desk, client_of
from leadgen_tests.desk.dashboard.served import Scripted, TestClient, app_over

TOKEN = "a-long-random-text"
PAGES = [href for href, _ in NAVIGATION]


@pytest.fixture
def locked(stores: OpenStores, tmp_path: Path) -> TestClient:
    """A dashboard that others can reach."""
    return client_of(app_over(stores, Scripted(scene.state()), tmp_path, token=TOKEN), "http://desk.example:4000")


@pytest.mark.parametrize("path", [*PAGES, "/quality/index.html", "/reports/files/a.html"])
def test_without_the_token_a_page_leads_to_the_login(locked: TestClient, path: str) -> None:
    """Issue: a token when bound elsewhere."""
    answer = locked.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/")


@pytest.mark.parametrize("path", ["/api/state", "/api/stream", "/api/sprints", "/metrics"])
def test_without_the_token_programs_get_nothing(locked: TestClient, path: str) -> None:
    """Issue: a token when bound elsewhere."""
    for headers in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": TOKEN},
        {"cookie": f"{COOKIE}=9999999999.00"},
    ):
        assert locked.get(path, headers=headers).status_code == 401


def test_a_program_shows_the_token_in_a_header(locked: TestClient) -> None:
    """Issue: `Authorization: Bearer`."""
    assert locked.get("/api/state", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_person_signs_in_and_out(locked: TestClient) -> None:
    """Issue: an HttpOnly SameSite=Strict cookie, which does not hold the token, and the page one wanted."""
    own = {"origin": "http://desk.example:4000", "content-type": "application/x-www-form-urlencoded"}
    answer = locked.post("/login?next=/alerts", content=f"token={TOKEN}&next=%2Falerts", headers=own)
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert locked.get("/alerts").status_code == 200
    assert "Sign out" in locked.get("/").text
    locked.post("/logout", headers=own)
    assert locked.get("/alerts").status_code == 303


def test_a_wrong_token_is_told_and_many_close_the_login(locked: TestClient) -> None:
    """Issue: guessing is slow."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    tries = [locked.post("/login", content="token=guess", headers=form).status_code for _ in range(6)]
    assert tries == [401] * 5 + [429]
    assert locked.post("/login", content=f"token={TOKEN}", headers=form).status_code == 429


def test_another_site_cannot_sign_anybody_in(locked: TestClient) -> None:
    """Issue: Origin checked."""
    foreign = {"origin": "https://elsewhere.example", "content-type": "application/x-www-form-urlencoded"}
    assert locked.post("/login", content=f"token={TOKEN}", headers=foreign).status_code == 403


def test_a_session_ends() -> None:
    """Issue: a cookie holds for hours, not for ever, and only with its signature."""
    door = Door(TOKEN)
    old = door.session(now=time.time() - 13 * 3600)
    assert int(old.partition(".")[0]) < time.time()
    assert Door("another").session().partition(".")[2] != door.session().partition(".")[2]
    assert door.knows(TOKEN)
    assert not door.knows("")
    assert not Door(None).knows("")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/alerts?state=open", "/alerts?state=open"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("", "/"),
    ],
)
def test_the_login_leads_nowhere_else(address: str, path: str) -> None:
    """Issue: no open redirect."""
    assert local_path(address) == path


def test_the_login_ignores_a_foreign_target(locked: TestClient) -> None:
    """Issue: no open redirect."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    for target in ("https%3A%2F%2Felsewhere.example%2F", "%2F%2Felsewhere.example", "javascript%3Aalert(1)"):
        answer = locked.post("/login", content=f"token={TOKEN}&next={target}", headers=form)
        assert answer.headers["location"] == "/"


def test_an_open_desk_answers_to_loopback_names_only(desk: Desk) -> None:
    """Issue: bound to loopback. A foreign name that points here (DNS rebinding) gets nothing."""
    for host in ("127.0.0.1:4000", "localhost:4000", "[::1]:4000"):
        assert desk.client.get("/api/state", headers={"host": host}).status_code == 200
    for host in ("elsewhere.example", "127.0.0.1.elsewhere.example:4000", ""):
        assert desk.client.get("/api/state", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("path", [*PAGES, "/api/state", "/static/js/live.js", "/healthz", "/nowhere", "/metrics"])
def test_every_answer_keeps_the_browser_to_this_origin(desk: Desk, path: str) -> None:
    """Issue: strict CSP, nosniff, frame-ancestors, referrer-policy."""
    headers = desk.client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_inline_script_or_style(desk: Desk, path: str) -> None:
    """Issue: no inline script or style, everything from our own origin."""
    html = desk.client.get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    for address in re.findall(r"""(?:src|href)="([^"]+)""", html):
        is_prose = path == "/runbook" and not address.startswith("/static")
        assert is_prose or address.startswith(("/", "#")), address
