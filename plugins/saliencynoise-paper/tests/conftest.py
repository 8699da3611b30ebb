"""The small benches of the engine's tests, for those that build on them."""

from tests.engine.conftest import _in_folder, extra_plugin, quick, watcher

__all__ = ["_in_folder", "extra_plugin", "quick", "watcher"]
