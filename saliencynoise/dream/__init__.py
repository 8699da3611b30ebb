"""Deep dream on an ensemble: pictures that its networks find most typical, and whether other networks agree.

The module is callable, since `import saliencynoise as sn; sn.dream(...)` and the room share the name `dream`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saliencynoise.dream.run import DreamStudy


class _Room(ModuleType):
    def __call__(self, picture: str | None = None, **settings: Any) -> DreamStudy:
        """Dream: see `saliencynoise.dream.run.dream`."""
        from saliencynoise.dream.run import dream  # noqa: PLC0415 - imports torch, so only when it is called

        return dream(picture, **settings)


sys.modules[__name__].__class__ = _Room
