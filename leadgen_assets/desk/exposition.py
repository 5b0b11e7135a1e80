"""The state in Prometheus' text format, for `/metrics`: every measure that is known, under `leadgen_` and its name.

A measure that is not known is not there, which Prometheus shows as a gap. Nothing here counts by itself: the numbers are
those of `desk.state`, so that Grafana and the dashboard never differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from leadgen_assets.desk.state.measures import MEASURES, Measure, measures

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
PREFIX = "leadgen_"
_OF_THE_MACHINE = ("stores.", "machine.")
"""Parts of the state that belong to no sprint."""
_SHARED = frozenset({"pool_share", "alerts_open", "alerts_open_by_rule"})


def exposition(state: Mapping[str, Any]) -> bytes:
    """The answer to a scrape, of type `CONTENT_TYPE`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_StateCollector(state))
    return generate_latest(registry)


def metric_name(measure: Measure) -> str:
    """What a measure is called in Prometheus; counters end in `_total`, as its conventions want."""
    return f"{PREFIX}{measure.name}{'_total' if measure.kind == 'counter' else ''}"


class _StateCollector(Collector):
    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state

    def describe(self) -> Iterable[Metric]:
        """Nothing: the figures of one look are asked for once."""
        return []

    def collect(self) -> Iterator[Metric]:
        known: dict[str, dict[str, float]] = {}
        for (name, instance), value in measures(self._state).items():
            known.setdefault(name, {})[instance] = value
        sprint = (self._state.get("sprint") or {}).get("key", "")
        for name, values in known.items():
            yield _family(MEASURES[name], sprint, values)
        yield self._verdict(sprint)

    def _verdict(self, sprint: str) -> Metric:
        found = self._state["verdict"]
        family = GaugeMetricFamily(
            f"{PREFIX}verdict", "1 for the word that holds: are we going to make it?", labels=["sprint", "word"]
        )
        family.add_metric([sprint, found["word"]], 1.0)
        return family


def _family(measure: Measure, sprint: str, values: Mapping[str, float]) -> Metric:
    is_of_sprint = not measure.place.startswith(_OF_THE_MACHINE) and measure.name not in _SHARED
    labels = [*(["sprint"] if is_of_sprint else []), *([measure.of] if measure.of else [])]
    kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    family = kind(f"{PREFIX}{measure.name}", f"{measure.meaning} ({measure.unit})", labels=labels)
    for instance, value in values.items():
        family.add_metric([*([sprint] if is_of_sprint else []), *([instance] if measure.of else [])], value)
    return family
