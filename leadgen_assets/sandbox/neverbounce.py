"""NeverBounce v4.2 over HTTP (vendors.md §5.3): lists verified in jobs. Errors are a 200 with a word in `status`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer
from leadgen_assets.sandbox.neverbounce_jobs import SYNTAX, VerificationJob, flags, rows_of
from leadgen_assets.sandbox.rates import Rejection

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

MOST_BYTES = 25 * 1024 * 1024
MOST_PER_PAGE = 1_000
FIRST_JOB = 150_970
RUNS = "runs"
"""Key of the limits file for started jobs: 50 a day."""


def success(**content: Any) -> Response:
    """NeverBounce's good answer."""
    return answer({"status": "success", **content, "execution_time": 12})


def failure(word: str, message: str) -> Response:
    """NeverBounce's bad answer, also HTTP 200."""
    return answer({"status": word, "message": message, "execution_time": 4})


def refuse(message: str) -> Refused:
    """Something wrong with the request."""
    return Refused(failure("general_failure", message))


class NeverBounce(VendorSim):
    """One account with bought credits."""

    name = "neverbounce"
    prefix = "/neverbounce/v4.2"
    credit_usd = Decimal("0.008")

    def reset(self) -> None:
        super().reset()
        self.jobs: dict[int, VerificationJob] = {}
        self._storm = 0

    def routes(self) -> Sequence[Route]:
        both = ["GET", "POST"]
        return [
            self.endpoint("/account/info", "jobs", self.account, both),
            self.endpoint("/single/check", "single", self.check_one, both),
            self.endpoint("/jobs/create", "jobs", self.create),
            self.endpoint("/jobs/parse", "jobs", self.parse),
            self.endpoint("/jobs/start", "jobs", self.start),
            self.endpoint("/jobs/status", "jobs", self.status, both),
            self.endpoint("/jobs/search", "jobs", self.search, both),
            self.endpoint("/jobs/results", "jobs", self.results, both),
            self.endpoint("/jobs/download", "jobs", self.download),
        ]

    # Its own language

    def authorize(self, call: Call) -> Response | None:
        if self.accepts(_params(call).get("key")):
            return None
        return failure("auth_failure", "We were unable to authenticate your request")

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        return failure("throttle_triggered", "Too many requests in a short amount of time")

    def broken(self, call: Call) -> Response:
        """Now a "temporarily unavailable" in a 200, now a plain 503."""
        self._storm += 1
        if self._storm % 2 and not self.faults.down:
            return failure("temp_unavail", "An internal error has occurred, try again later")
        return super().broken(call)

    # Jobs

    def create(self, call: Call) -> Response:
        """A job for a supplied list; with `auto_start` it runs and is billed at once."""
        if len(call.body) > MOST_BYTES:
            return Response("Payload Too Large", 413, media_type="text/plain")
        wanted = call.json_object
        if wanted.get("input_location") != "supplied":
            raise refuse("input_location must be supplied in this sandbox")
        try:
            rows = list(rows_of(wanted.get("input")))
        except ValueError as error:
            raise refuse(f"Invalid input: {error}") from None
        does_parse, does_start = bool(int(wanted.get("auto_parse") or 0)), bool(int(wanted.get("auto_start") or 0))
        job_id = FIRST_JOB + len(self.jobs)
        filename = str(wanted.get("filename") or "list.csv")
        job = VerificationJob.received(job_id, rows, filename, self.clock(), does_parse, does_start)
        if does_start:
            self._bill(call, job)
        self.jobs[job_id] = job
        return success(job_id=job_id)

    def parse(self, call: Call) -> Response:
        job, params = self._job(call), _params(call)
        if job.is_parsing:
            raise refuse("This job has been parsed already")
        if str(params.get("auto_start") or "0") == "1" and not job.wants_start:
            self._bill(call, job)
            job.wants_start = True
        job.parse(self.clock())
        return success(queue_id=f"NB-PQ-{job.id}")

    def start(self, call: Call) -> Response:
        job = self._job(call)
        if job.is_started or job.wants_start:
            raise refuse("This job has been started already")
        if not job.is_parsing:
            raise refuse("This job must be parsed first")
        self._bill(call, job)
        job.start(self.clock())
        return success(queue_id=f"NB-RQ-{job.id}")

    def _bill(self, call: Call, job: VerificationJob) -> None:
        if self.credits_left < job.billable:
            raise refuse("Insufficient credits to run this job")
        rejection = self.windows.admit(RUNS) if self.windows.usage(RUNS) else None
        if rejection is not None:
            raise Refused(self.too_many(call, rejection))
        self.charge("jobs", job.billable)

    def status(self, call: Call) -> Response:
        return success(**self.drifted(self._job(call).info(self.clock())))

    def search(self, call: Call) -> Response:
        """`/jobs/search`: the account's jobs by id, exact file name or status, newest first, page by page."""
        params = _params(call)
        found = [job.info(self.clock()) for job in reversed(self.jobs.values())]
        for name, place in (("job_id", "id"), ("filename", "filename"), ("job_status", "job_status")):
            if params.get(name):
                found = [each for each in found if str(each[place]) == str(params[name])]
        page, size = int(params.get("page") or 1), min(int(params.get("items_per_page") or 10), MOST_PER_PAGE)
        shown = found[(page - 1) * size : page * size]
        pages = -(-len(found) // size)
        return success(total_results=len(found), total_pages=pages, query={"page": page}, results=shown)

    def results(self, call: Call) -> Response:
        """One page of a complete job."""
        job, params = self._finished(call), _params(call)
        try:
            page, per_page = int(params.get("page") or 1), int(params.get("items_per_page") or 10)
        except (TypeError, ValueError):
            raise refuse("page and items_per_page must be numbers") from None
        if page < 1 or not 1 <= per_page <= MOST_PER_PAGE:
            raise refuse(f"items_per_page must be between 1 and {MOST_PER_PAGE}")
        return success(
            total_results=len(job.rows),
            total_pages=-(-len(job.rows) // per_page),
            query={"job_id": job.id, "page": page, "items_per_page": per_page},
            results=job.page((page - 1) * per_page, per_page),
        )

    def download(self, call: Call) -> Response:
        """The complete job as CSV."""
        return Response(self._finished(call).as_csv(), 200, media_type="application/octet-stream")

    def _finished(self, call: Call) -> VerificationJob:
        job = self._job(call)
        if job.state(self.clock()) != "complete":
            raise refuse("Results are not currently available for this job")
        return job

    def _job(self, call: Call) -> VerificationJob:
        wanted = str(_params(call).get("job_id") or "")
        job = self.jobs.get(int(wanted)) if wanted.isdigit() else None
        if job is None:
            raise refuse("Invalid job ID")
        if job.state(self.clock()) == "complete":
            job.verify(self.world.verification)
        return job

    # One address, and the account

    def check_one(self, call: Call) -> Response:
        """One address; 1 credit."""
        params = _params(call)
        email = str(params.get("email") or "").strip().lower()
        if not email:
            raise refuse("Missing required parameter 'email'")
        if self.credits_left < 1:
            raise refuse("Insufficient credits")
        result = self.world.verification(email) if SYNTAX.fullmatch(email) else "invalid"
        self.charge("single", 1)
        told: dict[str, Any] = {"result": result, "flags": flags(email, result), "suggested_correction": ""}
        if str(params.get("address_info") or "0") == "1":
            local, _, domain = email.partition("@")
            told["address_info"] = {"original_email": email, "normalized_email": email, "addr": local, "fqdn": domain}
        if str(params.get("credits_info") or "0") == "1":
            told["credits_info"] = self._balance(paid_now=1)
        return success(**told)

    def account(self, call: Call) -> Response:
        """Balance and how many jobs are where; free."""
        states = [job.state(self.clock()) for job in self.jobs.values()]
        counts = {
            "completed": states.count("complete"),
            "under_review": 0,
            "queued": states.count("queued") + states.count("waiting"),
            "processing": states.count("running") + states.count("parsing"),
        }
        return success(credits_info=self._balance(int(self.credits_used)), job_counts=counts)

    def _balance(self, paid_now: int) -> dict[str, int]:
        return {
            "paid_credits_used": paid_now,
            "free_credits_used": 0,
            "paid_credits_remaining": int(self.credits_left),
            "free_credits_remaining": 0,
        }


def _params(call: Call) -> dict[str, Any]:
    """Query, form and JSON fields together, as NeverBounce takes them."""
    given: dict[str, Any] = dict(call.query)
    if call.body:
        content = call.json()
        given.update(content if isinstance(content, dict) else parse_qsl(call.body.decode("utf-8", "replace")))
    return given


def build(world: World, options: FrameOptions) -> VendorSim:
    """The simulator, as the server mounts it."""
    return NeverBounce(world, options)
