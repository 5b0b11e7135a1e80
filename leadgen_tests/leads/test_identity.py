"""Identity: ids, keys and clusters, against a slow reference that follows the rule word by word."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadgen_assets.leads import identity
from leadgen_tests.leads.samples import as_leads, draft

KEYS = [
    *(("linkedin", f"https://www.linkedin.com/in/p{n}") for n in range(5)),
    *(("member", f"ACwAAtoken{n}") for n in range(3)),
    *(("member", f"ACoAAtoken{n}") for n in range(2)),
    *(("vendor", f"apollo:{n}") for n in range(4)),
    *(("email", f"e{n}@example.com") for n in range(4)),
]
LEADS = [f"L{n:02d}" for n in range(12)]
PAIRS = [(url, token) for kind, url in KEYS if kind == "linkedin" for other, token in KEYS if other == "member"] + [
    ("https://www.linkedin.com/in/nobody", "ACwAAtoken0"),
    ("https://www.linkedin.com/in/p4", "ACwAAnobody"),
]

key_rows = st.lists(st.tuples(st.sampled_from(LEADS), st.sampled_from(KEYS)), max_size=26, unique=True)


def frame(rows):
    return pd.DataFrame(
        [(lead, kind, key) for lead, (kind, key) in rows], columns=["lead_id", "kind", "key"], dtype="str"
    )


def partition(groups):
    return frozenset(frozenset(group) for group in groups)


class Reference:
    """The rule of `identity.cluster` in sets and loops."""

    def __init__(self, rows, crosswalk=()):
        self.keys = {}
        for lead, key in rows:
            self.keys.setdefault(lead, set()).add(key)
        self.crosswalk = [(("linkedin", url), ("member", token)) for url, token in crosswalk]
        self.strong = self._unite([{lead} for lead in self.keys], self._strong_touch)
        emails = {key for keys in self.keys.values() for key in keys if key[0] == "email"}
        self.shared = {email for email in emails if self._two_profiles([g for g in self.strong if self._has(g, email)])}
        usable = emails - self.shared
        united = self._unite(self.strong, lambda a, b: any(self._has(a, e) and self._has(b, e) for e in usable))
        self.groups, self.bridged = [], []
        for group in united:
            inside = [part for part in self.strong if part <= group]
            if self._two_profiles(inside):
                self.groups += inside
                self.bridged.append(group)
            else:
                self.groups.append(group)

    def _has(self, group, key):
        return any(key in self.keys[lead] for lead in group)

    def _strong_keys(self, group):
        found = {key for lead in group for key in self.keys[lead] if key[0] != "email"}
        while True:
            more = {key for pair in self.crosswalk if found & set(pair) for key in pair} - found
            if not more:
                return found
            found |= more

    def _strong_touch(self, a, b):
        return bool(self._strong_keys(a) & self._strong_keys(b))

    def _two_profiles(self, groups):
        def families(group):
            keys = {key for lead in group for key in self.keys[lead]}
            urls = {"url"} if any(kind == "linkedin" for kind, _ in keys) else set()
            return urls | {text[:5] for kind, text in keys if kind == "member"}

        return any(families(a) & families(b) for a, b in itertools.combinations(groups, 2))

    @staticmethod
    def _unite(groups, touch):
        groups = [set(group) for group in groups]
        merged = True
        while merged:
            merged = False
            for a, b in itertools.combinations(groups, 2):
                if touch(a, b):
                    groups.remove(b)
                    a |= b
                    merged = True
                    break
        return groups

    def conflicting(self):
        carriers = {lead for lead, keys in self.keys.items() if keys & self.shared}
        return carriers | {lead for group in self.bridged for lead in group}


def found_partition(clusters):
    return partition(group for _, group in clusters.members.groupby("cluster_id")["lead_id"])


@settings(max_examples=250, deadline=None)
@given(rows=key_rows, crosswalk=st.lists(st.sampled_from(PAIRS), max_size=3))
def test_clusters_are_those_of_the_rule_taken_word_by_word(rows, crosswalk):
    """TL-04: no false positive and no false negative on exact keys, conflicts included."""
    reference = Reference(rows, crosswalk)
    pairs = pd.DataFrame(crosswalk, columns=["linkedin_url", "linkedin_member"], dtype="str")
    clusters = identity.cluster(frame(rows), pairs)
    assert found_partition(clusters) == partition(reference.groups)
    assert set(clusters.conflicts["lead_id"]) == reference.conflicting()
    for cluster_id, group in clusters.members.groupby("cluster_id")["lead_id"]:
        assert cluster_id == min(group)


@settings(max_examples=80, deadline=None)
@given(rows=key_rows, crosswalk=st.lists(st.sampled_from(PAIRS), max_size=2), data=st.data())
def test_the_order_of_records_changes_nothing(rows, crosswalk, data):
    """REQ-008: same inputs, same output, whatever the order of arrival."""
    pairs = pd.DataFrame(crosswalk, columns=["linkedin_url", "linkedin_member"], dtype="str")
    first = identity.cluster(frame(rows), pairs)
    again = identity.cluster(frame(data.draw(st.permutations(rows))), pairs.iloc[::-1])
    for name in ("members", "conflicts", "edges", "keys"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))


def test_edges_across_the_crosswalk_do_not_depend_on_the_order_of_records():
    """REQ-008: two tokens of one profile, each carried by another lead, are explained alike in any order."""
    rows = [
        ("L00", ("member", "ACwAAtoken1")),
        ("L01", ("linkedin", "https://www.linkedin.com/in/p3")),
        ("L02", ("member", "ACwAAtoken0")),
    ]
    url = "https://www.linkedin.com/in/p3"
    pairs = pd.DataFrame({"linkedin_url": [url, url], "linkedin_member": ["ACwAAtoken0", "ACwAAtoken1"]}, dtype="str")
    for order in itertools.permutations(rows):
        edges = identity.cluster(frame(order), pairs).edges
        assert list(zip(edges["lead_id"], edges["other_lead_id"], edges["kind"], strict=True)) == [
            ("L01", "L00", "crosswalk"),
            ("L02", "L00", "crosswalk"),
        ]


@settings(max_examples=80, deadline=None)
@given(rows=key_rows)
def test_edges_alone_explain_every_cluster(rows):
    """REQ-008: each merge has its reason on record, and no reason joins two clusters."""
    clusters = identity.cluster(frame(rows))
    leads = set(clusters.members["lead_id"])
    joined = Reference._unite(
        [{lead} for lead in leads],
        lambda a, b: any(
            {x, y} & a and {x, y} & b
            for x, y in zip(clusters.edges["lead_id"], clusters.edges["other_lead_id"], strict=True)
        ),
    )
    assert partition(joined) == found_partition(clusters)


@settings(max_examples=80, deadline=None)
@given(rows=key_rows)
def test_no_key_is_owned_by_two_clusters(rows):
    """DE-01: the keys of golden records fit unique indexes."""
    keys = identity.cluster(frame(rows)).keys
    assert not keys.duplicated(["kind", "key"]).any()


@settings(max_examples=60, deadline=None)
@given(rows=key_rows, earlier=st.sets(st.sampled_from(LEADS), max_size=5))
def test_a_cluster_is_named_after_the_smallest_lead_of_an_earlier_sprint(rows, earlier):
    """REQ-008: people of earlier sprints keep their id, and are told from new ones."""
    current = [row for row in rows if row[0] not in earlier]
    known = frame([row for row in rows if row[0] in earlier]).assign(sprint="before")
    clusters = identity.cluster(frame(current), known=known)
    reference = Reference(rows)
    assert set(clusters.members["lead_id"]) == {lead for lead, _ in current}
    named = clusters.members.set_index("lead_id")
    for group in reference.groups:
        old = sorted(group & earlier)
        for lead in group - earlier:
            assert named.loc[lead, "cluster_id"] == (old or sorted(group))[0]
            assert named.loc[lead, "is_earlier"] == bool(old)


def test_a_lead_already_delivered_in_this_sprint_names_its_cluster():
    """REQ-008: a second refinement of the same sprint does not rename delivered leads, nor call them earlier."""
    keys = frame([("L1", KEYS[0]), ("L2", KEYS[0])])
    known = frame([("L2", KEYS[0])]).assign(sprint="now")
    members = identity.cluster(keys, known=known).members
    assert members["cluster_id"].tolist() == ["L2", "L2"]
    assert not members["is_earlier"].any()


def test_a_row_with_slug_and_token_links_rows_with_either():
    """Identity rules: where a row carries both token and slug, the pair links other rows."""
    keys = frame([("L1", KEYS[0]), ("L2", KEYS[5]), ("L3", KEYS[0]), ("L3", KEYS[5])])
    assert identity.cluster(keys).members["cluster_id"].tolist() == ["L1"] * 3


def test_a_remembered_pair_links_rows_that_share_no_key():
    """Identity rules: slug and token seen together before are one person later."""
    crosswalk = pd.DataFrame({"linkedin_url": [KEYS[0][1]], "linkedin_member": [KEYS[5][1]]})
    clusters = identity.cluster(frame([("L1", KEYS[0]), ("L2", KEYS[5])]), crosswalk)
    assert clusters.members["cluster_id"].tolist() == ["L1", "L1"]
    assert clusters.edges.to_dict("records") == [{"lead_id": "L2", "other_lead_id": "L1", "kind": "crosswalk"}]


def test_an_address_of_two_profiles_merges_nobody_and_is_no_key():
    """Design 6: a shared email with two LinkedIn profiles is a conflict for a person."""
    email = ("email", "family@example.com")
    clusters = identity.cluster(frame([("L1", KEYS[0]), ("L1", email), ("L2", KEYS[1]), ("L2", email), ("L3", email)]))
    assert clusters.members["cluster_id"].tolist() == ["L1", "L2", "L3"]
    assert clusters.conflicts["lead_id"].tolist() == ["L1", "L2", "L3"]
    assert set(clusters.conflicts["reason"]) == {"shared_email"}
    assert "email" not in set(clusters.keys["kind"])


def test_a_bridge_of_addresses_between_two_profiles_falls_as_a_whole():
    """Design 6: what would join two profiles over a third record joins nobody."""
    one, two, vendor = ("email", "a@example.com"), ("email", "b@example.com"), ("vendor", "apollo:9")
    rows = [
        ("L1", KEYS[0]),
        ("L1", one),
        ("L2", vendor),
        ("L2", one),
        ("L3", vendor),
        ("L3", two),
        ("L4", KEYS[1]),
        ("L4", two),
    ]
    clusters = identity.cluster(frame(rows))
    assert clusters.members["cluster_id"].tolist() == ["L1", "L2", "L2", "L4"]
    assert set(clusters.conflicts["reason"]) == {"email_bridge"}
    assert clusters.conflicts["lead_id"].tolist() == ["L1", "L2", "L3", "L4"]


def test_a_profile_and_a_sales_navigator_token_may_share_an_address():
    """Identity rules: a slug and a token are two spellings, not two people."""
    email = ("email", "a@example.com")
    clusters = identity.cluster(frame([("L1", KEYS[0]), ("L1", email), ("L2", KEYS[5]), ("L2", email)]))
    assert clusters.members["cluster_id"].tolist() == ["L1", "L1"]
    assert clusters.conflicts.empty


def test_an_unknown_kind_of_key_is_refused():
    """REQ-008: nothing merges by a key nobody defined."""
    with pytest.raises(ValueError, match="phone"):
        identity.cluster(frame([("L1", ("phone", "+12025550100"))]))


def test_no_keys_make_no_clusters():
    """REQ-008: an empty page is no error."""
    clusters = identity.cluster(frame([]))
    assert clusters.members.empty
    assert clusters.conflicts.empty
    assert clusters.edges.empty
    assert clusters.keys.empty


def test_lead_ids_are_stable_and_distinct():
    """Design 2: re-running a partition finds its own claims."""
    rows = pd.DataFrame({"sprint": "s", "segment": ["a", "a", "b"], "page": [1, 1, 1], "position": [0, 1, 0]})
    ids = identity.lead_ids(rows)
    assert ids.tolist() == [
        identity.lead_id("s", "a", 1, 0),
        identity.lead_id("s", "a", 1, 1),
        identity.lead_id("s", "b", 1, 0),
    ]
    assert ids.is_unique
    assert ids.str.fullmatch(r"L[0-9a-f]{24}").all()


def test_only_personal_addresses_become_keys():
    """Identity rules: role and disposable addresses are kept but never a merge key."""
    leads = as_leads(
        draft(email="Maya.Okafor@Northwind.example", vendor_id="1"),
        draft(email="info@northwind.example", vendor_id="2"),
        draft(email="maya@mailinator.com", vendor_id="3"),
        draft(email=None, vendor_id="4"),
    )
    keys = identity.lead_keys(leads)
    assert keys.loc[keys["kind"] == "email", "key"].tolist() == ["maya.okafor@northwind.example"]
    assert keys.loc[keys["kind"] == "vendor", "key"].tolist() == ["apollo:1", "apollo:2", "apollo:3", "apollo:4"]
    assert leads["email"].notna().tolist() == [True, True, True, False]
