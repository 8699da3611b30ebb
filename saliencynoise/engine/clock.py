"""The clock that measures the price of members and of maps."""

from __future__ import annotations

import time
from collections.abc import Callable


def clock(device: str) -> Callable[[], float]:
    """Return the clock, in seconds, by which work on a device is measured.

    On the CPU, where one thread works, it is the processor's time, so that other work on the machine is no part of a
    price. (By the wall clock of a shared machine, a network that was trained and then changed was cheaper than one that
    was only trained.) On other devices it is the wall clock.
    """
    return time.process_time if device == "cpu" else time.perf_counter
