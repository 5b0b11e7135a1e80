"""Which errors Dagster should try again, and which it must not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from leadgen_assets.vendors.contracts import VendorBadRequest, VendorNotEntitled, VendorRejectedCredentials

POLITE = dg.RetryPolicy(max_retries=3, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For what passes by itself. Seconds-scale faults are retried inside the vendor clients already."""


@contextmanager
def permanent_failures() -> Iterator[None]:
    """Errors that no retry can mend fail the step at once, with what to do."""
    try:
        yield
    except VendorRejectedCredentials as error:
        raise dg.Failure(
            f"{error}. Check the credential in .env, then run this partition again.", allow_retries=False
        ) from None
    except (VendorNotEntitled, VendorBadRequest) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
