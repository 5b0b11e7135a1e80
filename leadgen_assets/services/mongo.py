"""Embedded MongoDB: a replica set of one (transactions, change streams), with login, on loopback only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from leadgen_assets.services.home import ServiceHome
from leadgen_assets.services.servers import LOOPBACK, NotReady, Server, wait_until

if TYPE_CHECKING:
    from pymongo import MongoClient

USER = "leadgen"
_REPLICA_SET = "rs0"
_UNAUTHORIZED, _AUTHENTICATION_FAILED, _ALREADY_INITIALIZED, _NOT_YET_INITIALIZED = 13, 18, 23, 94


def uri(home: ServiceHome, port: int) -> str:
    """Address with login. `replicaSet` makes a client wait for the primary after a restart."""
    return (
        f"mongodb://{USER}:{quote(home.secret('mongo'))}@{LOOPBACK}:{port}/?replicaSet={_REPLICA_SET}&authSource=admin"
    )


def _cache_gb() -> float:
    """Leads and indexes that do not fit are read from disk at each write: an eighth of the pace at 200,000 leads."""
    import psutil

    return max(0.25, min(2.0, psutil.virtual_memory().total / 2**30 / 16))


class MongoServer(Server):
    """One mongod."""

    name = "mongo"

    def prepare(self) -> None:
        """Folder, port and the key file that a replica set with login asks for."""
        super().prepare()
        self.home.secret("mongo")
        key = self.folder / "keyfile"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(self.home.secret("mongo-members"))
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)

    def command(self) -> list[str]:
        """Cache and journal for a shared machine: a sixteenth of its memory, filled only as data come.

        No message compression: this line of mongod can be made to show memory before login through it
        (CVE-2025-14847).
        """
        return [
            str(self.binary), "--dbpath", str(self.folder / "data"), "--port", str(self.port),
            "--bind_ip", LOOPBACK, "--nounixsocket", "--quiet",
            "--replSet", _REPLICA_SET, "--keyFile", str(self.folder / "keyfile"), "--oplogSize", "256",
            "--wiredTigerCacheSizeGB", f"{_cache_gb():.2f}", "--wiredTigerEngineConfigString", "log=(file_max=16MB)",
            "--networkMessageCompressors", "disabled",
            "--setParameter", "diagnosticDataCollectionEnabled=false",
        ]  # fmt: skip

    def settle(self, goes_on: Callable[[], bool]) -> None:
        """Wait for the primary; found the replica set and its user at the first start."""
        from pymongo.errors import OperationFailure, PyMongoError

        self.wait_for_port(goes_on)
        try:
            with self._client(login=True) as client:
                self._become_primary(client, goes_on)
        except OperationFailure as error:
            if error.code != _AUTHENTICATION_FAILED:
                raise NotReady(str(error)) from error
            self._found(goes_on)
        except PyMongoError as error:
            raise NotReady(str(error)) from error

    def _found(self, goes_on: Callable[[], bool]) -> None:
        """First start: mongod lets a local client without login set up exactly this."""
        from pymongo.errors import OperationFailure, PyMongoError

        member = {"_id": 0, "host": f"{LOOPBACK}:{self.port}"}
        try:
            with self._client(login=False) as client:
                try:
                    client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": [member]})
                except OperationFailure as error:
                    if error.code != _ALREADY_INITIALIZED:
                        raise
                self._wait_for_primary(client, goes_on)
                client.admin.command("createUser", USER, pwd=self.home.secret("mongo"), roles=["root"])
        except PyMongoError as error:
            if isinstance(error, OperationFailure) and error.code == _UNAUTHORIZED:
                raise NotReady(f"its data know another password than {self.home.root / 'secrets.json'}") from error
            raise NotReady(f"the replica set could not be set up: {error}") from error

    def _become_primary(self, client: MongoClient[Any], goes_on: Callable[[], bool]) -> None:
        config = self._member_config(client, goes_on)
        here = f"{LOOPBACK}:{self.port}"
        if config["members"][0]["host"] != here:
            # the port of last time was taken: without this the member does not find itself in its own set
            config["members"] = [{**config["members"][0], "host": here}]
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
        self._wait_for_primary(client, goes_on)

    def _member_config(self, client: MongoClient[Any], goes_on: Callable[[], bool]) -> dict[str, Any]:
        from pymongo.errors import AutoReconnect, OperationFailure

        found: dict[str, Any] = {}

        def is_loaded() -> bool:
            try:
                found.update(client.admin.command("replSetGetConfig")["config"])
            except AutoReconnect:
                return False
            except OperationFailure as error:
                if error.code != _NOT_YET_INITIALIZED:
                    raise
                return False  # it is still looking for itself at the port of last time
            return True

        wait_until(is_loaded, goes_on, 60, "mongod did not load its replica set", pause=0.1)
        return found

    def _wait_for_primary(self, client: MongoClient[Any], goes_on: Callable[[], bool]) -> None:
        from pymongo.errors import AutoReconnect

        def is_primary() -> bool:
            try:
                return bool(client.admin.command("hello")["isWritablePrimary"])
            except AutoReconnect:  # mongod drops connections when its role changes
                return False

        wait_until(is_primary, goes_on, 60, "mongod did not become primary")

    def _client(self, login: bool) -> MongoClient[Any]:
        from pymongo import MongoClient

        credentials: dict[str, Any] = {"username": USER, "password": self.home.secret("mongo")} if login else {}
        return MongoClient(
            LOOPBACK, self.port, directConnection=True, serverSelectionTimeoutMS=10_000, socketTimeoutMS=20_000,
            **credentials,
        )  # fmt: skip
