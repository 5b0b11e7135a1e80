"""Bright Data as vendors.md §2 has it: filter snapshots, scraper jobs, text errors, 202 after "ready", the IP block."""

from __future__ import annotations

import gzip
import json
import random
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox import brightdata_records as records
from leadgen_assets.sandbox.brightdata_filter import FilterProblem, compile_filter
from leadgen_assets.sandbox.brightdata_jobs import (
    BLOCK_SECONDS,
    BLOCK_STRIKES,
    BUILD_SECONDS,
    KEPT_SECONDS,
    MOST_JOBS,
    NOT_READY,
    Snapshot,
    input_problem,
    invalid_input,
)
from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer, encoded, plain
from leadgen_assets.sandbox.rates import Rejection
from leadgen_assets.sandbox.world import Company, Sighting

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World


class BrightData(VendorSim):
    """One Bright Data account. A credit is one dataset record; a scraped record costs 0.6 of it."""

    name = "brightdata"
    prefix = "/brightdata"
    credit_limit = Decimal(200_000)
    credit_usd = Decimal("0.0025")

    def __init__(self, world: World, options: FrameOptions) -> None:
        super().__init__(world, options)
        self._by_slug = {each.slug: each for each in world.sightings(self.name) if each.slug}

    def reset(self) -> None:
        super().reset()
        self.snapshots: dict[str, Snapshot] = {}
        self._strikes: deque[float] = deque()
        self.is_blocked = False

    def routes(self) -> Sequence[Route]:
        post, get, both = ("POST",), ("GET",), ("GET", "POST")
        return [
            self.endpoint("/datasets/filter", "filter", self.filter, post),
            self.endpoint("/datasets/snapshots", "status", self.snapshots_made, get),
            self.endpoint("/datasets/snapshots/{id}", "status", self.status, get),
            self.endpoint("/datasets/snapshots/{id}/download", "download", self.download, get),
            self.endpoint("/datasets/{dataset}/metadata", "status", self.metadata, get),
            self.endpoint("/datasets/v3/trigger", "trigger", self.trigger, post),
            self.endpoint("/datasets/v3/progress/{id}", "status", self.progress, get),
            self.endpoint("/datasets/v3/snapshot/{id}", "download", self.download_v3, get),
            self.endpoint("/datasets/v3/snapshot/{id}/cancel", "status", self.cancel, both),
            self.endpoint("/datasets/v3/snapshots", "status", self.listing, get),
            self.endpoint("/customer/balance", "status", self.balance, get),
        ]

    # Bright Data's language

    def authorize(self, call: Call) -> Response | None:
        if self.is_blocked:
            return plain("IP blocked: too many 429 responses, contact support", 403)
        scheme = (call.header("authorization") or "").partition(" ")[0].lower()
        if not scheme:
            return plain("Credentials are missing", 401)
        if scheme == "basic":
            return plain("Basic auth is not allowed", 401)
        if scheme != "bearer":
            return plain("Auth method is not supported", 401)
        return None if self.accepts(call.bearer) else plain("Invalid credentials", 401)

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        self._strike()
        return answer({"error": "Too many requests"}, 429, {"Retry-After": str(rejection.retry_after)})

    def _strike(self) -> None:
        now = self.clock()
        self._strikes.append(now)
        while now - self._strikes[0] >= BLOCK_SECONDS:
            self._strikes.popleft()
        self.is_blocked = self.is_blocked or len(self._strikes) >= BLOCK_STRIKES

    def state(self) -> dict[str, Any]:
        return {**super().state(), "blocked": self.is_blocked, "snapshots": len(self.snapshots)}

    # Marketplace filter

    def filter(self, call: Call) -> Response:
        """`POST /datasets/filter`: a job, or 422 when nothing matches. Billed by record, up to `records_limit`."""
        asked = call.json_object
        dataset, limit = asked.get("dataset_id"), asked.get("records_limit")
        if dataset not in (records.PEOPLE_DATASET, records.COMPANY_DATASET):
            return plain("dataset does not exist", 404)
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            return answer({"validation_errors": ["records_limit must be a positive integer"]}, 400)
        if sum(not self._is_ready(each) for each in self.snapshots.values()) >= MOST_JOBS:
            self._strike()
            return answer({"error": f"Maximum limit of {MOST_JOBS} jobs per dataset has been exceeded"}, 429)
        try:
            if dataset == records.PEOPLE_DATASET:
                matches = compile_filter(asked.get("filter"), records.PEOPLE_FIELDS)
                people = [each for each in self.world.sightings(self.name) if matches(each)][:limit]
                return self._started(dataset, [records.person(each) for each in people], tuple(people))
            wanted = compile_filter(asked.get("filter"), records.COMPANY_FIELDS)
            companies = [each for each in self.world.companies if self._is_listed(each) and wanted(each)][:limit]
        except FilterProblem as problem:
            return answer({"validation_errors": [str(problem)]}, 400)
        return self._started(dataset, [records.company(each) for each in companies])

    def _is_listed(self, company: Company) -> bool:
        """The dataset does not know every company."""
        return self.world.share("brightdata lists", company.slug) < 0.97

    def _started(self, dataset: str, found: list[dict[str, Any]], seen: tuple[Sighting, ...] = ()) -> Response:
        if not found:
            return answer({"error": "Provided filter did not match any records"}, 422)
        snapshot = self._new("snap_", dataset, found, seen, Decimal(len(found)), "filter")
        return answer({"snapshot_id": snapshot.id})

    def _new(
        self,
        prefix: str,
        dataset: str,
        found: list[dict[str, Any]],
        seen: tuple[Sighting, ...],
        credits: Decimal,
        operation: str,
    ) -> Snapshot:
        missing = credits - self.credits_left
        if missing > 0:
            dollars = f"${missing * self.credit_usd:.2f}"
            message = f"Your current balance is insufficient to process this data collection ({dollars} is missing)"
            raise Refused(answer({"error": message}, 402))
        self.charge(operation, credits)
        number = len(self.snapshots)
        order = random.Random(f"{self.options.seed}:{prefix}:{number}")  # nosec B311 # a world that repeats itself
        rows = [json.dumps(self.drifted(each), separators=(",", ":")) for each in found]
        order.shuffle(rows)
        identity = f"{prefix}mh{order.randrange(16**8):08x}{number:04d}"
        snapshot = Snapshot(identity, dataset, self.clock(), rows, credits * self.credit_usd, seen=seen)
        self.snapshots[identity] = snapshot
        return snapshot

    def status(self, call: Call) -> Response:
        """`GET /datasets/snapshots/{id}`."""
        snapshot = self._find(call)
        age = self.clock() - snapshot.started
        state = "scheduled" if age < BUILD_SECONDS / 4 else "building"
        reply: dict[str, Any] = {
            "id": snapshot.id,
            "created": snapshot.created,
            "dataset_id": snapshot.dataset,
        }
        if self._is_ready(snapshot):
            snapshot.is_announced, state = True, "ready"
            size = sum(len(row) + 1 for row in snapshot.rows)
            cost = float(snapshot.cost)
            reply |= {"dataset_size": len(snapshot.rows), "file_size": size, "cost": cost}
        return answer({**reply, "status": state})

    def snapshots_made(self, call: Call) -> Response:
        """`GET /datasets/snapshots?dataset_id&status`: the marketplace snapshots; sizes once they are ready."""
        found = []
        for each in self.snapshots.values():
            is_ready = self._is_ready(each)
            told: dict[str, Any] = {
                "id": each.id,
                "created": each.created,
                "status": "ready" if is_ready else "building",
            }
            told |= {"dataset_id": each.dataset, "view_id": None}
            if each.id.startswith("snap_"):
                found.append(told | ({"dataset_size": len(each.rows)} if is_ready else {}))
        wanted = {name: call.query[name] for name in ("dataset_id", "status") if name in call.query}
        return answer([each for each in found if wanted.items() <= each.items()])

    def balance(self, call: Call) -> Response:
        """`GET /customer/balance`: what is left of the money paid in, and what the next bill will say."""
        left = (self.credits_allowed - self.credits_used) * self.credit_usd
        return answer({"balance": float(left), "pending_balance": 0})

    def metadata(self, call: Call) -> Response:
        """`GET /datasets/{dataset_id}/metadata`: the fields there are."""
        dataset = call.path["dataset"]
        fields: Any = {records.PEOPLE_DATASET: records.PEOPLE_FIELDS, records.COMPANY_DATASET: records.COMPANY_FIELDS}
        if dataset not in fields:
            return plain("dataset does not exist", 404)
        return answer({"id": dataset, "fields": {name: {"type": "text", "active": True} for name in fields[dataset]}})

    # Scraper

    def trigger(self, call: Call) -> Response:
        """`POST /datasets/v3/trigger`: one bad input refuses the whole batch."""
        dataset = call.query.get("dataset_id")
        if not dataset:
            return plain("dataset missing", 400)
        if dataset not in (records.PEOPLE_DATASET, records.COMPANY_DATASET):
            return plain("dataset does not exist", 404)
        content = call.json()
        inputs = content.get("input") if isinstance(content, dict) else content
        if not isinstance(inputs, list):
            message = "Parser cannot parse input: expected a JSON array"
            return answer({"error": message, "code": "parse_error"}, 400)
        if not inputs:
            return plain("No data to trigger", 400)
        for index, each in enumerate(inputs):
            problem = input_problem(each)
            if problem:
                return answer(invalid_input(each, index, problem), 400)
        echoed = content.get("custom_input_fields", []) if isinstance(content, dict) else []
        rows, seen = self._scraped(dataset, inputs, [name for name in echoed if isinstance(name, str)])
        good = [row for row in rows if "error" not in row]
        if call.query.get("include_errors") != "true":
            rows = good
        snapshot = self._new("s_", dataset, rows, tuple(seen), Decimal(len(good)) * Decimal("0.6"), "trigger")
        snapshot.errors = len(inputs) - len(good)
        return answer({"snapshot_id": snapshot.id})

    def _scraped(
        self, dataset: str, inputs: list[dict[str, Any]], echoed: list[str]
    ) -> tuple[list[dict[str, Any]], list[Sighting]]:
        rows, found = [], []
        for each in inputs:
            slug = unquote(urlsplit(each["url"]).path.rstrip("/").rpartition("/")[2]).casefold()
            row = records.dead_page(each["url"], "2026-11-22T08:00:00.000Z")
            company, seen = self.world.company_by_linkedin(slug), self._by_slug.get(slug)
            if dataset == records.COMPANY_DATASET and company:
                row = {**records.company(company), "input": {"url": each["url"]}}
            elif dataset == records.PEOPLE_DATASET and seen:
                found.append(seen)
                row = {**records.person(seen), "input_url": each["url"], "input": {"url": each["url"]}}
            rows.append({**row, **{name: each[name] for name in echoed if name in each}})
        return rows, found

    def progress(self, call: Call) -> Response:
        """`GET /datasets/v3/progress/{id}`."""
        snapshot = self._find(call)
        age = self.clock() - snapshot.started
        reply: dict[str, Any] = {"snapshot_id": snapshot.id, "dataset_id": snapshot.dataset}
        if snapshot.is_cancelled:
            return answer({**reply, "status": "canceled"})
        if not self._is_ready(snapshot):
            state = "starting" if age < BUILD_SECONDS / 4 else "running" if age < BUILD_SECONDS / 2 else "digesting"
            return answer({**reply, "status": state, "running_time": int(age * 1000)})
        snapshot.is_announced = True
        errors = {"error_codes": {"dead_page": snapshot.errors}} if snapshot.errors else {}
        good = sum('"error":' not in row for row in snapshot.rows)
        return answer({**reply, "status": "ready", "records": good, "errors": snapshot.errors, **errors})

    def cancel(self, call: Call) -> Response:
        self._find(call).is_cancelled = True
        return plain("OK")

    def listing(self, call: Call) -> Response:
        """`GET /datasets/v3/snapshots?dataset_id`."""
        found = [each for each in self.snapshots.values() if each.dataset == call.query.get("dataset_id", each.dataset)]
        return answer([{"id": each.id, "status": "ready" if self._is_ready(each) else "running"} for each in found])

    # Download

    def download(self, call: Call) -> Response:
        """`GET /datasets/snapshots/{id}/download`: part by part; 202 even right after "ready"."""
        return self._downloaded(call, default="jsonl")

    def download_v3(self, call: Call) -> Response:
        return self._downloaded(call, default="json")

    def _downloaded(self, call: Call, default: str) -> Response:
        snapshot = self._find(call)
        if self.clock() - snapshot.started > KEPT_SECONDS:
            return plain("Snapshot is expired", 400)
        if not self._is_ready(snapshot):
            return answer({"status": "running", **NOT_READY}, 202)
        if snapshot.not_ready_answers:
            snapshot.not_ready_answers -= 1
            return answer({"status": "building", **NOT_READY}, 202)
        if not snapshot.rows:
            return plain("Snapshot is empty", 400)
        size, part = _whole(call.query.get("batch_size")), _whole(call.query.get("part"))
        if size is not None and size < 1000:
            return answer({"validation_errors": ["batch_size must be at least 1000"]}, 400)
        rows = snapshot.rows if size is None else snapshot.rows[((part or 1) - 1) * size : (part or 1) * size]
        if not snapshot.is_delivered:
            snapshot.is_delivered = True
            for each in snapshot.seen:
                self.deliver(each)
        return self._body(rows, call.query.get("format", default), call.query.get("compress") == "true")

    def _body(self, rows: list[str], form: str, is_compressed: bool) -> Response:
        if form not in ("json", "jsonl", "ndjson"):
            return answer({"validation_errors": [f"format {form!r} is not offered by this sandbox"]}, 400)
        text = f"[{','.join(rows)}]" if form == "json" else "".join(f"{row}\n" for row in rows)
        media = "application/json" if form == "json" else "application/x-ndjson"
        if is_compressed:
            return encoded(gzip.compress(text.encode()), media_type="application/gzip")
        return encoded(text, media_type=media)

    def _find(self, call: Call) -> Snapshot:
        snapshot = self.snapshots.get(call.path["id"])
        if snapshot is None:
            raise Refused(plain("Snapshot does not exist", 404))
        return snapshot

    def _is_ready(self, snapshot: Snapshot) -> bool:
        return self.clock() - snapshot.started >= BUILD_SECONDS


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def build(world: World, options: FrameOptions) -> VendorSim:
    """The vendor for `server.SIMS`."""
    return BrightData(world, options)
