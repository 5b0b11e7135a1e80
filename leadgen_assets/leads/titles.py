"""Job titles: which of the sprint's titles somebody holds, how senior, how sure (design's identity rules).

Deterministic expansion and the synonym table of titles.yaml come first. Fuzzy comparison is the last resort, and what
it finds is of low confidence: alone it takes "Executive Assistant to the CEO" for the CEO.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from leadgen_assets.leads.tables import Table, table
from leadgen_assets.leads.text import clean, is_masked, without_symbols, words

EXACT, EXPANDED, SYNONYM, LOW_CONFIDENCE = 1.0, 0.95, 0.9, 0.75
"""Confidence of a title written as the target, one that expands to it, one of its other names; below LOW: fuzzy."""

_FUZZY_SCORE = 90.0
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_MAJOR = re.compile(r"\s*(?:[|•·;»]|::|\s[-–—]\s|\s[–—]|[–—]\s)\s*")
_MINOR = re.compile(r"(?i)\s*(?:[,/&+]|\band\b)\s*")
_EMPLOYER = re.compile(r"(?i)(?:\s+at\s+|\s*@)[^|•·;]*")

Key = tuple[str, ...]


class TitleTable(Table):
    """Schema of titles.yaml; its comments say what each list does."""

    abbreviations: dict[str, str]
    phrases: dict[str, str]
    level_words: frozenset[str]
    noise_words: frozenset[str]
    levels_beside_role: frozenset[str]
    role_words: frozenset[str]
    never: frozenset[str]
    seniority: dict[str, tuple[str, ...]]
    neighbours: frozenset[str]
    targets: dict[str, tuple[str, ...]]


class TitleMatch(NamedTuple):
    """`text` cleaned for display; `target` and `confidence` (0..1) of the match; `is_former`: does not hold it."""

    text: str | None
    target: str | None = None
    seniority: str | None = None
    confidence: float = 0.0
    is_former: bool = False


@lru_cache(maxsize=65536)
def match(text: str, targets: tuple[str, ...]) -> TitleMatch:
    """The one of `targets` that a delivered title means, or none.

    "Sr. PPC Mgr @ Acme" → PPC Manager, senior. Several posts in one title: the surest, then the first. Former, retired,
    intern, assistant and aspiring never match, whatever else the title says of that post.
    """
    display = _display(text)
    if display is None:
        return TitleMatch(None)
    seniority = seniority_of(display)
    candidates, is_former = _candidates(display, _never(targets))
    best: tuple[float, int, int, str] | None = None
    index = _index(targets)
    for position, candidate in enumerate(candidates):
        for found, confidence in _lookup(candidate, index):
            rank = (-confidence, position, targets.index(found), found)
            best = rank if best is None or rank < best else best
    if best is None and not is_former:
        best = _fuzzy(candidates, index, targets)
    if best is None:
        return TitleMatch(display, seniority=seniority, is_former=is_former)
    return TitleMatch(display, best[3], seniority, -best[0])


def seniority_of(text: str) -> str | None:
    """intern, vp, c_suite, director, head, entry, senior, manager or specialist by the words of a title; else None."""
    expanded = _expanded(text)
    joined = f" {' '.join(expanded)} "
    for level, markers in _table().seniority.items():
        if any(f" {marker} " in joined for marker in markers):
            return level
    return None


@dataclass(frozen=True)
class _Target:
    title: str
    ordered: Key
    is_synonym: bool
    level: str | None


def _display(text: str) -> str | None:
    given = clean(without_symbols(text))
    if given is None or is_masked(given):
        return None
    given = " ".join(_EMPLOYER.sub(" ", given).split()).strip(" ,-–—|/&")
    return given if words(given) else None


def _candidates(display: str, never: frozenset[str]) -> tuple[list[str], bool]:
    """Texts that each may be one post, most literal first, and whether the title says that a post is not held."""
    outside = " ".join(_BRACKETS.sub(" ", display).split())
    majors = [each for each in (*_MAJOR.split(outside), *_BRACKETS.findall(display)) if words(each)]
    candidates: list[str] = []
    is_former = False
    for major in majors:
        parts = [each for each in _MINOR.split(major) if words(each)]
        held: list[str] = []
        for part in parts:
            given = words(part)
            if not never.intersection(given):
                held.append(part)
                continue
            is_former = True
            if never.issuperset(given):
                return [], True
            break
        candidates.extend(_posts(held))
    if len(majors) > 1 and not is_former and _is_role(majors[0]):
        candidates.append(f"{majors[1]} {majors[0]}")
    return list(dict.fromkeys(candidates)), is_former


def _is_role(text: str) -> bool:
    """Whether a text says only what rank a post has: "Manager - Digital Marketing" names the work after the dash."""
    rules = _table()
    return all(word in rules.role_words or word in rules.level_words for word in _expanded(text))


def _posts(parts: list[str]) -> Iterator[str]:
    """ "PPC & SEM Manager" → the whole, its parts, and "PPC Manager": the noun at either end goes with every part."""
    if not parts:
        return
    yield " ".join(parts)
    if len(parts) == 1:
        return
    yield from parts
    roles = _table().role_words
    last = words(parts[-1])[-1:]
    if last and _expanded(last[0])[-1:] and _expanded(last[0])[-1] in roles:
        yield from (f"{part} {last[0]}" for part in parts[:-1] if not roles.intersection(_expanded(part)))
    if _is_role(parts[0]):
        yield from (f"{part} {parts[0]}" for part in parts[1:])


@lru_cache(maxsize=65536)
def _expanded(text: str) -> Key:
    rules = _table()
    joined = " ".join(words(text))
    for phrase, short in rules.phrases.items():
        if phrase in joined:
            joined = re.sub(rf"\b{re.escape(phrase)}\b", short, joined)
    return tuple(part for word in joined.split() for part in rules.abbreviations.get(word, word).split())


def _essence(expanded: Key) -> Key:
    """What the post is: without level, place and terms. "Lead" goes only where another word names the post."""
    rules = _table()
    kept = [word for word in expanded if word not in rules.level_words and word not in rules.noise_words]
    if any(word in rules.role_words and word not in rules.levels_beside_role for word in kept):
        kept = [word for word in kept if word not in rules.levels_beside_role]
    return tuple(kept)


def _level(expanded: Key) -> str | None:
    return next((word for word in ("senior", "junior", "associate", "principal") if word in expanded), None)


@cache
def _index(targets: tuple[str, ...]) -> dict[Key, list[_Target]]:
    """Sorted words → the targets they mean. A target finds its synonyms by its own words, however it is spelled."""
    synonyms = {_sorted_key(title): others for title, others in _table().targets.items()}
    index: dict[Key, list[_Target]] = {}
    for title in targets:
        expanded = _expanded(title)
        key = _sorted_key(title)
        index.setdefault(key, []).append(_Target(title, tuple(words(title)), False, _level(expanded)))
        for other in synonyms.get(key, ()):
            entry = _Target(title, tuple(words(other)), True, _level(expanded))
            entries = index.setdefault(_sorted_key(other), [])
            if all(each.title != title for each in entries):
                entries.append(entry)
    return index


def _sorted_key(text: str) -> Key:
    expanded = _expanded(text)
    return tuple(sorted(set(_essence(expanded)) or set(expanded)))


def _lookup(candidate: str, index: dict[Key, list[_Target]]) -> Iterator[tuple[str, float]]:
    for entry in index.get(_sorted_key(candidate), ()):
        # A sprint that asks for "Senior …" does not mean everybody.
        if entry.level is not None and entry.level != _level(_expanded(candidate)):
            continue
        if entry.is_synonym:
            yield entry.title, SYNONYM
        else:
            yield entry.title, EXACT if tuple(words(candidate)) == entry.ordered else EXPANDED


def _fuzzy(
    candidates: list[str], index: dict[Key, list[_Target]], targets: tuple[str, ...]
) -> tuple[float, int, int, str] | None:
    from rapidfuzz.fuzz import token_sort_ratio

    best: tuple[float, int, int, str] | None = None
    for position, candidate in enumerate(candidates):
        key = _sorted_key(candidate)
        for other, entries in index.items():
            if not _is_misspelling(key, other):
                continue
            score = token_sort_ratio(" ".join(key), " ".join(other))
            for entry in entries if score >= _FUZZY_SCORE else ():
                if entry.level is None or entry.level == _level(_expanded(candidate)):
                    rank = (
                        -round(score / 100 * (LOW_CONFIDENCE - 0.01), 3),
                        position,
                        targets.index(entry.title),
                        entry.title,
                    )
                    best = rank if best is None or rank < best else best
    return best


def _is_misspelling(key: Key, other: Key) -> bool:
    """Whether the words that differ can be slips of the pen: as many, long, close, and none a word in its own right."""
    from rapidfuzz.distance import Levenshtein

    ours, theirs = sorted(set(key) - set(other)), sorted(set(other) - set(key))
    if len(ours) != len(theirs) or not 1 <= len(ours) <= 2 or len(key) != len(other):
        return False
    known = _vocabulary()
    pairs = list(zip(ours, theirs, strict=True))
    if len(pairs) == 2 and sum(Levenshtein.distance(*p) for p in pairs) > sum(
        Levenshtein.distance(a, b) for a, b in zip(ours, reversed(theirs), strict=True)
    ):
        pairs = list(zip(ours, reversed(theirs), strict=True))
    return all(a not in known and min(len(a), len(b)) >= 5 and Levenshtein.distance(a, b) <= 2 for a, b in pairs)


@cache
def _vocabulary() -> frozenset[str]:
    rules = _table()
    listed = (*rules.targets, *(other for others in rules.targets.values() for other in others))
    known = {word for text in listed for word in _expanded(text)}
    return frozenset(known | rules.neighbours | rules.role_words | rules.never)


@cache
def _never(targets: tuple[str, ...]) -> frozenset[str]:
    """A sprint that looks for assistants or recruiters says so in its titles; then the word is no obstacle."""
    return _table().never - {word for title in targets for word in _expanded(title)}


def _table() -> TitleTable:
    return table("titles", TitleTable)
