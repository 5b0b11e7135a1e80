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
from numpy.typing import NDArray

from leadgen_assets.leads.emails import KEY_KINDS

STRONG_KINDS: tuple[str, ...] = ("linkedin", "member", "vendor")
KINDS: tuple[str, ...] = ("linkedin", "email", "member", "vendor")

Codes = NDArray[np.int64]


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
    table = _key_table(keys, known)
    strong = _strong_groups(table, crosswalk)
    by_email = _email_groups(table, strong)
    conflicts = _conflicts(table, by_email)
    usable = table[(table["kind"] != "email") | ~table["key_code"].isin(by_email.unusable)]
    ids = _cluster_ids(table, by_email.label)
    current = table.drop_duplicates("lead")
    label = by_email.label[current["lead"].to_numpy()]
    members = pd.DataFrame(
        {
            "lead_id": current["lead_id"].to_numpy(),
            "cluster_id": ids["cluster_id"].to_numpy()[label],
            "is_earlier": ids["is_earlier"].to_numpy()[label],
        }
    )
    mine = current["is_current"].to_numpy()
    owned = pd.DataFrame(
        {
            "cluster_id": ids["cluster_id"].to_numpy()[by_email.label[usable["lead"].to_numpy()]],
            "kind": usable["kind"].to_numpy(),
            "key": usable["key"].to_numpy(),
        }
    )
    return Clusters(
        _text_frame(members[mine].sort_values("lead_id", ignore_index=True)),
        conflicts,
        _edges(usable, crosswalk),
        _text_frame(owned.drop_duplicates().sort_values(["cluster_id", "kind", "key"], ignore_index=True)),
    )


@dataclass(frozen=True)
class _EmailGroups:
    """label: final group of each lead code. shared, bridging: codes of addresses that merge nobody, by reason.

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


def _key_table(keys: pd.DataFrame, known: pd.DataFrame | None) -> pd.DataFrame:
    """One row per lead and key with dense codes: lead_id, kind, key, is_current, is_known, lead, key_code."""
    current = keys[["lead_id", "kind", "key"]].assign(is_current=True, is_known=False)
    parts = [current]
    if known is not None and len(known):
        parts.append(known[["lead_id", "kind", "key"]].assign(is_current=False, is_known=True))
    table = (
        pd.concat(parts, ignore_index=True)
        .dropna(subset=["lead_id", "key"])
        .astype({"lead_id": object, "kind": object, "key": object})
    )
    unknown = set(table["kind"]) - set(KINDS)
    if unknown:
        raise ValueError(f"unknown key kind {', '.join(sorted(map(str, unknown)))}; there are {', '.join(KINDS)}")
    table["lead"] = pd.factorize(table["lead_id"], sort=True)[0]
    table["key_code"] = pd.factorize(table["kind"] + "\0" + table["key"])[0]
    by_lead = table.groupby("lead")
    table["is_current"] = by_lead["is_current"].transform("max").astype(bool)
    table["is_known"] = by_lead["is_known"].transform("max").astype(bool)
    return table.drop_duplicates(["lead", "key_code"], ignore_index=True)


def _strong_groups(table: pd.DataFrame, crosswalk: pd.DataFrame | None) -> Codes:
    """Group of each lead code over the strong keys and the crosswalk."""
    leads = _size(table["lead"])
    strong = table[table["kind"] != "email"]
    ours, theirs = strong["lead"].to_numpy(), strong["key_code"].to_numpy() + leads
    nodes = leads + _size(table["key_code"])
    crossed, person = _crosswalk_codes(strong, crosswalk)
    ours = np.concatenate([ours, crossed + leads])
    theirs = np.concatenate([theirs, person + nodes])
    return _components(ours, theirs, nodes + _size(person))[:leads]


def _crosswalk_codes(strong: pd.DataFrame, crosswalk: pd.DataFrame | None) -> tuple[Codes, Codes]:
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
            "kind": ["linkedin"] * len(pairs) + ["member"] * len(pairs),
            "key": [*pairs["linkedin_url"], *pairs["linkedin_member"]],
            "person": np.concatenate([person, person]),
        }
    ).astype({"kind": object, "key": object})
    carried = sides.merge(strong[["kind", "key", "key_code"]].drop_duplicates(), on=["kind", "key"])
    return carried["key_code"].to_numpy(), carried["person"].to_numpy()


def _email_groups(table: pd.DataFrame, strong: Codes) -> _EmailGroups:
    profiles = _profiles(table, strong)
    emails = table[table["kind"] == "email"]
    pairs = pd.DataFrame({"email": emails["key_code"].to_numpy(), "group": strong[emails["lead"].to_numpy()]})
    pairs = pairs.drop_duplicates()
    shared = _with_two_profiles(pairs, "email", profiles)
    uniting = pairs[~pairs["email"].isin(shared)]
    groups = _size(strong)
    united = _components(
        uniting["group"].to_numpy(), uniting["email"].to_numpy() + groups, groups + _size(table["key_code"])
    )
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


def _profiles(table: pd.DataFrame, strong: Codes) -> pd.DataFrame:
    """group, family: kinds of LinkedIn identity of each strong group; two groups of one family are two people."""
    of_linkedin = table[table["kind"].isin(["linkedin", "member"])]
    # ACwAA… and ACoAA… tokens are two spellings of one member, so only tokens spelled alike can differ.
    family = of_linkedin["kind"].where(of_linkedin["kind"] == "linkedin", "member " + of_linkedin["key"].str[:5])
    groups = strong[of_linkedin["lead"].to_numpy()]
    return pd.DataFrame({"group": groups, "family": family.to_numpy()}).drop_duplicates()


def _with_two_profiles(pairs: pd.DataFrame, by: str, profiles: pd.DataFrame) -> Codes:
    """Values of column `by` that meet two groups with LinkedIn identities of one family."""
    met = pairs.merge(profiles, on="group").groupby([by, "family"])["group"].nunique()
    return np.unique(met[met > 1].index.get_level_values(by).to_numpy(dtype=np.int64))


def _conflicts(table: pd.DataFrame, found: _EmailGroups) -> pd.DataFrame:
    lead_of = table.drop_duplicates("lead").set_index("lead")["lead_id"]
    emails = table[table["kind"] == "email"]
    shared = emails[emails["key_code"].isin(found.shared)]
    by_shared = pd.DataFrame({"lead": shared["lead"], "case": shared["key_code"], "reason": "shared_email"})
    crossed = np.flatnonzero(np.isin(found.component, found.bridged))
    by_bridge = pd.DataFrame({"lead": crossed, "case": found.component[crossed], "reason": "email_bridge"})
    rows: dict[tuple[str, str], set[str]] = {}
    for (_, reason), case in pd.concat([by_shared, by_bridge]).groupby(["case", "reason"])["lead"]:
        ids = lead_of[case.to_numpy()].tolist()
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


def _cluster_ids(table: pd.DataFrame, label: Codes) -> pd.DataFrame:
    """cluster_id and is_earlier per group label."""
    leads = table.drop_duplicates("lead")[["lead_id", "lead", "is_current", "is_known"]]
    rank = np.where(~leads["is_current"], 0, np.where(leads["is_known"], 1, 2))
    leads = leads.assign(label=label[leads["lead"].to_numpy()], rank=rank).sort_values(["label", "rank", "lead"])
    first = leads.drop_duplicates("label").set_index("label")
    return pd.DataFrame({"cluster_id": first["lead_id"], "is_earlier": first["rank"] == 0})


def _edges(usable: pd.DataFrame, crosswalk: pd.DataFrame | None) -> pd.DataFrame:
    """Every lead to the smallest lead with the same key, and to the smallest whose keys the crosswalk calls the same."""
    ids, keys, kinds = (usable[name].to_numpy() for name in ("lead_id", "key_code", "kind"))
    smallest = _smallest_ids(usable)
    hub = smallest[keys]
    spokes = ids != hub
    edges = pd.DataFrame({"lead_id": ids[spokes], "other_lead_id": hub[spokes], "kind": kinds[spokes]})
    crossed, person = _crosswalk_codes(usable[usable["kind"] != "email"], crosswalk)
    if len(crossed):
        sides = pd.DataFrame({"lead_id": smallest[crossed], "person": person})
        sides["other_lead_id"] = sides.groupby("person")["lead_id"].transform("min")
        across = sides.query("lead_id != other_lead_id")[["lead_id", "other_lead_id"]].assign(kind="crosswalk")
        edges = pd.concat([edges, across])
    order = ["lead_id", "other_lead_id", "kind"]
    return _text_frame(edges.drop_duplicates().sort_values(order, ignore_index=True))


def _smallest_ids(usable: pd.DataFrame) -> NDArray[Any]:
    """The smallest lead id per key code."""
    smallest = np.empty(_size(usable["key_code"]), dtype=object)
    descending = usable.sort_values("lead", ascending=False)
    smallest[descending["key_code"].to_numpy()] = descending["lead_id"].to_numpy()
    return smallest


def _components(ours: Any, theirs: Any, nodes: int) -> Codes:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if nodes == 0:
        return np.empty(0, dtype=np.int64)
    graph = coo_matrix((np.ones(len(ours), dtype=np.int32), (ours, theirs)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _size(codes: Any) -> int:
    return int(codes.max()) + 1 if len(codes) else 0


def _text_frame(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({name: "str" for name in frame.columns if frame[name].dtype == object})
