"""A running `leadgen dev` on a small sandbox world, started and stopped the way a person does it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from leadgen_assets.settings import Settings

SPRINT = "small"
SEGMENTS = ("apollo-ny", "brightdata-ny")
_FILE = """\
name: small
target: {collected: 40, unique: 30, hours: 24, leads_per_hour: 10}
profile:
  titles: [Performance Marketing Manager, Paid Media Manager, Digital Marketing Manager, PPC Manager, SEM Manager]
  countries: [US]
  metros: [New York]
segments:
  - {id: apollo-ny, source: apollo, locations: [New York], leads: 20}
  - {id: brightdata-ny, source: brightdata, titles: [Performance Marketing Manager], locations: ["New York, NY"], leads: 20}
enrichment: {company: [clearbit], email: [hunter], verify: [neverbounce]}
gates:
  required_fields: 1.0
  average_quality_score: 50
  email_availability: 0.1
  company_completeness: 0.5
  validation_rate: 0.5
  duplicate_rate: 0.3
  unique_leads: 20
budget: {usd: 100, per_qualified_lead: 10, alerts: [0.8]}
crm: {target: hubspot}
"""


def environment(home: Path) -> dict[str, str]:
    """This process's environment without anything that a developer has set for leadgen or Dagster."""
    ours = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return {name: value for name, value in ours.items() if not name.startswith("DAGSTER_")} | {
        "LEADGEN_HOME": str(home),
        "LEADGEN_MODE": "sandbox",
    }


def leadgen(*arguments: str) -> list[str]:
    """The command line's own entry."""
    return [sys.executable, "-m", "leadgen_assets.cli.main", *arguments]


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Dev:
    """A `leadgen dev` that has said it is ready."""

    home: Path
    url: str
    process: subprocess.Popen[str]

    def family(self) -> list[psutil.Process]:
        """Every process that was started for it, at any depth."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def ask(self, query: str, **variables: Any) -> Any:
        """Dagster's own answer, to compare with what the page shows."""
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.url}/graphql", json=body, timeout=30, trust_env=False).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def backfill(self) -> str:
        """Id of the latest backfill."""
        query = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id } } } }"
        return str(self.ask(query)["partitionBackfillsOrError"]["results"][0]["id"])

    def launch(self, job: str, partition: dict[str, str], *assets: str) -> None:
        """Start a run of one partition, as the launch dialog does."""
        place = {"repositoryName": "__repository__", "repositoryLocationName": "leadgen"}
        tags = {"dagster/partition": "|".join(partition[each] for each in sorted(partition))}
        tags |= {f"dagster/partition/{name}": key for name, key in partition.items()}
        wanted = {
            "selector": {**place, "jobName": job, "assetSelection": [{"path": [each]} for each in assets]},
            "mode": "default",
            "executionMetadata": {"tags": [{"key": name, "value": value} for name, value in tags.items()]},
        }
        start = (
            "mutation($p: ExecutionParams!) "
            "{ launchRun(executionParams: $p) { __typename ... on PythonError { message } } }"
        )
        answer = self.ask(start, p=wanted)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer

    def tags(self, run: str) -> dict[str, str]:
        """Those of one run."""
        found = self.ask("query($r: ID!) { runOrError(runId: $r) { ... on Run { tags { key value } } } }", r=run)
        return {each["key"]: each["value"] for each in found["runOrError"]["tags"]}

    def part(self, word: str) -> psutil.Process:
        """The one process of the family with this word on its command line."""
        (found,) = [each for each in self.family() if word in words(each)]
        return found

    def runs(self) -> dict[str, str]:
        """{run id: status}."""
        found = self.ask("{ runsOrError { ... on Runs { results { runId status } } } }")
        return {each["runId"]: each["status"] for each in found["runsOrError"]["results"]}


def words(process: psutil.Process) -> list[str]:
    """Of its command line; none when it has just ended."""
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


def survivors(family: list[psutil.Process], seconds: float = 60) -> list[str]:
    """Commands of those that still run after this time. One that has ended need not have been buried: not every machine's
    init is quick with that."""
    deadline, left = time.monotonic() + seconds, family
    while (left := [each for each in left if _runs(each)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [" ".join(words(each))[:160] for each in left]


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@contextmanager
def running_dev(home: Path) -> Iterator[Dev]:
    """`leadgen dev` from its first line to its last; whatever it leaves behind on a failure is killed."""
    port = free_port()
    process = subprocess.Popen(
        leadgen("dev", "--port", str(port)),
        cwd=home, env=environment(home), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    family: list[psutil.Process] = []
    try:
        said = []
        for line in process.stdout or ():
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        assert process.poll() is None, "".join(said)
        dev = Dev(home, f"http://127.0.0.1:{port}", process)
        assert any(dev.url in line for line in said), "".join(said)
        family = dev.family()
        yield dev
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(60)
        for each in [*family, process]:
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                each.kill()


@contextmanager
def small_world(home: Path, people: int = 1500) -> Iterator[None]:
    """Sandbox vendors of the home with few people; whoever else needs them in this home joins them."""
    command = leadgen("sandbox", "serve", "--port", "0", "--people", str(people))
    process = subprocess.Popen(command, cwd=home, env=environment(home), stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), "the sandbox vendors did not start"
        yield
    finally:
        process.terminate()
        process.wait(20)


def open_sprint(home: Path) -> None:
    """Put the small sprint on record, from the command line."""
    file = home / "small.yaml"
    file.write_text(_FILE)
    command = leadgen("sprint", "open", str(file))
    done = subprocess.run(command, cwd=home, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
