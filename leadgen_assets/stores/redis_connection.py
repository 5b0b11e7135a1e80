"""The connection to Redis or Valkey: 5 to 20 connections (DE-03), short time-outs, because MongoDB can stand in."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect_redis(url: str) -> redis.Redis:
    """A client that fails within seconds when the server is away; nothing is sent yet.

    Waits at most 2 s for a free connection of its 20. Replies are bytes.
    """
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=20,
        timeout=2,
        socket_connect_timeout=1,
        socket_timeout=5,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
    )
    return redis.Redis(connection_pool=pool)


def warm_up(client: redis.Redis, connections: int = 5) -> None:
    """Open the first connections before they are needed, so that the first page does not pay for them."""
    pool = client.connection_pool
    opened = [pool.get_connection() for _ in range(connections)]
    for each in opened:
        pool.release(each)
