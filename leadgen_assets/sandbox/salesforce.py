"""Salesforce over HTTP (vendors.md §6.2): login, describe, limits, Bulk API 2.0 ingest of leads, error arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer
from leadgen_assets.sandbox.rates import Rejection, Window
from leadgen_assets.sandbox.salesforce_jobs import DELIMITERS, FINISHED, LINE_ENDINGS, IngestJob, JobFailed
from leadgen_assets.sandbox.salesforce_leads import FIELDS, LeadTable
from leadgen_assets.settings import SANDBOX_CREDENTIAL

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

TOKEN_SECONDS = 7_200
"""The org's session policy; no `expires_in` tells it to anybody."""
MOST_BYTES = 100 * 1024 * 1024
"""150 MB once base64-encoded."""
DAY = 86_400
NO_DAILY_LIMIT = Window(15_000_000, DAY)
OPERATIONS = ("insert", "upsert")


def failure(status: int, code: str, message: str) -> Response:
    """Salesforce's error body: always an array."""
    return answer([{"message": message, "errorCode": code}], status)


class Salesforce(VendorSim):
    """One org, reached with one connected app."""

    name = "salesforce"
    prefix = "/salesforce"

    def reset(self) -> None:
        super().reset()
        self.table = LeadTable()
        self.jobs: dict[str, IngestJob] = {}
        self._tokens: dict[str, float] = {}
        self._issued = 0

    def routes(self) -> Sequence[Route]:
        data = "/services/data/{version}"
        job = f"{data}/jobs/ingest/{{job_id}}"
        return [
            self.endpoint("/services/oauth2/token", "token", self.issue_token, is_open=True),
            self.endpoint(f"{data}/limits", "limits", self.limits, ["GET"]),
            self.endpoint(f"{data}/sobjects/{{object}}/describe", "describe", self.describe, ["GET"]),
            self.endpoint(f"{data}/sobjects/{{object}}/{{field}}/{{value}}", "read", self.read, ["GET"]),
            self.endpoint(f"{data}/sobjects/{{object}}/{{field}}/{{value}}", "delete", self.delete, ["DELETE"]),
            self.endpoint(f"{data}/sobjects/{{object}}/{{record_id}}", "delete", self.delete, ["DELETE"]),
            self.endpoint(f"{data}/jobs/ingest", "jobs", self.create_job),
            self.endpoint(f"{data}/jobs/ingest", "jobs", self.list_jobs, ["GET"]),
            self.endpoint(f"{job}/batches", "jobs", self.upload, ["PUT"]),
            self.endpoint(job, "jobs", self.close_job, ["PATCH"]),
            self.endpoint(job, "jobs", self.read_job, ["GET"]),
            self.endpoint(job, "jobs", self.delete_job, ["DELETE"]),
            self.endpoint(f"{job}/successfulResults", "jobs", self._file(IngestJob.successful), ["GET"]),
            self.endpoint(f"{job}/failedResults", "jobs", self._file(IngestJob.failed), ["GET"]),
            self.endpoint(f"{job}/unprocessedrecords", "jobs", self._file(IngestJob.not_processed), ["GET"]),
        ]

    # Its own language

    def authorize(self, call: Call) -> Response | None:
        expires = self._tokens.get(call.bearer or "")
        if expires is None or expires <= self.clock():
            return failure(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return self._request_limit() if self.faults.credits_out else None

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        return self._request_limit()

    def _request_limit(self) -> Response:
        return failure(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def broken(self, call: Call) -> Response:
        return failure(503, "SERVER_UNAVAILABLE", "Server too busy")

    def rate_headers(self, operation: str) -> Mapping[str, str]:
        window, used = self._daily()
        return {"Sforce-Limit-Info": f"api-usage={used}/{window.requests}"}

    def faults_changed(self) -> None:
        """`expired_token` ends every session there is; a new login works."""
        if self.faults.expired_token:
            self._tokens.clear()
            self.faults.expired_token = False

    def _daily(self) -> tuple[Window, int]:
        daily = [each for each in self.windows.usage("*") if each[0].seconds >= DAY]
        return daily[0] if daily else (NO_DAILY_LIMIT, sum(each.total() for each in self.statuses.values()))

    # Login

    def issue_token(self, call: Call) -> Response:
        """OAuth client credentials, in the form or as HTTP Basic."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
        grant = form.get("grant_type", "")
        if grant != "client_credentials":
            return answer({"error": "unsupported_grant_type", "error_description": "grant type not supported"}, 400)
        client = call.basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if client[0] != SANDBOX_CREDENTIAL:
            return answer({"error": "invalid_client_id", "error_description": "client identifier invalid"}, 400)
        if client[1] != SANDBOX_CREDENTIAL:
            return answer({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
        self._issued += 1
        token = f"00D5e000000sand!{SANDBOX_CREDENTIAL}.{self._issued}"
        self._tokens[token] = self.clock() + TOKEN_SECONDS
        origin = str(call.request.base_url).rstrip("/")
        body = {
            "access_token": token,
            "instance_url": origin + self.prefix,
            "id": f"{origin}{self.prefix}/id/00D5e000000sandEAA/0055e000001sandAAA",
            "token_type": "Bearer",
            "scope": "api",
            "issued_at": str(round(self.clock() * 1000)),
            "signature": "c2FuZGJveA==",
        }
        return answer(body)

    # The org

    def describe(self, call: Call) -> Response:
        """What fields Lead has."""
        _version(call)
        if call.path["object"] != "Lead":
            return failure(404, "NOT_FOUND", "The requested resource does not exist")
        body = {"name": "Lead", "label": "Lead", "keyPrefix": "00Q", "createable": True, "updateable": True}
        return answer({**body, "fields": [each.described() for each in FIELDS.values()]})

    def limits(self, call: Call) -> Response:
        """Requests of the last day against the limit; what a health check asks."""
        _version(call)
        window, used = self._daily()
        body = {
            "DailyApiRequests": {"Max": window.requests, "Remaining": max(0, window.requests - used)},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": max(0, 15_000 - len(self.jobs))},
        }
        return answer(body)

    def read(self, call: Call) -> Response:
        """One lead by its external id."""
        _version(call)
        known = FIELDS.get(call.path["field"])
        lead = self.table.leads.get(call.path["value"])
        if call.path["object"] != "Lead" or known is None or not known.is_external_id or lead is None:
            return failure(404, "NOT_FOUND", "The requested resource does not exist")
        return answer({"attributes": {"type": "Lead"}, **lead})

    def delete(self, call: Call) -> Response:
        """One lead, by its record id or by an external id."""
        _version(call)
        known = FIELDS.get(call.path.get("field", "Id"))
        is_addressed = known is not None and (known.is_external_id or known.name == "Id")
        value = call.path.get("value") or call.path.get("record_id", "")
        by_id = known is not None and known.name == "Id"
        if call.path["object"] != "Lead" or not is_addressed or not self.table.delete(value, by_id=by_id):
            return failure(404, "NOT_FOUND", "The requested resource does not exist")
        return Response(None, 204)

    # Ingest jobs

    def create_job(self, call: Call) -> Response:
        """A new, open job."""
        wanted = call.json()
        if not isinstance(wanted, dict):
            return failure(400, "JSON_PARSER_ERROR", "The body is not a JSON object")
        problem = _job_problem(wanted)
        if problem is not None:
            return problem
        job = IngestJob(
            id=f"7505e{len(self.jobs) + 1:010d}AAA",
            object=wanted["object"],
            operation=wanted["operation"],
            external_id_field=wanted.get("externalIdFieldName"),
            content_type="CSV",
            line_ending=wanted.get("lineEnding", "LF"),
            delimiter=wanted.get("columnDelimiter", "COMMA"),
            api_version=_version(call),
        )
        self.jobs[job.id] = job
        return answer(job.info())

    def list_jobs(self, call: Call) -> Response:
        _version(call)
        records = [self._advanced(job).info() for job in self.jobs.values()]
        return answer({"done": True, "records": records, "nextRecordsUrl": None})

    def upload(self, call: Call) -> Response:
        """The one file of an open job."""
        job = self._job(call)
        if not (call.header("content-type") or "").startswith("text/csv"):
            return failure(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv")
        if job.state != "Open" or job.file:
            return failure(400, "INVALIDJOBSTATE", f"Job {job.id} is not open or already has data")
        if len(call.body) > MOST_BYTES:
            return failure(413, "REQUEST_ENTITY_TOO_LARGE", "The file is too large")
        try:
            job.file = call.body.decode()
        except UnicodeDecodeError:
            return failure(400, "INVALIDBATCH", "The file is not UTF-8")
        job.rows_sent = max(0, job.file.rstrip().count("\n"))
        return Response(None, 201)

    def close_job(self, call: Call) -> Response:
        """The upload is complete, or the job is given up."""
        job, state = self._job(call), call.json_object.get("state")
        if state == "Aborted" and job.state not in ("JobComplete", "Failed"):
            job.state = "Aborted"
            return answer(job.info())
        if state != "UploadComplete" or job.state != "Open":
            return failure(400, "INVALIDJOBSTATE", f"Job {job.id} in state {job.state} cannot become {state}")
        job.state, job.closed_at = "UploadComplete", self.clock()
        return answer(job.info())

    def read_job(self, call: Call) -> Response:
        return answer(self.drifted(self._job(call).progress()))

    def delete_job(self, call: Call) -> Response:
        job = self._job(call)
        if job.state in ("Open", "InProgress"):
            return failure(400, "INVALIDJOBSTATE", f"Job {job.id} in state {job.state} cannot be deleted")
        del self.jobs[job.id]
        return Response(None, 204)

    def _file(self, content: Callable[[IngestJob], str]) -> Callable[[Call], Response]:
        def handler(call: Call) -> Response:
            job = self._job(call)
            if job.state not in FINISHED:
                return failure(400, "INVALIDJOBSTATE", f"Job {job.id} has no results in state {job.state}")
            return Response(content(job), 200, media_type="text/csv")

        return handler

    def _job(self, call: Call) -> IngestJob:
        _version(call)
        job = self.jobs.get(call.path["job_id"])
        if job is None:
            raise Refused(failure(404, "NOT_FOUND", "The requested resource does not exist"))
        return self._advanced(job)

    def _advanced(self, job: IngestJob) -> IngestJob:
        """The job as far as it has come by now; its rows are written when it is first seen to be due."""
        state = job.due(self.clock())
        if state == job.state:
            return job
        job.state = state
        if state == "JobComplete":
            try:
                rows = job.rows()
            except JobFailed as reason:
                job.fail(str(reason))
            else:
                job.finish(self.table.write(job.operation, job.external_id_field, rows, self._is_unlucky))
        return job

    def _is_unlucky(self) -> bool:
        return self.faults.error_rate > 0 and self.chance.random() < self.faults.error_rate

    def inspect(self) -> dict[str, Any]:
        """Counts of writes, and every lead's fields by its external id."""
        return {
            "count": len(self.table.leads),
            "created": self.table.created,
            "updated": self.table.updated,
            "by_external_id": self.table.leads,
        }


def _version(call: Call) -> float:
    """The API version of the path; refuses a path no version has."""
    found = re.fullmatch(r"v(\d\d)\.0", call.path["version"])
    if found is None:
        raise Refused(failure(404, "NOT_FOUND", "The requested resource does not exist"))
    return float(found[1])


def _job_problem(wanted: Mapping[str, Any]) -> Response | None:
    if wanted.get("object") != "Lead":
        return failure(400, "INVALIDENTITY", f"InvalidEntity : Unable to find object: {wanted.get('object')}")
    if wanted.get("operation") not in OPERATIONS:
        return failure(400, "API_ERROR", f"Operation {wanted.get('operation')} is not available in this sandbox")
    key_field = wanted.get("externalIdFieldName")
    known = FIELDS.get(key_field) if isinstance(key_field, str) else None
    if wanted["operation"] == "upsert" and (known is None or not known.is_external_id):
        text = f"InvalidJob : Field name provided, {key_field} does not match an External ID for Lead"
        return failure(400, "INVALIDJOB", text)
    for name, allowed in (("contentType", ("CSV",)), ("lineEnding", LINE_ENDINGS), ("columnDelimiter", DELIMITERS)):
        if wanted.get(name, next(iter(allowed))) not in allowed:
            return failure(400, "API_ERROR", f"{name} must be one of {', '.join(allowed)}")
    return None


def build(world: World, options: FrameOptions) -> VendorSim:
    """The simulator, as the server mounts it."""
    return Salesforce(world, options)
