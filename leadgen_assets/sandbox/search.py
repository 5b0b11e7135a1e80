"""People search as the listing vendors offer it: titles, places, seniority, company; answers are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from leadgen_assets.sandbox.world import Sighting
from leadgen_assets.sandbox.world.places import find_places

KEPT = 256
"""Answers kept: a sprint pages through some ten searches."""


@dataclass(frozen=True)
class PeopleFilter:
    """What is searched; an empty tuple means any. Texts are matched without case.

    `sizes` are (lowest, highest) employees. `is_loose` accepts titles that share a word with a wanted one.
    """

    titles: tuple[str, ...] = ()
    is_loose: bool = False
    locations: tuple[str, ...] = ()
    headquarters: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    domains: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    keywords: str = ""
    has_email: bool | None = None
    name: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing restricts the search."""
        return self == PeopleFilter(is_loose=self.is_loose)


class PeopleSearch:
    """One vendor's records, searchable; results in the vendor's order.

    With `repeat_every` the list has moved under whoever pages through it: so often an earlier row comes again.
    """

    def __init__(self, records: Sequence[Sighting], repeat_every: int = 0) -> None:
        self._records = records
        self._repeat_every = repeat_every
        self._kept: OrderedDict[PeopleFilter, list[Sighting]] = OrderedDict()

    def find(self, wanted: PeopleFilter) -> list[Sighting]:
        """Every record that fits."""
        found = self._kept.get(wanted)
        if found is None:
            found = self._kept[wanted] = self._with_repeats(self._evaluate(wanted))
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(wanted)
        return found

    def _with_repeats(self, found: list[Sighting]) -> list[Sighting]:
        every = self._repeat_every
        for position in range(every, len(found), every + 1) if every else ():
            found.insert(position, found[position - 60])
        return found

    def _evaluate(self, wanted: PeopleFilter) -> list[Sighting]:
        found: Sequence[Sighting] = self._records
        if wanted.locations:
            places = find_places(wanted.locations)
            found = [each for each in found if each.person.place in places]
        if wanted.titles:
            titles = _Titles(wanted.titles, wanted.is_loose)
            found = [each for each in found if titles.accept(each.person.title)]
        if wanted.seniorities:
            found = [each for each in found if each.person.seniority in wanted.seniorities]
        if wanted.sizes:
            found = [each for each in found if any(a <= each.person.company.employees <= b for a, b in wanted.sizes)]
        if wanted.headquarters:
            places = find_places(wanted.headquarters)
            found = [each for each in found if each.person.company.headquarters in places]
        if wanted.domains:
            found = [each for each in found if each.person.company.domain in wanted.domains]
        if wanted.companies:
            names = [name.casefold() for name in wanted.companies]
            found = [each for each in found if any(name in each.person.company.name.casefold() for name in names)]
        if wanted.has_email is not None:
            found = [each for each in found if bool(each.email_key) == wanted.has_email]
        if wanted.keywords:
            word = wanted.keywords.casefold()
            found = [each for each in found if word in f"{each.person.title} {each.person.company.name}".casefold()]
        if wanted.name:
            name = wanted.name.casefold()
            found = [each for each in found if name in each.person.full_name.casefold()]
        return list(found)


class _Titles:
    """Remembers which of the world's title texts fit, since many people share one."""

    def __init__(self, wanted: tuple[str, ...], is_loose: bool) -> None:
        self._wanted = [title.casefold().strip() for title in wanted]
        self._words = {word for title in self._wanted for word in title.split()} - {"manager"} if is_loose else set()
        self._known: dict[str, bool] = {}

    def accept(self, title: str) -> bool:
        known = self._known.get(title)
        if known is None:
            text = title.casefold()
            known = any(wanted in text for wanted in self._wanted) or not self._words.isdisjoint(text.split())
            self._known[title] = known
        return known
