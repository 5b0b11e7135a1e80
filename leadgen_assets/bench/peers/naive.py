"""The script everybody writes first: one request after the other, every person inserted alone."""

import json
import sys
import time
from pathlib import Path

import httpx
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError

task = json.loads(Path(sys.argv[1]).read_text())
began = time.perf_counter()
collected = 0
client = httpx.Client(headers={"x-api-key": task["key"]}, trust_env=False, timeout=30)
people = MongoClient[dict[str, object]](task["mongo"])["peer"]["naive"]
for search in task["searches"]:
    wanted, page = search["leads"], 1
    while wanted > 0:
        asked = {**search["body"], "page": page, "per_page": 100}
        listed = client.post(f"{task['base']}/mixed_people/api_search", json=asked).raise_for_status().json()["people"]
        ids = [each["id"] for each in listed][:wanted]
        if not ids:
            break
        for start in range(0, len(ids), 10):
            details = {"details": [{"id": each} for each in ids[start : start + 10]]}
            answer = client.post(f"{task['base']}/people/bulk_match", json=details).raise_for_status().json()
            for person in filter(None, answer["matches"]):
                try:
                    people.insert_one({"_id": person["id"], **person})
                except DuplicateKeyError:
                    continue
                collected += 1
        wanted, page = wanted - len(ids), page + 1
print(json.dumps({"leads": collected, "seconds": time.perf_counter() - began}))  # noqa: T201
