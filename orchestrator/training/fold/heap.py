"""Memory that a training step frees stays with the process, for the next step."""

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""glibc's names for its options, from malloc.h."""
KEPT_BYTES = 1 << 30
"""Free memory at the heap's end from which some goes back to the system."""
MAPPED_BYTES = 32 << 20
"""Blocks from this size on are the system's own and go back when they are freed; glibc allows no more."""


def keep_freed_memory() -> None:
    """Have glibc keep freed memory; with another C library nothing happens.

    By default it hands a step's images back and is given them anew, page by page, in the next: that costs
    up to a quarter of a step's CPU time at the demo's size (docs/performance.md). It changes no result.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, MAPPED_BYTES)
        mallopt(TRIM_THRESHOLD, KEPT_BYTES)
