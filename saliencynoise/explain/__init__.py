"""Explanations of a user's own pictures by a trained ensemble: what it sees, where, and how far that can be trusted.

The module is callable, since `import saliencynoise as sn; sn.explain(...)` and the room share the name `explain`, and
importing any of its modules binds the name to the room.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise.explain.explanation import Explanation


class _Room(ModuleType):
    def __call__(self, picture: str | Path, **settings: Any) -> Explanation:
        """Explain one picture: see `saliencynoise.explain.run.explain`."""
        from saliencynoise.explain.run import explain  # noqa: PLC0415 - imports torch, so only when it is called

        return explain(picture, **settings)


sys.modules[__name__].__class__ = _Room
