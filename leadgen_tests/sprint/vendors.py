"""The sandbox vendors on loopback, in a thread of the tests, without rate limits and with a clock that runs fast."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import yaml

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

PEOPLE = 1_000
SPEED = 20
"""Sandbox seconds in a second: a snapshot that takes two is there at once."""


@cache
def world() -> World:
    """The invented people of these tests; nobody changes them."""
    from leadgen_assets.sandbox.world import World

    return World.generate(seed=11, people=PEOPLE)


def no_limits(path: Path, **but: dict[str, list[dict[str, float]]]) -> Path:
    """A limits file that lifts every documented rate limit but these, for vendors and governor alike."""
    from leadgen_assets.vendors import limits

    documented = yaml.safe_load(Path(limits.__file__).with_name("limits.yaml").read_text())
    lifted = {vendor: {each: [] for each in table} | but.get(vendor, {}) for vendor, table in documented.items()}
    path.write_text(yaml.safe_dump(lifted))
    return path


@dataclass(frozen=True)
class Sandbox:
    """All vendors at one address, and their control API."""

    url: str
    http: httpx.Client

    def calls(self) -> dict[str, Any]:
        """Requests and credits by vendor so far."""
        return self._get("calls")

    def credits(self) -> dict[str, dict[str, str]]:
        """Credits charged so far, by vendor and operation."""
        return {vendor: each["credits"] for vendor, each in self.calls().items()}

    def requests(self, *vendors: str) -> int:
        """Requests so far at these vendors, all of them by default."""
        return sum(each["requests"] for vendor, each in self.calls().items() if not vendors or vendor in vendors)

    def usd(self) -> float:
        """What all vendors charged at list price."""
        return float(sum(float(each["usd"]) for each in self.calls().values()))

    def crm(self, target: str = "hubspot") -> dict[str, Any]:
        """What a CRM holds."""
        return dict(self._get("crm")[target])

    def slack(self) -> list[dict[str, Any]]:
        """Messages at the webhook."""
        return list(self._get("slack")["messages"])

    def faults(self, vendor: str, **switches: Any) -> None:
        """Set fault switches of a vendor."""
        self.http.post(f"/_sandbox/faults/{vendor}", json=switches).raise_for_status()

    def truth(self, records: list[list[str]]) -> dict[str, Any]:
        """The exact-key truth about these records, clusters included."""
        answer = self.http.post("/_sandbox/truth", params={"clusters": "1"}, json={"records": records})
        answer.raise_for_status()
        return dict(answer.json())

    def _get(self, what: str) -> Any:
        answer = self.http.get(f"/_sandbox/{what}")
        answer.raise_for_status()
        return answer.json()


@contextmanager
def serving(limits: Path, speed: float = SPEED) -> Iterator[Sandbox]:
    """A sandbox of its own; its counters, credits and CRMs start empty."""
    from leadgen_assets.sandbox import beside
    from leadgen_assets.sandbox.frame import FrameOptions
    from leadgen_assets.sandbox.rates import load_limits
    from leadgen_assets.sandbox.server import build_app

    options = FrameOptions(limits=load_limits(limits), clock=lambda: time.monotonic() * speed)
    app = build_app(world(), options=options)
    with beside.serving(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        yield Sandbox(url, http)
