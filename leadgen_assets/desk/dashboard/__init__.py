"""The live dashboard: a Starlette app over the desk's state, Server-Sent Events, a page without a build step (REQ-021).

`create_app` makes the app, `serve` runs it; nothing here knows Dagster.
"""

from leadgen_assets.desk.dashboard.app import create_app
from leadgen_assets.desk.dashboard.backing import Backing, Places

__all__ = ["Backing", "Places", "create_app"]
