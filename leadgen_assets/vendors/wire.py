"""Bytes to and from a vendor: one connection pool a client, answers read as far as they are of a sensible size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

AT_ONCE = 20
"""Connections to one vendor; all are kept open, or every call beyond a smaller number would connect anew."""
LARGEST = 256 * 1024 * 1024
"""Bytes of one answer, unpacked; the largest documented one, a part of a snapshot, has a few megabytes."""
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
"""Errors of a call that certainly never reached the vendor."""

_ABOUT_THE_WIRE = (b"content-encoding", b"content-length", b"transfer-encoding")
_POOL_SHARE = 0.9
"""Of an attempt's time that it may wait for one of our connections: so that this ends before the attempt does."""


class TooLarge(Exception):
    """An answer that unpacks to more than anybody may send."""


def http_client(base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A pool of connections to one vendor."""
    # A proxy from the environment is right for vendors and wrong for a server on this machine.
    is_local = urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1")
    return httpx.AsyncClient(
        base_url=base_url,
        transport=transport,
        trust_env=not is_local,
        verify=_tls(),
        limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
    )


async def exchanged(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    seconds: float,
    headers: Mapping[str, str],
    parts: Mapping[str, Any],
) -> httpx.Response:
    """Send a request and read its whole answer, unpacked. `parts` are httpx's `json`, `params`, `data`, `content`.

    Raises `TooLarge`, or what httpx raises; `seconds` are for each step; waiting for a connection has less.
    """
    limits = httpx.Timeout(seconds, pool=seconds * _POOL_SHARE)
    async with client.stream(method, path, headers=headers, timeout=limits, **parts) as response:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > LARGEST:
                raise TooLarge
    plain = [(name, value) for name, value in response.headers.raw if name.lower() not in _ABOUT_THE_WIRE]
    return httpx.Response(response.status_code, headers=plain, content=bytes(content), request=response.request)


@cache
def _tls() -> Any:
    """Loading the certificate bundle takes longer than a call, so all clients share it."""
    return httpx.create_ssl_context()
