"""Which of the puzzles in a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from puzzlerec.puzzles import Puzzle
from puzzlerec.views.words import count
from puzzlerec.watch.dialogs.dialog import Dialog

STATES = {None: "untried", True: "solved", False: "unsolved"}
SIGNS = {None: "·", True: "✓", False: "✗"}
PREVIEW = 120  # characters of a puzzle that are searched and, as far as there is room, shown


class ChoosePuzzle(Dialog[int | None]):
    """The puzzles of a file with what came of each; the result is the index of one."""

    TITLE = "Choose a puzzle"
    CSS = """
    ChoosePuzzle #box { height: 90%; }
    ChoosePuzzle OptionList { height: 1fr; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Filter / list", tooltip="Go from the filter to the list and back."),
        Binding("f5", "solve_all", "Solve all", tooltip="All that are listed and untried, one after the other."),
    ]

    def __init__(
        self,
        puzzles: Sequence[Puzzle],
        outcomes: Mapping[int, bool],
        chosen: int,
        solve: Callable[[Sequence[int], Callable[[int], None]], None],
    ) -> None:
        """``outcomes`` says of the index of each puzzle that was tried whether it is solved; ``chosen`` is shown now.

        ``solve`` tries puzzles, given their indices, and calls its second argument with that of each that is done.
        """
        super().__init__()
        self._puzzles, self._outcomes, self._chosen, self._solve = puzzles, outcomes, chosen, solve
        self._texts = [_text(puzzle) for puzzle in puzzles]
        self._listed: list[int] = []

    def content(self) -> ComposeResult:
        yield Input(placeholder="filter: solved, unsolved, untried, or some of a puzzle, its place or its number")
        yield OptionList(markup=False)
        yield Label(id="hint", markup=False)

    def on_mount(self) -> None:
        self._list()
        self.query_one(OptionList).focus()

    def on_input_changed(self) -> None:
        self._list()

    def on_input_submitted(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._listed[event.option_index])

    def action_solve_all(self) -> None:
        untried = [index for index in self._listed if index not in self._outcomes]
        if untried:
            self._solve(untried, self.mark)
        else:
            self.say("All that are listed have been tried.")

    def mark(self, index: int) -> None:
        """Something came of a puzzle."""
        if not self.is_attached:
            return
        if index in self._listed:
            place = self._listed.index(index)
            self.query_one(OptionList).replace_option_prompt_at_index(place, self._line(index))
        self._count()

    def _list(self) -> None:
        """Show what the filter lets through."""
        wanted = self.query_one(Input).value.strip().lower()
        self._listed = [index for index in range(len(self._puzzles)) if self._passes(index, wanted)]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._line(index)) for index in self._listed])
        if self._listed:
            options.highlighted = self._listed.index(self._chosen) if self._chosen in self._listed else 0
        self._count()

    def _passes(self, index: int, wanted: str) -> bool:
        if wanted in STATES.values():
            return STATES[self._outcomes.get(index)] == wanted
        if wanted.isdigit() and len(wanted) < 6:
            return str(index + 1).startswith(wanted)
        return wanted in self._texts[index].lower()

    def _line(self, index: int) -> Content:
        width = len(str(len(self._puzzles)))
        sign = SIGNS[self._outcomes.get(index)]
        return Content.assemble((f"{index + 1:>{width}}  {sign}  ", "bold"), self._texts[index])

    def _count(self) -> None:
        outcomes = [self._outcomes.get(index) for index in self._listed]
        words = [f"{outcomes.count(state)} {name}" for state, name in STATES.items() if state in outcomes]
        told = f"{count(len(self._listed), 'puzzle')}: {', '.join(words)}" if words else "No puzzle is like that."
        self.query_one("#hint", Label).update(told)


def _text(puzzle: Puzzle) -> str:
    """Where it stands, and how it begins."""
    begin = " ".join(puzzle.kind.format(puzzle.question, puzzle.kind.layouts[0]).split("\n"))[:PREVIEW]
    place = f"line {puzzle.line}  " if puzzle.line else ""
    return f"{place}{puzzle.kind.name} {'x'.join(map(str, puzzle.question.shape))}  {begin}"
