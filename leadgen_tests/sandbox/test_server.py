"""The whole sandbox: faults, counters, control API, and the process that serves it."""

from __future__ import annotations

import subprocess
import sys
import time

import httpx
import pytest
from starlette.testclient import TestClient

from leadgen_assets.sandbox.frame import FrameOptions
from leadgen_assets.sandbox.server import SIMS, build_app
from leadgen_assets.sandbox.world import World
from leadgen_assets.settings import SANDBOX_CREDENTIAL, VENDORS, Settings
from leadgen_tests.sandbox.vendor_server import small_world

SEARCH = "/apollo/api/v1/mixed_people/api_search"
ASKED = {"person_titles": ["PPC Manager"], "include_similar_titles": False, "page": 1, "per_page": 5}


@pytest.fixture
def sandbox():
    app = build_app(small_world(), options=FrameOptions(seed=7))
    with TestClient(app, headers={"x-api-key": "sandbox"}) as http:
        yield http


def search(http, count=1):
    return [http.post(SEARCH, json=ASKED) for _ in range(count)]


def set_faults(http, vendor="apollo", **switches):
    return http.post(f"/_sandbox/faults/{vendor}", json=switches)


def test_every_vendor_of_the_settings_is_there(sandbox):
    """Contract: URL prefixes of settings, one credential for all."""
    sims = sandbox.app.state.sims
    assert set(sims) == set(VENDORS)
    assert len(SIMS) == len(sims)
    settings = Settings(leadgen_mode="sandbox", leadgen_sandbox_url="http://sandbox")
    for name in VENDORS:
        assert settings.vendor(name).base_url.startswith(f"http://sandbox{sims[name].prefix}")
    assert SANDBOX_CREDENTIAL == "sandbox"


def test_an_unknown_path_is_404(sandbox):
    """No silent answer for a mistyped base URL."""
    assert sandbox.get("/nobody/here").status_code == 404
    assert sandbox.get("/apollo/nowhere").status_code == 404


def test_a_share_of_requests_fails_and_nothing_is_billed(sandbox):
    """Fault switch error_rate."""
    set_faults(sandbox, error_rate=0.5)
    statuses = [reply.status_code for reply in search(sandbox, 60)]
    assert set(statuses) == {200, 503}
    assert 15 < statuses.count(503) < 45


def test_faults_fall_on_the_same_requests_for_the_same_seed():
    """Contract: faults are deterministic by seed."""

    def statuses(seed):
        app = build_app(small_world(), options=FrameOptions(seed=seed))
        with TestClient(app, headers={"x-api-key": "sandbox"}) as http:
            set_faults(http, error_rate=0.5)
            return [reply.status_code for reply in search(http, 30)]

    assert statuses(7) == statuses(7) != statuses(8)


def test_a_vendor_that_is_down_answers_nobody_and_the_others_go_on(sandbox):
    """Fault switch down; PHX-04 needs one source to fail alone."""
    set_faults(sandbox, down=True)
    assert search(sandbox)[0].status_code == 503
    assert "html" in search(sandbox)[0].headers["content-type"]
    assert (
        sandbox.get("/brightdata/datasets/v3/snapshots", headers={"Authorization": "Bearer sandbox"}).status_code == 200
    )
    set_faults(sandbox, down=False)
    assert search(sandbox)[0].status_code == 200


def test_a_storm_of_429_lasts_for_so_many_requests(sandbox):
    """Fault switch storm_429."""
    set_faults(sandbox, storm_429=3)
    replies = search(sandbox, 5)
    assert [reply.status_code for reply in replies] == [429, 429, 429, 200, 200]
    assert replies[0].headers["retry-after"] == "1"


def test_a_truncated_answer_is_half_a_body(sandbox):
    """Fault switch truncate_rate."""
    (whole,) = search(sandbox)
    set_faults(sandbox, truncate_rate=1)
    (half,) = search(sandbox)
    assert half.status_code == 200
    assert half.content == whole.content[: len(whole.content) // 2]


def test_a_key_can_be_refused(sandbox):
    """Fault switch expired_token for a vendor with a static key."""
    set_faults(sandbox, expired_token=True)
    assert search(sandbox)[0].status_code == 401
    set_faults(sandbox, expired_token=False)
    assert search(sandbox)[0].status_code == 200


def test_credits_can_run_out(sandbox):
    """Fault switch credits_out."""
    set_faults(sandbox, credits_out=True)
    reply = sandbox.post(
        "/apollo/api/v1/people/bulk_match", json={"details": [{"id": small_world().sightings("apollo")[0].vendor_id}]}
    )
    assert reply.status_code == 422
    assert sandbox.get("/_sandbox/state").json()["vendors"]["apollo"]["credits_left"] == "0"


def test_latency_delays_the_answer(sandbox):
    """Fault switch latency_ms."""
    set_faults(sandbox, latency_ms=80)
    started = time.perf_counter()
    search(sandbox)
    assert time.perf_counter() - started >= 0.08


def test_drift_puts_an_unknown_field_into_records(sandbox):
    """Fault switch drift."""
    assert "sandbox_new_field" not in search(sandbox)[0].text
    set_faults(sandbox, drift=True)
    assert search(sandbox)[0].json()["people"][0]["sandbox_new_field"] == "beta"


@pytest.mark.parametrize(
    "switches",
    [{"no_such": 1}, {"down": 1}, {"error_rate": "x"}, {"storm_429": True}, {"error_rate": 2}, {"latency_ms": -1}],
)
def test_a_wrong_switch_is_told(sandbox, switches):
    """The control API fails loudly: a fault test that switches nothing would pass for nothing."""
    assert set_faults(sandbox, **switches).status_code == 400
    assert set_faults(sandbox, vendor="nobody").status_code == 404


def test_requests_and_credits_are_counted_by_operation(sandbox):
    """Contract: GET /_sandbox/calls."""
    search(sandbox, 2)
    search_wrong = sandbox.post(SEARCH, json=ASKED, headers={"x-api-key": "wrong"})
    assert search_wrong.status_code == 401
    found = next(seen for seen in small_world().sightings("apollo") if not seen.junk and seen.dice("gone") >= 0.004)
    sandbox.post("/apollo/api/v1/people/bulk_match", json={"details": [{"id": found.vendor_id}]})
    calls = sandbox.get("/_sandbox/calls").json()["apollo"]
    assert calls["operations"] == {"search": {"200": 2, "401": 1}, "bulk_match": {"200": 1}}
    assert (calls["requests"], calls["credits"], calls["usd"]) == (4, {"bulk_match": "1"}, "0.025")
    windows = sandbox.get("/_sandbox/state").json()["vendors"]["apollo"]["windows"]
    assert windows["search"][0] == {"requests": 200, "seconds": 60, "used": 2}


def test_reset_forgets_requests_faults_and_credits(sandbox):
    """Contract: POST /_sandbox/reset."""
    set_faults(sandbox, error_rate=1)
    search(sandbox)
    sandbox.post("/_sandbox/reset")
    assert sandbox.get("/_sandbox/calls").json()["apollo"]["requests"] == 0
    assert search(sandbox)[0].status_code == 200


def test_the_control_api_shows_crm_and_slack(sandbox):
    """Contract: GET /_sandbox/crm and /_sandbox/slack."""
    crm = sandbox.get("/_sandbox/crm").json()
    assert {name: book["count"] for name, book in crm.items()} == {"hubspot": 0, "salesforce": 0}
    sandbox.post("/slack/services/T000/B000/sandbox", json={"text": "Sprint finished"})
    assert sandbox.get("/_sandbox/slack").json()["count"] == 1


def test_the_truth_is_about_what_was_delivered(sandbox):
    """TL-04: the labelled set of a run."""
    world = small_world()
    exported = len(world.sightings("sales_navigator"))
    assert sandbox.get("/_sandbox/truth").json()["delivered"] == exported
    seen = next(each for each in world.sightings("apollo") if not each.junk and each.dice("gone") >= 0.004)
    sandbox.post("/apollo/api/v1/people/bulk_match", json={"details": [{"id": seen.vendor_id}]})
    assert sandbox.get("/_sandbox/truth").json()["delivered"] == exported + 1
    asked = {"records": [["apollo", seen.vendor_id], ["apollo", seen.vendor_id]]}
    told = sandbox.post("/_sandbox/truth?clusters=1", json=asked).json()
    assert (told["unique"], told["duplicates"]) == (1, 1)
    assert told["clusters"] == [[["apollo", seen.vendor_id]] * 2]
    assert sandbox.post("/_sandbox/truth", json={"records": [["apollo", "nobody"]]}).status_code == 404


SERVE = """
import sys
from pathlib import Path
from leadgen_assets.sandbox.server import run
run(people=300, exports_dir=Path(sys.argv[1]), ready=lambda url: print(url, flush=True))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip(), folder
    finally:
        process.terminate()
        assert process.wait(15) is not None


def test_a_process_serves_all_vendors_and_writes_the_exports(served):
    """Contract: one uvicorn process on loopback."""
    url, folder = served
    assert url.startswith("http://127.0.0.1:")
    health = httpx.get(f"{url}/apollo/v1/auth/health", headers={"x-api-key": "sandbox"}).json()
    assert health["is_logged_in"]
    assert httpx.get(f"{url}/_sandbox/state").json()["people"] == 300
    assert len(list(folder.iterdir())) == 6


def test_a_request_may_never_get_an_answer_and_is_billed_all_the_same(served):
    """Fault switch timeout_rate: the vendor did it, the client does not know (§1.9)."""
    url, _ = served
    httpx.post(f"{url}/_sandbox/faults/apollo", json={"timeout_rate": 1})
    headers = {"x-api-key": "sandbox"}
    known = World.generate(people=300).sightings("apollo")
    found = next(seen for seen in known if not seen.junk and seen.dice("gone") >= 0.004)
    asked = {"details": [{"id": found.vendor_id}]}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{url}/apollo/api/v1/people/bulk_match", json=asked, headers=headers, timeout=0.4)
    calls = httpx.get(f"{url}/_sandbox/calls").json()["apollo"]
    httpx.post(f"{url}/_sandbox/faults/apollo", json={"timeout_rate": 0})
    assert calls["operations"]["bulk_match"] == {"timeout": 1}
    assert calls["credits"] == {"bulk_match": "1"}
