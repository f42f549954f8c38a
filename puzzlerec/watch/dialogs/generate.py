"""Which puzzle to make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from secrets import randbits
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label, LoadingIndicator, OptionList

from puzzlerec.puzzles import KINDS, Choice, Puzzle, PuzzleError, PuzzleKind
from puzzlerec.watch.dialogs.dialog import Dialog
from puzzlerec.watch.making import make


class Fields(Horizontal):
    """The numbers that some choices leave open, the same ones."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__()
        self.choices = choices

    def compose(self) -> ComposeResult:
        yield Label(f"{self.choices[0].title}:")
        for field in self.choices[0].fields:
            yield Label(field.label)
            usual = "" if field.usual is None else str(field.usual)
            yield Input(usual, name=field.name, type="integer", max_length=3, placeholder="as usual")

    @property
    def numbers(self) -> dict[str, int | None]:
        """By the fields' names, None where nothing is written."""
        texts = {str(field.name): field.value for field in self.query(Input)}
        return {name: int(text) if text.lstrip("+-").isdigit() else None for name, text in texts.items()}


class Generate(Dialog[Puzzle | None]):
    """A new puzzle of a chosen kind and difficulty."""

    TITLE = "Generate a puzzle"
    CSS = """
    Generate OptionList { height: auto; max-height: 50vh; }
    Generate Fields { height: 3; margin-top: 1; }
    Generate Fields Label { padding: 1 1 0 0; }
    Generate Fields Input { width: 16; margin-right: 2; }
    Generate LoadingIndicator { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "make", "Generate", priority=True, tooltip="Make a puzzle of the chosen kind."),
        Binding("tab", "app.focus_next", "Next field", tooltip="Go on to what else may be chosen, such as sizes."),
    ]
    _stock: ClassVar[dict[tuple[str, str], list[Puzzle]]] = {}  # what is left of each chunk that was made

    def __init__(self, kind: PuzzleKind | None = None) -> None:
        """``kind`` is where the choice begins."""
        super().__init__()
        offered = choices()
        self._choices = [choice for listed in offered.values() for choice in listed]
        self._first = self._choices.index(offered[kind.name][0]) if kind and kind.name in offered else 0

    def content(self) -> ComposeResult:
        width = max(len(choice.title) for choice in self._choices)
        yield OptionList(
            *(Text.assemble((f"{choice.title:<{width}}", "bold"), f"  {choice.about}") for choice in self._choices)
        )
        for fields in dict.fromkeys(choice.fields for choice in self._choices if choice.fields):
            yield Fields([choice for choice in self._choices if choice.fields == fields])
        spinner = LoadingIndicator()
        spinner.display = False
        yield spinner

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = self._first

    def on_option_list_option_selected(self) -> None:
        self.action_make()

    def on_input_changed(self) -> None:
        self.say("")

    def action_make(self) -> None:
        options = self.query_one(OptionList)
        for fields in self.query(Fields):
            if fields.has_focus_within and self._choices[options.highlighted or 0] not in fields.choices:
                options.highlighted = self._choices.index(fields.choices[0])  # who types a number wants what it is of
        choice = self._choices[options.highlighted or 0]
        numbers = next((fields.numbers for fields in self.query(Fields) if choice in fields.choices), {})
        self._make(*choice.asked(numbers))

    @work(exclusive=True)
    async def _make(self, name: str, settings: dict[str, float | str], label: str) -> None:
        stock = self._stock.setdefault((name, label), [])
        if not stock:
            self.say("")
            spinner = self.query_one(LoadingIndicator)
            spinner.display = True
            with self.saying(PuzzleError, OSError):
                stock += await make(name, settings, randbits(32))
            spinner.display = False
        if stock:
            self.dismiss(replace(stock.pop(), source=f"generated: {label}"))


def choices() -> dict[str, tuple[Choice, ...]]:
    """What can be generated, by the name of the kind: its own choices, or any puzzle if it has but a generator."""
    found = {
        name: kind.choices or ((Choice(kind.title[:1].upper() + kind.title[1:], "", name),) if kind.generator() else ())
        for name, kind in KINDS.items()
    }
    return {name: listed for name, listed in found.items() if listed}
