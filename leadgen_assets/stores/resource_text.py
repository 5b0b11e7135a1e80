"""Text files that are part of this package, such as Lua scripts."""

from __future__ import annotations

from importlib.resources import files


def packaged_text(name: str) -> str:
    """The text of a file beside the modules of `stores`."""
    return (files("leadgen_assets.stores") / name).read_text(encoding="utf-8")
