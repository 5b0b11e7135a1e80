"""Which process does something, so that another one can tell later that it is gone."""

from __future__ import annotations

import os
import socket
from functools import cache

import psutil

_SAME_START = 1.0
"""Seconds by which two readings of a process's start may differ."""


def this_process() -> str:
    """This process by host, id and start time."""
    return _named(os.getpid())  # asked anew after a fork


def mark_of(pid: int) -> str:
    """`pid@start` of a living process. Raises `psutil.Error`."""
    return f"{pid}@{psutil.Process(pid).create_time():.2f}"


def process_at(mark: str) -> psutil.Process | None:
    """The process of this machine that `mark_of` named, a zombie included; None when it is gone, or for no such mark."""
    pid, _, started = mark.partition("@")
    try:
        found = psutil.Process(int(pid))
        return found if abs(found.create_time() - float(started)) < _SAME_START else None
    except psutil.AccessDenied:
        raise
    except (psutil.Error, ValueError):
        return None


def is_gone(owner: str | None) -> bool:
    """Whether that process has certainly ended. False for one of another host, or when nobody knows whose it is."""
    host, _, process = (owner or "").partition("/")
    if host != _here():
        return False
    try:
        found = process_at(process)
        return found is None or found.status() == psutil.STATUS_ZOMBIE
    except psutil.AccessDenied:
        return False
    except psutil.Error:
        return True


def is_alive(owner: str | None) -> bool:
    """Whether that process certainly lives: on this host."""
    return (owner or "").partition("/")[0] == _here() and not is_gone(owner)


def answers(path: str) -> bool:
    """Whether somebody listens at that UNIX socket."""
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(path)
        except OSError:
            return False
    return True


@cache
def _named(pid: int) -> str:
    return f"{_here()}/{mark_of(pid)}"


@cache
def _here() -> str:
    """The host, and where there are several the name space within which a process id means something."""
    try:
        return f"{socket.gethostname()}#{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:  # no Linux
        return socket.gethostname()
