"""What an answer means, and the one tree of errors that vendor clients raise."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What a vendor's answer means, whatever its status code (vendors.md §0)."""

    OK = "ok"
    EMPTY = "empty"
    PENDING = "pending"
    RETRY_AFTER = "retry_after"
    BACK_OFF = "back_off"
    AUTH = "auth"
    ENTITLEMENT = "entitlement"
    OUT_OF_CREDITS = "out_of_credits"
    BAD_REQUEST = "bad_request"
    SUPPRESSED = "suppressed"


class VendorError(Exception):
    """A call that did not yield data. The message carries no credential and no personal data."""

    def __init__(self, vendor: str, operation: str, detail: str, status: int | None = None) -> None:
        self.vendor = vendor
        self.operation = operation
        self.detail = detail
        self.status = status
        shown = f" (HTTP {status})" if status else ""
        super().__init__(f"{vendor} {operation}: {detail}{shown}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.vendor, self.operation, self.detail, self.status)


class VendorUnavailable(VendorError):
    """Still failing after the last retry (NFR-006); worth trying again later."""


class VendorOutcomeUnknown(VendorUnavailable):
    """A paid call broke off after sending: it may have been carried out and billed. Never send it again blindly."""


class VendorRejectedCredentials(VendorError):
    """The vendor does not accept the credential. Retrying never helps."""


class VendorNotEntitled(VendorError):
    """The account may not use this endpoint or field."""


class VendorOutOfCredits(VendorError):
    """The account has no credits left; stop buying."""


class VendorBadRequest(VendorError):
    """The request itself is wrong; retrying never helps."""


class PersonSuppressed(VendorError):
    """The person asked to be removed (Hunter 451, ZoomInfo OPT_OUT …)."""
