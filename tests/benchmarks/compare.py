"""Two sides on the same work, alternating in one process; the ratio of their medians."""

import time
from statistics import median


def compare(name, one, other, repeats=7):
    times = {one: [], other: []}
    for _ in range(repeats + 1):
        for side, own in times.items():
            start = time.perf_counter()
            side()
            own.append(time.perf_counter() - start)
    first, second = (median(own[1:]) for own in times.values())
    print(f"{name}: {first:.3f} s against {second:.3f} s, ratio {first / second:.2f} (medians of {repeats})")
