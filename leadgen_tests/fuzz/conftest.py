"""Tells at the end how many cases each fuzz suite ran (issue: "10,000+ cases without an unhandled error")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from leadgen_tests.fuzz.sizes import counted

_CASES = "fuzz cases"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Put the test's number of cases on its report, which also reaches the process that prints the summary."""
    before = counted.total()
    try:
        return (yield)
    finally:
        item.user_properties.append((_CASES, counted.total() - before))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line a suite and the sum."""
    suites: Counter[str] = Counter()
    for report in [each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, ())]:
        for name, value in getattr(report, "user_properties", ()):
            if name == _CASES and report.when == "call" and "/fuzz/" in report.nodeid:
                suites[report.nodeid.partition("::")[0].rpartition("/")[2]] += value
    if suites:
        terminalreporter.section("fuzz cases", sep="-")
        for suite, times in sorted(suites.items()):
            terminalreporter.write_line(f"{times:>9,}  {suite}")
        terminalreporter.write_line(f"{suites.total():>9,}  in total")
