"""Invented companies on reserved domains."""

from __future__ import annotations

import random
from dataclasses import dataclass

from leadgen_assets.sandbox.world.places import METROS, OTHER_US, Place
from leadgen_assets.sandbox.world.vocabulary import COMPANY_WORDS, INDUSTRIES, LEGAL_FORMS, SIZE_BANDS, SIZE_WEIGHTS

EMAIL_PATTERNS: tuple[str, ...] = ("{first}.{last}", "{f}{last}", "{first}", "{first}{last}", "{first}_{last}")
"""Hunter's notation without the second brace pair."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company as it truly is. `size_band` is LinkedIn's; `email_pattern` is what its addresses look like."""

    number: int
    slug: str
    name: str
    domain: str
    industry: str
    sector: str
    size_band: str
    employees: int
    founded: int
    headquarters: Place
    aliases: tuple[str, ...]
    email_pattern: str
    is_catch_all: bool

    @property
    def linkedin_slug(self) -> str:
        """Last part of its LinkedIn company page."""
        return self.slug

    @property
    def linkedin_url(self) -> str:
        return f"https://www.linkedin.com/company/{self.slug}"

    @property
    def website(self) -> str:
        return f"https://www.{self.domain}"

    @property
    def linkedin_number(self) -> int:
        """The numeric company id that Sales Navigator exports carry."""
        return 1_000_000 + self.number * 37

    @property
    def apollo_id(self) -> str:
        return f"5e66b638{self.number:016x}"

    @property
    def zoominfo_id(self) -> int:
        return 344_000_000 + self.number


def make_companies(chance: random.Random, count: int) -> list[Company]:
    """That many companies, names and domains all different."""
    first, second = COMPANY_WORDS
    names = [(a, b) for a in first for b in second]
    chance.shuffle(names)
    places = [*(metro[0] for metro in METROS.values()), *OTHER_US]
    companies = []
    for number in range(count):
        words = names[number % len(names)]
        again = number // len(names)
        name = " ".join((*words, f"{again + 1}")) if again else " ".join(words)
        slug = name.lower().replace(" ", "-")
        industry, sector = chance.choice(INDUSTRIES)
        band, low, high = chance.choices(SIZE_BANDS, SIZE_WEIGHTS)[0]
        companies.append(
            Company(
                number=number,
                slug=slug,
                name=name,
                domain=f"{slug.replace('-', '')}.example",
                industry=industry,
                sector=sector,
                size_band=band,
                employees=chance.randint(low, high),
                founded=chance.randint(1975, 2022),
                headquarters=chance.choice(places),
                aliases=tuple(form.format(name=name, NAME=name.upper()) for form in LEGAL_FORMS),
                email_pattern=chance.choices(EMAIL_PATTERNS, (50, 25, 8, 12, 5))[0],
                is_catch_all=chance.random() < 0.08,
            )
        )
    return companies
