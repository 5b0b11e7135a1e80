"""Sandbox Bright Data against vendors.md §2."""

from __future__ import annotations

import gzip
import json

import pytest

from leadgen_assets.sandbox.brightdata import BUILD_SECONDS, KEPT_SECONDS, build
from leadgen_assets.sandbox.brightdata_records import COMPANY_DATASET, PEOPLE_DATASET
from leadgen_assets.sandbox.faults import Faults
from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.world.plan import BRIGHTDATA_CELLS
from leadgen_tests.sandbox.vendor_server import opened

TOKEN = {"Authorization": "Bearer sandbox"}
TITLE, CITY = BRIGHTDATA_CELLS[3]
PPC = {
    "operator": "and",
    "filters": [
        {"name": "country_code", "operator": "in", "value": ["US"]},
        {
            "operator": "or",
            "filters": [{"name": "position", "operator": "includes", "value": TITLE.lower()}],
        },
        {"name": "city", "operator": "includes", "value": CITY},
    ],
}


@pytest.fixture
def bright():
    with opened(build, TOKEN) as vendor:
        yield vendor


def start(vendor, condition=PPC, limit=None, dataset=PEOPLE_DATASET):
    asked = {"dataset_id": dataset, "filter": condition, **({"records_limit": limit} if limit else {})}
    return vendor.http.post("/datasets/filter", json=asked)


def rows_of(vendor, snapshot, **query):
    path = f"/datasets/snapshots/{snapshot}/download"
    reply = vendor.http.get(path, params=query)
    if reply.status_code == 202:
        reply = vendor.http.get(path, params=query)
    return [json.loads(line) for line in reply.text.splitlines()]


def finished(vendor, **asked):
    snapshot = start(vendor, **asked).json()["snapshot_id"]
    vendor.clock.advance(BUILD_SECONDS)
    return snapshot


def test_a_filter_snapshot_is_built_and_then_downloaded(bright):
    """§2.3: scheduled, building, ready; billed by record."""
    snapshot = start(bright, limit=10).json()["snapshot_id"]
    assert snapshot.startswith("snap_")
    path = f"/datasets/snapshots/{snapshot}"
    assert bright.http.get(path).json()["status"] == "scheduled"
    bright.clock.advance(BUILD_SECONDS / 2)
    assert bright.http.get(path).json()["status"] == "building"
    bright.clock.advance(BUILD_SECONDS)
    ready = bright.http.get(path).json()
    assert (ready["status"], ready["dataset_size"], ready["cost"]) == ("ready", 10, 0.025)
    assert len(rows_of(bright, snapshot)) == 10


def test_a_download_may_say_not_ready_even_after_ready(bright):
    """§2.2: 202 with an envelope that is no record."""
    snapshot = start(bright, limit=5).json()["snapshot_id"]
    path = f"/datasets/snapshots/{snapshot}"
    assert bright.http.get(f"{path}/download").json()["status"] == "running"
    bright.clock.advance(BUILD_SECONDS)
    assert bright.http.get(path).json()["status"] == "ready"
    early = bright.http.get(f"{path}/download")
    assert (early.status_code, early.json()["status"]) == (202, "building")
    assert bright.http.get(f"{path}/download").status_code == 200


def test_the_filter_selects_by_position_city_and_country(bright):
    """§2.3."""
    rows = rows_of(bright, finished(bright))
    expected = bright.world.pool("brightdata-4")
    assert len(rows) == len(expected)
    assert all(TITLE.lower() in row["position"].lower() for row in rows)


def test_records_never_have_an_address_or_a_phone(bright):
    """§2.4."""
    rows = rows_of(bright, finished(bright))
    assert not any({"email", "phone"} & set(row) for row in rows)
    named = [row for row in rows if row["id"]]
    assert all(row["linkedin_id"] == row["id"] for row in named)


def test_some_rows_are_nobody_and_some_come_twice(bright):
    """REQ-008, REQ-011: what normalisation and deduplication are for."""
    rows = rows_of(bright, finished(bright, condition={"name": "id", "operator": "is_null"}))
    assert rows
    assert all("/in/" not in (row["url"] or "") for row in rows)
    everybody = rows_of(bright, finished(bright, condition={"name": "id", "operator": "is_not_null"}))
    assert len({row["id"] for row in everybody}) < len(everybody)


def test_rows_are_in_no_order_and_parts_cover_them(bright):
    """§2.2: unordered; batch_size and part."""
    condition = {"name": "country_code", "operator": "=", "value": "US"}
    snapshot = finished(bright, condition=condition)
    whole = rows_of(bright, snapshot)
    ids = [row["id"] for row in whole]
    searched = [seen.slug for seen in bright.world.sightings("brightdata")]
    assert ids != [each for each in searched if each in set(ids)]
    assert rows_of(bright, snapshot, batch_size=1000, part=1) == whole[:1000]
    assert rows_of(bright, snapshot, batch_size=1000, part=99) == []
    small = bright.http.get(f"/datasets/snapshots/{snapshot}/download", params={"batch_size": 10})
    assert small.status_code == 400


@pytest.mark.parametrize("form", ["json", "jsonl", "ndjson"])
def test_formats_and_compression(bright, form):
    """§2.2."""
    snapshot = finished(bright, limit=3)
    rows_of(bright, snapshot)
    path = f"/datasets/snapshots/{snapshot}/download"
    content = gzip.decompress(bright.http.get(path, params={"format": form, "compress": "true"}).content).decode()
    rows = json.loads(content) if form == "json" else [json.loads(line) for line in content.splitlines()]
    assert len(rows) == 3


def test_no_match_is_422(bright):
    """§2.3: an empty result and no failure, free."""
    reply = start(bright, condition={"name": "country_code", "operator": "=", "value": "XX"})
    assert reply.status_code == 422
    assert reply.json() == {"error": "Provided filter did not match any records"}
    assert bright.sim.credits_used == 0


@pytest.mark.parametrize(
    "condition",
    [
        {"name": "shoe_size", "operator": "=", "value": 1},
        {"name": "city", "operator": "like", "value": "x"},
        {"name": "city", "operator": "includes"},
        {"operator": "xor", "filters": []},
        {"operator": "and", "filters": []},
        "city = x",
        {"operator": "and", "filters": [{"operator": "or", "filters": [{"operator": "and", "filters": [
            {"operator": "or", "filters": [{"name": "city", "operator": "is_null"}]}]}]}]},
    ],
)  # fmt: skip
def test_a_wrong_filter_is_told(bright, condition):
    """§2.3: 400 validation_errors; nesting at most 3."""
    reply = start(bright, condition=condition)
    assert reply.status_code == 400
    assert reply.json()["validation_errors"]


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", "acme", True), ("!=", "acme", False), ("<", "b", True), ("<=", "acme", True), (">", "b", False),
        (">=", "acme", True), ("in", ["acme", "x"], True), ("not_in", ["acme"], False), ("includes", "CM", True),
        ("not_includes", "cm", False), ("array_includes", ["x", "ac"], True), ("not_array_includes", "x", True),
        ("is_null", None, False), ("is_not_null", None, True), ("<", 5, False),
    ],
)  # fmt: skip
def test_every_operator_means_what_it_says(operator, value, expected):
    """§2.3."""
    from leadgen_assets.sandbox.brightdata_filter import compile_filter

    matches = compile_filter({"name": "name", "operator": operator, "value": value}, {"name": lambda row: row})
    assert matches("acme") is expected


def test_companies_are_filtered_by_lists_of_ids_and_names(bright):
    """§2.3, §2.4: the company dataset."""
    companies = [each for each in bright.world.companies if bright.sim._is_listed(each)][:3]
    for name, values in (
        ("id", [each.slug for each in companies]),
        ("company_id", [str(each.linkedin_number) for each in companies]),
        ("name", [each.name for each in companies]),
    ):
        condition = {"name": name, "operator": "in", "value": values}
        rows = rows_of(bright, finished(bright, condition=condition, dataset=COMPANY_DATASET))
        assert {row["name"] for row in rows} == {each.name for each in companies}
    assert {"website", "industries", "company_size"} <= set(rows[0])


def test_the_record_limit_is_the_cost_ceiling(bright):
    """§2.5."""
    start(bright, limit=7)
    assert bright.sim.credits_used == 7
    assert start(bright, limit=-1).status_code == 400


def test_no_balance_is_402(bright):
    """§2.3."""
    bright.sim.faults = Faults(credits_out=True)
    reply = start(bright, limit=40)
    assert reply.status_code == 402
    assert "($0.10 is missing)" in reply.json()["error"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (None, "Credentials are missing"),
        ("Basic c2FuZGJveDo=", "Basic auth is not allowed"),
        ("Digest x", "Auth method is not supported"),
        ("Bearer wrong", "Invalid credentials"),
    ],
)
def test_wrong_credentials_are_told_in_plain_text(header, said):
    """§2.1."""
    with opened(build) as bright:
        headers = {"Authorization": header} if header else {}
        reply = bright.http.post("/datasets/filter", json={}, headers=headers)
        assert (reply.status_code, reply.text) == (401, said)
        assert reply.headers["content-type"].startswith("text/plain")


def test_unknown_snapshots_and_datasets_are_404_in_text(bright):
    """§2.2."""
    unknown = bright.http.get("/datasets/snapshots/snap_x")
    assert (unknown.status_code, unknown.text) == (404, "Snapshot does not exist")
    assert start(bright, dataset="gd_x").text == "dataset does not exist"
    assert bright.http.get("/datasets/gd_x/metadata").status_code == 404


def test_metadata_lists_the_fields(bright):
    """§2.3."""
    assert "position" in bright.http.get(f"/datasets/{PEOPLE_DATASET}/metadata").json()["fields"]


def test_a_snapshot_expires_after_thirty_days(bright):
    """§2.5."""
    snapshot = finished(bright, limit=2)
    bright.clock.advance(KEPT_SECONDS + 1)
    reply = bright.http.get(f"/datasets/snapshots/{snapshot}/download")
    assert (reply.status_code, reply.text) == (400, "Snapshot is expired")


def test_25_rejections_in_five_minutes_block_the_address():
    """§2.5: until support lifts it."""
    with opened(build, TOKEN, {"*": (Window(2, 3600),)}) as bright:
        path = f"/datasets/{PEOPLE_DATASET}/metadata"
        replies = [bright.http.get(path) for _ in range(27)]
        assert replies[2].status_code == 429
        assert int(replies[2].headers["retry-after"]) > 3000
        blocked = bright.http.get(path)
        assert blocked.status_code == 403
        bright.clock.advance(7200)
        assert bright.http.get(path).status_code == 403
        bright.sim.reset()
        assert bright.http.get(path).status_code == 200


def test_rejections_far_apart_do_not_block():
    """§2.5."""
    with opened(build, TOKEN, {"*": (Window(2, 10_000_000),)}) as bright:
        path = f"/datasets/{PEOPLE_DATASET}/metadata"
        for _ in range(40):
            bright.clock.advance(20)
            assert bright.http.get(path).status_code in (200, 429)


def test_at_most_100_jobs_run_at_once(bright):
    """§2.3."""
    for _ in range(100):
        assert start(bright, limit=1).status_code == 200
    reply = start(bright, limit=1)
    assert reply.status_code == 429
    assert reply.json()["error"] == "Maximum limit of 100 jobs per dataset has been exceeded"
    bright.clock.advance(BUILD_SECONDS)
    assert start(bright, limit=1).status_code == 200


def trigger(vendor, content, **query):
    query = {"dataset_id": PEOPLE_DATASET, "include_errors": "true", **query}
    return vendor.http.post("/datasets/v3/trigger", params=query, json=content)


def test_scraped_profiles_come_with_error_rows_for_dead_pages(bright):
    """§2.2, §2.4: routed by the presence of `error`; custom input fields are echoed; failures are free."""
    seen = next(each for each in bright.world.sightings("brightdata") if each.slug and each.slug.isascii())
    inputs = [
        {"url": f"https://www.linkedin.com/in/{seen.slug}/", "lead_id": "L1"},
        {"url": "https://www.linkedin.com/in/nobody-at-all", "lead_id": "L2"},
    ]
    snapshot = trigger(bright, {"input": inputs, "custom_input_fields": ["lead_id"]}).json()["snapshot_id"]
    assert snapshot.startswith("s_")
    progress = f"/datasets/v3/progress/{snapshot}"
    assert bright.http.get(progress).json()["status"] == "starting"
    bright.clock.advance(BUILD_SECONDS)
    ready = bright.http.get(progress).json()
    assert (ready["status"], ready["records"], ready["errors"]) == ("ready", 1, 1)
    assert ready["error_codes"] == {"dead_page": 1}
    assert bright.http.get(f"/datasets/v3/snapshot/{snapshot}").status_code == 202
    rows = {row["lead_id"]: row for row in bright.http.get(f"/datasets/v3/snapshot/{snapshot}").json()}
    assert rows["L1"]["id"] == seen.slug
    assert rows["L2"]["error_code"] == "dead_page"
    assert str(bright.sim.credits_used) == "0.6"


def test_one_bad_input_refuses_the_whole_batch(bright):
    """§2.2: `index` names it."""
    good = {"url": "https://www.linkedin.com/in/nobody"}
    reply = trigger(bright, [good, {"first_name": "x"}])
    assert (reply.status_code, reply.json()["code"], reply.json()["index"]) == (400, "validation_error", 1)
    assert trigger(bright, []).text == "No data to trigger"
    assert trigger(bright, "x").json()["code"] == "parse_error"
    assert trigger(bright, [good], dataset_id="gd_x").status_code == 404


def test_a_snapshot_of_dead_pages_only_is_empty(bright):
    """§2.2: 400 `Snapshot is empty` is zero records and no failure."""
    snapshot = trigger(bright, [{"url": "https://www.linkedin.com/in/nobody"}], include_errors="false").json()[
        "snapshot_id"
    ]
    bright.clock.advance(BUILD_SECONDS)
    path = f"/datasets/v3/snapshot/{snapshot}"
    bright.http.get(path)
    assert bright.http.get(path).text == "Snapshot is empty"


def test_a_job_can_be_cancelled_and_is_listed(bright):
    """§2.2."""
    snapshot = trigger(bright, [{"url": "https://www.linkedin.com/in/nobody"}]).json()["snapshot_id"]
    assert bright.http.post(f"/datasets/v3/snapshot/{snapshot}/cancel").text == "OK"
    assert bright.http.get(f"/datasets/v3/progress/{snapshot}").json()["status"] == "canceled"
    assert bright.http.get("/datasets/v3/snapshots").json()[0]["id"] == snapshot
