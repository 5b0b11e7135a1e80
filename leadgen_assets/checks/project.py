"""Opening the Great Expectations project. The only module, with the plugins, that imports Great Expectations.

Import it inside a function: it costs seconds. Great Expectations is not thread-safe, so one lock covers its use in a
process; processes may use it at the same time, each writes result files of its own.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from leadgen_assets.checks.suites import PROJECT

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.file_data_context import FileDataContext

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def opened(state: Path, site: Path, project: Path = PROJECT) -> Iterator[FileDataContext]:
    """The project's context: results go to `state`, pages to `site`, nothing into the project itself."""
    with _ONE_AT_A_TIME:
        import great_expectations as gx

        plugins = str(project / "plugins")
        try:
            sys.path.insert(0, plugins)
            importlib.import_module("leadgen_expectations")
            context = gx.get_context(
                mode="file",
                context_root_dir=str(project),
                runtime_environment={"LEADGEN_DQ_STATE": str(state), "LEADGEN_DQ_SITE": str(site)},
            )
            yield context
        finally:
            # Every context appends the directory once more, and a long-lived process opens many.
            sys.path[:] = [each for each in sys.path if each.rstrip("/") != plugins]
