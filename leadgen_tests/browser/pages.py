"""Dagster's pages: where things are and how to work them. The tests say what; this says how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Locator, Page, TimeoutError, expect, sync_playwright

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
GROUPS = ("collect", "normalise", "refine", "deliver")
PATIENCE_MS = 30_000
_EMPTY = "Select a partition or create one"


class DagsterPages:
    """One browser tab on a Dagster UI that keeps pictures in a folder."""

    def __init__(self, page: Page, url: str, pictures: Path) -> None:
        self.page = page
        self.url = url
        self.pictures = pictures
        self._taken = 0

    def keep(self, name: str) -> None:
        """Keep a picture of the page as it is now, numbered in the order of the story."""
        self._taken += 1
        self.page.wait_for_timeout(400)  # icons come after the text
        self.page.screenshot(path=self.pictures / f"{self._taken:02}-{name}.png")

    def rest(self) -> None:
        """Show nothing for a while: Dagster's pages ask for news every second, which a small machine feels."""
        self.page.goto("about:blank")

    def open_graph(self, selection: str = "") -> None:
        """The global asset graph with every group unfolded, or the part of it that a selection names."""
        expanded = "%2C".join(f"global%40global%3A{group}" for group in GROUPS)
        part = f"~{quote(selection, safe='')}" if selection else ""
        self.page.goto(f"{self.url}/asset-groups{part}?expanded={expanded}")
        for name in ("raw_apollo", "normalized_apollo", "deduplicated_leads", "crm_sync"):
            self.asset(name).wait_for()

    def asset(self, name: str) -> Locator:
        """An asset's node in the graph."""
        return self.page.locator("foreignObject").get_by_text(name, exact=True).first

    def extent(self, group: str) -> tuple[float, float]:
        """Where an unfolded group begins and ends, in pixels from the left."""
        header = self.page.locator("foreignObject.group", has_text=group).first.bounding_box()
        assert header, f"{group} is not in the graph"
        return header["x"], header["x"] + header["width"]

    def select(self, *names: str) -> None:
        """Select assets in the graph."""
        first, *others = names
        self.asset(first).click()
        for each in others:
            self.asset(each).click(modifiers=["Shift"])

    def open_launcher(self, button: str) -> None:
        """Press a Materialize button and wait for the launch dialog with its two dimensions, segment and sprint."""
        self.page.get_by_role("button", name=button).click()
        self._dialog_title.wait_for()
        expect(self.page.get_by_text(_EMPTY)).to_have_count(2)

    @property
    def _dialog_title(self) -> Locator:
        return self.page.get_by_text(re.compile("^Launch runs to materialize"))

    def choose(self, option: str, *, left: int) -> None:
        """Choose partitions in the first dimension of the launch dialog that has none yet; `left` have none then."""
        item, empty = self.page.get_by_role("menuitem").filter(has_text=option), self.page.get_by_text(_EMPTY)
        for _ in range(6):  # the dialog forgets a choice, or closes the menu, while it loads its partitions
            empty.first.click()
            with suppress(TimeoutError, AssertionError):
                item.last.click(timeout=2_000)
                expect(empty).to_have_count(left, timeout=1_500)
            self._dialog_title.click()
            expect(self.page.get_by_role("menuitem")).to_have_count(0)
            if empty.count() == left:
                return
        raise AssertionError(f"{option} cannot be chosen")

    def launch(self, button: str) -> None:
        """Launch what the dialog shows."""
        self.page.get_by_role("button", name=button).click()
        self._dialog_title.wait_for(state="hidden")

    def open_launched_run(self) -> str:
        """Follow the notice about the launched run to its page. Returns the run's id."""
        self.page.get_by_text("View", exact=True).click()
        self.page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}"))
        return self.page.url.split("/runs/")[1][:36]

    def open_checks(self, asset: str, check: str) -> None:
        """A check of an asset."""
        self.page.goto(f"{self.url}/assets/{asset}?view=checks&checkDetail={check}")
        self.page.get_by_text("Latest execution").wait_for()

    def open_check_partitions(self) -> None:
        """The results by partition of the check that is shown."""
        self.page.get_by_role("tab", name="Partitions").last.click()
        self.page.get_by_text(re.compile(r"^Passed \(")).wait_for()


@contextmanager
def dagster_pages(chromium: str, url: str, pictures: Path) -> Iterator[DagsterPages]:
    """A fresh tab in a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            page = browser.new_page(
                viewport={"width": 1700, "height": 950}, color_scheme="light", reduced_motion="reduce"
            )
            page.set_default_timeout(PATIENCE_MS)
            pages = DagsterPages(page, url, pictures)
            try:
                yield pages
            except BaseException:
                pages.keep("failure")
                raise
        finally:
            browser.close()
