"""NFR-011: who must not be contacted is neither enriched nor brought to the CRM, and the list names nobody."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.enrichment.enrich import Toolbox, enrich
from leadgen_assets.privacy.identifiers import UnknownPerson
from leadgen_assets.privacy.listing import Listing, SuppressionFileError, suppress_file, suppress_person
from leadgen_assets.sprint_file import Enrichment
from leadgen_assets.stores.controls import Controls
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.vendors.contracts import Answer, Missed, PersonQuery
from leadgen_tests.privacy.town import EMAIL, KEY, SLUG, Town
from leadgen_tests.sprint.vendors import Sandbox

PROFILE = f"https://www.linkedin.com/in/{SLUG}"


class Curious:
    """An email finder that keeps whom it was asked about."""

    name = "hunter"
    batch_size = 10
    repeat_is_free = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def can_find(self, person: PersonQuery) -> bool:
        return True

    async def find_emails(self, people: list[PersonQuery]) -> list[Answer]:
        self.asked += [each.ref for each in people]
        return [Missed(each.ref) for each in people]


def asked(town: Town, leads: pd.DataFrame) -> set[str]:
    """Leads about whom enrichment asks a vendor."""
    finder, stores = Curious(), town.stores
    desk = Desk(
        KEY, Decimal(100), stores.cache, stores.ledger, stores.suppressions, stores.jobs, stores.leads,
        controls=Controls(stores.db),
    )  # fmt: skip
    asyncio.run(enrich(leads, Enrichment(email=("hunter",)), Toolbox(email_finders={"hunter": finder}), desk))
    return set(finder.asked)


def without_addresses(town: Town) -> pd.DataFrame:
    """The golden records, as if nobody's address were known."""
    golden = town.stores.lake.read("deduplicated_leads", KEY)
    return golden.assign(email=None, email_kind=None, email_verified=None)


def test_a_suppressed_person_is_not_asked_about(town: Town) -> None:
    """Listed between deduplication and enrichment; fails when `enrich` does not look at the list."""
    ada, leads = town.lead()["_id"], without_addresses(town)
    assert ada in asked(town, leads)

    suppress_person(town.stores, town.stores.suppressions, PROFILE, "asked")

    assert asked(town, leads.assign(full_name=leads["full_name"] + " II")) == set(leads["lead_id"]) - {ada}


def test_who_opted_out_of_sharing_is_not_asked_about(town: Town) -> None:
    """CCPA: flagged leads are kept, and no enrichment vendor learns of them."""
    leads = without_addresses(town)
    ada = leads["lead_id"] == town.lead()["_id"]
    leads["flags"] = [[*flags, "do_not_sell"] if own else flags for flags, own in zip(leads["flags"], ada, strict=True)]

    assert asked(town, leads) == set(leads.loc[~ada, "lead_id"])


def test_a_suppressed_person_does_not_reach_the_crm(town: Town, vendors: Sandbox) -> None:
    """Listed between scoring and delivery; fails when `sync` does not look at the list."""
    vendors.http.post("/_sandbox/reset").raise_for_status()
    town.stores.db["crm_outcomes"].delete_many({})
    suppress_person(town.stores, town.stores.suppressions, EMAIL, "asked")

    report = town.sync(town.stores.lake.read("scored_leads", KEY))

    assert report is not None
    assert report.suppressed == 1
    assert report.created == vendors.crm()["count"] > 10
    assert "quillfeather" not in str(vendors.crm()).casefold()


def test_a_suppressed_person_becomes_no_lead(empty_town: Town) -> None:
    """Fails when ingest and deduplication do not look at the list. She is delivered by three vendors, listed by one key."""
    town = empty_town
    suppress_person(town.stores, town.stores.suppressions, PROFILE, "asked")
    town.build()

    assert town.stores.leads.with_keys([f"linkedin:{PROFILE}", f"email:{EMAIL}"]) == []
    assert sum(each["suppressed"] for each in town.final_counts().values()) == 3


def test_a_person_who_is_suppressed_meanwhile_is_not_deduplicated(town: Town) -> None:
    """Listed after collection, by the one key of several records. Fails when deduplication does not look at the list."""
    suppress_person(town.stores, town.stores.suppressions, "https://www.linkedin.com/in/bystander-6", "asked")
    ada = ("linkedin", PROFILE)
    town.stores.suppressions.add(*ada, "asked")

    done = town.deduplicate()

    assert "uillfeather" not in str(done.golden.to_dict("records"))
    # three records of hers and both of the other one
    assert sum(counts.suppressed for counts in done.counts.values()) == 5


def test_a_stored_person_is_listed_by_all_keys(town: Town) -> None:
    """Otherwise the next vendor brings them back under another one."""
    done = suppress_person(town.stores, town.stores.suppressions, EMAIL, "asked")

    assert done.kinds.keys() == {"email", "linkedin", "member", "vendor"}
    keys = [tuple(each.split(":", 1)) for each in town.lead()["identity_keys"]]
    assert town.stores.suppressions.suppressed(keys) == set(keys)
    assert suppress_person(town.stores, town.stores.suppressions, EMAIL, "again").added == 0


def test_a_whole_domain_is_suppressed(town: Town) -> None:
    """Every address and company of it."""
    suppress_person(town.stores, town.stores.suppressions, "https://www.acme.example/contact", "a customer")

    barred = town.stores.suppressions.mask(town.stores.lake.read("scored_leads", KEY))

    assert set(town.stores.lake.read("scored_leads", KEY)["company_domain"][barred]) == {"acme.example"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("Email;Name\nann@one.example;Ann\nbob@two.example;Böb\n".encode("cp1252"), {"email": 2}),
        ("email\tlinkedin url\nann@one.example\thttps://linkedin.com/in/ann-1\n".encode("utf-16"), {"email": 1, "linkedin": 1}),
        ("email,website\nann@one.example,https://one.example\n".encode("utf-16-le"), {"email": 1}),
        (
            b"\xef\xbb\xbfann@one.example\r\nhttps://de.linkedin.com/in/bob/\r\n\r\n@three.example\r\n",
            {"email": 1, "linkedin": 1, "domain": 1},
        ),
        (b"Domain|Note\none.example|x\nwww.two.example|y\nno|z\n", {"domain": 2}),
        (b'E-Mail,Company\n"Ann <ANN@One.example>","One, Inc."\n', {"email": 1}),
    ],
    ids=["semicolon cp1252", "tab utf-16", "utf-16 without mark", "no header", "bar", "quoted"],
)  # fmt: skip
def test_lists_are_read_however_they_were_saved(
    empty_town: Town, tmp_path: Path, content: bytes, found: dict[str, int]
) -> None:
    """Any common encoding and delimiter; a people list's website column suppresses no company."""
    path = tmp_path / "list.csv"
    path.write_bytes(content)

    done = suppress_file(empty_town.stores, empty_town.stores.suppressions, path, "from a list")

    assert (dict(done.kinds), done.added) == (found, sum(found.values()))


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"PK\x03\x04....", b"name\nAnn\n", b'a,"b\n' * 3])
def test_a_file_that_is_no_list_is_told(empty_town: Town, tmp_path: Path, content: bytes) -> None:
    """A message with the file's name, never a stack, and nothing is stored."""
    path = tmp_path / "odd.csv"
    path.write_bytes(content)

    with pytest.raises(SuppressionFileError, match=r"odd\.csv"):
        suppress_file(empty_town.stores, empty_town.stores.suppressions, path, "x")
    assert empty_town.stores.suppressions.count() == 0


def test_lines_that_name_nobody_are_counted(empty_town: Town, tmp_path: Path) -> None:
    """By number, because their text may be a name."""
    path = tmp_path / "list.csv"
    path.write_text("email\nann@one.example\nAnn Otherwise\nbob@\n")

    done: Listing = suppress_file(empty_town.stores, empty_town.stores.suppressions, path, "x")

    assert (done.added, done.unreadable) == (1, [3, 4])


def test_nonsense_names_nobody(empty_town: Town) -> None:
    with pytest.raises(UnknownPerson) as error:
        suppress_person(empty_town.stores, empty_town.stores.suppressions, "Ann Otherwise", "x")
    assert "Otherwise" not in str(error.value)


def test_two_databases_share_no_hash(database: Any, mongo_client: Any) -> None:
    """Keyed: a list of known addresses, hashed elsewhere, tells nothing here."""
    other = mongo_client[f"{database.name}_other"]
    try:
        hashes = {Suppressions(each).hash("email", EMAIL) for each in (database, other)}
    finally:
        mongo_client.drop_database(other.name)
    assert len(hashes | {sha256(f"email:{EMAIL}".encode()).hexdigest()}) == 3
    assert Suppressions(database).hash("email", EMAIL) in hashes


def test_entries_of_an_earlier_version_stay_in_force(database: Any) -> None:
    """They were plain SHA-256, without a key; the first use gives them one, without knowing whom they stand for."""
    database["privacy_keys"].delete_many({})
    plain = sha256(f"email:{EMAIL}".encode()).hexdigest()
    entry = {"kind": "email", "reason": "old", "added_at": datetime(2026, 1, 1, tzinfo=UTC)}
    database["suppressions"].insert_one({"_id": plain, **entry})

    listed = Suppressions(database).look_up([("email", EMAIL)])

    assert listed[("email", EMAIL)].reason == "old"
    assert database["suppressions"].find_one({"_id": plain}) is None
    assert database["suppressions"].count_documents({}) == 1
