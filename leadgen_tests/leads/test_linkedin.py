"""LinkedIn addresses: one canonical form per person, tokens apart from slugs, everything else refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.leads import linkedin

TOKEN = "ACwAAAbCdEfGhIjKlMnOpQrStUvWxYz0123456"

PROFILES = {
    "https://www.linkedin.com/in/maya-okafor-x": "maya-okafor-x",
    "https://uk.linkedin.com/in/Maya-Okafor-X/?trk=people": "maya-okafor-x",
    "http://m.linkedin.com/in/maya": "maya",
    "linkedin.com/in/maya": "maya",
    "//www.linkedin.com/in/maya": "maya",
    " HTTPS://WWW.LINKEDIN.COM:443/IN/MAYA/ ": "maya",
    "https://www.linkedin.com//in//maya//": "maya",
    "https://www.linkedin.com/in/maya/de": "maya",
    "https://www.linkedin.com/in/maya/details/experience#top": "maya",
    "https://www.linkedin.com/mwlite/in/maya": "maya",
    "linkedin://in/maya": "maya",
    "https://www.linkedin.com/in/jane-b50576a7": "jane-b50576a7",
    "https://www.linkedin.com/in/jos%C3%A9": "josé",
    "https://www.linkedin.com/in/jos%25C3%25A9": "josé",
    "https://www.linkedin.com/in/jose\u0301": "josé",
    "https://www.linkedin.com/in/JOSÉ": "josé",
    "https://www.linkedin.com/in/小明": "小明",
    "https://www.linkedin.com/in/maya%3Ftrk=1": "maya",
    "https://www.linkedin.com/pub/jane-doe/1/2a/3b4": "jane-doe-3b402a1",
    "https://www.linkedin.com/pub/jane-doe/12/345/678": "jane-doe-67834512",
    "https://www.linkedin.com/pub/jane-doe": "jane-doe",
}
NOBODY = [
    "", "maya-okafor", "/in/maya", "https://www.linkedin.com/in/", "https://www.linkedin.com/company/acme",
    "https://www.linkedin.com/jobs/view/1", "https://www.linkedin.com/search/results/people/?keywords=ppc",
    "https://www.linkedin.com/feed/", "https://www.linkedin.com/pub/dir/Jane/Doe", "https://linkedin.com.evil.example/in/maya",
    "https://evil.example/linkedin.com/in/maya", "https://linkedin.com@evil.example/in/maya", "https://notlinkedin.com/in/maya",
    f"https://www.linkedin.com/in/{TOKEN}", f"https://www.linkedin.com/in/{TOKEN.lower()}",
    f"https://www.linkedin.com/sales/lead/{TOKEN},NAME_SEARCH,x", "https://www.linkedin.com/in/%00", "https://www.linkedin.com/in/a%2525b",
]  # fmt: skip


@pytest.mark.parametrize(("text", "slug"), PROFILES.items())
def test_every_form_of_a_profile_address_is_one_key(text, slug):
    """REQ-008: the canonical URL is the first key."""
    assert linkedin.profile_url(text) == f"https://www.linkedin.com/in/{slug}"


@pytest.mark.parametrize("text", NOBODY)
def test_what_is_no_profile_is_no_key(text):
    """Identity rules: company, jobs, search pages and other hosts are not a person."""
    assert linkedin.profile_url(text) is None


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"https://www.linkedin.com/sales/lead/{TOKEN},NAME_SEARCH,abcd",
        f"https://www.linkedin.com/sales/people/{TOKEN}%2CNAME_SEARCH",
        f"https://www.linkedin.com/sales/profile/{TOKEN}?x=1",
        f"https://uk.linkedin.com/in/{TOKEN}/",
    ],
)
def test_a_member_token_keeps_its_case_and_ends_at_the_comma(text):
    """Identity rules: case-sensitive token up to the first comma, never taken for a slug."""
    assert linkedin.member_token(text) == TOKEN
    assert linkedin.profile_url(text) is None


@pytest.mark.parametrize(
    "text", ["maya", "https://www.linkedin.com/in/maya", "https://evil.example/sales/lead/ACwAAAbCdEfGhIj", ""]
)
def test_what_is_no_token_is_no_vendor_id(text):
    """Identity rules: a slug is no token."""
    assert linkedin.member_token(text) is None


@pytest.mark.parametrize(
    ("text", "slug"),
    {
        "https://www.linkedin.com/company/Northwind-Rail/about": "northwind-rail",
        "https://www.linkedin.com/sales/company/12345": "12345",
        "northwind-rail": "northwind-rail",
        "https://www.linkedin.com/in/maya": None,
        "northwind.example": None,
        "": None,
    }.items(),
)
def test_company_pages_have_a_slug(text, slug):
    """REQ-007: companies are known by their page."""
    assert linkedin.company_slug(text) == slug


slugs = st.text(
    st.characters(categories=["Ll", "Lu", "Lo", "Nd", "Mn"], include_characters="-_"), min_size=1, max_size=25
)
hosts = st.sampled_from(["www.linkedin.com", "linkedin.com", "de.linkedin.com", "m.linkedin.com", "WWW.LinkedIn.com"])


@given(
    slug=slugs,
    host=hosts,
    tail=st.sampled_from(["", "/", "?trk=a", "#x", "/de/", "/details/skills/"]),
    rounds=st.integers(0, 2),
)
def test_encoding_host_and_tail_never_change_the_key(slug, host, tail, rounds):
    """REQ-008: two spellings of one address are one person."""
    plain = linkedin.profile_url(f"https://www.linkedin.com/in/{slug}")
    encoded = slug
    for _ in range(rounds):
        encoded = quote(encoded, safe="")
    assert linkedin.profile_url(f"https://{host}/in/{encoded}{tail}") == plain


@given(
    text=st.one_of(
        st.text(max_size=60),
        slugs.map(lambda s: f"https://uk.linkedin.com/in/{s}"),
        st.text(max_size=30).map(lambda s: f"linkedin.com/in/{s}"),
    )
)
def test_canonical_is_canonical(text):
    """REQ-008: normalising twice changes nothing, whatever the text, and no text raises."""
    once = linkedin.profile_url(text)
    linkedin.company_slug(text)
    token = linkedin.member_token(text)
    assert once is None or linkedin.profile_url(once) == once
    assert not (once and token)
