"""What vendor clients take and give: values, protocols and the one error tree. No HTTP here."""

from leadgen_assets.vendors.contracts.account import Checkable, HealthVerdict, Metered, Usage
from leadgen_assets.vendors.contracts.calls import CallObserver, CallRecord, ignore_calls
from leadgen_assets.vendors.contracts.crm import CrmClient, CrmOutcome, CrmResult, ErasingCrm, ResumableCrm
from leadgen_assets.vendors.contracts.enriching import (
    Answer,
    CompanyFinder,
    CompanyQuery,
    EmailFinder,
    EmailVerifier,
    Found,
    Missed,
    PersonQuery,
    VerificationResult,
)
from leadgen_assets.vendors.contracts.errors import (
    PersonSuppressed,
    VendorBadRequest,
    VendorError,
    VendorNotEntitled,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
    VendorRejectedCredentials,
    VendorUnavailable,
    Verdict,
)
from leadgen_assets.vendors.contracts.jobs import ORDER_SECONDS, JobState, JobStatus, Strangers
from leadgen_assets.vendors.contracts.records import Draft, Drift, Record
from leadgen_assets.vendors.contracts.sources import ListedSource, Listing, Purchase, SearchQuery, SnapshotSource

__all__ = [
    "ORDER_SECONDS",
    "Answer",
    "CallObserver",
    "CallRecord",
    "Checkable",
    "CompanyFinder",
    "CompanyQuery",
    "CrmClient",
    "CrmOutcome",
    "CrmResult",
    "Draft",
    "Drift",
    "EmailFinder",
    "EmailVerifier",
    "ErasingCrm",
    "Found",
    "HealthVerdict",
    "JobState",
    "JobStatus",
    "ListedSource",
    "Listing",
    "Metered",
    "Missed",
    "PersonQuery",
    "PersonSuppressed",
    "Purchase",
    "Record",
    "ResumableCrm",
    "SearchQuery",
    "SnapshotSource",
    "Strangers",
    "Usage",
    "VendorBadRequest",
    "VendorError",
    "VendorNotEntitled",
    "VendorOutOfCredits",
    "VendorOutcomeUnknown",
    "VendorRejectedCredentials",
    "VendorUnavailable",
    "Verdict",
    "VerificationResult",
    "ignore_calls",
]
