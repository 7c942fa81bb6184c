"""How the C library gets memory for large blocks: each from the system, so that none is copied when it grows.

Left to itself, glibc takes blocks as large as those it has freed from its heap: growing one there copies it, and what
is freed does not go back to the system. A body of ten megabytes that arrives piece by piece would be copied again and
again on the event loop. Other C libraries decide otherwise, and are left alone.
"""

import ctypes
from typing import Final

FROM: Final = 1024 * 1024
"""Bytes from which a block is the system's."""

_M_MMAP_THRESHOLD: Final = -3


def settle() -> bool:
    """Fixes the limit for this process; whether the C library takes it."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, FROM))
