"""What one vendor knows of one person: the record's id, place in the search order, and exact keys.

The vendor modules write a sighting down in their own form (dirty, masked, incomplete); they add no key to it and drop
none, so that the truth about exact keys can be told from here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from leadgen_assets.sandbox.world import plan
from leadgen_assets.sandbox.world.people import Person

ROLE_WORDS: tuple[str, ...] = ("info", "sales", "marketing", "hello")
JUNK_KINDS: dict[str, tuple[str, ...]] = {
    "apollo": ("oversized", "control"),
    "zoominfo": ("oversized", "control"),
    "brightdata": ("blank", "company_page", "oversized"),
    "sales_navigator": ("blank", "company_page"),
}
"""Ways in which a vendor's record cannot be a lead: a name of 12 kB, a name of control characters, nobody named and
nothing linked, a company's page instead of a person's."""


@dataclass(slots=True, eq=False)
class Sighting:
    """A vendor's record of a person, before it is written in the vendor's form.

    `slug`, `token` and `email_key` are the exact keys the record carries, canonical; `email` is the address as the
    vendor gives it (a role address and an unreadable one have no key). `junk` says why it cannot be a lead.
    """

    vendor: str
    vendor_id: str
    pool: str
    person: Person
    rank: float
    slug: str | None = None
    token: str | None = None
    email: str | None = None
    email_key: str | None = None
    shape: str = ""
    junk: str | None = None

    def dice(self, salt: str) -> float:
        """A number in [0, 1) that is always the same for this record and salt."""
        return share(f"{salt}:{self.vendor}:{self.person.truth_id}")


def share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / (1 << 48)


def vendor_of(pool: str) -> str:
    """`sales-navigator-2` belongs to `sales_navigator`."""
    return pool.rsplit("-", 1)[0].replace("-", "_") if "-" in pool else pool


def sight(person: Person, pool: str, tail: bool = False) -> Sighting:
    """The record a vendor has of a person whom nobody else needs to recognise: keys by the vendor's fill rates."""
    vendor = vendor_of(pool)
    rank = person.rank + (share(f"rank:{pool}:{person.truth_id}") - 0.5) * 0.01 + (2.0 if tail else 0.0)
    seen = Sighting(vendor, "", pool, person, rank)
    if vendor == "brightdata":
        seen.slug = person.slug
    elif vendor == "apollo":
        _keys(seen, plan.APOLLO_LINKEDIN, plan.APOLLO_EMAIL)
    elif vendor == "zoominfo":
        _keys(seen, plan.ZOOMINFO_LINKEDIN, plan.ZOOMINFO_EMAIL)
    else:
        _exported(seen)
    if person.mailbox and vendor in ("apollo", "zoominfo"):
        seen.slug, seen.email, seen.email_key = person.slug, person.mailbox, person.mailbox
    if person.old_slug and vendor == "apollo":
        seen.slug = person.old_slug
    return seen


def _keys(seen: Sighting, linkedin: float, email: float) -> None:
    if seen.dice("linkedin") < linkedin:
        seen.slug = seen.person.slug
    if seen.dice("email") < email:
        give_email(seen)


def _exported(seen: Sighting) -> None:
    at, seen.shape = seen.dice("shape"), "connections"
    for shape, portion in plan.EXPORT_SHAPES.items():
        if at < portion:
            seen.shape = shape
            break
        at -= portion
    has_token = seen.shape == "phantombuster" or (seen.shape == "evaboot" and seen.dice("token") < 0.5)
    seen.token = seen.person.token if has_token else None
    if not has_token or seen.dice("linkedin") < 0.90:
        seen.slug = seen.person.slug
    if seen.dice("email") < plan.EXPORT_EMAIL[seen.shape]:
        give_email(seen)


def give_email(seen: Sighting, is_certain: bool = False) -> None:
    """Put an address into the record: the person's work address, or (unless `is_certain`) now and then another."""
    person, fate = seen.person, seen.dice("address")
    if is_certain or fate >= 0.065:
        seen.email = seen.email_key = person.email
        if not is_certain and fate > 0.97:
            local, _, domain = person.email.partition("@")
            seen.email = f"{local.title()}@{domain.upper()}"
    elif fate < 0.03:
        seen.email = seen.email_key = person.private_email
    elif fate < 0.06:
        seen.email = f"{ROLE_WORDS[person.number % len(ROLE_WORDS)]}@{person.company.domain}"
        seen.email_key = None
    else:
        seen.email, seen.email_key = person.email.replace("@", " at "), None


def connect(seen: list[Sighting]) -> None:
    """Make one person's records at several vendors recognisable by exact keys.

    By LinkedIn slug as a rule; Apollo and ZoomInfo in three of ten cases by the address alone, so that a third
    vendor's record may hang on a chain. Two Sales Navigator rows share the member token, one of them without a slug.
    """
    person = seen[0].person
    by_vendor = {each.vendor: each for each in seen}
    if len(by_vendor) == 1:
        for each in seen:
            each.shape, each.token, each.slug = "phantombuster", person.token, person.slug
            each.email = each.email_key = None
        if share(f"half:{person.truth_id}") < 0.5:
            seen[0].slug = None
        return
    for each in seen:
        each.slug = person.slug
    if "apollo" in by_vendor and "zoominfo" in by_vendor and share(f"link:{person.truth_id}") < 0.3:
        for vendor in ("apollo", "zoominfo"):
            give_email(by_vendor[vendor], is_certain=True)
        by_vendor["zoominfo"].slug = None


def separate(seen: list[Sighting]) -> None:
    """Make two records of one person share no exact key."""
    first, second = seen
    first.slug, first.token, first.email, first.email_key = seen[0].person.slug, None, None, None
    second.slug, second.email, second.email_key = None, None, None
    if second.vendor == "sales_navigator":
        second.shape, second.token = "phantombuster", second.person.token
    else:
        give_email(second, is_certain=True)


def move(seen: list[Sighting]) -> None:
    """Apollo keeps a person's old slug, ZoomInfo has the new one, both have the address."""
    for each in seen:
        give_email(each, is_certain=True)
        each.slug = each.person.old_slug if each.vendor == "apollo" else each.person.slug
