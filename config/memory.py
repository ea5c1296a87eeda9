"""Memory of a long-running process with many threads."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

M_ARENA_MAX = -8
"""mallopt(3): how many separate heaps glibc may keep."""

ARENAS = 2


def use_few_heaps() -> None:
    """Call it before the first thread. By default glibc has up to eight heaps per core, each keeping what it freed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a libc without mallopt has no such heaps
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def set_aside_what_is_loaded() -> None:
    """Call it once everything is loaded: the collector need not look at modules and classes ever again, and after a
    fork their pages stay shared."""
    gc.collect()
    gc.freeze()
