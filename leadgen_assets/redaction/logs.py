"""Nothing secret or personal is logged by anybody in this process, nor printed when a program ends with an error.

A filter sits on a logger or a handler, and a record that another logger hands up passes neither root's filters nor those of
handlers that are added later. So records are cleaned where all of them are made. What HTTP libraries and the MongoDB driver
say below WARNING (addresses, headers, whole commands with their documents) is dropped, whatever level somebody has set.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from leadgen_assets.redaction.text import clean

CHATTER = (
    "httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks",
    "pymongo.command", "urllib3.connectionpool", "apprise",
)  # fmt: skip
_FORMATTER = logging.Formatter()


def install() -> None:
    """Clean everything from now on. Again and again if you like."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, _CleanRecords):
        logging.setLogRecordFactory(_CleanRecords(make))
    for name in CHATTER:
        logger = logging.getLogger(name)
        if _drop_chatter not in logger.filters:
            logger.addFilter(_drop_chatter)
    sys.excepthook = _last_words
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _last_words_of_thread


def cleaned(record: logging.LogRecord) -> logging.LogRecord:
    """The record without secrets and people in message and stack; a record without any stays as it is."""
    try:
        said = record.getMessage()
        if clean(said) != said:
            if isinstance(record.args, tuple):  # formatters of access logs look into the arguments
                record.args = tuple(clean(each) if isinstance(each, str) else each for each in record.args)
            if clean(record.getMessage()) != record.getMessage():
                record.msg, record.args = clean(said), ()
    except Exception:  # a message that does not fit its arguments; the handler tells that
        record.msg, record.args = clean(f"{record.msg} {record.args}"), ()
    if record.exc_info and record.exc_info[0]:
        stack = _FORMATTER.formatException(record.exc_info)
        if clean(stack) != stack:
            record.exc_text = clean(stack)
    return record


class _CleanRecords:
    """A record factory around another one."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        return cleaned(self._make(*args, **kwargs))


def _drop_chatter(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _last_words(kind: type[BaseException], error: BaseException, stack: TracebackType | None) -> None:
    """What a program prints that ends with an error nobody caught."""
    sys.stderr.write(clean("".join(traceback.format_exception(kind, error, stack))))


def _last_words_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_type is not SystemExit and ended.exc_value is not None:
        sys.stderr.write(f"In thread {ended.thread and ended.thread.name}: ")
        _last_words(ended.exc_type, ended.exc_value, ended.exc_traceback)
