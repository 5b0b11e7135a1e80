"""The one Dagster preview feature in use, partitioned checks, and its warning silenced by message."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def partitioned_checks() -> Iterator[None]:
    """Define checks with `partitions_def` without the preview warning. The gate's tests watch the feature itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*partitions_def.*preview")
        yield
