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


DrawKind = Literal["own", "shared"]
"""Whose random numbers a draw of a stochastic method holds: each member's own, or the same for all members."""


def draw_kind(draw: int) -> DrawKind:
    """Return the kind of a draw: the second is shared by all members, in every other each has its own.

    Own draws serve every figure; the shared one shows what draws differ in.

    >>> [draw_kind(draw) for draw in range(3)]
    ['own', 'shared', 'own']
    """
    return "shared" if draw == 1 else "own"


def draw_name(draw: int) -> str:
    """Return the name of a draw, in folders and along `draw` of `maps.zarr`.

    >>> draw_name(1)
    'shared-1'
    """
    return f"{draw_kind(draw)}-{draw}"


def noise_seed(run_seed: int, *, method: str, image: str, draw: int, network: str) -> int:
    """Return the seed of a method's random numbers on one image in one draw.

    Args:
        run_seed: of the run.
        method: canonical name, with parameters.
        image: name of the image.
        draw: index of the draw.
        network: text that identifies the network; a shared draw does not depend on it.

    >>> one, other = ({"method": "rise", "image": "a", "network": name} for name in ("pool:0", "pool:1"))
    >>> [noise_seed(0, draw=draw, **one) == noise_seed(0, draw=draw, **other) for draw in (0, 1)]
    [False, True]
    """
    whose = (network,) if draw_kind(draw) == "own" else ()
    return derive_seed(run_seed, "method", method, image, draw, *whose)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Set the global random state of torch, numpy and Python, for libraries that use it; restore it at the end.

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
