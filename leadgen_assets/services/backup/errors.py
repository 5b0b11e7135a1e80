"""What can go wrong with a backup, said so that the reader knows what to do next."""

from __future__ import annotations

from leadgen_assets.services.errors import ServiceUnavailable


class BackupFailed(ServiceUnavailable):
    """A backup could not be made, read or restored. The text names the part; it never holds a value of a record."""
