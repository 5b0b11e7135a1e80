"""The stores' servers: embedded MongoDB, Valkey and PostgreSQL under `LEADGEN_HOME`, or the ones that settings name.

Starting and sharing them is `lifecycle`; one process a home owns them (`supervisor`), keeps each alive (`keeper`) and
takes them along when it dies (`exec_shim`). For one machine: they listen on loopback only.
"""

from leadgen_assets.services.lifecycle import Addresses, down, running, up
from leadgen_assets.services.status import status

__all__ = ["Addresses", "down", "running", "status", "up"]
