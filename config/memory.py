"""Memory of a long-running process with many threads."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from types import ModuleType

M_ARENA_MAX = -8
"""mallopt(3): how many separate heaps glibc may keep."""

ARENAS = 2

M_MMAP_THRESHOLD = -3
"""mallopt(3): from how many bytes on a block is taken from the system by itself, and given back when it is free."""

LARGE_BYTES = 1024 * 1024
"""Left to itself, glibc would keep a heap as large as the largest block there ever was: that of a password's hash."""

_OPTIONAL = ("httpx", "rich", "valkey")
"""Loaded by libraries wherever it is installed, and used by none of ours."""

_SOAP = ("zeep", "zeep.proxy", "zeep.xsd")
"""simple-salesforce loads a SOAP client, and an XML library under it, for calls that we never make."""


class _NotLoaded(ModuleType):
    """Stands in for a module of which only names are wanted, for annotations."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def load_only_what_is_used() -> None:
    """Call it before the libraries are loaded: a tenth of a process's memory is for what nothing here calls."""
    for name in _OPTIONAL:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # so Python says "there is none"
    for name in _SOAP:
        sys.modules.setdefault(name, _NotLoaded(name))


def use_few_heaps() -> None:
    """Call it before the first thread. By default glibc has up to eight heaps per core, each keeping what it freed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a libc without mallopt has no such heaps
            libc = ctypes.CDLL(None)
            libc.mallopt(M_ARENA_MAX, ARENAS)
            libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def set_aside_what_is_loaded() -> None:
    """Call it once everything is loaded: the collector need not look at modules and classes ever again, and after a
    fork their pages stay shared."""
    gc.collect()
    gc.freeze()
