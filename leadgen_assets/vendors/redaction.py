"""What must never reach a log line or an exception: credentials, URL queries and whatever a call was about."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

HIDDEN = "…"
_LONGEST = 240
_PATTERNS = (
    re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"(?:https?://|www\.)\S+|\blinkedin\.com/\S+"),
    re.compile(r"\b(?:Bearer|Basic)\s+\S+", re.IGNORECASE),
    re.compile(r"\b(?:api_?key|key|token|secret|password)\b\s*[=:]\s*\S+", re.IGNORECASE),
    re.compile(r"\b(?=[\w-]*\d)[\w-]{20,}\b"),
    re.compile(r"\+?\d[\d ()/.-]{7,}\d"),
)
_WORD = re.compile(r"[^\W_]{2,}")
_SCANNED = 20_000
"""Characters of one sent text that are looked at; longer ones are files, whose classifier must quote codes only."""
_HTTP_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


def redacted(detail: str, secrets: Iterable[str], sent: Mapping[str, Any]) -> str:
    """The text on one line without the secrets, without anything that looks personal, and without sent values."""
    text = " ".join("".join(each if each.isprintable() else " " for each in detail[:_SCANNED]).split())
    for secret in secrets:
        text = text.replace(secret, HIDDEN) if secret else text
    for pattern in _PATTERNS:
        text = pattern.sub(HIDDEN, text)
    spoken = {word.casefold() for value in _texts(sent) for word in _WORD.findall(value)}
    text = _WORD.sub(lambda word: HIDDEN if word[0].casefold() in spoken else word[0], text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + HIDDEN


def hush_http_loggers() -> None:
    """Keep the HTTP libraries from logging addresses and headers, whatever level somebody has set."""
    for name in _HTTP_LOGGERS:
        logger = logging.getLogger(name)
        if _drop_chatter not in logger.filters:
            logger.addFilter(_drop_chatter)


def _drop_chatter(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _texts(value: Any) -> Iterator[str]:
    """Every text inside a request, however deep."""
    if isinstance(value, str):
        yield value[:_SCANNED]
    elif isinstance(value, bytes):
        yield value[:_SCANNED].decode(errors="replace")
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
