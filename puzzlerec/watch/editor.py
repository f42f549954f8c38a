"""A puzzle typed or changed cell by cell, with the rules looking on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from rich.table import Table
from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from puzzlerec.puzzles import KINDS, NO_SOLUTION, Maze, Puzzle, PuzzleError, PuzzleKind, Sudoku, Verdict, get, read
from puzzlerec.puzzles.maze.tokens import FREE, GOAL, LARGEST, SMALLEST, START, WALL
from puzzlerec.puzzles.sudoku.rules import BLANK
from puzzlerec.watch.grid import GridView

SOURCE = "typed in"  # of the puzzles that come from here
MAZE_SHAPE = (9, 9)  # of a new maze
MOST_UNDONE = 1000
PAUSE = 0.3  # seconds without a key before solutions are counted


class Editor(ModalScreen[Puzzle | None]):
    """Changes a puzzle; the result is one that can be solved, or None."""

    DEFAULT_CSS = """
    Editor {
        background: $background;
        & > Horizontal { height: 1fr; }
        & GridView { width: 1fr; margin: 1 1 0 2; }
        & #side { width: 30; padding: 1 2 0 1; }
        & #verdict { height: auto; min-height: 5; margin-bottom: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "Accept", priority=True, tooltip="Take this puzzle, if it can be solved."),
        Binding("ctrl+s", "accept", "Accept", priority=True, show=False),
        Binding("escape", "leave", "Leave", priority=True, tooltip="Go back without this puzzle."),
        Binding("n", "new", "New", tooltip="Begin with an empty one of the same kind and size."),
        Binding("k", "kind", "Kind", tooltip="Begin with an empty one of the next kind."),
        Binding("ctrl+z,u", "undo", "Undo", tooltip="Take back the last change."),
        Binding("ctrl+v", "paste", "Paste", tooltip="Take a puzzle from the clipboard, as text in any known form."),
        *(
            Binding(str(digit), f"digit({digit})", "Digit, go on", key_display="1-9", show=False)
            for digit in range(1, 10)
        ),
        Binding("space,full_stop,0", "blank", "Blank, go on", show=False),
        Binding("delete", "clear", "Clear", show=False),
        Binding("backspace", "clear_back", "Clear, go back", show=False),
        Binding("space,number_sign,w", "wall", "Wall or free", show=False),
        Binding("s", "end(3)", "Start", show=False),
        Binding("g", "end(4)", "Goal", show=False),
        Binding("shift+up", "draw(-1, 0)", "Draw on", key_display="⇧↑↓←→", show=False),
        Binding("shift+down", "draw(1, 0)", "Draw on", show=False),
        Binding("shift+left", "draw(0, -1)", "Draw on", show=False),
        Binding("shift+right", "draw(0, 1)", "Draw on", show=False),
        Binding("r", "size(1, 0)", "Row more", show=False),
        Binding("R,shift+r", "size(-1, 0)", "Row less", key_display="R", show=False),
        Binding("c", "size(0, 1)", "Column more", show=False),
        Binding("C,shift+c", "size(0, -1)", "Column less", key_display="C", show=False),
    ]
    _FOR_SUDOKUS: ClassVar[frozenset[str]] = frozenset({"digit", "blank", "clear", "clear_back"})
    _FOR_MAZES: ClassVar[frozenset[str]] = frozenset({"wall", "end", "draw", "size"})

    def __init__(self, puzzle: Puzzle) -> None:
        super().__init__()
        self._first = puzzle
        self._kind, self._question = puzzle.kind, puzzle.question.copy()
        self._undo: list[tuple[PuzzleKind, np.ndarray]] = []
        self._verdict = Verdict(True, np.zeros(puzzle.question.shape, bool))
        self._solutions: int | None = None  # of a sound Sudoku, at most 2; None: not counted yet
        self._message = ""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield GridView()
            with Vertical(id="side"):
                yield Static(id="verdict")
                yield Static(id="keys")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._show()
        self._grid.cursor = (0, 0)
        self._grid.focus()

    @property
    def _grid(self) -> GridView:
        return self.query_one(GridView)

    @property
    def _is_sudoku(self) -> bool:
        return isinstance(self._kind, Sudoku)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "digit" and isinstance(self._kind, Sudoku):
            return parameters[0] in range(1, self._kind.size + 1)
        return action not in (self._FOR_MAZES if self._is_sudoku else self._FOR_SUDOKUS)

    # ---- changes

    def action_digit(self, digit: int) -> None:
        self._put(digit + BLANK)
        self._go(1)

    def action_blank(self) -> None:
        self._put(BLANK)
        self._go(1)

    def action_clear(self) -> None:
        self._put(BLANK)

    def action_clear_back(self) -> None:
        self._put(BLANK)
        self._go(-1)

    def action_wall(self) -> None:
        self._put(FREE if self._question[self._cursor] == WALL else WALL)

    def action_end(self, token: int) -> None:
        """S or G on this cell; where it was, the maze is free."""
        changed = self._question.copy()
        changed[changed == token] = FREE
        changed[self._cursor] = token
        self._change(changed)

    def action_draw(self, rows: int, columns: int) -> None:
        """Go one cell on and make it like this one, wall or free."""
        token = WALL if self._question[self._cursor] == WALL else FREE
        self._grid.action_move(rows, columns)
        self._put(token)

    def action_size(self, rows: int, columns: int) -> None:
        height, width = (size + more for size, more in zip(self._question.shape, (rows, columns), strict=True))
        if not (SMALLEST <= height <= LARGEST and SMALLEST <= width <= LARGEST):
            self._say(f"A maze has {SMALLEST} to {LARGEST} rows and columns.")
            return
        row, column = self._cursor
        resized = np.full((height, width), FREE, np.uint8)
        kept = tuple(slice(min(old, new)) for old, new in zip(self._question.shape, (height, width), strict=True))
        resized[kept] = self._question[kept]
        self._change(resized, (min(row, height - 1), min(column, width - 1)))

    def action_new(self) -> None:
        self._change(empty(self._kind, self._question.shape), (0, 0))

    def action_kind(self) -> None:
        names = [name for name, kind in KINDS.items() if isinstance(kind, Sudoku | Maze)]
        self._switch(get(names[(names.index(self._kind.name) + 1) % len(names)]))

    def _switch(self, kind: PuzzleKind) -> None:
        self._remember()
        self._kind, self._question = kind, empty(kind, kind.shape or MAZE_SHAPE)
        self._show((0, 0))

    def action_undo(self) -> None:
        if self._undo:
            row, column = self._cursor
            self._kind, self._question = self._undo.pop()
            height, width = self._question.shape
            self._show((min(row, height - 1), min(column, width - 1)))

    def action_paste(self) -> None:
        self._paste(self.app.clipboard)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._paste(event.text)

    def _paste(self, text: str) -> None:
        try:
            reading = read(io.StringIO(text))
            if not reading.puzzles:
                raise reading.errors[0]
        except PuzzleError as error:
            self._say(f"This cannot be pasted: {error}")
            return
        self._remember()
        pasted = reading.puzzles[0]
        self._kind, self._question = pasted.kind, pasted.question.copy()
        self._show((0, 0))

    @property
    def _cursor(self) -> tuple[int, int]:
        return self._grid.cursor or (0, 0)

    def _go(self, cells: int) -> None:
        """On or back in reading order."""
        row, column = self._cursor
        height, width = self._question.shape
        self._grid.cursor = divmod((row * width + column + cells) % (height * width), width)

    def _put(self, token: int) -> None:
        if self._question[self._cursor] != token:
            changed = self._question.copy()
            changed[self._cursor] = token
            self._change(changed)

    def _change(self, question: np.ndarray, cursor: tuple[int, int] | None = None) -> None:
        self._remember()
        self._question = question
        self._show(cursor)

    def _remember(self) -> None:
        self._undo = [*self._undo[-MOST_UNDONE:], (self._kind, self._question)]

    # ---- what the rules say

    def _show(self, cursor: tuple[int, int] | None = None) -> None:
        """Draw the puzzle as it is now, check it, and have its solutions counted once no more keys come."""
        self._verdict = self._kind.check_question(self._question)
        self._solutions, self._message = None, ""
        keep = cursor or self._cursor
        self._grid.show(Puzzle(self._kind, self._question), offending=self._verdict.offending)
        self._grid.cursor = keep
        self._describe()
        self.query_one("#keys", Static).update(self._keys())
        self.refresh_bindings()
        self.workers.cancel_node(self)
        if self._is_sudoku and self._verdict.solved:
            question = self._question
            self.set_timer(PAUSE, lambda: self._question is question and self._count(question))

    @work(thread=True, group="count")
    def _count(self, question: np.ndarray) -> None:
        from puzzlerec.puzzles.sudoku.exact import solve_sudoku  # compiles with numba, seconds when first used

        self.app.call_from_thread(self._counted, question, len(solve_sudoku(question, limit=2)))

    def _counted(self, question: np.ndarray, solutions: int) -> None:
        if question is self._question and self.is_attached:
            self._solutions = solutions
            self._describe()

    def _say(self, message: str) -> None:
        self._message = message
        self._describe()

    def _describe(self) -> None:
        size = "x".join(map(str, self._question.shape))
        text = Text.assemble((f"{'Sudoku' if self._is_sudoku else 'Maze'} {size}\n\n", "bold"))
        problems = [*self._verdict.problems, NO_SOLUTION] if self._solutions == 0 else self._verdict.problems
        if problems:
            text.append("Cannot be solved:\n", "bold red")
            text.append("\n".join(f"{problem}" for problem in problems))
        elif self._is_sudoku:
            counted = {None: "counting solutions ...", 1: "one solution", 2: "several solutions"}[self._solutions]
            text.append("Can be solved:\n" if self._solutions else "Sound:\n", "bold green")
            text.append(f"{self._verdict.facts['givens']} givens, {counted}")
        else:
            text.append("Can be solved:\n", "bold green")
            text.append(f"the shortest path has {self._verdict.facts['shortest']} moves")
        if self._message:
            text.append(f"\n\n{self._message}", "yellow")
        self.query_one("#verdict", Static).update(text)

    def _keys(self) -> Table:
        """The keys that change this kind of puzzle, each once."""
        table = Table.grid(padding=(0, 1))
        table.add_row("↑↓←→", "Move")
        for key, about in self._editing_keys():
            table.add_row(Text(key, "bold"), about)
        return table

    def _editing_keys(self) -> Iterator[tuple[str, str]]:
        seen = set()
        mine = self._FOR_SUDOKUS if self._is_sudoku else self._FOR_MAZES
        for binding in self._bindings.key_to_bindings.values():
            for bound in binding:
                name = bound.action.partition("(")[0]
                if name in mine and bound.description not in seen:
                    seen.add(bound.description)
                    shown = f"1-{self._kind.size}" if isinstance(self._kind, Sudoku) and name == "digit" else None
                    yield shown or self.app.get_key_display(bound), bound.description

    # ---- the end

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_accept(self) -> None:
        if not self._verdict.solved or self._solutions == 0:
            self._say("Only what can be solved is accepted.")
        elif self._is_sudoku and self._solutions is None:
            self._accept_counted(self._question)
        else:
            self._accept()

    @work(group="accept", exclusive=True)
    async def _accept_counted(self, question: np.ndarray) -> None:
        await self._count(question).wait()
        if question is self._question:
            self.action_accept()

    def _accept(self) -> None:
        unchanged = self._kind == self._first.kind and np.array_equal(self._question, self._first.question)
        layout = "line" if self._is_sudoku else "grid"
        self.dismiss(self._first if unchanged else Puzzle(self._kind, self._question, layout, SOURCE))


def empty(kind: PuzzleKind, shape: tuple[int, int]) -> np.ndarray:
    """A question without givens; a maze has S and G in opposite corners."""
    if isinstance(kind, Sudoku):
        return np.full(shape, BLANK, np.uint8)
    question = np.full(shape, FREE, np.uint8)
    question[0, 0], question[-1, -1] = START, GOAL
    return question
