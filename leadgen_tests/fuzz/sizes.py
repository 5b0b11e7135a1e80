"""Two sizes of every fuzz suite: a quick one in `make test`, and `make fuzz` with ten thousand cases and more."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import HealthCheck, Phase, settings

PROFILE = "fuzz"

counted: Counter[str] = Counter()
"""Cases that ran in this process, by test (`module::function`)."""

Test = Callable[..., Any]


def is_full() -> bool:
    """Whether the many cases are asked for, by LEADGEN_FUZZ or `--hypothesis-profile=fuzz`."""
    return bool(os.environ.get("LEADGEN_FUZZ")) or settings.get_current_profile_name() == PROFILE


def cases(quick: int, full: int) -> Callable[[Test], Test]:
    """Above `@given`: how many examples each size runs, and that they are counted.

    LEADGEN_FUZZ may be a factor: 0.1 runs a tenth of the full size, 10 ten times as many.
    """

    def sized(test: Any) -> Test:
        inner = test.hypothesis.inner_test
        name = f"{test.__module__.rpartition('.')[2]}::{test.__name__}"

        @wraps(inner)
        def once(*args: Any, **kwargs: Any) -> Any:
            counted[name] += 1
            return inner(*args, **kwargs)

        test.hypothesis.inner_test = once
        return settings(
            max_examples=max(1, round(full * factor())) if is_full() else quick,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Explaining a failure runs it hundreds of times more; shrinking tells enough.
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        )(test)

    return sized


def factor() -> float:
    """Of the full size."""
    try:
        return float(os.environ.get("LEADGEN_FUZZ", "1"))
    except ValueError:
        return 1.0
