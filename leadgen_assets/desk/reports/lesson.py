"""One thing that the figures of a sprint teach."""

from __future__ import annotations

from dataclasses import dataclass

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports.document import Finding


@dataclass(frozen=True)
class Lesson:
    """`rests_on` are the figures behind it; `advice` is empty where nothing follows; higher `weight` comes first."""

    says: str
    rests_on: str
    advice: str = ""
    weight: int = 1

    def as_lesson(self) -> Finding:
        """For the section about lessons."""
        return Finding(self.says, self.rests_on)

    def as_advice(self) -> Finding:
        """For the section about recommendations."""
        return Finding(self.advice, self.rests_on)


def pair(one: str, other: str) -> str:
    """Two sources, as they write themselves."""
    return f"{say.vendor(one)} and {say.vendor(other)}"
