"""Who came first: Redis and MongoDB give the same answer, whatever happens to Redis."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadgen_assets.stores.claim_page import Claim, LeadKey, unite
from leadgen_assets.stores.claims import ClaimIndex
from leadgen_assets.stores.lead_keys import LeadKeys
from leadgen_assets.stores.redis_connection import connect_redis

FORGIVING = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ANN, BOB = LeadKey("linkedin", "https://www.linkedin.com/in/ann"), LeadKey("email", "bob@acme.example")
PROFILE = LeadKey("vendor", "apollo:1")


@pytest.fixture
def client(redis_url, redis_client) -> Iterator[redis.Redis]:
    """The product's own connection, to an emptied server."""
    with connect_redis(redis_url) as connected:
        yield connected


@pytest.fixture
def nobody() -> redis.Redis:
    """A Redis that is away."""
    return connect_redis("redis://127.0.0.1:9/0")


@pytest.fixture
def second_database(database):
    """Where MongoDB answers alone."""
    yield (second := database.client[f"{database.name}_alone"])
    second.client.drop_database(second.name)


@pytest.fixture
def index(client, database) -> ClaimIndex:
    return ClaimIndex(client, database)


class Model:
    """The rule in its simplest form: one dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}

    def claim(self, claims: list[Claim]) -> dict[str, str]:
        owners = {}
        for group in unite(claims):
            owner = group.owner(self.held)
            for key in group.keys:
                self.held.setdefault(key, owner)
            owners |= dict.fromkeys(group.members, owner)
        return owners


KEYS = st.builds(
    LeadKey, st.sampled_from(["linkedin", "email", "member", "vendor"]), st.sampled_from(["s:1", "s:2", "s:3", "s:4"])
)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, list[Claim]]]:
    """Pages with bridges and duplicates within, re-runs with the same or other keys, mishaps of Redis between them."""
    fresh: list[list[Claim]] = []
    for number in range(draw(st.integers(1, 5))):
        key_sets = draw(st.lists(st.lists(KEYS, max_size=3), min_size=1, max_size=5))
        number = draw(st.sampled_from([number, 0]))
        fresh.append([Claim(f"L{number}{at}", tuple(dict.fromkeys(keys))) for at, keys in enumerate(key_sets)])
    order = [*range(len(fresh)), *draw(st.lists(st.sampled_from(range(len(fresh))), max_size=3))]
    mishap = st.sampled_from(["", "", "flush", "evict", "away"])
    return [(draw(mishap), fresh[page]) for page in order]


@FORGIVING
@given(histories())
def test_redis_and_mongodb_answer_like_the_rule_through_flushes_evictions_and_outages(
    client, nobody, database, second_database, history
):
    """TL-03, REQ-010, decision 4: bridges, re-runs, a flush, an eviction or an outage in the middle change nothing."""
    client.flushdb()
    for each in (database, second_database):
        each["lead_keys"].delete_many({})
    model, alone = Model(), ClaimIndex(None, second_database)
    for mishap, page in history:
        if mishap == "flush":
            client.flushdb()
        elif mishap == "evict":
            for key in sorted(client.keys("lead:*"))[::2]:
                client.delete(key)
        expected = model.claim(page)
        through = ClaimIndex(nobody if mishap == "away" else client, database).claim(page)
        assert through.via == ("mongo" if mishap == "away" else "redis")
        assert through.owners == expected
        assert alone.claim(page).owners == expected
    remembered = {each["_id"]: each["lead_id"] for each in database["lead_keys"].find()}
    assert remembered == model.held
    in_redis = {key.decode(): client.get(key).decode() for key in client.keys("lead:*")}
    assert in_redis.items() <= model.held.items()


@FORGIVING
@given(st.lists(st.lists(KEYS, max_size=3), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_a_page_does_not_matter(key_sets, chance):
    """Design, claims: duplicates within a page are united first, the smallest id stands for them."""
    page = [Claim(f"L{at}", tuple(keys)) for at, keys in enumerate(key_sets)]
    shuffled = chance.sample(page, len(page))
    assert Model().claim(page) == Model().claim(shuffled)


@pytest.mark.parametrize("server", ["redis", "mongo"])
def test_own_claims_are_never_duplicates(client, database, server):
    """TL-03: a partition that runs again finds its own claims."""
    index = ClaimIndex(client if server == "redis" else None, database)
    page = [Claim("L1", (ANN,)), Claim("L2", (BOB, PROFILE)), Claim("L3", ())]
    assert index.claim(page).duplicates == {}
    assert index.claim(page).duplicates == {}
    assert index.claim([Claim("L9", (ANN,))]).duplicates == {"L9": "L1"}


@pytest.mark.parametrize("server", ["redis", "mongo"])
def test_free_keys_of_a_duplicate_go_to_the_owner(client, database, server):
    """Design, claims: so that a chain of partial duplicates ends at the first of them."""
    index = ClaimIndex(client if server == "redis" else None, database)
    index.claim([Claim("L1", (ANN,))])
    assert index.claim([Claim("L2", (ANN, BOB))]).owners == {"L2": "L1"}
    assert index.claim([Claim("L3", (BOB, PROFILE))]).owners == {"L3": "L1"}
    assert index.claim([Claim("L4", (PROFILE,))]).owners == {"L4": "L1"}


def test_a_bridge_between_two_people_belongs_to_the_holder_of_its_foremost_key(index):
    """REQ-008: LinkedIn URL first, email second, vendor profile third."""
    index.claim([Claim("L1", (PROFILE,)), Claim("L2", (BOB,)), Claim("L3", (ANN,))])
    assert index.claim([Claim("L4", (PROFILE, BOB))]).owners == {"L4": "L2"}
    assert index.claim([Claim("L5", (PROFILE, BOB, ANN))]).owners == {"L5": "L3"}


@pytest.mark.parametrize("server", ["redis", "mongo"])
def test_a_lead_that_comes_back_with_more_keys_stays_itself(client, database, server):
    """TL-03: a better normalisation may find a key that somebody else has meanwhile; an own claim still counts."""
    index = ClaimIndex(client if server == "redis" else None, database)
    index.claim([Claim("L2", (PROFILE,))])
    index.claim([Claim("L1", (ANN,))])
    assert index.claim([Claim("L2", (PROFILE, ANN))]).owners == {"L2": "L2"}


def test_keys_have_the_names_that_others_rely_on(index, client):
    """TL-03: names and the seven days of interfaces.md."""
    member = LeadKey("member", "ACwAAb1")
    index.claim([Claim("L1", (ANN, BOB, PROFILE, member))])
    assert set(client.keys()) == {
        b"lead:linkedin:https://www.linkedin.com/in/ann", b"lead:email:bob@acme.example", b"lead:profile:apollo:1",
        b"lead:profile:linkedin-member:ACwAAb1",
    }  # fmt: skip
    assert client.get("lead:profile:apollo:1") == b"L1"
    assert timedelta(days=6, hours=23) < timedelta(milliseconds=client.pttl("lead:email:bob@acme.example"))
    assert client.pttl("lead:email:bob@acme.example") <= timedelta(days=7).total_seconds() * 1000


def test_a_claim_that_has_ended_is_free_for_both_servers(client, database):
    """TL-03: MongoDB's memory ends with Redis', though MongoDB deletes it a little later."""
    LeadKeys(database, timedelta(seconds=-1)).remember({ANN.name: "L1"})
    assert ClaimIndex(None, database).claim([Claim("L2", (ANN,))]).owners == {"L2": "L2"}
    LeadKeys(database, timedelta(seconds=-1)).remember({BOB.name: "L1"})
    assert ClaimIndex(client, database).claim([Claim("L3", (BOB,)), Claim("L4", (ANN,))]).owners == {
        "L3": "L3", "L4": "L2",
    }  # fmt: skip


@pytest.mark.parametrize("server", ["redis", "mongo", "mixed"])
def test_many_at_once_agree_on_one_owner_for_each_person(client, database, server):
    """NFR-008, REQ-008: ten collectors with the same people; also when only some of them see Redis."""
    pages = [
        [Claim(f"L{worker}-{at}", (LeadKey("linkedin", f"p{at}"), LeadKey("email", f"e{at}"))) for at in range(20)]
        for worker in range(10)
    ]
    clients = {"redis": [client], "mongo": [None], "mixed": [client, None]}[server]

    def claim(worker: int) -> dict[str, str]:
        return ClaimIndex(clients[worker % len(clients)], database).claim(pages[worker]).owners

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(claim, range(10)))
    for at in range(20):
        owners = {answer[f"L{worker}-{at}"] for worker, answer in enumerate(answers)}
        assert len(owners) == 1, f"person {at} has owners {owners}"


def test_what_mongodb_learned_while_redis_was_away_from_somebody_wins(index, client, database):
    """TL-03: a claim that only MongoDB saw between our look and our claim is respected, and Redis is put right."""
    with somebody_claims_first(index, database, {ANN.name: "L0"}):
        assert index.claim([Claim("L1", (ANN, BOB))]).owners == {"L1": "L0"}
    assert client.get(ANN.name) == client.get(BOB.name) == b"L0"
    assert {each["lead_id"] for each in database["lead_keys"].find()} == {"L0"}


def test_forgotten_leads_leave_no_key_behind(index, client, database):
    """NFR-011: erasure reaches both servers."""
    index.claim([Claim("L1", (ANN, BOB)), Claim("L2", (PROFILE,))])
    index.forget(["L1"])
    assert client.keys() == [b"lead:profile:apollo:1"]
    assert [each["_id"] for each in database["lead_keys"].find()] == ["lead:profile:apollo:1"]


def test_an_outage_is_told_once_and_without_personal_data(nobody, database, caplog):
    """REQ-010: one line, not one a page."""
    index = ClaimIndex(nobody, database)
    for at in range(3):
        index.claim([Claim(f"L{at}", (BOB,))])
    assert len(caplog.records) == 1
    assert "bob" not in caplog.text


def test_an_absent_redis_is_left_alone_for_a_while(client, database):
    """REQ-010: where it hangs instead of refusing, not every page waits for it."""
    index = ClaimIndex(client, database)
    asked = client.mget
    client.mget = lambda _: (_ for _ in ()).throw(redis.TimeoutError())
    assert index.claim([Claim("L1", (ANN,))]).via == "mongo"
    client.mget = asked
    assert index.claim([Claim("L2", (BOB,))]).via == "mongo"
    index._away_until = 0.0
    assert index.claim([Claim("L3", (ANN, BOB))]).via == "redis"


def test_an_empty_page_and_leads_without_keys_are_all_new(index):
    """REQ-004: nothing to compare means nothing is dropped."""
    assert index.claim([]).owners == {}
    assert index.claim([Claim("L1", ()), Claim("L2", ())]).duplicates == {}


@contextmanager
def somebody_claims_first(index: ClaimIndex, database, owners: dict[str, str]) -> Iterator[None]:
    """Between the script's run in Redis and our write to MongoDB, somebody without Redis claims there."""
    run = index._run_script

    def then_somebody(*arguments):
        answer = run(*arguments)
        LeadKeys(database, timedelta(days=7)).remember(owners)
        return answer

    index._run_script = then_somebody  # type: ignore[method-assign]
    yield
    index._run_script = run  # type: ignore[method-assign]
