"""How an answer forms, frame by frame, and how attempts that the rules verify are built on it.

The package can be called: ``puzzlerec.refine(...)`` is `puzzlerec.api.refine`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        from puzzlerec.api import refine

        return refine(*arguments, **settings)


sys.modules[__name__].__class__ = _CallablePackage
