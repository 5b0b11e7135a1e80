"""The process of one measurement: `python -m leadgen_assets.bench.child STAGE SIZE FOLDER measure|baseline|prepare`."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

from leadgen_assets.bench.ground import Ground
from leadgen_assets.bench.measure import measured
from leadgen_assets.bench.stages import BY_NAME


def main(arguments: list[str]) -> None:
    """Measure, and write the figures to `FOLDER/<stage>-<size>-<role>.json`."""
    name, size, folder, role = arguments
    logging.basicConfig(level=logging.ERROR)
    stage, ground = BY_NAME[name], Ground(int(size), Path(folder))
    setup = stage.baseline if role == "baseline" else stage.setup
    if setup is None:
        raise SystemExit(f"{name} has no baseline")
    with setup(ground) as job:
        figures = measured(job, 1 if role == "prepare" else None)
    ground.figures_file(name, role).write_text(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main(sys.argv[1:])
