"""Seeds: every random number comes from a named stream, derived from the run's seed by hashing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Stream = Literal[
    "init",
    "order",
    "augment",
    "dropout",
    "method",
    "split",
    "selection",
    "background",
    "bootstrap",
    "sampler",
    "images",
    "rewriting",
]


def derive_seed(run_seed: int, stream: Stream, *index: int | str) -> int:
    """Return the 63-bit seed of `stream` at `index` (a member, an epoch, the name of an image ...).

    Streams and indices are hashed, so neighbouring seeds share nothing and adding a stream changes no other.

    >>> derive_seed(0, "init", 3) == derive_seed(0, "init", 3)
    True
    >>> derive_seed(0, "init", 3) == derive_seed(0, "order", 3)
    False
    """
    text = ":".join([str(run_seed), stream, *map(str, index)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Set the global random state of torch, numpy and Python, for libraries that use it; leave it as it was found.

    >>> import torch
    >>> with seeded(3):
    ...     first = torch.rand(2)
    >>> with seeded(3):
    ...     print(bool((torch.rand(2) == first).all()))
    True
    """
    import random  # noqa: PLC0415 - reading specs must not import torch or numpy

    import numpy as np  # noqa: PLC0415 - as above
    import torch  # noqa: PLC0415 - as above

    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the state that libraries use
    with torch.random.fork_rng():
        try:
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002 - as above
            random.seed(seed)
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)  # noqa: NPY002 - as above
