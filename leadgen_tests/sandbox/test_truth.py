"""The world's truth and the product's identity rules, written apart, must tell the same (TL-04)."""

from __future__ import annotations

import pandas as pd
import pytest

from leadgen_assets.leads import identity, linkedin
from leadgen_assets.leads.normalise import TargetProfile, normalise
from leadgen_assets.sandbox import apollo_records, brightdata_records, zoominfo_records
from leadgen_assets.sandbox.sales_navigator import shapes_of, table
from leadgen_assets.sandbox.world import World
from leadgen_assets.sandbox.world.plan import POOLS
from leadgen_assets.sandbox.world.sightings import vendor_of
from leadgen_assets.sandbox.world.vocabulary import TARGET_TITLES
from leadgen_assets.vendors import apollo, brightdata, sales_navigator, zoominfo


def drafts_of(world, folder):
    """Every record of the ten segments as its client maps it, with the sighting it came from."""
    for pool in POOLS:
        vendor = vendor_of(pool)
        if vendor != "sales_navigator":
            for seen in world.pool(pool):
                yield seen, _draft(vendor, seen)
            continue
        for name, shape in shapes_of(pool[-1]).items():
            path = folder / f"{pool}-{name}.csv"
            sightings = [seen for seen in world.pool(pool) if seen.shape == name]
            path.write_bytes(table(shape, sightings))
            records = sales_navigator.read_export(path)
            assert len(records) == len(sightings)
            yield from ((seen, sales_navigator.to_draft(each)) for seen, each in zip(sightings, records, strict=True))


def _draft(vendor, seen):
    if vendor == "apollo":
        return apollo.to_draft(apollo_records.person(seen))
    if vendor == "brightdata":
        return brightdata.to_draft(brightdata_records.person(seen))
    contact = zoominfo_records.contact(seen, zoominfo_records.CONTACT_FIELDS)
    return zoominfo.to_draft({"id": seen.vendor_id, "attributes": contact})


@pytest.mark.parametrize("seed", [7, 8])
def test_clusters_conflicts_and_quarantine_agree_exactly(tmp_path, seed):
    """TL-04: no false positive and no false negative on the exact keys, over the dirt of all four sources."""
    world = World.generate(seed, 2_000)
    seen, rows = {}, []
    for position, (sighting, draft) in enumerate(drafts_of(world, tmp_path)):
        lead = identity.lead_id("s", sighting.pool, 1, position)
        seen[lead] = sighting
        rows.append(
            {
                **draft,
                "lead_id": lead,
                "sprint": "s",
                "segment": sighting.pool,
                "data_source": sighting.vendor,
                "page": 1,
                "position": position,
                "data_collected_date": "2026-11-22T00:00:00Z",
            }
        )
    normalised = normalise(pd.DataFrame(rows), TargetProfile(TARGET_TITLES, ("US",), ()))
    clusters = identity.cluster(identity.lead_keys(normalised.leads))
    truth = world.exact_truth(seen.values())

    assert {lead for lead, each in seen.items() if each.junk} == set(normalised.quarantined["lead_id"])
    members = clusters.members.groupby("cluster_id")["lead_id"].agg(frozenset)
    home = {ref: number for number, cluster in enumerate(truth.clusters) for ref in cluster}
    expected: dict[int, set[str]] = {}
    for lead, each in seen.items():
        if not each.junk:
            expected.setdefault(home[each.vendor, each.vendor_id], set()).add(lead)
    assert set(members) == {frozenset(group) for group in expected.values()}
    conflicted = {(seen[lead].vendor, seen[lead].vendor_id) for lead in clusters.conflicts["lead_id"]}
    assert conflicted == truth.conflicted


def test_every_written_linkedin_url_has_the_slug_it_came_from(tmp_path):
    """Design, identity rules: the dirt of a URL never changes its key."""
    for seen, draft in drafts_of(World.generate(people=1_000), tmp_path):
        url = draft["linkedin_url"]
        found = linkedin.profile_url(url) if url else None
        assert found == (f"{linkedin.PROFILE_PREFIX}{seen.slug}" if seen.slug else None)
