"""Imported by the fork server of the chaos suite alone: all that a sprint needs, with pauses a tenth as long."""

from __future__ import annotations

import leadgen_assets.cli.sprint  # noqa: F401
from leadgen_assets.chaos.hurried import hurry

hurry(["leadgen_assets.cli.vendor_watch.LOOK_SECONDS"])
