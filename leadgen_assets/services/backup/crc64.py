"""CRC-64 as mongodump's archives carry it: ECMA-182, reflected, which is also the check of `.xz` files."""

from __future__ import annotations

import ctypes
import ctypes.util
import lzma
from collections.abc import Callable
from functools import cache
from typing import Protocol

_STEP = 1 << 24


class Crc64(Protocol):
    """A check sum under way."""

    def update(self, data: bytes) -> None:
        """Take more bytes in."""

    def value(self) -> int:
        """The check sum of everything taken in, unsigned. Nothing can be taken in afterwards."""


def crc64() -> Crc64:
    """A new check sum: computed by liblzma where it can be called, else by the xz writer of the standard library."""
    function = _liblzma()
    return _Called(function) if function else Written()


def signed(value: int) -> int:
    """The number as the signed 64-bit integer that BSON holds."""
    return value - (1 << 64) if value >> 63 else value


class _Called:
    def __init__(self, function: Callable[[bytes, int, int], int]) -> None:
        self._function = function
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = self._function(data, len(data), self._value)

    def value(self) -> int:
        return self._value


class Written:
    """Lets the standard library write an `.xz` file and keeps only its end, where the check sum stands."""

    _FOOTER, _CHECK = 12, 8

    def __init__(self) -> None:
        fastest = {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 4096, "mode": lzma.MODE_FAST, "depth": 1}
        self._writer = lzma.LZMACompressor(lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=[fastest])
        self._end = b""
        self._is_empty = True

    def update(self, data: bytes) -> None:
        for start in range(0, len(data), _STEP):
            self._is_empty = False
            self._keep(self._writer.compress(data[start : start + _STEP]))

    def value(self) -> int:
        self._keep(self._writer.flush())
        if self._is_empty:
            return 0  # a file of nothing has no block, hence no check sum
        footer = self._end[-self._FOOTER :]
        index_size = (int.from_bytes(footer[4:8], "little") + 1) * 4
        end = len(self._end) - self._FOOTER - index_size
        return int.from_bytes(self._end[end - self._CHECK : end], "little")

    def _keep(self, written: bytes) -> None:
        self._end = (self._end + written)[-256:]


@cache
def _liblzma() -> Callable[[bytes, int, int], int] | None:
    name = ctypes.util.find_library("lzma")
    if name is None:
        return None
    try:
        function = ctypes.CDLL(name).lzma_crc64
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64)
    function.restype = ctypes.c_uint64
    return function
