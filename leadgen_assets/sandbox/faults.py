"""What can go wrong at a vendor, as switches."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass
class Faults:
    """What goes wrong at a vendor, set through `POST /_sandbox/faults/{vendor}`; all off by default."""

    error_rate: float = 0.0
    """Share of requests answered with a server error before anything happened."""
    latency_ms: float = 0.0
    storm_429: int = 0
    """So many next requests are told to slow down."""
    timeout_rate: float = 0.0
    """Share of requests that never get an answer (done and billed at the vendor all the same)."""
    truncate_rate: float = 0.0
    """Share of answers whose body stops half way (done and billed all the same)."""
    garbage_rate: float = 0.0
    """Share of good answers that are no JSON at all, with status 200 (done and billed all the same)."""
    repeat_rate: float = 0.0
    """Share of free answers that are the one before, of the same operation: a page delivered twice."""
    expired_token: bool = False
    """Token vendors: every token issued until now is dead. Key vendors: the key is refused while set."""
    credits_out: bool = False
    down: bool = False
    drift: bool = False
    """Records carry a field that the documentation does not know."""

    @classmethod
    def parse(cls, content: Any, current: Faults | None = None) -> Faults:
        """Faults from a JSON object laid over the current ones. `ValueError` names an unknown or mistyped switch."""
        if not isinstance(content, dict):
            raise ValueError("expected a JSON object of fault switches")
        known = {each.name: each for each in fields(cls)}
        values = asdict(current) if current else {}
        for name, value in content.items():
            if name not in known:
                raise ValueError(f"unknown fault {name!r}; there are {', '.join(known)}")
            kind: type = type(known[name].default)
            if not isinstance(value, int | float) or (kind is bool) != isinstance(value, bool):
                raise ValueError(f"{name}: expected {kind.__name__}")
            if value < 0 or (name.endswith("_rate") and value > 1):
                raise ValueError(f"{name}: expected a share between 0 and 1" if value > 1 else f"{name}: is negative")
            values[name] = kind(value)
        return cls(**values)
