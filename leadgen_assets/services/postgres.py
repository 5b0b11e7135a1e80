"""Embedded PostgreSQL for Dagster's run, event and schedule storage: with password, on loopback only, never as root."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psutil

from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.services.exec_shim import NOBODY
from leadgen_assets.services.home import ServiceHome
from leadgen_assets.services.launch import shimmed
from leadgen_assets.services.servers import LOOPBACK, NotReady, Server, wait_until

USER = "leadgen"
DATABASE = "dagster"


def url(home: ServiceHome, port: int) -> str:
    """Address with password. The driver is named, because bare `postgresql:` means psycopg 3 to SQLAlchemy 2.1."""
    return f"postgresql+psycopg2://{USER}:{quote(home.secret('postgres'))}@{LOOPBACK}:{port}/{DATABASE}"


class PostgresServer(Server):
    """One postmaster."""

    name = "postgres"
    stop_signal = signal.SIGINT
    """Fast shutdown; SIGTERM would wait for every client to leave."""

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "data"

    def prepare(self) -> None:
        """Find out as whom to run, make the cluster at the first start, forget a lock file of a dead postmaster.

        Raises:
            ServiceUnavailable: root may not become anybody else here, or the data are of another major version.
        """
        super().prepare()
        self.home.secret("postgres")
        self.identity = self._working_identity()
        if not self.data.exists():
            self._found()
        self._check_version()
        self._own(self.identity)
        self._forget_dead_postmaster()

    def command(self) -> list[str]:
        """Small buffers; 200 connections, since every Dagster run and sensor opens its own."""
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            "max_connections": "200",
            "log_statement": "none",
        }
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        return [str(self.binary), "-D", str(self.data), *arguments]

    def settle(self, goes_on: Callable[[], bool]) -> None:
        """Wait until a login works; create Dagster's database at the first start."""
        import psycopg2

        self.wait_for_port(goes_on)
        last = ""

        def logs_in() -> bool:
            nonlocal last
            try:
                connection = psycopg2.connect(
                    host=LOOPBACK, port=self.port, user=USER, password=self.home.secret("postgres"),
                    dbname="postgres", connect_timeout=5,
                )  # fmt: skip
            except psycopg2.OperationalError as error:
                last = str(error).strip()
                return False
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    if connection.server_version >= 160000:
                        # Dagster logs in for every query. Iterations slow down who guesses; nobody guesses 192 random bits
                        cursor.execute("SET scram_iterations = 1")
                        cursor.execute(f"ALTER USER {USER} PASSWORD %s", (self.home.secret("postgres"),))
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
            connection.close()
            return True

        try:
            wait_until(logs_in, goes_on, 60, "no login works")
        except NotReady as error:
            raise NotReady(f"{error}: {last}" if last else str(error)) from error

    def _found(self) -> None:
        """Make the cluster beside its place and move it there, so that a killed first start leaves no half cluster."""
        draft, password = self.folder / "draft", self.folder / "password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(self.home.secret("postgres"))
        self._own(self.identity)
        initdb = [
            str(self.binary.with_name("initdb")), "-D", str(draft), "-U", USER, "--pwfile", str(password),
            "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C",
        ]  # fmt: skip
        made = subprocess.run(
            shimmed(initdb, self.identity, signal.SIGTERM), capture_output=True, text=True, check=False, cwd=self.folder
        )
        password.unlink()
        if made.returncode != 0:
            raise ServiceUnavailable(f"PostgreSQL's data folder {self.data} could not be made: {made.stderr.strip()}")
        draft.rename(self.data)

    def _working_identity(self) -> str:
        """PostgreSQL refuses root; the first way around it that works here."""
        if os.geteuid() != 0:
            return "self"
        for identity in ("nobody", "namespace"):
            try:
                self._own(identity)
            except OSError:
                continue
            probe = [str(self.binary.with_name("initdb")), "-D", str(self.folder / "probe"), "-U", USER, "--no-sync",
                     "-A", "trust", "--show"]  # fmt: skip
            answer = subprocess.run(
                shimmed(probe, identity, signal.SIGTERM), capture_output=True, text=True, check=False, cwd="/"
            )
            if answer.returncode == 0:
                return identity
        raise ServiceUnavailable(
            "PostgreSQL does not run as root, and this system lets root neither become nobody nor open a user "
            "namespace. Run as an ordinary user, set DAGSTER_PG_URL to a PostgreSQL of yours, or use SQLite "
            "(deploy/dagster.sqlite.yaml)"
        )

    def _own(self, identity: str) -> None:
        if os.geteuid() != 0:
            return
        owner = 0 if identity == "namespace" else NOBODY
        for path in (self.folder, *self.folder.rglob("*")):
            if path.lstat().st_uid != owner:
                os.chown(path, owner, owner, follow_symlinks=False)

    def _check_version(self) -> None:
        data_version = (self.data / "PG_VERSION").read_text().strip()
        answer = subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=True).stdout
        version = re.search(r"\) (\d+)", answer)
        if version is None or version[1] != data_version:
            raise ServiceUnavailable(
                f"{self.data} was written by PostgreSQL {data_version}, but {self.binary} is {answer.strip()}. "
                "Set LEADGEN_POSTGRES to a matching postgres, or move the folder away: it holds Dagster's run "
                "history, no leads"
            )

    def _forget_dead_postmaster(self) -> None:
        """PostgreSQL trusts the bare pid in its lock file, which may be a stranger's by now."""
        lock = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(lock.read_text().split()[0]))
            if Path(process.exe()).name == "postgres" and str(self.data) in process.cmdline():
                return
        except FileNotFoundError:
            return
        except (psutil.Error, ValueError, IndexError):
            pass
        lock.unlink(missing_ok=True)
