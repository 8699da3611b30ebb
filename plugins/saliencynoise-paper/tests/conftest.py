"""The cache, the pool and the small benches of the core's tests, for those that build on them."""

from tests.conftest import cache, pooled, trained_cache
from tests.engine.conftest import _in_folder, extra_plugin, quick, watcher

__all__ = ["_in_folder", "cache", "extra_plugin", "pooled", "quick", "trained_cache", "watcher"]
