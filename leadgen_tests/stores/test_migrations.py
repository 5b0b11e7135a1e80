"""The database takes its shape by itself, whoever comes first."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo import InsertOne, MongoClient
from pymongo.errors import WriteError

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError
from leadgen_assets.stores.lead_schema import EMAIL_INDEX, LEAD_VALIDATOR, LINKEDIN_INDEX
from leadgen_assets.stores.migrations import migrate, problems
from leadgen_assets.stores.mongo import LEADS

from .samples import lead


@pytest.fixture
def database(mongo_client):
    """One that these tests may spoil."""
    spoilt = mongo_client[f"spoilt_{uuid.uuid4().hex[:12]}"]
    migrate(spoilt)
    yield spoilt
    mongo_client.drop_database(spoilt.name)


@pytest.fixture
def bare(database):
    """The test's database with nothing in it."""
    database.client.drop_database(database.name)
    return database


def test_ten_processes_may_migrate_an_empty_database_at_once(bare, mongo_uri):
    """DE-01: each has its own client, all succeed, and the shape is complete."""

    def one(_: int) -> None:
        with MongoClient(mongo_uri) as client:
            migrate(client[bare.name])

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(10)))
    assert problems(bare, every_document=True) == []


def test_migrating_again_changes_nothing(database):
    """DE-01: idempotent, and leads that are stored stay."""
    database[LEADS].insert_one(stored(1))
    before = database[LEADS].index_information()
    migrate(database)
    assert database[LEADS].index_information() == before
    assert database[LEADS].count_documents({}) == 1


def test_every_index_of_the_requirement_exists(database):
    """DE-01: the list of the requirement, by key."""
    keys = {tuple(each["key"]) for each in database[LEADS].index_information().values()}
    wanted = [
        (("linkedin_url", 1),), (("email", 1),), (("company_name", 1),), (("location_state", 1),), (("job_title", 1),),
        (("data_collected_date", 1),), (("is_qualified", 1),), (("crm_synced", 1),),
        (("location_state", 1), ("job_title", 1)), (("company_name", 1), ("location_state", 1)),
        (("data_source", 1), ("data_collected_date", -1)),
    ]  # fmt: skip
    assert [key for key in wanted if key not in keys] == []
    information = database[LEADS].index_information()
    assert information[LINKEDIN_INDEX]["unique"]
    assert information[EMAIL_INDEX]["unique"]


def test_an_index_with_other_options_is_replaced(bare):
    """DE-01: an older version's index of the same name or keys gives way."""
    bare[LEADS].create_index("company_name", name="company_name", unique=True)
    bare[LEADS].create_index("linkedin_url", name="an_older_name")
    assert problems(bare)
    migrate(bare)
    assert problems(bare) == []


def test_what_is_missing_or_different_is_told(database):
    """DE-06: the integrity check of collection and indexes names each difference."""
    database[LEADS].drop_index("company_name")
    database["quarantine"].drop()
    database.command("collMod", LEADS, validator={})
    database[LEADS].insert_one({"_id": "odd"})
    found = problems(database)
    assert "collection quarantine is missing" in found
    assert any("company_name" in each for each in found)
    assert any("validator" in each for each in found)
    migrate(database)
    assert problems(database) == []
    assert problems(database, every_document=True) == ["lead odd breaks the validator"]


def test_duplicates_that_forbid_a_unique_index_are_told_without_their_values(bare):
    """DE-01: the message names the index, never an address."""
    for number in (1, 2):
        bare[LEADS].insert_one({"_id": f"x{number}", "linkedin_url": "https://www.linkedin.com/in/twice"})
    with pytest.raises(StoreError, match="linkedin_url_unique") as caught:
        migrate(bare)
    assert "twice" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"lead_id": None}, {"data_quality_score": 101.0}, {"flags": "none"}, {"is_qualified": "yes"},
        {"linkedin_url": "https://de.linkedin.com/in/ann"}, {"data_collected_date": "2026-11-22"}, {"surprise": 1},
    ],
)  # fmt: skip
def test_the_validator_refuses_what_is_not_a_lead(database, change):
    """DE-01: wrong types, non-canonical profile links and unknown fields do not get in."""
    with pytest.raises(WriteError):
        database[LEADS].insert_one(stored(1) | change)


def test_the_validator_looks_at_every_field_and_a_refusal_names_it(database):
    """DE-01, DE-04: fields that are looked at together are no less looked at; a text by an unknown name is refused."""
    schema = LEAD_VALIDATOR["$jsonSchema"]
    wrong = [(name, {name: b"no field is bytes"}) for name in schema["properties"]]
    wrong += [(name, {name: text}) for name, text in (("surprise", "text"), ("sprint", ""), ("lead_id", "L"))]
    wrong += [
        ("flags", {"flags": ["email_role", 1]}),
        ("email", {"email": ["a", "b"]}),
        ("created_at", {"created_at": None}),
    ]
    writes = [InsertOne(stored(number) | change) for number, (_, change) in enumerate(wrong)]
    lacking = [stored(len(writes)) for _ in schema["required"]]
    for document, name in zip(lacking, schema["required"], strict=True):
        del document[name]
    refused = bulk.write(database[LEADS], [*writes, *map(InsertOne, lacking)]).of_kind("validation")
    assert [each.field for each in refused] == [*(name for name, _ in wrong), *schema["required"]]


def stored(number: int) -> dict[str, object]:
    document = lead(number)
    moment = document["data_collected_date"]
    return document | {"crm_synced": False, "crm_sync_date": None, "created_at": moment, "updated_at": moment}
