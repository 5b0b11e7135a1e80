"""MongoDB, Redis and the data lake: what is written down, and how it is found again.

One module a store, each built from a pymongo `Database` or a `redis.Redis` and nothing else. Every write is
idempotent: doing it again changes nothing. No rule about leads lives here (that is `leads/`), no Dagster.
"""
