"""Data Docs pages that a reader can open offline: our templates and stylesheet, no CDN, no fonts, no tracking image.

Great Expectations' own pages load a dozen assets from elsewhere and a logo whose address carries the context's id.
Only templates found in `templates/` replace the originals; what a page says stays theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from great_expectations.render.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

TEMPLATES = Path(__file__).with_name("templates")


class OfflinePageView(DefaultJinjaPageView):
    """A suite or a validation result."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), self.env.loader])

    def render(self, document: Any, template: Any = None, **options: Any) -> str:
        """The page. The results store put lead ids where the original samples values, so they are called that."""
        page = str(super().render(document, template, **options))
        return page.replace("Sampled Unexpected Values", "Lead ids (sample)")


class OfflineIndexView(DefaultJinjaIndexPageView):
    """The list of results and suites."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), self.env.loader])
