"""Runs a server so that it cannot outlive its supervisor, and never as root where the server refuses root.

Started as `python -I -S exec_shim.py PARENT_PID SIGNAL IDENTITY PROGRAM ARGUMENTS…`; it changes its own process and
then becomes the program. It is a program of its own, because code between fork and exec is unsafe in a process with
threads. Standard library only.

IDENTITY is one of
    self       whoever started it
    nobody     the user nobody, who may still pass folders that are root's alone (CAP_DAC_OVERRIDE), as under /root
    namespace  an ordinary user inside a user namespace of its own (where root may not become nobody)
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER = 0x10000000
NOBODY = 65534


def _checked(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _become_nobody(libc: ctypes.CDLL) -> None:
    _checked(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    mask = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable; twice, for the lower and upper 32 capabilities
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _checked(libc.capset(header, sets), "set capabilities")
    _checked(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0), "hand on the capability")


def _enter_namespace(libc: ctypes.CDLL) -> None:
    user, group = os.getuid(), os.getgid()
    _checked(libc.unshare(_CLONE_NEWUSER), "user namespace")
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {user} 1"),
        ("gid_map", f"{NOBODY} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(content)


def _die_with(parent: int, signal: int, libc: ctypes.CDLL) -> None:
    if not hasattr(libc, "prctl"):
        return  # not Linux: strays are ended by pid and start time at the next start
    _checked(libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "parent death signal")
    if os.getppid() != parent:
        sys.exit(1)  # it died before the call above


def main(arguments: list[str]) -> None:
    """Change this process as asked and become the program."""
    parent, signal, identity, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if identity == "nobody":
        _become_nobody(libc)
    elif identity == "namespace":
        _enter_namespace(libc)
    # last, because the kernel forgets it when the user changes
    _die_with(int(parent), int(signal), libc)
    os.execv(command[0], command)  # nosec B606 # a list, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
