"""Sandbox ZoomInfo (GTM) against vendors.md §3.2."""

from __future__ import annotations

from decimal import Decimal

import pytest

from leadgen_assets.sandbox.faults import Faults
from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.zoominfo import TOKEN_SECONDS, build
from leadgen_tests.sandbox.vendor_server import opened

MEDIA = "application/vnd.api+json"
FIELDS = ["id", "firstName", "lastName", "email", "jobTitle", "companyName", "externalUrls"]
TARGET = {"jobTitle": "PPC Manager OR Media Buyer", "country": "United States"}


def log_in(vendor):
    form = {"grant_type": "client_credentials", "scope": "api:data:contact"}
    reply = vendor.http.post("/oauth2/default/v1/token", data=form, auth=("sandbox", "sandbox")).json()
    vendor.http.headers.update({"Authorization": f"Bearer {reply['access_token']}", "Content-Type": MEDIA})
    return reply


@pytest.fixture
def zoom():
    with opened(build) as vendor:
        log_in(vendor)
        yield vendor


def document(kind, attributes):
    return {"data": {"type": kind, "attributes": attributes}}


def search(vendor, number=1, size=100, **asked):
    page = {"page[number]": number, "page[size]": size}
    path = "/gtm/data/v1/contacts/search"
    return vendor.http.post(
        path, params=page, json=document("ContactSearch", asked or TARGET), headers={"Content-Type": MEDIA}
    )


def enrich(vendor, inputs, fields=FIELDS):
    content = document("ContactEnrich", {"matchPersonInput": inputs, "outputFields": fields})
    return vendor.http.post("/gtm/data/v1/contacts/enrich", json=content, headers={"Content-Type": MEDIA})


def good(vendor, count, fits=lambda seen: True):
    found = (
        seen
        for seen in vendor.world.sightings("zoominfo")
        if not seen.junk and not seen.person.opted_out and seen.dice("gone") >= 0.004 and fits(seen)
    )
    return [next(found) for _ in range(count)]


def test_a_token_is_for_client_credentials_and_a_day(zoom):
    """§3.2: HTTP Basic or form; expires_in counts."""
    reply = log_in(zoom)
    assert (reply["token_type"], reply["expires_in"]) == ("Bearer", TOKEN_SECONDS)
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    assert zoom.http.post("/oauth2/default/v1/token", data=form).status_code == 200
    wrong = zoom.http.post("/oauth2/default/v1/token", data=form | {"client_secret": "x"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    other = zoom.http.post("/oauth2/default/v1/token", data={"grant_type": "password"})
    assert other.json()["error"] == "unsupported_grant_type"


def test_a_token_ends_with_its_time(zoom):
    """§3.2: 401 ZI0001 in the prose shape."""
    assert search(zoom).status_code == 200
    zoom.clock.advance(TOKEN_SECONDS)
    reply = search(zoom)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "ZI0001")
    log_in(zoom)
    assert search(zoom).status_code == 200


def test_revoked_tokens_are_dead_and_a_new_login_works(zoom):
    """Fault switch expired_token."""
    zoom.sim.faults = Faults(expired_token=True)
    zoom.sim.faults_changed()
    assert search(zoom).status_code == 401
    log_in(zoom)
    assert search(zoom).status_code == 200


def test_a_search_lists_contacts_without_addresses(zoom):
    """§3.2: JSON:API items, meta, links."""
    reply = search(zoom, size=10)
    content = reply.json()
    assert reply.headers["content-type"].startswith(MEDIA)
    row = content["data"][0]
    assert row["type"] == "Contact"
    assert not {"email", "phone", "externalUrls"} & set(row["attributes"])
    assert content["meta"]["page"]["number"] == 1
    assert content["meta"]["page"]["total"] == -(-content["meta"]["totalResults"] // 10)
    assert content["links"]["prev"] is None
    assert "page[number]=2" in content["links"]["next"]


def test_titles_are_joined_by_or_and_narrowed_by_country_and_state(zoom):
    """§3.2."""
    titles = [row["attributes"]["jobTitle"].lower() for row in search(zoom).json()["data"]]
    assert any("ppc manager" in title for title in titles)
    assert all("ppc manager" in title or "media buyer" in title for title in titles)
    whole = search(zoom).json()["meta"]["totalResults"]
    texas = search(zoom, **TARGET, state="Texas").json()["meta"]["totalResults"]
    assert 0 < texas < whole
    levels = ("C Level Exec", "VP Level Exec", "Director", "Manager", "Non Manager")
    assert whole == sum(search(zoom, **TARGET, managementLevel=each).json()["meta"]["totalResults"] for each in levels)


def test_pages_cover_the_total(zoom):
    """§3.2."""
    total = search(zoom).json()["meta"]["totalResults"]
    ids = [row["id"] for page in range(1, 60) for row in search(zoom, page, 5).json()["data"]]
    assert len(ids) == len(set(ids)) == total


def test_page_101_is_refused(zoom):
    """§3.2: PFAPI0002, status as text."""
    reply = search(zoom, number=101)
    error = reply.json()["errors"][0]
    assert (reply.status_code, error["code"], error["status"]) == (400, "PFAPI0002", "400")
    assert error["detail"] == "Page number cannot be greater than max value 100"
    assert search(zoom, size=101).json()["errors"][0]["code"] == "PFAPI0002"


def test_disallowed_fields_and_documents_are_refused(zoom):
    """§3.2: PFAPI0001, PFAPI0004, PFAPI0003 and the media type."""
    assert search(zoom, shoeSize="44").json()["errors"][0]["code"] == "PFAPI0001"
    path = "/gtm/data/v1/contacts/search"
    headers = {"Content-Type": MEDIA}
    empty = zoom.http.post(path, json=document("ContactSearch", {}), headers=headers)
    assert empty.json()["errors"][0]["code"] == "PFAPI0004"
    other = zoom.http.post(path, json=document("Contact", TARGET), headers=headers)
    assert other.json()["errors"][0]["code"] == "PFAPI0003"
    plain = zoom.http.post(path, json=document("ContactSearch", TARGET), headers={"Content-Type": "application/json"})
    assert plain.status_code == 415


def test_enrich_gives_the_asked_fields_one_item_an_input(zoom):
    """§3.2: FULL_MATCH, NO_MATCH with id 0; personId comes back as a number."""
    seen = good(zoom, 1, lambda each: each.slug and each.email)[0]
    items = enrich(zoom, [{"personId": seen.vendor_id}, {"fullName": "J Doe", "companyName": "Acme"}]).json()["data"]
    found, missing = items
    assert found["id"] == seen.vendor_id
    assert found["meta"] == {"input": {"personId": int(seen.vendor_id)}, "matchStatus": "FULL_MATCH"}
    assert set(found["attributes"]) <= set(FIELDS)
    assert found["attributes"]["email"] == seen.email
    assert found["attributes"]["externalUrls"][0]["type"] == "linkedin.com"
    assert (missing["id"], missing["type"], missing["meta"]["matchStatus"]) == ("0", "NoMatch", "NO_MATCH")


def test_linkedin_urls_come_only_when_asked_for(zoom):
    """§3.2: externalUrls."""
    seen = good(zoom, 1, lambda each: each.slug)[0]
    (item,) = enrich(zoom, [{"personId": seen.vendor_id}], ["id", "email"]).json()["data"]
    assert "externalUrls" not in item["attributes"]


def test_a_record_under_management_is_free_the_second_time(zoom):
    """§3.2: 1 credit per new record; misses are free."""
    people = [{"personId": seen.vendor_id} for seen in good(zoom, 3)]
    enrich(zoom, people)
    enrich(zoom, people)
    enrich(zoom, [{"personId": 1}, {}])
    assert zoom.sim.credits_used == Decimal(3)


def test_people_who_opted_out_are_not_delivered(zoom):
    """§3.2: OPT_OUT → suppress."""
    seen = next(each for each in zoom.world.sightings("zoominfo") if each.dice("gone") >= 0.004)
    before, seen.person.opted_out = seen.person.opted_out, True
    try:
        (item,) = enrich(zoom, [{"personId": seen.vendor_id}]).json()["data"]
    finally:
        seen.person.opted_out = before
    assert (item["meta"]["matchStatus"], item["attributes"]) == ("OPT_OUT", {})
    assert zoom.sim.credits_used == 0


def test_running_out_of_credits_inside_a_batch_is_told_by_item(zoom, monkeypatch):
    """§3.2: LIMIT_EXCEEDED inside a 200, then 400 PFAPI0011."""
    monkeypatch.setattr(type(zoom.sim), "credit_limit", Decimal(2))
    people = [{"personId": seen.vendor_id} for seen in good(zoom, 4)]
    statuses = [item["meta"]["matchStatus"] for item in enrich(zoom, people).json()["data"]]
    assert statuses == ["FULL_MATCH", "FULL_MATCH", "LIMIT_EXCEEDED", "LIMIT_EXCEEDED"]
    reply = enrich(zoom, people)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "PFAPI0011")


def test_the_credit_fault_is_a_credit_limit(zoom):
    """Fault switch credits_out; search stays free."""
    zoom.sim.faults = Faults(credits_out=True)
    assert enrich(zoom, [{"personId": 1}]).json()["errors"][0]["detail"] == "Credit Limit Reached"
    assert search(zoom).status_code == 200


@pytest.mark.parametrize(
    ("inputs", "fields", "code"),
    [
        ([], FIELDS, "PFAPI0004"),
        ([{"personId": 1}] * 26, FIELDS, "PFAPI0002"),
        ([{"personId": 1}], [], "PFAPI0009"),
        ([{"personId": 1}], ["shoeSize"], "PFAPI0009"),
    ],
)
def test_wrong_enrich_requests_are_told(zoom, inputs, fields, code):
    """§3.2: 1 to 25 inputs, known output fields."""
    assert enrich(zoom, inputs, fields).json()["errors"][0]["code"] == code


def test_contacts_are_identified_by_address_url_and_name(zoom):
    """§3.2: match inputs and externalURL search."""
    world = zoom.world
    seen = good(
        zoom,
        1,
        lambda each: (
            world.person_by_name_domain(each.person.first_name, each.person.last_name, each.person.company.domain)
            is each.person
        ),
    )[0]
    true = seen.person
    for asked in (
        {"emailAddress": true.email},
        {"externalURL": f"https://www.linkedin.com/in/{true.slug}"},
        {"firstName": true.first_name, "lastName": true.last_name, "companyName": true.company.name},
    ):
        assert enrich(zoom, [asked]).json()["data"][0]["id"] == seen.vendor_id
    listed = search(zoom, externalURL=f"https://www.linkedin.com/in/{true.slug}").json()
    assert [row["id"] for row in listed["data"]] == [seen.vendor_id]


def test_companies_are_searched_and_enriched(zoom):
    """§3.2."""
    company = zoom.world.companies[0]
    headers = {"Content-Type": MEDIA}
    asked = {
        "matchCompanyInput": [{"companyWebsite": company.domain}, {"companyName": "Nobody"}],
        "outputFields": ["id", "name"],
    }
    items = zoom.http.post(
        "/gtm/data/v1/companies/enrich", json=document("CompanyEnrich", asked), headers=headers
    ).json()["data"]
    assert items[0]["attributes"] == {"id": company.zoominfo_id, "name": company.name}
    assert items[1]["type"] == "NoMatch"
    found = zoom.http.post(
        "/gtm/data/v1/companies/search", json=document("CompanySearch", {"companyName": company.name}), headers=headers
    ).json()
    assert str(company.zoominfo_id) in {row["id"] for row in found["data"]}


def test_usage_is_a_list_of_limits(zoom):
    """§3.2: top-level data is an array, totalLimit not limit."""
    enrich(zoom, [{"personId": good(zoom, 1)[0].vendor_id}])
    limits = zoom.http.get("/gtm/data/v1/users/usage").json()["data"][0]["attributes"]["usage"]
    unique = next(each for each in limits if each["limitType"] == "uniqueIdLimit")
    assert (unique["currentUsage"], unique["usageRemaining"]) == (1, unique["totalLimit"] - 1)


def test_lookups_name_the_values(zoom):
    """§3.2."""
    assert zoom.http.get("/gtm/data/v1/lookup/managementLevel").json()["data"]
    assert "email" in {row["id"] for row in zoom.http.get("/gtm/data/v1/lookup/enrich").json()["data"]}
    assert zoom.http.get("/gtm/data/v1/lookup/shoes").status_code == 400


def test_the_window_slides_and_says_which_bucket_is_full():
    """§3.2: 25/s, 54,000/h; headers by bucket, -1 where unknown."""
    with opened(build, windows={"*": (Window(2, 1), Window(54_000, 3600))}) as zoom:
        log_in(zoom)
        first = search(zoom)
        assert first.headers["X-RateLimit-Limit-Second"] == "2"
        assert first.headers["X-RateLimit-Remaining-Hour"] == "53999"
        assert first.headers["X-RateLimit-Limit-Day"] == "-1"
        zoom.clock.advance(0.5)
        search(zoom)
        zoom.clock.advance(0.4)
        full = search(zoom)
        assert (full.status_code, full.json()["error"]["code"], full.json()["error"]["retryable"]) == (
            429,
            "ZI0004",
            True,
        )
        assert full.headers["Retry-After"] == "1"
        assert full.headers["X-RateLimit-Rejected-Bucket"] == "Second"
        zoom.clock.advance(0.1)
        assert search(zoom).status_code == 200
        assert search(zoom).status_code == 429
