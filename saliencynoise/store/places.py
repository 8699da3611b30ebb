"""The folder of the package's cache."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE = "SALIENCYNOISE_CACHE"


def cache_folder() -> Path:
    """Return the parent of the pools' folder: the platform's cache folder, or `SALIENCYNOISE_CACHE`."""
    override = os.environ.get(CACHE)
    return Path(override).expanduser() if override else Path(platformdirs.user_cache_dir("saliencynoise"))
