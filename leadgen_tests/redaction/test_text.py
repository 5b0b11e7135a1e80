"""What a text loses, and what it keeps (NFR-010, NFR-011)."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.desk.scrub import Scrubber
from leadgen_assets.redaction.known import HIDDEN, KNOWN, KnownSecrets
from leadgen_assets.redaction.text import clean, strict, without_secrets
from leadgen_assets.vendors.redaction import redacted

SECRET = 'pla"nted/ke+y &ü\\7'

FORMS = {
    "as it is": SECRET,
    "in a URL": f"https://api.example.com/find?api={quote(SECRET, safe='')}&x=1",
    "in a path": f"https://api.example.com/{quote(SECRET)}",
    "in a form": urlencode({"what": SECRET}),
    "plus-quoted": quote_plus(SECRET),
    "in JSON": json.dumps({"what": SECRET}),
    "in JSON with umlauts": json.dumps({"what": SECRET}, ensure_ascii=False),
    "in Python": repr({"what": SECRET}),
    "in HTML": html.escape(SECRET),
    **{
        f"as {kind} login of {user!r}": encode(f"{user}:{SECRET}".encode()).decode()
        for user in ("", "a", "ab", "someone")
        for kind, encode in (("Basic", base64.b64encode), ("URL-safe", base64.urlsafe_b64encode))
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_a_known_secret_is_found_in_every_form(form: str) -> None:
    """NFR-010: configured secrets are taken out however they were encoded on the way."""
    assert clean(f"it said {FORMS[form]} twice") == f"it said {FORMS[form]} twice"
    KNOWN.learn([SECRET])
    for take_out in (clean, without_secrets, strict, Scrubber().line, lambda text: redacted(text, (), {})):
        left = take_out(f"it said {FORMS[form]} twice")
        assert HIDDEN in left
        assert left.startswith("it said ")
        assert left.endswith(" twice")
        for part in ("planted", "ke+y", "cGxh", "bGEibnRlZ", "ke%2By"):
            assert part not in left


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8, max_size=40),
    st.binary(max_size=5),
)
def test_any_secret_is_found_inside_base64(secret: str, before: bytes) -> None:
    """NFR-010: wherever in a header it begins; at most its first and last character's bits are left."""
    known = KnownSecrets()
    known.learn([secret])
    encoded = base64.b64encode(before + secret.encode() + b"!").decode()

    assert len(known.hidden_in(encoded)) <= len(encoded) - len(secret.encode()) * 8 // 6 + 3


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET /v2/find?domain=x.test&api_key=abcd1234 HTTP/1.1", "GET /v2/find?domain=x.test&api_key=… HTTP/1.1"),
        ("https://h.test/v2?key=abcd1234&page=2", "https://h.test/v2?key=…&page=2"),
        ("{'X-Api-Key': 'abcd1234', 'accept': 'json'}", "{'X-Api-Key': '…', 'accept': 'json'}"),
        ("(b'authorization', b'Bearer abcd1234efgh')", "(b'authorization', b'… …')"),
        ("Authorization: Basic c29tZTp3b3Jk", "Authorization: … …"),
        ("Bearer abcd1234efgh was refused", "Bearer … was refused"),
        ('{"client_secret": "abcd1234", "grant_type": "client"}', '{"client_secret": "…", "grant_type": "client"}'),
        ("APOLLO_API_KEY=abcd1234 leadgen", "APOLLO_API_KEY=… leadgen"),
        ("mongodb://me:w0rd@h1:27017,h2/db?tls=true", "mongodb://me:…@h1:27017,h2/db?tls=true"),
        ("redis://:w0rd@127.0.0.1:6379/0", "redis://:…@127.0.0.1:6379/0"),
        ("postgresql+psycopg2://me:w%40rd@h:5432/d", "postgresql+psycopg2://me:…@h:5432/d"),
        ("https://hooks.slack.com/services/T0AB/B0CD/x7Yz", "https://hooks.slack.com/services/…"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3", "…"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\nabc\n-----END RSA PRIVATE KEY-----", "…"),
        ("no answer for ann.lee+x@mail.example.com, again", "no answer for …, again"),
        ("?email=ann.lee%40example.com&x=1", "?email=…&x=1"),
        ("https://www.linkedin.com/in/ann-lee-7a?trk=x", "https://www.linkedin.com/in/…?trk=x"),
        ("uk.linkedin.com/pub/ann-lee/1/2/3 and /sales/lead/", "uk.linkedin.com/pub/… and /sales/lead/"),
        ("lead:profile:linkedin-member:ACwAAB1234567890abc", "lead:profile:linkedin-member:…"),
        ("call +12125550123 now", "call … now"),
    ],
)
def test_what_looks_like_a_secret_or_a_person_is_taken_out(text: str, left: str) -> None:
    """NFR-010, NFR-011: also secrets nobody configured, and people nobody expected."""
    assert clean(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "HUNTER_API_KEY: Field required; see .env.example",
        "zoominfo is off: ZOOMINFO_CLIENT_SECRET not set; put it into .env",
        "run 3f2a9d1c-7b61-4a2e-9a53-0d6f1c2b3a4d of raw_apollo, sprint launch-2031|apollo-1, 4242@1790000000.25",
        "https://www.linkedin.com/company/example and http://127.0.0.1:4000/?sprint=x",
        "mongodb://127.0.0.1:27017 answers; redis://desk:***@localhost:6379/0 too",
        "tokens left: 4000, password authentication failed for user, basic information, 2031-05-01T10:00:00+00:00",
        'File "/home/x/site-packages/dagster/_core/execution.py", line 12, in @decorated',
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    """PHX-05: run ids, places, names of settings, times."""
    assert clean(text) == text


def test_short_values_are_words() -> None:
    """NFR-010: `sandbox` as a credential must not blot out the word; `secrets check` tells about short ones."""
    KNOWN.learn(["sandbox", "", "x"])
    assert clean("the sandbox is up") == "the sandbox is up"
    assert redacted("the sandbox is up", ["sandbox"], {}) == "the … is up"
