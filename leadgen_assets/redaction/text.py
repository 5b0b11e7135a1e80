"""Texts without secrets and people: `clean` for what the operator reads, `strict` for what leaves the house."""

from __future__ import annotations

import re

from leadgen_assets.redaction.known import HIDDEN, KNOWN

_NAMED = r"(?:api[_-]?key|apikey|access[_-]?key|token|secret|password|passwd|passphrase|credentials?)"
_VALUE = r"[^\s\"'&,;<>{}\\]{4,}"
_SECRETS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for pattern, replacement in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", HIDDEN),
        # redis://:word@host, mongodb://me:word@h1,h2/db
        (r"(://[^\s/@:\"'<>]*:)(?!\*{3}@)[^\s/@\"'<>]+@", rf"\1{HIDDEN}@"),
        (r"\b(Bearer|Token)\s+[\w.~+/=-]{8,}", rf"\1 {HIDDEN}"),
        (r"\b(Basic)\s+(?-i:(?=[a-z]*[A-Z\d+/=_-])[A-Za-z\d+/_-]{8,}={0,2})", rf"\1 {HIDDEN}"),
        (r"(authorization[\"']?\s*[:=,]\s*(?-i:b)?[\"']?)[^\s\"']+", rf"\1{HIDDEN}"),
        (rf"(x-[\w-]*(?:key|token)[\"']?\s*[:=,]\s*(?-i:b)?[\"']?){_VALUE}", rf"\1{HIDDEN}"),
        (rf"(\b[\w-]*{_NAMED}[\w-]*[\"']?\s*=\s*[\"']?){_VALUE}", rf"\1{HIDDEN}"),
        (rf"(\b[\w-]*{_NAMED}[\w-]*[\"']\s*:\s*[\"']){_VALUE}", rf"\1{HIDDEN}"),
        (rf"([?&]key=){_VALUE}", rf"\1{HIDDEN}"),
        (r"/services/T\w+/B\w+/\w+", f"/services/{HIDDEN}"),
        (r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?", HIDDEN),
    )
)
_PEOPLE = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"[\w.+%-]+(?:@|%40)(?:[\w-]+\.)+[^\W\d_]{2,}", HIDDEN),
        (
            r"(linkedin\.com(?:/|%2F)(?:in|pub|sales(?:/|%2F)(?:lead|people))(?:/|%2F))[^\s\"'<>?#,;)\]}]+",
            rf"\1{HIDDEN}",
        ),
        (r"\bAC[wo]AA[\w-]{10,}", HIDDEN),
        (r"(?<![\w.:+-])\+\d{10,15}\b", HIDDEN),
    )
)
_STRICT = (
    re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"(?:https?://|www\.)\S+|\blinkedin\.com/\S+"),
    re.compile(r"\b(?:Bearer|Basic)\s+\S+", re.IGNORECASE),
    re.compile(r"\b(?:api_?key|key|token|secret|password)\b\s*[=:]\s*\S+", re.IGNORECASE),
    re.compile(r"\b(?=[\w-]*\d)[\w-]{20,}\b"),
    re.compile(r"\+?\d[\d ()/.-]{7,}\d"),
)


def without_secrets(text: str) -> str:
    """Without known secrets and whatever is written like one."""
    text = KNOWN.hidden_in(text)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def clean(text: str) -> str:
    """Without secrets, addresses, profiles, member tokens and international phone numbers. The rest stays readable."""
    text = without_secrets(text)
    for pattern, replacement in _PEOPLE:
        text = pattern.sub(replacement, text)
    return text


def strict(text: str, secrets: re.Pattern[str] | None = None) -> str:
    """Without anything that might be a secret or personal: also any URL, long token or number. `secrets` are further ones
    (`pattern_of`), which may be short."""
    text = KNOWN.hidden_in(secrets.sub(HIDDEN, text) if secrets else text)
    for pattern in _STRICT:
        text = pattern.sub(HIDDEN, text)
    return text
