"""Who is who: the id of a lead, its exact keys, and the clusters they form across sources and sprints (REQ-008, TL-04).

Exact keys merge, resemblance never does (`resemblance`). Everything here gives the same answer in whatever order the
records arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from leadgen_assets.leads.columns import Codes, positions
from leadgen_assets.leads.emails import KEY_KINDS
from leadgen_assets.leads.key_graph import (
    EMAIL,
    KINDS,
    Carried,
    carried_by,
    components,
    crosswalk_codes,
    size,
    strong_groups,
)


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
    carried = carried_by(keys, known)
    strong = strong_groups(carried, crosswalk)
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


def _email_groups(carried: Carried, strong: Codes) -> _EmailGroups:
    profiles = _profiles(carried, strong)
    of_email = carried.kind == EMAIL
    pairs = pd.DataFrame({"email": carried.key[of_email], "group": strong[carried.lead[of_email]]})
    pairs = pairs.drop_duplicates()
    shared = _with_two_profiles(pairs, "email", profiles)
    uniting = pairs[~pairs["email"].isin(shared)]
    groups = size(strong)
    united = components(uniting["group"].to_numpy(), uniting["email"].to_numpy() + groups, groups + len(carried.texts))
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


def _profiles(carried: Carried, strong: Codes) -> pd.DataFrame:
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


def _conflicts(carried: Carried, found: _EmailGroups) -> pd.DataFrame:
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


def _heads(carried: Carried, label: Codes) -> Codes:
    """The lead that gives each group its id: an earlier sprint's first, then one already delivered, then the smallest."""
    rank = np.where(~carried.is_current, 0, np.where(carried.is_known, 1, 2))
    order = np.lexsort((np.arange(len(label)), rank, label))
    return order[np.unique(label[order], return_index=True)[1]].astype(np.int64)


def _owned_keys(usable: Carried, head: Codes) -> pd.DataFrame:
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


def _edges(usable: Carried, crosswalk: pd.DataFrame | None) -> pd.DataFrame:
    """Every lead to the smallest lead with the same key, and to the smallest whose keys the crosswalk calls the same."""
    smallest = np.full(len(usable.texts), len(usable.ids), dtype=np.int64)
    np.minimum.at(smallest, usable.key, usable.lead)
    hub = smallest[usable.key]
    spokes = usable.lead != hub
    words = np.asarray([*KINDS, "crosswalk"], dtype=object)
    edges = pd.DataFrame({"lead": usable.lead[spokes], "other": hub[spokes], "kind": words[usable.kind[spokes]]})
    crossed, person = crosswalk_codes(usable.only(usable.kind != EMAIL), crosswalk)
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
