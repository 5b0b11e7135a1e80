"""The world itself: people, companies, every vendor's records, and look-ups for the vendors that are asked."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cached_property

from anyascii import anyascii

from leadgen_assets.sandbox.world import plan
from leadgen_assets.sandbox.world.companies import Company, make_companies
from leadgen_assets.sandbox.world.people import Person
from leadgen_assets.sandbox.world.populate import Population
from leadgen_assets.sandbox.world.sightings import ROLE_WORDS, Sighting, share, vendor_of
from leadgen_assets.sandbox.world.truth import ExactTruth, RecordRef, exact_truth

VALID, INVALID, CATCH_ALL, UNKNOWN, DISPOSABLE = "valid", "invalid", "catchall", "unknown", "disposable"


class World:
    """Everything the sandbox vendors know. Same seed and size, same world."""

    def __init__(self, seed: int, companies: list[Company], population: Population) -> None:
        self.seed = seed
        self.companies = companies
        self.people = population.people
        self._by_vendor: dict[str, list[Sighting]] = {}
        for each in population.sightings:
            self._by_vendor.setdefault(each.vendor, []).append(each)
        for vendor, found in self._by_vendor.items():
            found.sort(key=lambda each: each.rank)
            for position, each in enumerate(found):
                each.vendor_id = _vendor_id(vendor, position, each)

    @classmethod
    def generate(cls, seed: int = 7, people: int = plan.FULL_SCALE) -> World:
        """A world of that many people (at least 200, below which the ten segments cannot be told apart)."""
        if people < 200:
            raise ValueError(f"a sandbox world needs at least 200 people, not {people}")
        chance = random.Random(seed)  # nosec B311 # a world that repeats itself
        companies = make_companies(chance, max(60, people // 10))
        return cls(seed, companies, Population(chance, companies, people))

    # What vendors know

    def sightings(self, vendor: str) -> list[Sighting]:
        """A vendor's records in its search order: apollo, brightdata, zoominfo or sales_navigator."""
        return self._by_vendor.get(vendor, [])

    def sighting(self, vendor: str, vendor_id: str) -> Sighting | None:
        """A vendor's record by the vendor's id (Sales Navigator: member token, else slug)."""
        return self._by_id.get((vendor, vendor_id))

    def pool(self, pool: str, first: int | None = None) -> list[Sighting]:
        """The records behind one segment's search (a name of `plan.POOLS`), the first so many of them."""
        return [each for each in self.sightings(vendor_of(pool)) if each.pool == pool][:first]

    def truth(self, vendor: str, vendor_id: str) -> str | None:
        """The true person behind a vendor's record; None for an unknown id and for records of nobody."""
        found = self.sighting(vendor, vendor_id)
        return found.person.truth_id if found and found.junk is None else None

    def exact_truth(self, delivered: Iterable[RecordRef | Sighting] | None = None) -> ExactTruth:
        """The clusters exact keys should find among the delivered records; by default all of the ten segments'.

        `KeyError` names a record that no vendor has.
        """
        if delivered is None:
            return exact_truth(each for found in self._by_vendor.values() for each in found if each.pool in plan.POOLS)
        return exact_truth(each if isinstance(each, Sighting) else self._by_id[each] for each in delivered)

    @cached_property
    def _by_id(self) -> dict[RecordRef, Sighting]:
        found: dict[RecordRef, Sighting] = {}
        for vendor, records in self._by_vendor.items():
            for each in records:
                found.setdefault((vendor, each.vendor_id), each)
        return found

    # Who is who

    def person_by_linkedin(self, slug: str) -> Person | None:
        """By LinkedIn slug, present or earlier, in any case."""
        return self._by_slug.get(slug.casefold())

    def person_by_token(self, token: str) -> Person | None:
        """By LinkedIn member token (case-sensitive)."""
        return self._by_token.get(token)

    def person_by_email(self, address: str) -> Person | None:
        """By work or private address; None for role addresses and shared mailboxes."""
        return self._by_email.get(address.strip().lower())

    def person_by_name_domain(self, first: str, last: str, domain: str) -> Person | None:
        """By name and company domain; None when nobody or more than one person fits."""
        found = self._by_name.get((_folded(f"{first}{last}"), domain.lower().removeprefix("www.")), [])
        return found[0] if len(found) == 1 else None

    def company_by_domain(self, domain: str) -> Company | None:
        """By domain, with or without `www.`."""
        return self._companies_by_domain.get(domain.strip().lower().removeprefix("www."))

    def company_by_linkedin(self, slug: str) -> Company | None:
        """By the slug of its LinkedIn page."""
        return self._companies_by_slug.get(slug.strip().lower())

    def company_by_name(self, name: str) -> Company | None:
        """By name or one of its aliases, whatever case and punctuation."""
        return self._companies_by_name.get(_folded(name))

    def verification(self, address: str) -> str:
        """What mailing the address would show: valid, invalid, catchall, unknown or disposable."""
        local, _, domain = address.strip().lower().partition("@")
        if not local or not domain or " " in local:
            return INVALID
        company = self.company_by_domain(domain)
        person = self.person_by_email(address)
        if company is not None:
            if company.is_catch_all:
                return CATCH_ALL
            if person is not None:
                return person.email_state
            return VALID if local in ROLE_WORDS or address.strip().lower() in self._mailboxes else INVALID
        if person is not None:
            return VALID
        return DISPOSABLE if domain in self._disposable else UNKNOWN

    def share(self, *salt: object) -> float:
        """A number in [0, 1) that depends on the seed and the salt alone: a vendor's fate dice."""
        return share(":".join(str(each) for each in (self.seed, *salt)))

    # Indexes

    @cached_property
    def _by_slug(self) -> dict[str, Person]:
        found = {person.slug: person for person in self.people}
        found.update({person.old_slug: person for person in self.people if person.old_slug})
        return found

    @cached_property
    def _by_token(self) -> dict[str, Person]:
        return {person.token: person for person in self.people}

    @cached_property
    def _by_email(self) -> dict[str, Person]:
        return {address: person for person in self.people for address in (person.email, person.private_email)}

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[Person]]:
        found: dict[tuple[str, str], list[Person]] = {}
        for person in self.people:
            key = (_folded(person.first_name + person.last_name), person.company.domain)
            found.setdefault(key, []).append(person)
        return found

    @cached_property
    def _mailboxes(self) -> set[str]:
        return {person.mailbox for person in self.people if person.mailbox}

    @cached_property
    def _disposable(self) -> set[str]:
        from disposable_email_domains import blocklist

        return set(blocklist)

    @cached_property
    def _companies_by_domain(self) -> dict[str, Company]:
        return {company.domain: company for company in self.companies}

    @cached_property
    def _companies_by_slug(self) -> dict[str, Company]:
        return {company.linkedin_slug: company for company in self.companies}

    @cached_property
    def _companies_by_name(self) -> dict[str, Company]:
        return {_folded(name): company for company in self.companies for name in (*company.aliases, company.name)}


def _vendor_id(vendor: str, position: int, seen: Sighting) -> str:
    """Ids in the vendor's form, rising with the search order as ids given in order of entry do."""
    if vendor == "apollo":
        return f"66f0{position:08x}{seen.person.number:012x}"
    if vendor == "zoominfo":
        return str(1_800_000_000 + position)
    if seen.junk:
        return f"junk-{seen.person.number}"
    return (seen.token or seen.slug or "") if vendor == "sales_navigator" else seen.person.slug


def _folded(text: str) -> str:
    return "".join(letter for letter in anyascii(text).lower() if letter.isalnum())
