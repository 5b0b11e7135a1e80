"""Embedded Valkey (or Redis): append-only file synced every second, with password, on loopback only."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import quote

from leadgen_assets.services.home import ServiceHome
from leadgen_assets.services.servers import LOOPBACK, NotReady, Server, wait_until


def url(home: ServiceHome, port: int) -> str:
    """Address with password."""
    return f"redis://:{quote(home.secret('redis'))}@{LOOPBACK}:{port}/0"


class ValkeyServer(Server):
    """One valkey-server."""

    name = "redis"

    def command(self) -> list[str]:
        """Settings go through a private file, because the password is one of them.

        `everysec` lost nothing when the process was killed; a power cut can cost a second, and the unique indexes of
        MongoDB stay the judge of duplicates.
        """
        path = self.folder / "valkey.conf"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(
                f"bind {LOOPBACK}\nport {self.port}\nprotected-mode yes\nrequirepass {self.home.secret('redis')}\n"
                f'dir "{self.folder}"\nappendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
            )
        return [str(self.binary), str(path)]

    def settle(self, goes_on: Callable[[], bool]) -> None:
        """Wait until the append-only file is loaded."""
        from redis import Redis
        from redis.exceptions import AuthenticationError, BusyLoadingError, ConnectionError, RedisError, TimeoutError

        self.wait_for_port(goes_on)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except AuthenticationError:
                raise
            except (BusyLoadingError, ConnectionError, TimeoutError):
                return False

        with Redis(host=LOOPBACK, port=self.port, password=self.home.secret("redis"), socket_timeout=5) as client:
            try:
                wait_until(answers, goes_on, 60, "the append-only file is not loaded yet")
            except RedisError as error:
                raise NotReady(str(error)) from error
