"""What every run needs and takes seconds to load: imported once by the server process that worker processes are forked from.

Importing this module does the work; nobody but the fork server imports it.
"""

from __future__ import annotations

import gc

import dagster as dg
import dagster_postgres  # noqa: F401
import fsspec.implementations.local  # noqa: F401
import great_expectations  # noqa: F401
import httpcore  # noqa: F401
import matplotlib.backends.backend_agg
import matplotlib.figure  # noqa: F401
import pandas as pd
import pyarrow.parquet  # noqa: F401
import rapidfuzz  # noqa: F401
import scipy.sparse.csgraph  # noqa: F401

import leadgen_assets.cli.main
import leadgen_assets.definitions  # noqa: F401
from leadgen_assets.leads.normalise import TargetProfile, normalise
from leadgen_assets.leads.schema import COORDINATES, DRAFT_FIELDS

_SAMPLE = {
    **dict.fromkeys(DRAFT_FIELDS),
    "lead_id": "L0",
    "sprint": "warm-up",
    "segment": "warm-up",
    "data_source": "apollo",
    "page": 1,
    "position": 0,
    "data_collected_date": pd.Timestamp("2026-01-01", tz="UTC"),
    "vendor_id": "0",
    "full_name": "Ada Example",
    "linkedin_url": "https://www.linkedin.com/in/ada-example",
    "job_title": "Sr. PPC Mgr",
    "company_name": "Example Inc.",
    "company_website": "https://acme.example",
    "company_size": "51-200",
    "location": "Austin, Texas, United States",
    "email": "ada@acme.example",
    "phone": "+1 512 555 0100",
}

# Fills the caches of names, places, titles and domains that every process would otherwise build for itself.
normalise(pd.DataFrame([_SAMPLE], columns=[*COORDINATES, *DRAFT_FIELDS]), TargetProfile(titles=("PPC Manager",)))


@dg.op
def _nothing() -> None:
    """A step that does nothing."""


@dg.job
def _run_of_nothing() -> None:
    """For what Dagster loads when its first run begins."""
    _nothing()


_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
with dg.DagsterInstance.ephemeral() as _instance:
    _run_of_nothing.execute_in_process(_SILENT, instance=_instance)

gc.collect()
gc.freeze()  # nobody's collector looks at these objects again, so that forks share their memory
