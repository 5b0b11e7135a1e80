"""Fills the pools of `plan` with people and the vendors' records of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

from leadgen_assets.sandbox.world import plan
from leadgen_assets.sandbox.world.companies import Company
from leadgen_assets.sandbox.world.people import PeopleMaker, Person
from leadgen_assets.sandbox.world.places import ABROAD, EASTERN, METROS, OTHER_US, WESTERN, Place
from leadgen_assets.sandbox.world.sightings import JUNK_KINDS, Sighting, connect, move, separate, sight, vendor_of
from leadgen_assets.sandbox.world.vocabulary import TARGET_TITLES


class Population:
    """People and sightings of one world, grown in a fixed order so that a seed says it all."""

    def __init__(self, chance: random.Random, companies: list[Company], size: int) -> None:
        self._chance = chance
        self._maker = PeopleMaker(chance, companies)
        self._size = size
        self._room = {pool: plan.scaled(count, size) for pool, count in plan.POOLS.items()}
        self.people: list[Person] = []
        self.sightings: list[Sighting] = []
        self._cell = 0
        self._junk_made, self._repeats_made = Counter[str](), Counter[str]()
        self._shared()
        self._special()
        self._single()
        self._rest()

    # People known to several vendors

    def _shared(self) -> None:
        for pools, count in plan.SHARED:
            for _ in range(plan.scaled(count, self._size)):
                connect(self._seen(self._person(pools), pools))
        for pools, count in plan.RESEMBLING:
            for _ in range(plan.scaled(count, self._size)):
                separate(self._seen(self._person(pools), pools))

    def _special(self) -> None:
        for _ in range(plan.scaled(plan.MOVED, self._size)):
            person = self._person(("apollo-1", "zoominfo"))
            person.old_slug = f"{person.slug.rsplit('-', 1)[0]}-{self._chance.randrange(1 << 32):08x}"
            move(self._seen(person, ("apollo-1", "zoominfo")))
        for _ in range(plan.scaled(plan.MAILBOXES, self._size)):
            first = self._person(("apollo-1",))
            second = self._person(("zoominfo",), company=first.company)
            first.mailbox = second.mailbox = f"thecrew@{first.company.domain}"
            self._seen(first, ("apollo-1",))
            self._seen(second, ("zoominfo",))
        for _ in range(plan.scaled(plan.NAMESAKES, self._size)):
            first = self._person(("brightdata",))
            name = (first.first_name, first.last_name)
            self._seen(first, ("brightdata",))
            self._seen(self._person(("zoominfo",), company=first.company, name=name), ("zoominfo",))

    # People known to one

    def _single(self) -> None:
        planned = Counter[str]()
        for pool, size in plan.POOLS.items():
            whole, vendor = plan.scaled(size, self._size), vendor_of(pool)
            # Shares are rounded over all pools together, so that small worlds have their junk and repeats too.
            planned["all"] += whole
            planned[vendor] += whole
            while sum(self._junk_made.values()) < round(planned["all"] * plan.JUNK_SHARE):
                self._junk(pool)
            repeats = round(planned[vendor] * plan.REPEATS.get(vendor, 0.0)) - self._repeats_made[vendor]
            self._repeats_made[vendor] += repeats
            own = [self._seen(self._person((pool,)), (pool,))[0] for _ in range(self._room[pool] - repeats)]
            for each in own[:repeats]:
                again = sight(each.person, pool)
                again.rank += 0.002
                self.sightings.append(again)

    def _junk(self, pool: str) -> None:
        vendor = vendor_of(pool)
        kinds = JUNK_KINDS[vendor]
        ghost = self._make((pool,), None, None)
        ghost.truth_id = f"G{ghost.number:06d}"
        seen = sight(ghost, pool)
        seen.junk = kinds[self._junk_made[vendor] % len(kinds)]
        self._junk_made[vendor] += 1
        seen.slug = seen.token = seen.email = seen.email_key = None
        self._take(seen)

    def _rest(self) -> None:
        """People no segment looks for, and what Apollo, which knows nearly everybody, has beyond its two segments."""
        while len(self.people) < self._size:
            fate = self._chance.random()
            title = self._chance.choice(TARGET_TITLES) if fate < 0.2 else None
            place = self._chance.choice(ABROAD) if fate < 0.4 else self._anywhere()
            person = self._maker.person(title, place)
            self.people.append(person)
            if fate > 0.8:
                self.sightings.append(sight(person, "zoominfo-other" if fate > 0.9 else "brightdata-other"))
        in_apollo = {each.person.truth_id for each in self.sightings if each.vendor == "apollo"}
        for person in self.people:
            if person.truth_id not in in_apollo:
                self.sightings.append(sight(person, "apollo-other", tail=True))

    # Draws

    def _seen(self, person: Person, pools: Iterable[str]) -> list[Sighting]:
        """The person's records in these pools, counted against their room."""
        found = [sight(person, self._pool(person, pool)) for pool in pools]
        for each in found:
            self._take(each)
        return found

    def _take(self, seen: Sighting) -> None:
        self._room[seen.pool] -= 1
        self.sightings.append(seen)

    def _pool(self, person: Person, pool: str) -> str:
        if pool != "brightdata":
            return pool
        cells = [metro for _, metro in plan.BRIGHTDATA_CELLS]
        return f"brightdata-{cells.index(person.place.metro or '') + 1}"

    def _person(
        self, pools: tuple[str, ...], company: Company | None = None, name: tuple[str, str] | None = None
    ) -> Person:
        person = self._make(pools, company, name)
        self.people.append(person)
        return person

    def _make(self, pools: tuple[str, ...], company: Company | None, name: tuple[str, str] | None) -> Person:
        title = self._chance.choice(TARGET_TITLES)
        lead = pools[0]
        if lead.startswith("brightdata"):
            cell = int(lead[-1]) - 1 if lead[-1].isdigit() else self._cell
            self._cell = (self._cell + 1) % len(plan.BRIGHTDATA_CELLS)
            title, metro = plan.BRIGHTDATA_CELLS[cell]
            place = METROS[metro][0]
        elif lead == "apollo-1":
            place = self._in_metro(EASTERN)
        elif lead == "apollo-2":
            is_metro = self._chance.random() < 0.82
            place = self._in_metro(WESTERN) if is_metro else self._chance.choice(OTHER_US)
        else:
            place = self._anywhere()
        return self._maker.person(title, place, company, name)

    def _in_metro(self, metros: tuple[str, ...]) -> Place:
        main, suburb = METROS[self._chance.choice(metros)]
        return suburb if self._chance.random() < 0.12 else main

    def _anywhere(self) -> Place:
        if self._chance.random() < 0.25:
            return self._chance.choice(OTHER_US)
        return self._in_metro((*EASTERN, *WESTERN))
