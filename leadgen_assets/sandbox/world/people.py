"""Invented people as they truly are, whatever a vendor makes of them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from anyascii import anyascii

from leadgen_assets.sandbox.world.companies import Company
from leadgen_assets.sandbox.world.places import Place
from leadgen_assets.sandbox.world.plan import NOT_THE_TITLE as NOT_THE_TITLE_SHARE
from leadgen_assets.sandbox.world.vocabulary import FIRST_NAMES, LAST_NAMES, NOT_THE_TITLE, OTHER_TITLES, TITLE_DRESSES

SENIORITIES: tuple[str, ...] = ("manager", "senior", "head", "director", "vp", "entry")
_ASCII_FIRST = {name: anyascii(name).lower() for name in FIRST_NAMES}
_ASCII_LAST = {name: "".join(c for c in anyascii(name).lower() if c.isalnum()) for name in LAST_NAMES}
_TOKEN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"  # noqa: S105 - an alphabet


@dataclass(slots=True, eq=False)
class Person:
    """One true person.

    `title` is what the person writes, `target_title` the sprint's title it means (None: no target).
    `old_slug` is an earlier LinkedIn slug some vendor still knows. `rank` in [0, 1) orders people in every search.
    """

    truth_id: str
    number: int
    first_name: str
    last_name: str
    title: str
    target_title: str | None
    seniority: str
    company: Company
    place: Place
    slug: str
    token: str
    email: str
    private_email: str
    phone: str
    rank: float
    email_state: str
    opted_out: bool
    old_slug: str | None = None
    mailbox: str | None = None
    """An address shared with a colleague, which vendors give for both."""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def linkedin_url(self) -> str:
        return f"https://www.linkedin.com/in/{self.slug}"


class PeopleMaker:
    """Draws people one by one; addresses and slugs never repeat."""

    def __init__(self, chance: random.Random, companies: list[Company]) -> None:
        self._chance = chance
        self._companies = companies
        self._addresses: set[str] = set()
        self._number = 0

    def person(
        self,
        title: str | None,
        place: Place,
        company: Company | None = None,
        name: tuple[str, str] | None = None,
        is_plain: bool = False,
    ) -> Person:
        """A new person. `title` None draws one that no sprint wants; `is_plain` keeps the title as it is."""
        draw = self._chance.random
        number = self._number
        self._number += 1
        first, last = name or (self._chance.choice(FIRST_NAMES), self._chance.choice(LAST_NAMES))
        at = company or self._companies[int(draw() ** 1.6 * len(self._companies))]
        text, target = self._title(title, at, is_plain)
        suffix = f"{self._chance.randrange(1 << 32):08x}"
        ending = "".join(self._chance.choices(_TOKEN_LETTERS, k=29))
        return Person(
            truth_id=f"P{number:06d}",
            number=number,
            first_name=first,
            last_name=last,
            title=text,
            target_title=target,
            seniority=self._chance.choices(SENIORITIES, (62, 20, 6, 6, 2, 4))[0],
            company=at,
            place=place,
            slug=f"{first}-{last}-{suffix}".replace(" ", "-").replace("'", "").casefold(),
            token=f"AC{'o' if draw() < 0.5 else 'w'}AA{number:05d}{ending}",
            email=self._address(first, last, at),
            private_email=self._private_address(first, last, number),
            phone=f"+1{place.area_code or '202'}55501{number % 100:02d}",
            rank=draw(),
            email_state=self._chance.choices(("valid", "invalid", "unknown"), (91, 5, 4))[0],
            opted_out=draw() < 0.005,
        )

    def _title(self, title: str | None, company: Company, is_plain: bool) -> tuple[str, str | None]:
        if title is None:
            return self._chance.choice(OTHER_TITLES), None
        fate = self._chance.random()
        if is_plain or fate < 0.80:
            return title, title
        if fate < 1 - NOT_THE_TITLE_SHARE:
            return self._chance.choice(TITLE_DRESSES).format(title=title, company=company.name), title
        return self._chance.choice(NOT_THE_TITLE).format(title=title), None

    def _address(self, first: str, last: str, company: Company) -> str:
        short, long = _ASCII_FIRST[first], _ASCII_LAST[last]
        local = company.email_pattern.format(first=short, last=long, f=short[0])
        address, again = f"{local}@{company.domain}", 1
        while address in self._addresses:
            again += 1
            address = f"{local}{again}@{company.domain}"
        self._addresses.add(address)
        return address

    def _private_address(self, first: str, last: str, number: int) -> str:
        host = ("example.com", "example.org", "example.net")[number % 3]
        return f"{_ASCII_FIRST[first]}.{_ASCII_LAST[last]}{number}@{host}"
