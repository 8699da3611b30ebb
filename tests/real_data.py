"""The real images that some tests need, where they are available; they are no part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def real_data(name: str) -> Path:
    """Return a file or folder of real data, or skip the test.

    Looked for in the folder that SALIENCYNOISE_DATA names, in `../shared/data` beside the repository, and in `.data`.
    """
    given = os.environ.get("SALIENCYNOISE_DATA")
    places = [*([Path(given)] if given else []), ROOT.parent / "shared" / "data", ROOT / ".data"]
    for place in places:
        if (place / name).exists():
            return place / name
    pytest.skip(f"needs the real images: {name} is in none of {', '.join(map(str, places))}")
