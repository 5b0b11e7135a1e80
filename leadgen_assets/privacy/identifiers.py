"""How a person is named, by those who ask and in what vendors deliver; and how to recognise them in any text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any
from urllib.parse import quote

from leadgen_assets.leads import emails, linkedin
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.stores.suppressions import Key

_LEAD_ID = re.compile(r"^L[0-9a-f]{24}\Z")
_DOMAIN = re.compile(r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\Z")


class UnknownPerson(ValueError):
    """Text that names nobody; the message says what does, and does not repeat the text."""


@dataclass(frozen=True)
class Identifier:
    """What a person was named by: `email`, `linkedin`, `member` or `lead`, in canonical form."""

    kind: str
    value: str

    @property
    def key(self) -> Key | None:
        """As an entry of the suppression list; None for a lead id, which only this database knows."""
        return None if self.kind == "lead" else (self.kind, self.value)


def identified(text: str) -> Identifier:
    """The person a text names. Raises `UnknownPerson`."""
    given = text.strip()
    if _LEAD_ID.match(given):
        return Identifier("lead", given)
    if profile := linkedin.profile_url(given):
        return Identifier("linkedin", profile)
    if token := linkedin.member_token(given):
        return Identifier("member", token)
    if address := emails.parse(given).address if "@" in given else None:
        return Identifier("email", address)
    raise UnknownPerson(
        "this names nobody; give an email address, a LinkedIn profile URL or a lead id (L and 24 digits)"
    )


def domain_in(text: str) -> str | None:
    """A registrable or longer domain written alone or as a web address or `@domain`; None for anything else."""
    given = re.sub(r"^(?:https?://)?(?:www\.)?@?", "", text.strip().lower()).partition("/")[0].rstrip(".")
    return given if _DOMAIN.match(given) and "linkedin.com" not in given else None


@dataclass(frozen=True)
class Traits:
    """What one record says about who it is about. `keys` identify, the rest belongs to the person but may be shared."""

    keys: frozenset[Key]
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()


NOBODY = Traits(frozenset())


def traits_of_record(source: str, record: Any) -> Traits:
    """Who a vendor's record is about, as normalisation would see it. A record that cannot be read is about nobody."""
    if source not in SOURCES or not isinstance(record, dict):
        return NOBODY
    try:
        draft = import_module(f"leadgen_assets.vendors.{source}").to_draft(record)
    except (TypeError, ValueError, KeyError, AttributeError):
        return NOBODY
    return traits_of_draft(source, draft)


def traits_of_draft(source: str, draft: Mapping[str, str | None]) -> Traits:
    """Exact keys of a draft by the rules of `leads.normalise`, and its address and number."""
    keys: set[Key] = set()
    pages = [draft.get("linkedin_url") or "", draft.get("linkedin_member_url") or ""]
    profile = next((url for page in pages if (url := linkedin.profile_url(page))), None)
    member = next((token for page in reversed(pages) if (token := linkedin.member_token(page))), None)
    address = emails.parse(draft.get("email") or "")
    vendor_id = (draft.get("vendor_id") or "").strip()
    keys |= {("linkedin", profile)} if profile else set()
    keys |= {("member", member)} if member else set()
    keys |= {("email", address.address)} if address.address and address.kind in emails.KEY_KINDS else set()
    keys |= {("vendor", f"{source}:{vendor_id}")} if vendor_id else set()
    phone = draft.get("phone")
    given = [address.address] if address.address else []
    return Traits(frozenset(keys), frozenset(given), frozenset([phone] if phone else []))


@dataclass(frozen=True)
class Needles:
    """The texts by which a person would be found anywhere: addresses, profile, member token, vendor ids, numbers.

    Names are not among them: two people may share one.
    """

    texts: frozenset[str]

    @classmethod
    def of(cls, keys: Iterable[Key], addresses: Iterable[str] = (), phones: Iterable[str] = ()) -> Needles:
        """From exact keys and whatever else is theirs alone."""
        texts = {address.casefold() for address in addresses}
        for kind, key in keys:
            if kind == "linkedin":
                texts.add(key.casefold().removeprefix("https://www."))
            elif kind == "vendor":
                texts.add(key.casefold() if len(key.partition(":")[2]) < 16 else key.partition(":")[2].casefold())
            else:
                texts.add(key.casefold())
        return cls(frozenset(texts | {phone for phone in phones if phone.startswith("+")}))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds any of them as a whole word, in whatever case, also percent-encoded or escaped as in JSON."""
        pages = {each for each in self.texts if each.startswith("linkedin.com/")}
        parts = [rf"(?<![\w-]){_any_of(pages)}"] if pages else []
        parts += [rf"(?<![\w.%+-]){_any_of(self.texts - pages)}"] if self.texts - pages else []
        return re.compile(rf"(?:{'|'.join(parts)})(?![\w%-]|\.\w)" if parts else r"(?!)", re.IGNORECASE)

    @cached_property
    def quick(self) -> re.Pattern[bytes]:
        """The same over bytes."""
        pattern = self.pattern.pattern.encode("utf-8")
        return re.compile(pattern, re.IGNORECASE)

    def are_in(self, text: str) -> bool:
        """Whether the text names the person."""
        return bool(self.pattern.search(text))

    def are_in_bytes(self, content: bytes) -> bool:
        """Whether bytes of whatever kind name the person."""
        return bool(self.quick.search(content))

    def hidden(self, text: str, instead: str) -> tuple[str, int]:
        """The text without the person, and how often they were named."""
        return self.pattern.subn(instead, text)


def _any_of(texts: Iterable[str]) -> str:
    """Alternatives, in every spelling that a file or a document may use."""
    spellings = {each for text in texts for each in (text, quote(text, safe="/:@.+-_"), json.dumps(text)[1:-1])}
    return "(?:" + "|".join(re.escape(each) for each in sorted(spellings, key=len, reverse=True)) + ")"
