"""A scripted vendor at the network edge: real client code, answers from a list, requests on record, no waiting."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from leadgen_assets.settings import VendorAccess
from leadgen_assets.vendors.contracts import CallRecord
from leadgen_assets.vendors.governor import Governor, Unlimited

BASE = "http://127.0.0.1:9/vendor"

Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Script:
    """Answers in order; the last one repeats. `slept` are the pauses the client took, `calls` what it reported."""

    steps: list[Step] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    calls: list[CallRecord] = field(default_factory=list)

    def answers(self, *steps: Step) -> Script:
        """Set what the vendor answers."""
        self.steps = list(steps)
        return self

    def client(self, kind: Any, vendor: str, governor: Governor | None = None, **options: Any) -> Any:
        """A client of that kind, talking to this script."""
        names = [
            *("apollo_api_key", "brightdata_api_token", "zoominfo_client_id", "zoominfo_client_secret"),
            *("hunter_api_key", "clearbit_api_key", "neverbounce_api_key", "pdl_api_key", "hubspot_access_token"),
            *("salesforce_client_id", "salesforce_client_secret"),
        ]
        access = VendorAccess(
            vendor,
            BASE,
            {
                **{name: SecretStr("opensesame") for name in names},
                "slack_webhook_url": SecretStr(f"{BASE}/services/T/B/x"),
            },
            {"health_url": f"{BASE}/auth/health", "token_url": f"{BASE}/token"},
        )
        transport = httpx.MockTransport(self._handle)
        return kind(
            access, governor or Unlimited(), self.calls.append, sleep=self._sleep, transport=transport, **options
        )

    def sent(self, index: int = -1) -> Any:
        """The JSON body of a request."""
        return json.loads(self.requests[index].content)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        return step(request)


@pytest.fixture
def script() -> Script:
    return Script()
