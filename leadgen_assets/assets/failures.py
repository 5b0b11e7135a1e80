"""Which errors Dagster should try again, which it must not, and how a failed step is told to people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from leadgen_assets.stores.errors import StoreAwayTooLong, StoreUnavailable
from leadgen_assets.vendors.contracts import VendorBadRequest, VendorNotEntitled, VendorRejectedCredentials

POLITE = dg.RetryPolicy(max_retries=3, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For what passes by itself. Seconds-scale faults are retried inside the vendor clients already."""


def told(event: dg.DagsterEvent) -> str:
    """What failed in a step, in one line: the error's own words, and for failed checks their names."""
    error = event.step_failure_data.error
    cause = error.cause if error and error.cause else error
    text = cause.message.strip() if cause else ""
    if cause is None or not text:
        return "failed"
    wanted = " ".join(text.split()) if cause.cls_name == "DagsterAssetCheckFailedError" else text.splitlines()[0]
    return re.sub(r"^(\w+\.)+\w+: ", "", wanted)[:500]


@contextmanager
def retried_if_it_helps() -> Iterator[None]:
    """Errors that no retry can mend fail the step at once, with what to do; a MongoDB that went away while a long answer was
    read starts the step again, which then waits for it."""
    try:
        yield
    except StoreAwayTooLong as error:
        raise dg.Failure(
            f"{error}. Nothing is lost: run this partition again, it goes on where it stopped.", allow_retries=False
        ) from None
    except StoreUnavailable:
        raise dg.RetryRequested(max_retries=3, seconds_to_wait=1) from None
    except VendorRejectedCredentials as error:
        raise dg.Failure(
            f"{error}. Check the credential (leadgen secrets check --live), then run this partition again.",
            allow_retries=False,
        ) from None
    except (VendorNotEntitled, VendorBadRequest) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
