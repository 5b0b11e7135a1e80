"""Sandbox Apollo against vendors.md §1."""

from __future__ import annotations

from decimal import Decimal

import pytest

from leadgen_assets.sandbox.apollo import build
from leadgen_assets.sandbox.faults import Faults
from leadgen_assets.sandbox.rates import Window
from leadgen_tests.sandbox.vendor_server import opened

KEY = {"x-api-key": "sandbox"}
SEARCH = "/api/v1/mixed_people/api_search"
BULK = "/api/v1/people/bulk_match"
STRICT = {"person_titles": ["PPC Manager"], "include_similar_titles": False}


@pytest.fixture
def apollo():
    with opened(build, KEY) as vendor:
        yield vendor


def search(vendor, **asked):
    return vendor.http.post(SEARCH, json={"page": 1, "per_page": 100, **asked}).json()


def good(vendor, count):
    """Records that a match finds."""
    found = (seen for seen in vendor.world.sightings("apollo") if not seen.junk and seen.dice("gone") >= 0.004)
    return [next(found) for _ in range(count)]


def bulk(vendor, ids):
    return vendor.http.post(BULK, json={"details": [{"id": each} for each in ids]})


def test_a_search_lists_masked_people_and_no_paging_object(apollo):
    """§1.3: no last name, address, LinkedIn URL, place or pagination."""
    reply = search(apollo, **STRICT)
    assert set(reply) == {"total_entries", "people"}
    row = reply["people"][0]
    assert set(row) == {
        "id", "first_name", "last_name_obfuscated", "title", "last_refreshed_at", "has_email", "has_city", "has_state",
        "has_country", "has_direct_phone", "organization",
    }  # fmt: skip
    assert "***" in row["last_name_obfuscated"]
    assert isinstance(row["has_direct_phone"], str)
    assert apollo.sim.credits_used == 0


def test_strict_titles_match_by_containment_in_any_case(apollo):
    """§1.3: include_similar_titles false."""
    rows = search(apollo, person_titles=["ppc manager"], include_similar_titles=False)["people"]
    assert rows
    assert all("ppc manager" in row["title"].lower() for row in rows)
    growth = ["Growth Marketing Manager"]
    strict = search(apollo, person_titles=growth, include_similar_titles=False)
    assert search(apollo, person_titles=growth)["total_entries"] > strict["total_entries"]


@pytest.mark.parametrize("place", ["Chicago", "Illinois", "Chicago, Illinois, US", "Chicago, IL"])
def test_locations_are_cities_states_and_countries(apollo, place):
    """§1.3: free text."""
    rows = search(apollo, **STRICT, person_locations=[place])["people"]
    found = [apollo.world.sighting("apollo", row["id"]) for row in rows]
    assert found
    assert {seen.person.place.metro for seen in found} == {"Chicago"}


def test_seniority_and_size_narrow_a_search_without_gaps(apollo):
    """§1.3, §8.3: an over-cap query is split on a facet that covers it."""
    whole = search(apollo, **STRICT)["total_entries"]
    levels = ["owner", "c_suite", "vp", "head", "director", "manager", "senior", "entry", "intern"]
    parts = sum(search(apollo, **STRICT, person_seniorities=[level])["total_entries"] for level in levels)
    sizes = ["1,10", "11,50", "51,200", "201,500", "501,1000", "1001,10000", "10001,10000000"]
    by_size = sum(search(apollo, **STRICT, organization_num_employees_ranges=[size])["total_entries"] for size in sizes)
    assert parts == pytest.approx(whole, abs=3)
    assert by_size == pytest.approx(whole, abs=3)


def test_unknown_filters_are_ignored_and_the_total_is_absurd(apollo):
    """§1.3."""
    assert search(apollo, person_jobs=["PPC Manager"])["total_entries"] > 100_000_000


def test_query_parameters_with_brackets_work_too(apollo):
    """§1.1."""
    query = {"person_titles[]": "PPC Manager", "include_similar_titles": "false", "page": "1", "per_page": "100"}
    assert apollo.http.post(SEARCH, params=query).json() == search(apollo, **STRICT)


@pytest.mark.parametrize("page", [{"page": 501}, {"per_page": 101}, {"page": 0}, {"per_page": "many"}])
def test_pages_beyond_the_cap_are_refused(apollo, page):
    """§1.3: page ≤ 500, per_page ≤ 100."""
    reply = apollo.http.post(SEARCH, json={**STRICT, "per_page": 100, **page})
    assert (reply.status_code, reply.json()) == (422, {"error": "Invalid parameters"})


def test_pages_cover_the_total_and_end_empty(apollo):
    """§1.3: stop on a short page."""
    total = search(apollo, **STRICT)["total_entries"]
    rows = [row for page in range(1, 200) for row in search(apollo, **STRICT, page=page, per_page=10)["people"]]
    assert len(rows) == total
    assert search(apollo, **STRICT, page=400)["people"] == []


def test_the_legacy_search_is_retired(apollo):
    """§1.2."""
    reply = apollo.http.post("/api/v1/mixed_people/search", json=STRICT)
    assert reply.status_code == 422
    assert reply.json()["error"].startswith("This endpoint is deprecated for API callers.")


def test_a_bulk_match_sells_details_by_id(apollo):
    """§1.5."""
    wanted = good(apollo, 3)
    reply = bulk(apollo, [seen.vendor_id for seen in wanted] + ["nobody"]).json()
    counts = ("status", "total_requested_enrichments", "unique_enriched_records", "missing_records", "credits_consumed")
    assert [reply[name] for name in counts] == ["success", 4, 3, 1, 3]
    found = {match["id"]: match for match in reply["matches"] if match}
    assert set(found) == {seen.vendor_id for seen in wanted}
    for seen in wanted:
        assert found[seen.vendor_id]["last_name"] == seen.person.last_name
        assert bool(found[seen.vendor_id]["linkedin_url"]) == bool(seen.slug)
    assert apollo.sim.credits_used == Decimal(3)


def test_a_person_bought_twice_in_one_call_is_charged_once(apollo):
    """§1.5: unique_enriched_records counts those that consumed credits."""
    (seen,) = good(apollo, 1)
    assert bulk(apollo, [seen.vendor_id] * 3).json()["credits_consumed"] == 1


def test_absent_addresses_are_null_or_masked(apollo):
    """§1.2, §8.4: a mask is not data."""
    without = [seen for seen in good(apollo, 300) if seen.email is None]
    addresses = set()
    for start in range(0, len(without), 10):
        reply = bulk(apollo, [seen.vendor_id for seen in without[start : start + 10]]).json()
        addresses |= {match["email"] for match in reply["matches"] if match}
    assert addresses == {None, "email_not_unlocked@domain.com"}


def test_matches_may_come_in_another_order(apollo):
    """§1.5, §8.6: join by id."""
    orders = []
    people = good(apollo, 300)
    for start in range(0, 300, 10):
        ids = [seen.vendor_id for seen in people[start : start + 10]]
        orders.append([match["id"] for match in bulk(apollo, ids).json()["matches"]] == ids)
    assert True in orders
    assert False in orders


def test_more_than_ten_or_no_details_are_refused(apollo):
    """§1.5."""
    many = bulk(apollo, [str(number) for number in range(11)])
    assert (many.status_code, many.json()["error_code"]) == (400, "RECORD_LIMIT_EXCEEDED")
    none = apollo.http.post(BULK, json={})
    assert (none.status_code, none.json()["error_code"]) == (400, "INVALID_REQUEST")


def test_a_match_by_any_identifier_finds_the_person(apollo):
    """§1.4."""
    seen = next(each for each in good(apollo, 200) if _is_told_apart(apollo.world, each.person))
    true = seen.person
    for asked in (
        {"id": seen.vendor_id},
        {"linkedin_url": f"https://www.linkedin.com/in/{true.slug}"},
        {"email": true.email},
        {"first_name": true.first_name, "last_name": true.last_name, "domain": true.company.domain},
        {"name": true.full_name, "organization_name": true.company.name},
    ):
        assert apollo.http.post("/api/v1/people/match", json=asked).json()["person"]["id"] == seen.vendor_id
    by_id = apollo.http.get(f"/api/v1/people/{seen.vendor_id}").json()
    assert by_id["person"]["name"].replace("  ", " ").casefold().find(true.last_name.casefold()) >= 0
    assert apollo.sim.credits_used == 6


def _is_told_apart(world, person):
    return world.person_by_name_domain(person.first_name, person.last_name, person.company.domain) is person


def test_nobody_found_is_200_with_null_and_free(apollo):
    """§1.4: never treat 200 as found."""
    reply = apollo.http.post("/api/v1/people/match", json={"email": "nobody@elsewhere.example"})
    assert (reply.status_code, reply.json()) == (200, {"person": None})
    assert apollo.sim.credits_used == 0


def test_phone_numbers_need_a_webhook(apollo):
    """§1.4."""
    reply = apollo.http.post("/api/v1/people/match", json={"id": "x", "reveal_phone_number": True})
    assert reply.status_code == 422


def test_organizations_are_found_by_domain(apollo):
    """§1.6."""
    company = apollo.world.companies[0]
    found = apollo.http.get("/api/v1/organizations/enrich", params={"domain": company.domain}).json()
    assert found["organization"]["name"] == company.name
    assert apollo.http.get("/api/v1/organizations/enrich").status_code == 422
    many = apollo.http.post(
        "/api/v1/organizations/bulk_enrich", json={"domains": [company.domain, "no.example"]}
    ).json()
    assert (many["unique_enriched_records"], many["missing_records"]) == (1, 1)
    assert apollo.http.post("/api/v1/organizations/bulk_enrich", json={"domains": ["a"] * 11}).status_code == 400


def test_health_says_200_also_to_a_wrong_key(apollo):
    """§1.7: check the body."""
    assert apollo.http.get("/v1/auth/health").json() == {"healthy": True, "is_logged_in": True}
    wrong = apollo.http.get("/v1/auth/health", headers={"x-api-key": "wrong"})
    assert (wrong.status_code, wrong.json()["is_logged_in"]) == (200, False)


def test_a_wrong_key_is_told_in_plain_text(apollo):
    """§1.9: 401 is text/plain and carries no rate headers."""
    reply = apollo.http.post(SEARCH, json=STRICT, headers={"x-api-key": "wrong"})
    assert reply.status_code == 401
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.text.startswith("Invalid API key.")
    assert not any(name.startswith("x-rate") for name in reply.headers)


def test_a_key_outside_the_header_is_refused(apollo):
    """§1.1."""
    reply = apollo.http.post(SEARCH, json={**STRICT, "api_key": "sandbox"})
    assert (reply.status_code, reply.json()["error_code"]) == (422, "INVALID_API_KEY_LOCATION")


def test_no_credits_left_is_422(apollo):
    """§1.9: 402 is not used; nothing is delivered."""
    apollo.sim.faults = Faults(credits_out=True)
    reply = bulk(apollo, [good(apollo, 1)[0].vendor_id])
    assert reply.status_code == 422
    assert reply.json()["error_details"]["code"] == "BILLING.LIMIT.CREDITS_EXHAUSTED"
    assert apollo.sim.delivered == []
    assert search(apollo, **STRICT)["people"]


def test_rate_windows_are_announced_and_enforced_as_documented():
    """§1.8: headers of three windows, empty where there is none; 429 with retry-after."""
    windows = {"search": (Window(2, 60), Window(6000, 3600))}
    with opened(build, KEY, windows) as apollo:
        first = apollo.http.post(SEARCH, json={**STRICT, "per_page": 1})
        assert first.headers["x-rate-limit-minute"] == "2"
        assert first.headers["x-minute-usage"] == "1"
        assert first.headers["x-hourly-requests-left"] == "5999"
        assert first.headers["x-rate-limit-24-hour"] == ""
        apollo.http.post(SEARCH, json=STRICT)
        apollo.clock.advance(59)
        late = apollo.http.post(SEARCH, json=STRICT)
        assert late.status_code == 429
        assert late.headers["retry-after"] == "1"
        assert "is 2 times per minute" in late.json()["message"]
        assert "mixed_people/api_search" in late.json()["message"]
        apollo.clock.advance(1)
        assert apollo.http.post(SEARCH, json=STRICT).status_code == 200


def test_usage_is_told_by_endpoint_and_credit_pool():
    """§1.7: keys are stringified arrays."""
    with opened(build, KEY, {"bulk_match": (Window(1000, 60),)}) as apollo:
        bulk(apollo, [good(apollo, 1)[0].vendor_id])
        usage = apollo.http.post("/api/v1/usage_stats/api_usage_stats").json()
        assert usage['["api/v1/people", "bulk_match"]']["minute"] == {"limit": 1000, "consumed": 1, "left_over": 999}
        credit = apollo.http.post("/api/v1/usage_stats/credit_usage_stats").json()["credit_usage_stats"]["lead_credit"]
        assert credit["limit"] - credit["left_over"] == credit["consumed"] == 1


def test_unknown_async_results_stop_the_poller(apollo):
    """§1.7."""
    assert apollo.http.get("/api/v1/webhook_result/-12").json()["error_code"] == "request_id_unknown"
    assert apollo.http.get("/api/v1/webhook_result/abc").status_code == 400
