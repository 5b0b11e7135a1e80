"""Events that came while MongoDB was away wait as files in LEADGEN_HOME, so that a failed run is told even then."""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leadgen_assets.stores.errors import StoreError

log = logging.getLogger(__name__)

FOLDER = "waiting-alerts"
MOST = 500


def put(home: Path, event: dict[str, Any]) -> None:
    """Keep an event. It holds nothing personal (see `Evaluator.event`)."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if sum(1 for _ in folder.iterdir()) >= MOST:
        log.warning("an alert event is dropped: %d wait in %s already", MOST, FOLDER)
        return
    draft = folder / f".{uuid.uuid4().hex}"
    draft.write_text(json.dumps(event), "utf-8")
    # Names sort by time, so that a failure and its end are taken up in their order.
    os.replace(draft, folder / f"{event['at']}-{draft.name[1:9]}.json".replace(":", ""))


def take_up(home: Path, handle: Callable[[dict[str, Any]], object]) -> int:
    """Hand every waiting event to `handle`, oldest first; stops at the first that cannot be handled. Returns how many."""
    done = 0
    for path in sorted((home / FOLDER).glob("*.json")):
        try:
            handle(json.loads(path.read_text("utf-8")))
        except StoreError:
            return done
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is not an alert event (%s); it is dropped", path.name, type(error).__name__)
        path.unlink(missing_ok=True)
        done += 1
    return done
