"""As fast as a script gets that only fetches and stores: requests side by side, pages inserted as they come.

No checkpoint, no ledger, no schema, no duplicate check beyond the vendor's id, no journal.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from pymongo import AsyncMongoClient
from pymongo.errors import BulkWriteError

task = json.loads(Path(sys.argv[1]).read_text())


async def main() -> int:
    """Every search at once, the purchases of a listing page at once."""
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=20)
    headers = {"x-api-key": task["key"]}
    async with (
        AsyncMongoClient[dict[str, Any]](task["mongo"]) as mongo,
        httpx.AsyncClient(headers=headers, trust_env=False, timeout=30, limits=limits) as client,
    ):
        people = mongo["peer"]["tight"]

        async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
            answer: dict[str, Any] = (await client.post(f"{task['base']}{path}", json=body)).raise_for_status().json()
            return answer

        async def buy(ids: list[str]) -> int:
            answer = await post("/people/bulk_match", {"details": [{"id": each} for each in ids]})
            documents = [{"_id": person["id"], **person} for person in answer["matches"] if person]
            try:
                return len((await people.insert_many(documents, ordered=False)).inserted_ids)
            except BulkWriteError as error:
                return int((error.details or {})["nInserted"])

        async def collect(search: dict[str, Any]) -> int:
            collected, wanted, page = 0, search["leads"], 1
            while wanted > 0:
                listed = await post("/mixed_people/api_search", {**search["body"], "page": page, "per_page": 100})
                ids = [each["id"] for each in listed["people"]][:wanted]
                if not ids:
                    break
                collected += sum(await asyncio.gather(*(buy(ids[at : at + 10]) for at in range(0, len(ids), 10))))
                wanted, page = wanted - len(ids), page + 1
            return collected

        return sum(await asyncio.gather(*map(collect, task["searches"])))


began = time.perf_counter()
leads = asyncio.run(main())
print(json.dumps({"leads": leads, "seconds": time.perf_counter() - began}))  # noqa: T201
