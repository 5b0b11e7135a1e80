"""The same pages loaded with dlt into DuckDB, as its documentation has it: a resource that pages through the search, a
transformer that buys ten people at a time in parallel threads, appended."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.helpers.rest_client import RESTClient

task = json.loads(Path(sys.argv[1]).read_text())
client = RESTClient(base_url=task["base"], headers={"x-api-key": task["key"]})


@dlt.resource  # type: ignore[untyped-decorator]
def listed() -> Iterator[list[str]]:
    """Ids, ten at a time."""
    for search in task["searches"]:
        wanted, page = search["leads"], 1
        while wanted > 0:
            asked = {**search["body"], "page": page, "per_page": 100}
            people = client.post("/mixed_people/api_search", json=asked).json()["people"]
            ids = [each["id"] for each in people][:wanted]
            if not ids:
                break
            yield from (ids[start : start + 10] for start in range(0, len(ids), 10))
            wanted, page = wanted - len(ids), page + 1


@dlt.transformer(data_from=listed, parallelized=True)  # type: ignore[untyped-decorator]
def people(ids: list[str]) -> list[dict[str, Any]]:
    """Their details."""
    answer = client.post("/people/bulk_match", json={"details": [{"id": each} for each in ids]}).json()
    return [person for person in answer["matches"] if person]


began = time.perf_counter()
pipeline = dlt.pipeline(
    "peer", destination=dlt.destinations.duckdb(f"{task['folder']}/peer.duckdb"), dataset_name="apollo",
    pipelines_dir=f"{task['folder']}/pipelines",
)  # fmt: skip
pipeline.run(people, table_name="people")
counts = pipeline.last_trace.last_normalize_info.row_counts
print(json.dumps({"leads": counts["people"], "seconds": time.perf_counter() - began}))  # noqa: T201
