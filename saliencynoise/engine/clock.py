"""How long work takes: the price of members and of maps."""

from __future__ import annotations

import time
from collections.abc import Callable


def clock(device: str) -> Callable[[], float]:
    """Return the clock, in seconds, by which work on a device is measured.

    On the CPU, where one thread works, that is the processor's time: what else the machine does is no part of a price
    (wall-clock prices, measured while others used it, made a network that was trained anew and then changed cheaper
    than one that was not). Elsewhere it is the wall's.
    """
    return time.process_time if device == "cpu" else time.perf_counter
