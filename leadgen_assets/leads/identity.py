"""Who is who: the id of a lead, its exact keys, and the clusters they form across sources and sprints (REQ-008, TL-04).

Exact keys merge, resemblance never does (`resemblance`). Everything here gives the same answer in whatever order the
records arrive.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadgen_assets.leads.columns import Codes, positions
from leadgen_assets.leads.emails import KEY_KINDS

STRONG_KINDS: tuple[str, ...] = ("linkedin", "member", "vendor")
KINDS: tuple[str, ...] = ("linkedin", "email", "member", "vendor")
EMAIL = KINDS.index("email")


def lead_id(sprint: str, segment: str, page: int, position: int) -> str:
    """The id of a delivered record, from where it was delivered: a re-run finds its own claims and rows again."""
    return "L" + blake2b(f"{sprint}|{segment}|{page}|{position}".encode(), digest_size=12).hexdigest()


def lead_ids(frame: pd.DataFrame) -> pd.Series:
    """`lead_id` for every row of a frame with sprint, segment, page, position."""
    rows = zip(*(frame[name].tolist() for name in ("sprint", "segment", "page", "position")), strict=True)
    return pd.Series([lead_id(*row) for row in rows], index=frame.index, dtype="str")


def lead_keys(leads: pd.DataFrame) -> pd.DataFrame:
    """Exact keys of leads, one row each: lead_id, kind (linkedin, email, member, vendor), key.

    Only personal and free-mail addresses are keys; the vendor key is "source:id". Columns read: lead_id, linkedin_url,
    linkedin_member, email, email_kind, data_source, vendor_id.
    """
    email = leads["email"].where(leads["email_kind"].isin(KEY_KINDS))
    vendor = leads["data_source"] + ":" + leads["vendor_id"]
    parts = {"linkedin": leads["linkedin_url"], "email": email, "member": leads["linkedin_member"], "vendor": vendor}
    frames = [
        pd.DataFrame({"lead_id": leads["lead_id"], "kind": kind, "key": keys})[keys.notna().to_numpy()]
        for kind, keys in parts.items()
    ]
    return pd.concat(frames, ignore_index=True).astype({"lead_id": "str", "kind": "str", "key": "str"})


@dataclass(frozen=True)
class Clusters:
    """Who is the same person as whom.

    members: lead_id, cluster_id, is_earlier (the cluster holds a lead of an earlier sprint). One row per current lead
    that has a key; a lead without any key is its own cluster.
    conflicts: lead_id, other_lead_ids (list), reason (shared_email | email_bridge). For a person to decide.
    edges: lead_id, other_lead_id, kind (a key kind, or crosswalk). Why leads were merged: stars around smallest ids.
    keys: cluster_id, kind, key. The keys a cluster owns; addresses that must not merge are not among them.
    """

    members: pd.DataFrame
    conflicts: pd.DataFrame
    edges: pd.DataFrame
    keys: pd.DataFrame

    def of(self, lead_ids: pd.Series) -> Any:
        """The cluster of each lead as an array of ids; a lead without any key is its own."""
        ids = lead_ids.astype("str").array.copy()
        home = positions(lead_ids, self.members["lead_id"])
        known = home >= 0
        ids[known] = self.members["cluster_id"].array.take(home[known])
        return ids


def cluster(keys: pd.DataFrame, crosswalk: pd.DataFrame | None = None, known: pd.DataFrame | None = None) -> Clusters:
    """Clusters over exact keys, the same whatever the order of rows.

    keys: lead_id, kind, key of the current leads. crosswalk: linkedin_url, linkedin_member pairs seen together before.
    known: lead_id, kind, key (sprint) of leads already delivered, of this or earlier sprints.

    1. LinkedIn URL, member token and vendor id unite, transitively.
    2. An address carried by two groups of (1) that are two LinkedIn profiles is *shared*: it merges nobody.
    3. The other addresses unite groups. If that brings two LinkedIn profiles together over a bridge, none of the
       bridge's addresses merges anybody.
    Two profiles are two URLs, or two member tokens of one family: a URL and a token may well be one person.
    The cluster's id is the smallest id of an earlier sprint's lead, else of one already delivered, else of any member.
    """
    carried = _carried(keys, known)
    strong = _strong_groups(carried, crosswalk)
    by_email = _email_groups(carried, strong)
    usable = carried.only((carried.kind != EMAIL) | ~np.isin(carried.key, by_email.unusable))
    head = _heads(carried, by_email.label)
    mine = np.flatnonzero(carried.is_current)
    heads = head[by_email.label[mine]]
    members = pd.DataFrame(
        {
            "lead_id": carried.ids.take(mine),
            "cluster_id": carried.ids.take(heads),
            "is_earlier": ~carried.is_current[heads],
        }
    )
    return Clusters(
        members,
        _conflicts(carried, by_email),
        _edges(usable, crosswalk),
        _owned_keys(usable, head[by_email.label[usable.lead]]),
    )


@dataclass(frozen=True)
class _Carried:
    """Which lead carries which key, each pair once, as numbers.

    lead: position in `ids` (all leads, sorted, so that a smaller number is a smaller id). key: position in `texts`.
    kind: position in KINDS of each pair. is_current, is_known: per lead.
    """

    lead: Codes
    key: Codes
    kind: Codes
    ids: Any
    texts: Any
    is_current: NDArray[np.bool_]
    is_known: NDArray[np.bool_]

    def only(self, mask: NDArray[np.bool_]) -> _Carried:
        """Some of the pairs."""
        return replace(self, lead=self.lead[mask], key=self.key[mask], kind=self.kind[mask])


@dataclass(frozen=True)
class _EmailGroups:
    """label: final group of each lead. shared, bridging: addresses that merge nobody, by reason.

    component: per lead, the group that its addresses would make. bridged: the components that must not be.
    """

    label: Codes
    shared: Codes
    bridging: Codes
    component: Codes
    bridged: Codes

    @property
    def unusable(self) -> Codes:
        return np.concatenate([self.shared, self.bridging])


def _carried(keys: pd.DataFrame, known: pd.DataFrame | None) -> _Carried:
    parts = [keys[["lead_id", "kind", "key"]]]
    if known is not None and len(known):
        parts.append(known[["lead_id", "kind", "key"]])
    of_keys = len(parts[0])
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    sound = (table["lead_id"].notna() & table["key"].notna()).to_numpy(dtype=bool)
    is_current = np.arange(len(table)) < of_keys
    if not sound.all():
        table, is_current = table[sound], is_current[sound]
    kind = _kinds(table["kind"])
    lead, ids = pd.factorize(table["lead_id"].astype("str"), sort=True)
    text, texts = pd.factorize(table["key"].astype("str"))
    lead, text = lead.astype(np.int64), text.astype(np.int64)
    # Two kinds may have a key of the same text: the pair of both is the key.
    key, pairs = pd.factorize(text * len(KINDS) + kind)
    pair = lead * len(pairs) + key
    first = ~pd.Series(pair).duplicated().to_numpy()
    return _Carried(
        lead[first],
        key.astype(np.int64)[first],
        kind[first],
        ids.array,
        texts.array.take(pairs // len(KINDS)),
        np.bincount(lead[is_current], minlength=len(ids)) > 0,
        np.bincount(lead[~is_current], minlength=len(ids)) > 0,
    )


def _kinds(kinds: pd.Series) -> Codes:
    """Positions in KINDS. `ValueError` for a kind that is none."""
    codes, words = pd.factorize(kinds.astype("str"))
    unknown = set(words) - set(KINDS)
    if unknown:
        raise ValueError(f"unknown key kind {', '.join(sorted(map(str, unknown)))}; there are {', '.join(KINDS)}")
    return np.asarray([KINDS.index(str(each)) for each in words], dtype=np.int64)[codes].astype(np.int64)


def _strong_groups(carried: _Carried, crosswalk: pd.DataFrame | None) -> Codes:
    """Group of each lead over the strong keys and the crosswalk."""
    leads = len(carried.ids)
    strong = carried.only(carried.kind != EMAIL)
    nodes = leads + len(carried.texts)
    crossed, person = _crosswalk_codes(strong, crosswalk)
    ours = np.concatenate([strong.lead, crossed + leads])
    theirs = np.concatenate([strong.key + leads, person + nodes])
    return _components(ours, theirs, nodes + _size(person))[:leads]


def _crosswalk_codes(strong: _Carried, crosswalk: pd.DataFrame | None) -> tuple[Codes, Codes]:
    """Code of each key that the crosswalk names, and of the person it gives that key to. Pairs are joined among
    themselves first: they may chain through a key that no lead carries.
    """
    nothing = np.empty(0, dtype=np.int64)
    if crosswalk is None or crosswalk.empty:
        return nothing, nothing
    pairs = crosswalk[["linkedin_url", "linkedin_member"]].dropna().drop_duplicates()
    url, member = pd.factorize(pairs["linkedin_url"])[0], pd.factorize(pairs["linkedin_member"])[0]
    person = _components(url, member + _size(url), _size(url) + _size(member))[url]
    sides = pd.DataFrame(
        {
            "kind": [KINDS.index("linkedin")] * len(pairs) + [KINDS.index("member")] * len(pairs),
            "key": [*pairs["linkedin_url"], *pairs["linkedin_member"]],
            "person": np.concatenate([person, person]),
        }
    ).astype({"key": "str"})
    codes, first = np.unique(strong.key, return_index=True)
    named = pd.DataFrame({"kind": strong.kind[first], "key": strong.texts.take(codes), "code": codes})
    found = sides.merge(named, on=["kind", "key"])
    return found["code"].to_numpy(dtype=np.int64), found["person"].to_numpy(dtype=np.int64)


def _email_groups(carried: _Carried, strong: Codes) -> _EmailGroups:
    profiles = _profiles(carried, strong)
    of_email = carried.kind == EMAIL
    pairs = pd.DataFrame({"email": carried.key[of_email], "group": strong[carried.lead[of_email]]})
    pairs = pairs.drop_duplicates()
    shared = _with_two_profiles(pairs, "email", profiles)
    uniting = pairs[~pairs["email"].isin(shared)]
    groups = _size(strong)
    united = _components(uniting["group"].to_numpy(), uniting["email"].to_numpy() + groups, groups + len(carried.texts))
    component = pd.DataFrame({"component": united[:groups], "group": np.arange(groups)})
    bridged = _with_two_profiles(component, "component", profiles)
    in_bridge = np.isin(united[:groups], bridged)
    crossing = uniting[in_bridge[uniting["group"].to_numpy()]]
    carriers = crossing["email"].value_counts()
    # An address of only one group joins nothing, so it stays that group's own key.
    bridging = carriers.index[carriers.to_numpy() > 1].to_numpy(dtype=np.int64)
    final = np.where(in_bridge, np.arange(groups) + united.max(initial=0) + 1, united[:groups])
    label = np.unique(final, return_inverse=True)[1].astype(np.int64)
    return _EmailGroups(label[strong], shared, bridging, united[:groups][strong], bridged)


def _profiles(carried: _Carried, strong: Codes) -> pd.DataFrame:
    """group, family: kinds of LinkedIn identity of each strong group; two groups of one family are two people."""
    of_linkedin = carried.only(np.isin(carried.kind, [KINDS.index("linkedin"), KINDS.index("member")]))
    # ACwAA… and ACoAA… tokens are two spellings of one member, so only tokens spelled alike can differ.
    spelling = pd.Series(carried.texts.take(of_linkedin.key)).str[:5]
    family = pd.factorize(spelling.where(of_linkedin.kind == KINDS.index("member"), "a profile"))[0]
    return pd.DataFrame({"group": strong[of_linkedin.lead], "family": family}).drop_duplicates()


def _with_two_profiles(pairs: pd.DataFrame, by: str, profiles: pd.DataFrame) -> Codes:
    """Values of column `by` that meet two groups with LinkedIn identities of one family."""
    # Nearly all meet only one group, and comparing them would be nearly all the work.
    several = pairs[pairs[by].duplicated(keep=False)]
    met = several.merge(profiles, on="group").groupby([by, "family"])["group"].nunique()
    return np.unique(met[met > 1].index.get_level_values(by).to_numpy(dtype=np.int64))


def _conflicts(carried: _Carried, found: _EmailGroups) -> pd.DataFrame:
    is_shared = (carried.kind == EMAIL) & np.isin(carried.key, found.shared)
    by_shared = pd.DataFrame({"lead": carried.lead[is_shared], "case": carried.key[is_shared]})
    crossed = np.flatnonzero(np.isin(found.component, found.bridged))
    by_bridge = pd.DataFrame({"lead": crossed, "case": found.component[crossed]})
    cases = pd.concat([by_shared.assign(reason="shared_email"), by_bridge.assign(reason="email_bridge")])
    cases["lead_id"] = carried.ids.take(cases["lead"].to_numpy(dtype=np.int64))
    rows: dict[tuple[str, str], set[str]] = {}
    for (_, reason), case in cases.groupby(["case", "reason"])["lead_id"]:
        ids = case.tolist()
        for each in ids:
            rows.setdefault((each, str(reason)), set()).update(ids)
    ordered = sorted(rows)
    return pd.DataFrame(
        {
            "lead_id": pd.Series([each for each, _ in ordered], dtype="str"),
            "other_lead_ids": pd.Series([sorted(rows[key] - {key[0]}) for key in ordered], dtype=object),
            "reason": pd.Series([reason for _, reason in ordered], dtype="str"),
        }
    )


def _heads(carried: _Carried, label: Codes) -> Codes:
    """The lead that gives each group its id: an earlier sprint's first, then one already delivered, then the smallest."""
    rank = np.where(~carried.is_current, 0, np.where(carried.is_known, 1, 2))
    order = np.lexsort((np.arange(len(label)), rank, label))
    return order[np.unique(label[order], return_index=True)[1]].astype(np.int64)


def _owned_keys(usable: _Carried, head: Codes) -> pd.DataFrame:
    """cluster_id, kind, key of the keys that clusters own, each once, sorted."""
    owned = ~pd.Series(head * len(usable.texts) + usable.key).duplicated().to_numpy()
    head, key, kind = head[owned], usable.key[owned], usable.kind[owned]
    by_word = np.argsort(np.argsort(KINDS))[kind]
    place = head * len(KINDS) + by_word
    # Only where a cluster has several keys of a kind does their text decide; sorting all texts would take longest of all.
    doubtful = pd.Series(place).duplicated(keep=False).to_numpy()
    rank = np.zeros(len(key), dtype=np.int64)
    rank[doubtful] = pd.factorize(usable.texts.take(key[doubtful]), sort=True)[0]
    order = np.lexsort((rank, place))
    words = pd.array(list(KINDS), dtype="str")
    return pd.DataFrame(
        {
            "cluster_id": usable.ids.take(head[order]),
            "kind": words.take(kind[order]),
            "key": usable.texts.take(key[order]),
        }
    )


def _edges(usable: _Carried, crosswalk: pd.DataFrame | None) -> pd.DataFrame:
    """Every lead to the smallest lead with the same key, and to the smallest whose keys the crosswalk calls the same."""
    smallest = np.full(len(usable.texts), len(usable.ids), dtype=np.int64)
    np.minimum.at(smallest, usable.key, usable.lead)
    hub = smallest[usable.key]
    spokes = usable.lead != hub
    words = np.asarray([*KINDS, "crosswalk"], dtype=object)
    edges = pd.DataFrame({"lead": usable.lead[spokes], "other": hub[spokes], "kind": words[usable.kind[spokes]]})
    crossed, person = _crosswalk_codes(usable.only(usable.kind != EMAIL), crosswalk)
    if len(crossed):
        sides = pd.DataFrame({"lead": smallest[crossed], "person": person})
        sides["other"] = sides.groupby("person")["lead"].transform("min")
        across = sides.query("lead != other")[["lead", "other"]].assign(kind="crosswalk")
        edges = pd.concat([edges, across])
    edges = edges.drop_duplicates().sort_values(["lead", "other", "kind"], ignore_index=True)
    return pd.DataFrame(
        {
            "lead_id": usable.ids.take(edges["lead"].to_numpy(dtype=np.int64)),
            "other_lead_id": usable.ids.take(edges["other"].to_numpy(dtype=np.int64)),
            "kind": edges["kind"].astype("str"),
        }
    )


def _components(ours: Any, theirs: Any, nodes: int) -> Codes:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if nodes == 0:
        return np.empty(0, dtype=np.int64)
    graph = coo_matrix((np.ones(len(ours), dtype=np.int32), (ours, theirs)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _size(codes: Any) -> int:
    return int(codes.max()) + 1 if len(codes) else 0
