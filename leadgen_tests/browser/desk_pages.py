"""The dashboard in a headless Chromium, over real stores; Redis hangs on a wire that can be cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from leadgen_assets.desk.state import StateReader
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.redis_connection import connect_redis
from leadgen_tests.desk.dashboard.served import Served, app_over, served
from leadgen_tests.lossy_link import LossyLink

_RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
}


@dataclass
class Window:
    """One browser; what its pages complain about is kept."""

    browser: Browser
    pictures: Path
    complaints: list[str] = field(default_factory=list)

    @contextmanager
    def page(self, url: str, *, width: int = 1440, height: int = 900, scheme: Any = "light") -> Iterator[Page]:
        """A page at `url`."""
        with self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-US"
        ) as context:
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.on("console", lambda each: self._hear(each.type, each.text))
            page.on("pageerror", lambda each: self.complaints.append(str(each)))
            page.goto(url)
            yield page

    def keep(self, page: Page, name: str) -> None:
        """A picture of the whole page, for those who have named a folder for pictures; it takes a second."""
        if "LEADGEN_SCREENSHOTS" in os.environ:
            page.screenshot(path=self.pictures / f"dashboard-{name}.png", full_page=True, animations="disabled")

    def _hear(self, kind: str, text: str) -> None:
        # the browser itself logs a connection that is refused while the server is away
        if kind == "error" and "ERR_CONNECTION_REFUSED" not in text and "Failed to load resource" not in text:
            self.complaints.append(text)


@contextmanager
def window(chromium: str, pictures: Path) -> Iterator[Window]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield Window(browser, pictures)
        finally:
            browser.close()


def findings(page: Page) -> list[str]:
    """What axe has to say, in short."""
    found = Axe().run(page, options=_RULES).response["violations"]
    return [f"{each['id']}: {', '.join(str(node['target']) for node in each['nodes'][:3])}" for each in found]


@dataclass
class LiveDesk:
    """A dashboard over real stores."""

    stores: OpenStores
    server: Served
    redis: LossyLink


@contextmanager
def live_desk(database: Any, redis_url: str, home: Path) -> Iterator[LiveDesk]:
    """Served as `leadgen dashboard` does it, looking ten times a second."""
    address = urlsplit(redis_url)
    wire = LossyLink(str(address.hostname), int(address.port or 0))
    client = connect_redis(redis_url.replace(f":{address.port}", f":{wire.port}"))
    stores = OpenStores(database, client, (home / "lake").as_uri())
    reader = StateReader(stores, settings=Settings(_env_file=None, leadgen_home=home))
    try:
        with served(app_over(stores, reader, home)) as server:
            yield LiveDesk(stores, server, wire)
    finally:
        client.close()
        wire.cut()
