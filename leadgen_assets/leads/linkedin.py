"""LinkedIn addresses as identity: canonical profile URL, member token, company slug (design, identity rules; REQ-008).

A public slug is case-insensitive, a member token is case-sensitive; one is never taken for the other.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

PROFILE_PREFIX = "https://www.linkedin.com/in/"

_ADDRESS = re.compile(r"(?i)^(?:(?P<scheme>https?|linkedin):)?/*(?P<rest>.*)$", re.DOTALL)
_HOST = re.compile(r"(?i)^(?:[a-z0-9-]+\.)*linkedin\.com\.?(?::\d+)?$")
_PLAIN_PROFILE = re.compile(r"(?:https?://)?(?:[a-z]{2,3}\.)?linkedin\.com/in/([A-Za-z0-9-]+)/?(?:\?[!-~]*)?\Z")
_PLAIN_COMPANY = re.compile(r"https?://(?:[a-z]{2,3}\.)?linkedin\.com/company/([a-z0-9-]+)/?\Z")
_TOKEN_TEXT = re.compile(r"^[A-Za-z0-9_-]{6,}\Z")
_MEMBER_TOKEN = re.compile(r"^AC[ow]AA[A-Za-z0-9_-]{10,}\Z")
_TOKEN_LOOKALIKE = re.compile(r"(?i)^ac[ow]aa[a-z0-9_-]{30,}\Z")
_TOKEN_STARTS = ("acoaa", "acwaa")
_TAIL = re.compile(r"[/?#]")
_NOT_IN_SLUG = re.compile(r"[\s%/?#\\<>\"&=@:;,|^`{}\[\]\x00-\x1f\x7f]")
_PEOPLE_PAGES = frozenset({"in", "pub"})
_SALES_PAGES = frozenset({"lead", "people", "profile"})
_COMPANY_PAGES = frozenset({"company", "showcase", "school", "organization"})


def profile_url(text: str) -> str | None:
    """`https://www.linkedin.com/in/<slug>` of a person's public page in any of its forms; None for everything else.

    Any linkedin.com host; scheme, port, query, fragment, trailing parts, locale and doubled slashes are dropped. The
    slug is percent-decoded up to twice, NFC, casefolded; numeric suffixes stay. `/pub/name/a/b/c` becomes its `/in/`
    form.
    """
    slug = _plain_slug(text)
    if slug is not None:
        return PROFILE_PREFIX + slug
    path = _path(text)
    if len(path) < 2 or path[0].casefold() not in _PEOPLE_PAGES:
        return None
    raw = path[1] if path[0].casefold() == "in" else _slug_of_old_form(path[1:])
    slug = _slug(raw) if raw else None
    return None if slug is None else PROFILE_PREFIX + slug


def member_token(text: str) -> str | None:
    """The case-sensitive member token of a Sales Navigator or `/in/ACoAA…` address, or a bare `ACwAA…`; else None.

    Cut at the first comma: what follows (`NAME_SEARCH`, an authToken) changes with every search.
    """
    return None if _plain_slug(text) is not None else _token_of(text)


def profile(text: str) -> tuple[str | None, str | None]:
    """`profile_url` and `member_token` of a text at once."""
    slug = _plain_slug(text)
    return (PROFILE_PREFIX + slug, None) if slug is not None else (profile_url(text), _token_of(text))


def _plain_slug(text: str) -> str | None:
    """The slug of an address as most are; None for one that needs a closer look, or that may be a token."""
    plain = _PLAIN_PROFILE.match(text)
    slug = plain[1].lower() if plain else None
    return None if slug is None or slug.startswith(_TOKEN_STARTS) else slug


def _token_of(text: str) -> str | None:
    bare = _token(text.strip())
    if bare and _MEMBER_TOKEN.match(bare):
        return bare
    path = _path(text)
    if len(path) >= 3 and path[0].casefold() == "sales" and path[1].casefold() in _SALES_PAGES:
        return _token(path[2])
    if len(path) >= 2 and path[0].casefold() in _PEOPLE_PAGES:
        token = _token(path[1])
        return token if token and _MEMBER_TOKEN.match(token) else None
    return None


def company_slug(text: str) -> str | None:
    """The slug (or numeric id) of a company page given as URL or as the slug itself; else None."""
    plain = _PLAIN_COMPANY.match(text)
    if plain:
        return None if _TOKEN_LOOKALIKE.match(plain[1]) else plain[1]
    path = _path(text)
    if path:
        start = 1 if path[0].casefold() == "sales" else 0
        if len(path) >= start + 2 and path[start].casefold() in _COMPANY_PAGES:
            return _slug(path[start + 1])
        return None
    bare = text.strip()
    # A dot means a web address of somewhere else, not a slug.
    return None if _TAIL.search(bare) or "." in bare or not bare else _slug(bare)


def is_linkedin(text: str) -> bool:
    """Whether the text is an address on linkedin.com at all."""
    return bool(_path(text))


def _path(text: str) -> list[str]:
    """Non-empty path segments of a linkedin.com address, still encoded; empty when it is not one."""
    if "linkedin" not in text.casefold():
        return []
    found = _ADDRESS.match(text.strip().lstrip("\ufeff\u200b"))
    rest = found["rest"] if found else ""
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    segments = [each for each in rest.split("/") if each]
    if not segments:
        return []
    if _HOST.match(segments[0]):
        segments = segments[1:]
    elif not found or (found["scheme"] or "").casefold() != "linkedin":
        return []
    return segments[1:] if segments and segments[0].casefold() in {"mwlite", "m"} else segments


def _slug(raw: str) -> str | None:
    slug = raw
    for _ in range(2):
        if "%" in slug:
            slug = unquote(slug)
    slug = _TAIL.split(slug, maxsplit=1)[0].strip()
    slug = _folded(slug)
    if not slug or _NOT_IN_SLUG.search(slug) or "\ufffd" in slug or not slug.isprintable():
        return None
    return None if _TOKEN_LOOKALIKE.match(slug) or _MEMBER_TOKEN.match(raw) else slug


def _folded(slug: str) -> str:
    """NFC and casefold until nothing changes: for a few characters one undoes the other."""
    for _ in range(4):
        again = unicodedata.normalize("NFC", unicodedata.normalize("NFC", slug).casefold())
        if again == slug:
            break
        slug = again
    return slug


def _token(raw: str) -> str | None:
    token = raw
    for _ in range(2):
        if "%" in token:
            token = unquote(token)
    token = re.split(r"[,/?#]", token, maxsplit=1)[0].strip()
    return token if _TOKEN_TEXT.match(token) else None


def _slug_of_old_form(parts: list[str]) -> str | None:
    """`name/a/b/c` → `name-` + c and b padded to three + a: LinkedIn's own rewriting of its old public addresses."""
    if parts[0].casefold() == "dir":
        return None
    if len(parts) == 1:
        return parts[0]
    if len(parts) < 4 or not all(re.fullmatch(r"[0-9A-Za-z]{1,3}", each) for each in parts[1:4]):
        return None
    a, b, c = parts[1:4]
    return f"{parts[0]}-{c.zfill(3)}{b.zfill(3)}{a}"
