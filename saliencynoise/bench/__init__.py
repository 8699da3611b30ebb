"""The grid of (data set x architecture x method): plan, run, resume, collect.

The module is callable, since `import saliencynoise as sn; sn.bench(...)` and the room share the name `bench`, and
importing any of its modules binds the name to the room.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saliencynoise.bench.study import Study


class _Room(ModuleType):
    def __call__(self, **settings: Any) -> Study:
        """Run a bench: see `saliencynoise.bench.run.bench`."""
        from saliencynoise.bench.run import bench  # noqa: PLC0415 - imports torch, so only when it is called

        return bench(**settings)


sys.modules[__name__].__class__ = _Room
