"""All keys, as the bindings have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Static

from puzzlerec.watch.dialogs.dialog import Dialog

Keys = list[tuple[Binding, list[str]]]  # each with all keys that do the same


def bindings(screen: Screen[object]) -> Iterator[tuple[DOMNode, Keys]]:
    """What has keys of its own, and these: the screen, what can have the focus on it, the app."""
    seen: set[type] = set()
    chosen: dict[str, str] = getattr(screen.app, "keys", {})
    nodes: list[DOMNode] = [screen, *(node for node in screen.query("*") if node.can_focus), screen.app]
    for node in nodes:
        if type(node) in seen:
            continue
        seen.add(type(node))
        together: dict[tuple[str, str], tuple[Binding, list[str]]] = {}
        for binding in _as_chosen(Binding.make_bindings(type(node).__dict__.get("BINDINGS", ())), chosen):
            if binding.description and not binding.system:
                key = binding.key_display or screen.app.get_key_display(binding)
                keys = together.setdefault((binding.action, binding.description), (binding, []))[1]
                if key not in keys:
                    keys.append(key)
        if together:
            yield node, list(together.values())


def _as_chosen(known: Iterable[Binding], keys: Mapping[str, str]) -> Iterator[Binding]:
    """The bindings with keys of one's own, which others have no more."""
    known = list(known)
    taken = {key: binding.id for binding in known if binding.id for key in _keys_of(binding.id, keys)}
    for binding in known:
        own = _keys_of(binding.id, keys) if binding.id else []
        if own:
            yield from (binding.with_key(key) for key in own)
        elif taken.get(binding.key, binding.id) == binding.id:
            yield binding


def _keys_of(action: str, keys: Mapping[str, str]) -> list[str]:
    return list(filter(None, keys.get(action, "").split(",")))


class Help(Dialog[None]):
    """What every key does on the screen below."""

    TITLE = "Keys"
    CSS = """
    Help #box { width: 84; height: auto; }
    Help VerticalScroll { height: auto; max-height: 100%; }
    Help #problem { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1,q", "leave", "Close", show=False)]

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._about = about

    def content(self) -> ComposeResult:
        yield VerticalScroll(Static(self._table()))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", style="bold", no_wrap=True)
        table.add_column()
        for node, keys in bindings(self._about):
            name = {"GridView": "in the grid", "Timeline": "in the timeline"}.get(type(node).__name__, "")
            if node is self.app:
                name = "everywhere"
            if name:
                table.add_row("", Text(name, "dim italic"))
            for binding, names in keys:
                about = Text(binding.description)
                if binding.tooltip:
                    about.append(f"  {binding.tooltip}", "dim")
                table.add_row(" ".join(names), about)
        return table
