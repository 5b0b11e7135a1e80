"""The governor's decisions inside one process, for the time in which it cannot ask Redis. Times are monotonic seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from leadgen_assets.vendors.limits import Window
from leadgen_assets.vendors.pacing import Decision, Pacing, Word


@dataclass
class _Circuit:
    failures: int = 0
    rests: int = 0
    resting_until: float = 0.0
    probing_until: float = 0.0


@dataclass
class _Pace:
    factor: float = 1.0
    since: float = float("-inf")

    def at(self, now: float, recovery: float) -> float:
        return 1.0 if self.factor >= 1 else min(1.0, self.factor + (now - self.since) * recovery)


@dataclass
class LoneWindows:
    """Windows, pace and circuits of this process alone."""

    pacing: Pacing = field(default_factory=Pacing)
    _grants: dict[str, deque[float]] = field(default_factory=dict)
    _blocked: dict[str, float] = field(default_factory=dict)
    _circuits: dict[str, _Circuit] = field(default_factory=dict)
    _paces: dict[str, _Pace] = field(default_factory=dict)

    def grant(self, vendor: str, blocks: Sequence[str], windows: Sequence[tuple[str, Window]], now: float) -> Decision:
        """A slot in every window, or the seconds until there may be one."""
        circuit = self._circuits.get(vendor)
        resting = max(circuit.resting_until, circuit.probing_until) - now if circuit else 0.0
        if resting > 0:
            return Decision(resting, Word.RESTING)
        pace = self._paces.get(vendor, _Pace()).at(now, self.pacing.recovery)
        waits = [self._blocked.get(block, now) - now for block in blocks]
        for key, window in windows:
            grants = self._grants.setdefault(key, deque())
            while grants and grants[0] + window.seconds < now:
                grants.popleft()
            allowed = max(1, int(window.requests * pace))
            if len(grants) >= allowed:
                waits.append(grants[-allowed] + window.seconds - now + 1e-6)
        wait = max(waits, default=0.0)
        if wait > 0:
            return Decision(wait, Word.WAITING)
        for key, _ in windows:
            self._grants[key].append(now)
        if circuit and circuit.resting_until:
            circuit.probing_until = now + self.pacing.probe
        return Decision(0.0, Word.AILING if circuit else Word.SOUND)

    def penalise(self, vendor: str, block: str, strikes: str, seconds: float, now: float) -> int:
        """Close the scope, halve the pace, and count the rejections that are still remembered."""
        self._blocked[block] = max(self._blocked.get(block, 0.0), now + seconds)
        remembered = self._grants.setdefault(strikes, deque())
        remembered.append(now)
        while remembered[0] < now - self.pacing.memory:
            remembered.popleft()
        pace = self._paces.setdefault(vendor, _Pace())
        if now - pace.since >= self.pacing.settle:
            halved = pace.at(now, self.pacing.recovery) / 2
            self._paces[vendor] = _Pace(max(self.pacing.slowest, halved), now)
        return len(remembered)

    def report(self, vendor: str, now: float, *, answered: bool) -> float:
        """Take down whether the vendor answered. Returns the seconds for which its circuit is open."""
        if answered:
            self._circuits.pop(vendor, None)
            return 0.0
        circuit = self._circuits.setdefault(vendor, _Circuit())
        circuit.failures += 1
        has_probed = 0 < circuit.resting_until <= now
        if has_probed or (not circuit.resting_until and circuit.failures >= self.pacing.failures):
            circuit.resting_until = now + min(self.pacing.longest_rest, self.pacing.rest * 2**circuit.rests)
            circuit.probing_until = 0.0
            circuit.rests += 1
        return max(0.0, circuit.resting_until - now)
