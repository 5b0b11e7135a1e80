"""What the checks need from elsewhere: frames, the sprint as it stands, and a place for results."""

from pathlib import Path
from typing import Any, Protocol

import dagster as dg
import pandas as pd

from leadgen_assets.partitions import dimensions, lake_path
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint

PROCESSED_RECORDS = "processed_records"
"""Lake table beside `deduplicated_leads`: one row per lead or duplicate of the sprint (lead_id, segment, data_source,
is_duplicate)."""

FRAMES = {
    "deduplicated": PROCESSED_RECORDS,
    "golden": "deduplicated_leads",
    "scored": "scored_leads",
    "crm_ready": "scored_leads",
}
"""Where each layer's frame is in the lake; `normalized` frames are under their asset's own name."""


class FrameLake(Protocol):
    """The part of `stores.lake.Lake` that checks use."""

    def read(self, asset: str, partition_path: str) -> pd.DataFrame: ...


class SprintStores(Protocol):
    """The part of the `stores` resource that checks use."""

    def lake(self) -> FrameLake: ...
    def sprint(self, key: str) -> Sprint: ...
    def record_gates(self, key: str, values: dict[str, dict[str, Any]]) -> None: ...


class QualityInputs(Protocol):
    """What the checks ask of the resource `quality`."""

    def frame(self, asset: str, layer: str, partition: str) -> pd.DataFrame: ...
    def parameters(self, layer: str, partition: str) -> dict[str, Any]: ...
    def source(self, partition: str) -> str | None:
        """The source that collects a grid partition's segment; None when the sprint has no such segment."""
        ...

    def state(self) -> Path: ...
    def docs_url(self) -> str | None: ...
    def record(self, partition: str, values: dict[str, dict[str, Any]]) -> None:
        """Put {gate: {value, threshold, passed}} of a sprint on record for the desk."""
        ...


class Quality(dg.ConfigurableResource[Any]):
    """`QualityInputs` over the stores resource. `state_dir` is where results and pages go, outside the repository;
    unset means `LEADGEN_HOME/quality`."""

    state_dir: str | None = None
    served_at: str | None = None
    """Address under which `state_dir/site` is served, for links; unset means links to files."""
    stores: dg.ResourceDependency[SprintStores]

    def frame(self, asset: str, layer: str, partition: str) -> pd.DataFrame:
        """The layer's frame as the asset wrote it."""
        return self.stores.lake().read(FRAMES.get(layer, asset), lake_path(partition))

    def parameters(self, layer: str, partition: str) -> dict[str, Any]:
        """The numbers and lists the layer's suite refers to, from the sprint as it stands."""
        if layer == "normalized":
            sprint_key, segment = dimensions(partition)
            sprint = self.stores.sprint(sprint_key)
            return {**parameters_of(sprint), "segments": [segment], "sources": [sprint.segment(segment).source]}
        found = parameters_of(self.stores.sprint(partition))
        if layer == "golden":
            records = self.frame("", "deduplicated", partition)
            found["processed_leads"] = int((~records["is_duplicate"].astype(bool)).sum())
        return found

    def source(self, partition: str) -> str | None:
        """See `QualityInputs`."""
        sprint_key, segment = dimensions(partition)
        return next((each.source for each in self.stores.sprint(sprint_key).segments if each.id == segment), None)

    def state(self) -> Path:
        """Directory of results and pages."""
        return Path(self.state_dir) if self.state_dir else Settings().home / "quality"

    def docs_url(self) -> str | None:
        """Address of the served data docs, if they are."""
        return self.served_at

    def record(self, partition: str, values: dict[str, dict[str, Any]]) -> None:
        """See `QualityInputs`."""
        self.stores.record_gates(partition, values)


def parameters_of(sprint: Sprint) -> dict[str, Any]:
    """Gates by name, the titles and countries that count, and the qualification score."""
    titles = dict.fromkeys(sprint.profile.titles)
    for segment in sprint.segments:
        titles |= dict.fromkeys(sprint.titles_of(segment))
    return {
        **sprint.gates.model_dump(),
        "titles": list(titles),
        "countries": list(sprint.profile.countries),
        "minimum_score": sprint.qualification.minimum_score,
    }
