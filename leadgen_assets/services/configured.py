"""Stores that somebody else runs: used as they are, after one look whether they answer."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from leadgen_assets.services.errors import ServiceUnavailable

_DRIVER = "postgresql+psycopg2://"


def with_driver(url: str) -> str:
    """The PostgreSQL URL with the driver Dagster brings; bare `postgresql:` would mean psycopg 3, which it does not."""
    scheme, separator, rest = url.partition("://")
    return f"{_DRIVER}{rest}" if separator and scheme in ("postgres", "postgresql") else url


def without_password(address: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(address)
    login, at, place = parts.netloc.rpartition("@")
    shown = f"{login.partition(':')[0]}:***@" if ":" in login else f"{login}{at}"
    return urlunsplit(parts._replace(netloc=f"{shown}{place}", query=""))


def check(service: str, address: str, seconds: float = 5.0) -> None:
    """Connect, log in and ask one cheap question.

    Raises:
        ServiceUnavailable: it does not answer within `seconds`; names the setting and the address without password.
    """
    ask, setting = {
        "mongo": (_ask_mongo, "LEADGEN_MONGO_URI"),
        "redis": (_ask_redis, "LEADGEN_REDIS_URL"),
        "postgres": (_ask_postgres, "DAGSTER_PG_URL"),
    }[service]
    try:
        ask(address, seconds)
    except Exception as error:  # any driver's error means the same here
        # the driver's text may repeat the address with its password, so only its kind is told
        raise ServiceUnavailable(
            f"{setting} is set to {without_password(address)}, which does not answer ({type(error).__name__}). "
            f"Start that server, correct {setting}, or unset it to use the embedded one"
        ) from None


def _ask_mongo(address: str, seconds: float) -> None:
    from pymongo import MongoClient

    client: MongoClient[dict[str, object]]
    with MongoClient(address, serverSelectionTimeoutMS=int(seconds * 1000)) as client:
        client.admin.command("ping")


def _ask_redis(address: str, seconds: float) -> None:
    from redis import Redis

    with Redis.from_url(address, socket_timeout=seconds, socket_connect_timeout=seconds) as client:
        client.ping()


def _ask_postgres(address: str, seconds: float) -> None:
    import psycopg2

    plain = with_driver(address).replace(_DRIVER, "postgresql://", 1)
    psycopg2.connect(plain, connect_timeout=int(seconds)).close()
