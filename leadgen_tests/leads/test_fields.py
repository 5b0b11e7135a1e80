"""The rule of each field, on the values that break naive ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadgen_assets.leads import companies, emails, locations, names, phones, titles
from leadgen_assets.leads.locations import Place
from leadgen_tests.leads.samples import METROS, TITLES


@pytest.mark.parametrize(
    ("text", "address", "kind"),
    [
        (" Jane@Acme.example ", "jane@acme.example", "personal"),
        ("mailto:jane@acme.example", "jane@acme.example", "personal"),
        ("Jane Doe <jane@acme.example>", "jane@acme.example", "personal"),
        ("jane@a.example; joe@b.example", "jane@a.example", "personal"),
        ("jane@example.com", "jane@example.com", "personal"),
        ("j.a.n.e+news@gmail.com", "j.a.n.e+news@gmail.com", "free"),
        ("jane@bücher.de", "jane@xn--bcher-kva.de", "personal"),
        ("info@acme.example", "info@acme.example", "role"),
        ("sales-us@acme.example", "sales-us@acme.example", "role"),
        ("no-reply@acme.example", "no-reply@acme.example", "role"),
        ("marketing2@acme.example", "marketing2@acme.example", "role"),
        ("sales.smith@acme.example", "sales.smith@acme.example", "personal"),
        ("jane@mailinator.com", "jane@mailinator.com", "disposable"),
        ("info@sub.mailinator.com", "info@sub.mailinator.com", "disposable"),
    ],
)
def test_an_address_has_one_form_and_a_kind(text, address, kind):
    """REQ-012, identity rules: lower case and IDNA; dots and tags stay; disposable before free."""
    assert emails.parse(text) == emails.Email(address, kind)


@pytest.mark.parametrize(
    "text", ["email_not_unlocked@domain.com", "j***@acme.example", "j*@acme.example", "", "N/A", "true"]
)
def test_a_mask_is_no_address_and_no_mistake(text):
    """vendors.md §8.4: masked is not data."""
    assert emails.parse(text) == emails.Email(None, None)


@pytest.mark.parametrize(
    "text",
    ["jane", "jane@", "@acme.example", "jane@acme", "a..b@acme.example", ".a@acme.example", "jane@localhost", "jane@a.test",
     "jane@-acme.example", "y" * 65 + "@acme.example", "jane doe@acme.example", "jane@" + "a" * 64 + ".example"],
)  # fmt: skip
def test_what_is_not_rfc_5322_is_invalid(text):
    """REQ-012: syntax by RFC 5322, without asking a server."""
    assert emails.parse(text) == emails.Email(None, None, is_invalid=True)


@settings(max_examples=150, deadline=None)
@given(
    local=st.text("abz09._+-", min_size=1, max_size=66),
    domain=st.lists(st.text("ab9-", min_size=1, max_size=5), min_size=1, max_size=3),
    suffix=st.sampled_from(["com", "example", "test", "c", "invalid", "co.uk"]),
)
def test_the_short_way_accepts_only_what_the_validator_accepts(local, domain, suffix):
    """REQ-012: speed changes no verdict."""
    from email_validator import EmailNotValidError, validate_email

    text = f"{local}@{'.'.join(domain)}.{suffix}"
    if emails._PLAIN.match(text) and emails._is_usual(text.rpartition("@")[2]):
        try:
            assert validate_email(text, check_deliverability=False, strict=True).normalized == text
        except EmailNotValidError:
            pytest.fail("accepted an address that the validator refuses")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("(212) 736-5000", "+12127365000"),
        ("'+12127365000", "+12127365000"),
        ("tel: 212-736-5000 x12", "+12127365000"),
        ("0044 20 7183 8750", "+442071838750"),
        ("+1 242 322 1234", "+12423221234"),
    ],
)
def test_a_number_is_e164(text, number):
    """Identity rules: E.164 with the lead's country as default; extensions go."""
    assert phones.parse(text) == phones.Phone(number)


def test_the_lead_s_country_reads_a_national_number():
    """Identity rules: default region is the lead's country."""
    assert phones.parse("020 7183 8750", "GB").number == "+442071838750"
    assert phones.parse("020 7183 8750", "US") == phones.Phone(None, is_invalid=True)


@pytest.mark.parametrize(
    ("text", "invalid"), [("555-0123", True), ("123", True), ("***", False), ("N/A", False), ("", False)]
)
def test_what_cannot_be_dialled_is_dropped(text, invalid):
    """REQ-011: invalid is flagged, masked is absent."""
    assert phones.parse(text) == phones.Phone(None, is_invalid=invalid)


@pytest.mark.parametrize(
    ("given_parts", "expected"),
    [
        (("Jane Doe - Hiring!", None, None), ("Jane Doe", "Jane", "Doe")),
        (("JANE O'NEIL, MBA", None, None), ("Jane O'Neil", "Jane", "O'Neil")),
        (("Dr. Jane Doe (She/Her)", None, None), ("Jane Doe", "Jane", "Doe")),
        (("Jane Doe, PhD, MBA", None, None), ("Jane Doe", "Jane", "Doe")),
        (("🔥 Jane Doe 🔥 | Growth", None, None), ("Jane Doe", "Jane", "Doe")),
        (("Doe, Jane", None, None), ("Jane Doe", "Jane", "Doe")),
        (("Jean-Luc van der Berg", None, None), ("Jean-Luc van der Berg", "Jean-Luc", "van der Berg")),
        (("JOHN MCDONALD", None, None), ("John McDonald", "John", "McDonald")),
        (("Jane Q. Doe", None, None), ("Jane Q. Doe", "Jane", "Doe")),
        ((None, "Jane", "Doe"), ("Jane Doe", "Jane", "Doe")),
        (("Jane", "Jane", "Doe"), ("Jane Doe", "Jane", "Doe")),
        ((None, "Kim", "Na"), ("Kim Na", "Kim", "Na")),
        ((None, "Maya", "Ok***r"), (None, "Maya", None)),
        (("LinkedIn Member", None, None), (None, None, None)),
        (("null", None, None), (None, None, None)),
        (("\x00\x01", None, None), (None, None, None)),
        (("…", None, None), (None, None, None)),
    ],
)
def test_a_name_is_the_person_s_and_nothing_else(given_parts, expected):
    """REQ-004: credentials, emoji, remarks and masks are not part of a name."""
    found = names.person(*given_parts)
    assert (found.full, found.first, found.last) == expected


@pytest.mark.parametrize("text", ["Acme Marketing LLC", "Jane D.", "Jane", "Jane 4 Hire", "jane@acme.example"])
def test_a_name_with_signs_of_something_else_is_suspicious(text):
    """REQ-011: flagged, not dropped."""
    assert names.person(text, None, None).is_suspicious


@pytest.mark.parametrize(
    ("text", "display", "key"),
    [
        ("Acme, Inc.", "Acme", "acme"),
        ("Acme (Pty) Ltd", "Acme", "acme"),
        ("Tiffany & Co.", "Tiffany & Co.", "tiffany"),
        ("The Limited", "The Limited", "the limited"),
        ("Inc.", "Inc.", "inc"),
        ("AB InBev", "AB InBev", "ab inbev"),
        ("Café Zürich S.A.", "Café Zürich", "cafe zurich"),
        ("ACME GmbH & Co. KG", "ACME", "acme"),
        ("Foo LLC d/b/a Bar Media", "Bar Media", "bar media"),
        ("Northwind Rail…", "Northwind Rail", "northwind rail"),
        ("Procter &amp; Gamble", "Procter & Gamble", "procter and gamble"),
    ],
)
def test_a_company_loses_its_legal_form_and_nothing_distinctive(text, display, key):
    """Identity rules: name without legal suffix, for display and matching."""
    assert companies.name(text) == companies.CompanyName(display, key)


@pytest.mark.parametrize(("text", "junk"), [("Self-Employed", True), ("Stealth", True), ("…", False), ("N/A", False)])
def test_no_employer_is_no_company(text, junk):
    """REQ-011: junk is told from absent."""
    assert companies.name(text) == companies.CompanyName(None, None, is_junk=junk)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.northwind.example/about?x=1", "northwind.example"),
        ("shop.acme.co.uk", "acme.co.uk"),
        ("HTTP://ACME.COM:8080", "acme.com"),
        ("y.wixsite.com/home", "y.wixsite.com"),
        ("foo.github.io", "foo.github.io"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("https://linktr.ee/acme", None),
        ("sites.google.com/view/acme", None),
        ("facebook.com/acme", None),
        ("10.0.0.1", None),
        ("localhost", None),
        ("jane@acme.com", None),
        ("not a website", None),
        ("", None),
    ],
)
def test_a_website_is_its_registrable_domain(text, domain):
    """Identity rules: company = registrable domain; a page on someone else's site is no company's."""
    assert companies.domain(text) == domain


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("640", "501-1000"), ("51-200", "51-200"), ("1,001-5,000 employees", "1001-5000"),
        ("10,001+", "10001+"), ("10000+", "10001+"),
        ("1K-5K", "1001-5000"), ("501–1000", "501-1000"), ("Nov-50", "11-50"), ("2-10", "1-10"), ("self-employed", "1-10"),
        ("many", None), ("-5", None), ("", None),
    ],
)  # fmt: skip
def test_a_size_is_a_linkedin_band(text, band):
    """REQ-007: counts, ranges and what spreadsheets make of them."""
    assert companies.size_band(text) == band


@pytest.mark.parametrize(
    ("text", "target", "confidence"),
    [
        ("PPC Manager", "PPC Manager", 1.0),
        ("ppc manager", "PPC Manager", 1.0),
        ("Sr. PPC Mgr @ Acme", "PPC Manager", 0.95),
        ("Manager of Paid Media", "Paid Media Manager", 0.95),
        ("Sr Mgr, Growth Marketing", "Growth Marketing Manager", 0.95),
        ("Marketing Manager, Digital", "Digital Marketing Manager", 0.95),
        ("Manager - Digital Marketing", "Digital Marketing Manager", 1.0),
        ("Director - Digital Marketing", None, 0.0),
        ("Pay-Per-Click Manager", "PPC Manager", 0.95),
        ("S.E.M. Manager", "SEM Manager", 1.0),
        ("AdOps Manager - EMEA", "Ad Operations Manager", 0.95),
        ("Lead Media Buyer", "Media Buyer", 0.95),
        ("🚀 Growth Marketing Manager 🚀", "Growth Marketing Manager", 1.0),
        ("PPC Manager | ex-Google", "PPC Manager", 1.0),
        ("Growth Marketing Manager and former Media Buyer", "Growth Marketing Manager", 1.0),
        ("Customer Acquisition & Retention Manager", "Customer Acquisition Manager", 1.0),
        ("Head of Performance Marketing", "Performance Marketing Manager", 0.9),
        ("Marketing Automation Manager", "Marketing Operations Manager", 0.9),
        ("Performence Marketing Manager", "Performance Marketing Manager", 0.714),
    ],
)
def test_a_title_is_found_however_it_is_written(text, target, confidence):
    """Identity rules: expansion and synonyms first, fuzzy last and of low confidence."""
    found = titles.match(text, TITLES)
    assert (found.target, found.confidence) == (target, confidence)


@pytest.mark.parametrize(
    "text",
    ["Former PPC Manager", "Ex-Media Buyer", "Retired Digital Marketing Manager", "Media Buyer (former)",
     "Media Buyer, Retired",
     "Executive Assistant to the Digital Marketing Manager", "Assistant Media Buyer", "PPC Manager Intern",
     "Media Buyer intern, Acme",
     "Assistant to the PPC Manager & Media Buyer", "Aspiring Growth Marketing Manager"],
)  # fmt: skip
def test_who_does_not_hold_the_post_never_matches(text):
    """Identity rules: former, retired, assistant-to, intern never match."""
    found = titles.match(text, TITLES)
    assert found.target is None
    assert found.is_former


@pytest.mark.parametrize(
    "text",
    ["SEO Manager", "Product Owner", "Vice President", "Email Marketing Manager", "Social Media Manager", "Marketing Manager",
     "Internal Digital Marketing Manager", "Product Manager, Digital Marketing", "Director of Paid Media", "Media Buyer Trainer",
     "Executive Assistant to the CEO", "Field Operations Manager", "PPL Manager", "Manager"],
)  # fmt: skip
def test_a_neighbouring_post_is_not_the_target(text):
    """notes B1: fuzzy alone is wrong both ways."""
    assert titles.match(text, TITLES).target is None


def test_titles_of_any_profile_work():
    """Design: a new vertical is a sprint file, not code."""
    targets = ("VP Data Platform", "Senior Data Engineer", "Marketing Assistant")
    assert titles.match("Vice President of Data Platform", targets).target == "VP Data Platform"
    assert titles.match("Sr. Data Engineer at Northwind", targets).target == "Senior Data Engineer"
    assert titles.match("Data Engineer", targets).target is None
    assert titles.match("Marketing Assistant", targets).target == "Marketing Assistant"


@pytest.mark.parametrize(
    ("text", "level"),
    [("Senior PPC Manager", "senior"), ("SVP Growth", "vp"), ("Chief Marketing Officer", "c_suite"),
     ("Director, Paid Media", "director"),
     ("Head of PPC", "head"), ("Jr. Media Buyer", "entry"), ("PPC Manager", "manager"),
     ("Media Buyer", "specialist"), ("Growth", None)],
)  # fmt: skip
def test_seniority_follows_the_words(text, level):
    """Identity rules: title with seniority."""
    assert titles.match(text, TITLES).seniority == level


@pytest.mark.parametrize(
    ("fields", "place", "metro"),
    [
        (("Austin, Texas, United States", None, None, None), Place("Austin", "TX", "US"), "Austin"),
        (("Greater Chicago Area", None, None, None), Place("Chicago", "IL", "US"), "Chicago"),
        (("San Francisco Bay Area", None, None, None), Place("San Francisco", "CA", "US"), "San Francisco"),
        (("New York City Metropolitan Area", None, None, None), Place("New York", "NY", "US"), "New York"),
        (("Austin, Texas Metropolitan Area", None, None, None), Place("Austin", "TX", "US"), "Austin"),
        (("Brooklyn, NY", None, None, None), Place("Brooklyn", "NY", "US"), "New York"),
        (("Hoboken, New Jersey, United States", None, None, None), Place("Hoboken", "NJ", "US"), "New York"),
        (("Atlanta, Georgia", None, None, None), Place("Atlanta", "GA", "US"), "Atlanta"),
        (("Tbilisi, Georgia", None, None, None), Place("Tbilisi", None, "GE"), None),
        (("San Jose, CA", None, None, None), Place("San Jose", "CA", "US"), "San Francisco"),
        (("Toronto, ON, CA", None, None, None), Place("Toronto", "ON", "CA"), None),
        (("Washington DC-Baltimore Area", None, None, None), Place("Washington", "DC", "US"), None),
        (("La, France", None, None, None), Place("La", None, "FR"), None),
        (("Springfield", None, None, "US"), Place("Springfield", None, "US"), None),
        (("Remote", None, None, None), Place(), None),
        (("Leeds", "Leeds, England, United Kingdom", None, "GB"), Place("Leeds", "England", "GB"), None),
        ((None, "Contact Info", None, "US"), Place(None, None, "US"), None),
        ((None, "CHICAGO", "Ill.", "USA"), Place("Chicago", "IL", "US"), "Chicago"),
        ((None, "nyc", None, None), Place("New York", "NY", "US"), "New York"),
        ((None, "Boston", None, "United States"), Place("Boston", "MA", "US"), "Boston"),
        ((None, "Columbus", "Georgia", "US"), Place("Columbus", "GA", "US"), None),
        ((None, "Cambridge", "England", "United Kingdom"), Place("Cambridge", "England", "GB"), None),
        ((None, "Cambridge", "MA", None), Place("Cambridge", "MA", "US"), "Boston"),
        ((None, None, "Massachusets", "US"), Place(None, "MA", "US"), None),
        (("Denver, Colorado", "Boulder", None, None), Place("Boulder", "CO", "US"), "Denver"),
    ],
)
def test_a_place_is_city_state_country_and_metro(fields, place, metro):
    """REQ-004, identity rules: areas stand for their principal city; a word that is state and country goes by its city."""
    found = locations.place(*fields)
    assert found == place
    assert locations.metro_of(found, METROS) == metro


def test_a_sprint_may_spell_a_metro_its_own_way_or_name_one_that_is_not_listed():
    """Requirements §1: metros are the sprint's."""
    metros = ("NYC", "SF", "Portland, OR")
    assert locations.metro_of(Place("Brooklyn", "NY", "US"), metros) == "NYC"
    assert locations.metro_of(Place("Oakland", "CA", "US"), metros) == "SF"
    assert locations.metro_of(Place("Portland", "OR", "US"), metros) == "Portland, OR"
    assert locations.metro_of(Place("Portland", "ME", "US"), metros) is None
    assert locations.metro_of(Place("Chicago", "IL", "US"), metros) is None


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=40))
def test_no_text_breaks_a_rule(text):
    """REQ-011: an invalid record is flagged, collection goes on."""
    titles.match(text, TITLES)
    locations.place(text, text, text, text)
    names.person(text, text, text)
    companies.name(text)
    companies.domain(text)
    companies.size_band(text)
    companies.industry(text)
    phones.parse(text)
    address = emails.parse(text).address
    assert address is None or emails.parse(address).address == address
