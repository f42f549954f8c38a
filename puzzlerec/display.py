"""How the objects of the Python API show themselves: printed, on a console of Rich, in a notebook."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Displayed:
    """An object that `puzzlerec.views.objects` can draw.

    What draws is above what is drawn, and brings libraries that computing has no use for: it is loaded by its name
    when something is to be shown.
    """

    def __str__(self) -> str:
        """As text: grids, and what there is to say of them."""
        return str(self.__rich__().plain)

    def __rich__(self) -> Any:
        """The same as a `rich.text.Text`, in colour."""
        return _views().text(self)

    def _repr_html_(self) -> str:
        html: str = _views().html(self)
        return html


def _views() -> Any:
    return import_module("puzzlerec.views.objects")
