"""Deduplication against the sandbox world's truth: no false merge, no missed merge, whatever comes first."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadgen_assets.collection.ingest import ingest_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.golden import golden_records
from leadgen_assets.leads.identity import cluster, lead_keys
from leadgen_assets.refinement.deduplicate import deduplicate
from leadgen_assets.stores.opened import OpenStores
from leadgen_tests.sprint.conftest import Delivered
from leadgen_tests.sprint.truth import normalised, true_clusters

if TYPE_CHECKING:
    from leadgen_assets.stores.raw_pages import RawPage


@pytest.fixture(scope="module")
def leads(delivered: Delivered) -> pd.DataFrame:
    """Everything the vendors delivered that can be a lead."""
    return normalised(delivered.office, delivered.key)


@pytest.fixture(scope="module")
def truth(leads: pd.DataFrame) -> set[frozenset[str]]:
    """What `/_sandbox/truth` says about it."""
    return true_clusters(leads)


def test_the_sprints_leads_are_the_true_people(delivered: Delivered, truth: set[frozenset[str]]) -> None:
    """TL-04, REQ-008. Done when 3: each lead's members are exactly one true person's records."""
    golden = delivered.office.frame("deduplicated_leads", delivered.key)
    kept = {lead for members in golden["members"] for lead in members}

    assert (
        _disputed({frozenset(members) for members in golden["members"]}, {each for each in truth if each & kept}) == []
    )
    assert sum(len(each) > 1 for each in truth) > 20
    assert golden.loc[golden["members"].str.len() > 1, "merged_by"].str.len().gt(0).all()


@settings(max_examples=12, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_clusters_are_the_truth_in_any_order(
    leads: pd.DataFrame, truth: set[frozenset[str]], order: random.Random
) -> None:
    """TL-04. Done when 3: segments shuffled, records shuffled, the same people come out."""
    segments = [frame for _, frame in leads.groupby("segment")]
    order.shuffle(segments)
    shuffled = pd.concat([each.sample(frac=1, random_state=order.randrange(1 << 30)) for each in segments])
    found = cluster(lead_keys(shuffled)).members.groupby("cluster_id")["lead_id"].agg(frozenset)
    keyless = {frozenset([each]) for each in set(leads["lead_id"]) - {lead for each in found for lead in each}}

    assert _disputed(set(found) | keyless, truth) == []


def _disputed(found: set[frozenset[str]], true: set[frozenset[str]]) -> list[list[str]]:
    """Groups that only one side knows."""
    return sorted(map(sorted, found ^ true))


def test_golden_records_do_not_depend_on_the_order(leads: pd.DataFrame) -> None:
    """Design rule 5: same inputs, same golden records, whatever the order of arrival."""
    made = [
        golden_records(frame, cluster(lead_keys(frame)))
        for frame in (leads, leads.sample(frac=1, random_state=4).reset_index(drop=True))
    ]
    pd.testing.assert_frame_equal(made[0], made[1])


@pytest.fixture(params=[1, 2])
def arrived(request: Any, delivered: Delivered, database: Any, redis_client: Any) -> OpenStores:
    """Other stores, into which the same pages came in another order."""
    given, order = delivered.office.stores, random.Random(request.param)
    stores = OpenStores(database, redis_client, given.storage)
    for name in ("privacy_keys", "suppressions"):  # the list's hashes mean something under its own key only
        database[name].delete_many({})
        database[name].insert_many(list(given.db[name].find()))
    stores.book.open(delivered.key, delivered.sprint)
    pages = [
        (each, page) for each in delivered.sprint.segments for page in given.raw_pages.read(delivered.key, each.id)
    ]
    order.shuffle(pages)
    for segment, page in pages:
        stores.raw_pages.land(page)
        ingest_pages(
            stores, [page], mapper(segment.source), Assignment(delivered.key, delivered.sprint, segment).profile
        )
        _adds_up(stores, delivered.key, page)
    return stores


def _adds_up(stores: OpenStores, key: str, page: RawPage) -> None:
    assert stores.counts(key)[page.segment].adds_up


def test_pages_in_any_order_end_in_the_same_leads(delivered: Delivered, arrived: OpenStores) -> None:
    """REQ-008, REQ-010, TL-03. Done when 3: live claims differ with the order, the sprint's leads do not."""
    segments = {
        each.id: delivered.office.stores.lake.read(f"normalized_{each.source}", f"{delivered.key}/{each.id}")
        for each in delivered.sprint.segments
    }
    live = Counts.total(arrived.counts(delivered.key).values())
    done = deduplicate(arrived, delivered.key, segments)

    assert arrived.db["performance_marketers"].count_documents({"sprint": delivered.key}) == live.leads
    assert live.adds_up
    assert live.delivered == delivered.first.status.delivered
    assert set(done.golden["lead_id"]) == {each["lead_id"] for each in delivered.again.rows}
    assert {segment: counts.as_dict() for segment, counts in done.counts.items()} == {
        each.id: {
            "delivered": each.delivered, "leads": each.leads, "duplicates": each.duplicates,
            "suppressed": each.suppressed, "quarantined": each.quarantined,
        }
        for each in delivered.again.status.segments
    }  # fmt: skip
