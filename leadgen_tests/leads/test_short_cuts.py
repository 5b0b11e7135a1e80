"""Plain values take a short cut past rules that would leave them as they are; the answer is that of the long way."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, datetime

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadgen_assets.leads import companies, emails, linkedin, names, phones
from leadgen_assets.leads.normalise import utc_time
from leadgen_assets.leads.text import clean, printable

without_deadline = settings(deadline=None, max_examples=80)

lower = string.ascii_lowercase
word = st.text(lower, min_size=1, max_size=6)
special = st.sampled_from(
    ["unknown", "undefined", "jr", "iv", "llc", "marketing", "test", "not", "available", "nan", "null", "xxxx", "mba"]
)
name_part = st.one_of(word, special).map(str.capitalize)
label = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@without_deadline
@given(first=name_part, last=name_part, given=st.sampled_from(["full", "parts", "all", "other"]))
def test_a_plain_name_is_what_it_would_be_with_a_space_before_it(first: str, last: str, given: str) -> None:
    """REQ-004: the space takes the name past the short cut, and goes."""
    full = None if given == "parts" else f"{first} {last}"
    parts = {"full": (None, None), "other": (last, first)}.get(given, (first, last))
    longer = (f" {full}" if full else None, *(f" {each}" if each else None for each in parts))
    assert names.person(full, *parts) == names.person(*longer)


@without_deadline
@given(
    number=st.integers(2_000_000_000, 9_999_999_999), form=st.sampled_from(["{}", "{} {} {}", "({}) {}-{}", "{}.{}.{}"])
)
def test_a_north_american_number_is_valid_exactly_when_the_library_says_so(number: int, form: str) -> None:
    """REQ-012: what is remembered of a number's beginning holds for all numbers that begin so."""
    text = str(number)
    shown = "+1" + (text if form == "{}" else form.format(text[:3], text[3:6], text[6:]))
    known = phonenumbers.is_valid_number(phonenumbers.parse(shown, "US"))
    assert phones.parse(shown) == (phones.Phone(f"+1{text}") if known else phones.Phone(None, is_invalid=True))
    assert phones.parse(shown) == phones.parse(f" {shown}")


@pytest.mark.parametrize("prefix", ["246521", "876606", "242300", "983200", "310555", "212555", "800555"])
def test_every_number_of_a_prefix_is_as_valid_as_the_first(prefix: str) -> None:
    """REQ-012: islands give out thousands, so seven digits decide, not six."""
    for thousand in range(10):
        verdicts = {phones.parse(f"+1{prefix}{thousand}{rest:03}").is_invalid for rest in (0, 1, 499, 500, 999)}
        assert len(verdicts) == 1
        number = phonenumbers.PhoneNumber(1, int(f"{prefix}{thousand}499"))
        assert verdicts == {not phonenumbers.is_valid_number(number)}


@without_deadline
@given(
    local=st.from_regex(r"[a-z0-9_+.-]{1,12}", fullmatch=True), domain=st.lists(label, min_size=1, max_size=3), end=word
)
def test_a_plain_address_is_what_it_would_be_with_a_space_before_it(local: str, domain: list[str], end: str) -> None:
    """REQ-012: masks, roles and special names are seen either way."""
    address = f"{local}@{'.'.join(domain)}.{end}"
    assert emails.parse(address) == emails.parse(f" {address}")


@pytest.mark.parametrize(
    "address", ["email_not_unlocked@domain.com", "xxxx@acme.com", "not_unlocked@a.com", "info@a.example"]
)
def test_masks_and_roles_are_no_plain_addresses(address: str) -> None:
    """vendors.md §8.4: masked is not data."""
    assert emails.parse(address) == emails.parse(f" {address}")


@without_deadline
@given(
    slug=st.from_regex(r"(?:[aA][cC][oOwW][aA]{2})?[A-Za-z0-9-]{1,40}", fullmatch=True),
    tail=st.sampled_from(["", "/", "?trk=x", "/?a=b#c"]),
    scheme=st.sampled_from(["https://", "http://", ""]),
)
@example(slug="ACoAAB0123456789abc", tail="", scheme="https://")
@example(slug="ACwAAB0123456789abc", tail="/", scheme="")
def test_a_plain_profile_address_is_what_it_would_be_in_capitals(slug: str, tail: str, scheme: str) -> None:
    """REQ-008: the scheme in capitals takes the address past the short cut."""
    for page in ("in", "company"):
        plain, shouted = (f"{each}www.linkedin.com/{page}/{slug}{tail}" for each in (scheme, "HTTPS://"))
        assert linkedin.profile_url(plain) == linkedin.profile_url(shouted)
        assert linkedin.member_token(plain) == linkedin.member_token(shouted)
        assert linkedin.profile(plain) == (linkedin.profile_url(shouted), linkedin.member_token(shouted))
        assert linkedin.company_slug(plain) == linkedin.company_slug(shouted)


@without_deadline
@given(
    labels=st.lists(label, min_size=1, max_size=4), end=st.sampled_from(["com", "co.uk", "example", "github.io", "x"])
)
def test_a_plain_web_address_is_what_it_would_be_with_a_space_before_it(labels: list[str], end: str) -> None:
    """REQ-007: public suffixes, numbers and page hosts are told apart either way."""
    host = ".".join([*labels, end])
    for text in (host, f"https://{host}/", f"http://www.{host}"):
        assert companies.domain(text) == companies.domain(f" {text}")


@without_deadline
@given(
    labels=st.lists(label, min_size=1, max_size=2), end=st.sampled_from(["com", "ck", "co.uk", "io", "example", "uk"])
)
@example(labels=["github"], end="io")
@example(labels=["www"], end="ck")
def test_a_web_address_of_two_labels_is_what_the_public_suffix_list_says(labels: list[str], end: str) -> None:
    """REQ-007: most hosts are a name and an ending, and need no parser; suffixes and their wildcards do."""
    host = ".".join([*labels, end])
    found = companies._extract()(host.removeprefix("www.") if host.count(".") > 1 else host)
    expected = f"{found.domain}.{found.suffix}" if found.domain and found.suffix else None
    if not found.suffix:
        expected = ".".join(host.split(".")[-2:])
    assert companies.domain(host) == (None if expected in companies._table().foreign_hosts else expected)


company_word = st.one_of(
    word,
    st.sampled_from(
        ["the", "and", "as", "dba", "trading", "doing", "business", "inc", "co", "group", "self", "employed", "home", "not",
         "available", "xxxx", "xxxxx", "null", "private", "limited", "company", "no", "24", "t"]
    ),
)  # fmt: skip


@without_deadline
@given(words=st.lists(company_word, min_size=1, max_size=4), how=st.sampled_from([str, str.title, str.upper]))
@example(words=["acme", "and"], how=str)
@example(words=["the", "acme"], how=str)
@example(words=["acme", "group"], how=str)
@example(words=["acme", "inc"], how=str)
@example(words=["no", "company"], how=str)
def test_a_plain_company_is_what_it_would_be_with_a_space_before_it(
    words: list[str], how: Callable[[str], str]
) -> None:
    """REQ-007: legal forms, trade names, junk and masks are seen either way."""
    text = how(" ".join(words))
    assert companies.name(text) == companies.name(f" {text}")


@without_deadline
@given(
    when=st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1)),
    form=st.sampled_from(["seconds", "milliseconds", "microseconds", "minutes"]),
    end=st.sampled_from(["Z", "+00:00", "", "+02:00", "-05:30", "+00:00:00"]),
    between=st.sampled_from(["T", " "]),
)
def test_a_time_in_utc_is_what_it_would_be_with_a_space_before_it(
    when: datetime, form: str, end: str, between: str
) -> None:
    """REQ-004: whatever form a vendor writes a time in, text order is time order."""
    text = when.isoformat(between, form) + end
    found = utc_time(text)
    assert found == utc_time(f" {text}")
    if when.year >= 1971:
        assert found is not None
        spoken = datetime.fromisoformat(text)
        spoken = spoken if spoken.tzinfo else spoken.replace(tzinfo=UTC)
        assert datetime.fromisoformat(found) == spoken.replace(microsecond=0)
        assert len(found) == 20


@without_deadline
@given(
    text=st.text(st.sampled_from("aB1 .…-?x\u00e9\t&;"), max_size=14),
    end=st.sampled_from(["", "...", "…", " ...", ".."]),
)
def test_plain_text_is_cleaned_as_any_other(text: str, end: str) -> None:
    """REQ-004: an invisible mark takes the text past the short cut, and goes."""
    whole = text + end
    assert clean(whole) == clean(f"\u200b{whole}")
    assert printable(whole) == printable(f"{whole}\u200b")
