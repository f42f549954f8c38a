"""Which of the puzzles in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Label, OptionList

from puzzlerec.puzzles import Puzzle
from puzzlerec.views.words import count
from puzzlerec.watch.dialogs.chooser import Chooser

STATES = {None: "untried", True: "solved", False: "unsolved"}
SIGNS = {None: "·", True: "✓", False: "✗"}
PREVIEW = 120  # characters of a puzzle that are searched and, as far as there is room, shown


class ChoosePuzzle(Chooser):
    """The puzzles of a file with what came of each."""

    TITLE = "Choose a puzzle"
    FILTER = "filter: solved, unsolved, untried, or some of a puzzle, its place or its number"
    BINDINGS: ClassVar[list[BindingType]] = [
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
        super().__init__(chosen)
        self._puzzles, self._outcomes, self._solve = puzzles, outcomes, solve
        self._texts = [_text(puzzle) for puzzle in puzzles]

    def content(self) -> ComposeResult:
        yield from super().content()
        yield Label(id="hint", markup=False)

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
            self.query_one(OptionList).replace_option_prompt_at_index(place, self.line(index))
        self.told()

    def passing(self, wanted: str) -> Iterable[int]:
        return (index for index in range(len(self._puzzles)) if self._passes(index, wanted))

    def _passes(self, index: int, wanted: str) -> bool:
        if wanted in STATES.values():
            return STATES[self._outcomes.get(index)] == wanted
        if wanted.isdigit() and len(wanted) < 6:
            return str(index + 1).startswith(wanted)
        return wanted in self._texts[index].lower()

    def line(self, index: int) -> Content:
        width = len(str(len(self._puzzles)))
        sign = SIGNS[self._outcomes.get(index)]
        return Content.assemble((f"{index + 1:>{width}}  {sign}  ", "bold"), self._texts[index])

    def told(self) -> None:
        outcomes = [self._outcomes.get(index) for index in self._listed]
        words = [f"{outcomes.count(state)} {name}" for state, name in STATES.items() if state in outcomes]
        said = f"{count(len(self._listed), 'puzzle')}: {', '.join(words)}" if words else "No puzzle is like that."
        self.query_one("#hint", Label).update(said)


def _text(puzzle: Puzzle) -> str:
    """Where it stands, and how it begins."""
    begin = " ".join(puzzle.kind.format(puzzle.question, puzzle.kind.layouts[0]).split("\n"))[:PREVIEW]
    place = f"line {puzzle.line}  " if puzzle.line else ""
    return f"{place}{puzzle.kind.name} {'x'.join(map(str, puzzle.question.shape))}  {begin}"
