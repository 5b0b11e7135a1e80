"""A page of claims before anybody is asked: names of keys, leads united within the page, who owns them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PREFIX = {
    "linkedin": "lead:linkedin:",
    "email": "lead:email:",
    "member": "lead:profile:linkedin-member:",
    "vendor": "lead:profile:",
}
"""Names fixed in interfaces.md, in order of precedence: LinkedIn URL, then email, then profile ids (REQ-008)."""

_RANK = {prefix: rank for rank, prefix in enumerate(_PREFIX.values())}


@dataclass(frozen=True)
class LeadKey:
    """One exact key of a lead. `kind` is linkedin, email, member or vendor (then `key` is "source:id")."""

    kind: str
    key: str

    @property
    def name(self) -> str:
        """What the key is called in Redis and in `lead_keys`. `KeyError` for a kind that is no merge key."""
        # half a surrogate pair in a vendor's id could be written to neither server
        key = self.key if self.key.isascii() else self.key.encode("utf-8", "replace").decode("utf-8")
        return _PREFIX[self.kind] + key


@dataclass(frozen=True)
class Claim:
    """A lead and the keys it claims; a lead without keys is always new."""

    lead_id: str
    keys: tuple[LeadKey, ...]


@dataclass(frozen=True)
class Group:
    """Leads of one page that share keys. Members sorted, the first stands for all; keys in order of precedence."""

    members: tuple[str, ...]
    keys: tuple[str, ...]

    def owner(self, held: Mapping[str, str]) -> str:
        """Who owns the group's people, given who holds keys: one of its own members, else the holder of its
        foremost key, else its first member. Own claims are never duplicates."""
        holders = [held[key] for key in self.keys if key in held]
        own = [holder for holder in holders if holder in self.members]
        return (own or holders or [self.members[0]])[0]


def unite(claims: Sequence[Claim]) -> list[Group]:
    """The page's leads, grouped transitively by shared keys; the same groups whatever the order of the page."""
    parent: dict[str, str] = {claim.lead_id: claim.lead_id for claim in claims}

    def root(lead: str) -> str:
        while parent[lead] != lead:
            parent[lead] = parent[parent[lead]]
            lead = parent[lead]
        return lead

    first_with: dict[str, str] = {}
    for claim in claims:
        for key in claim.keys:
            other = first_with.setdefault(key.name, claim.lead_id)
            parent[root(claim.lead_id)] = root(other)
    members: dict[str, set[str]] = {}
    keys: dict[str, set[str]] = {}
    for claim in claims:
        top = root(claim.lead_id)
        members.setdefault(top, set()).add(claim.lead_id)
        keys.setdefault(top, set()).update(key.name for key in claim.keys)
    groups = [Group(tuple(sorted(members[top])), tuple(sorted(keys[top], key=_precedence))) for top in members]
    return sorted(groups, key=lambda group: group.members)


def _precedence(name: str) -> tuple[int, str]:
    # "lead:profile:linkedin-member:" begins with "lead:profile:" too, so the longest prefix that fits decides
    prefix = max((each for each in _RANK if name.startswith(each)), key=len)
    return _RANK[prefix], name
