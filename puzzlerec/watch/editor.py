"""A puzzle typed or changed cell by cell, with the rules looking on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.keys import format_key
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from puzzlerec.puzzles import KINDS, NO_SOLUTION, Puzzle, PuzzleError, PuzzleKind, Verdict, read
from puzzlerec.puzzles.edit import Editing, Key
from puzzlerec.watch.grid import GridView

SOURCE = "typed in"  # of the puzzles that come from here
MOST_UNDONE = 1000
TOO_HARD = -1  # instead of the number of solutions
PAUSE = 0.3  # seconds without a key before solutions are counted


class Editor(ModalScreen[Puzzle | None]):
    """Changes a puzzle of a kind that can be edited; the result is one that can be solved, or None."""

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
        Binding("shift+up", "draw(-1, 0)", show=False),
        Binding("shift+down", "draw(1, 0)", show=False),
        Binding("shift+left", "draw(0, -1)", show=False),
        Binding("shift+right", "draw(0, 1)", show=False),
        Binding("r", "size(1, 0)", show=False),
        Binding("R,shift+r", "size(-1, 0)", show=False),
        Binding("c", "size(0, 1)", show=False),
        Binding("C,shift+c", "size(0, -1)", show=False),
    ]
    _SIZES: ClassVar[tuple[tuple[str, str], ...]] = (
        ("r", "Row more"),
        ("R", "Row less"),
        ("c", "Column more"),
        ("C", "Column less"),
    )

    def __init__(self, puzzle: Puzzle) -> None:
        super().__init__()
        self._first = puzzle
        self._kind, self._question = puzzle.kind, puzzle.question.copy()
        self._undo: list[tuple[PuzzleKind, np.ndarray]] = []
        self._verdict = Verdict(True, np.zeros(puzzle.question.shape, bool))
        self._solutions: int | None = None  # of a sound puzzle, at most 2; None: not counted yet
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
    def _editing(self) -> Editing:
        assert self._kind.editing is not None
        return self._kind.editing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "draw":
            return bool(self._editing.draws)
        return action != "size" or self._editing.sizes is not None

    # ---- changes

    def on_key(self, event: events.Key) -> None:
        """The keys of the kind; all others are bindings."""
        for key in self._editing.keys:
            if event.character in key.names or event.key in key.names:
                event.stop()
                event.prevent_default()
                self._put(key)
                return

    def _put(self, key: Key) -> None:
        self._change(self._editing.put(self._question, self._cursor, key))
        if key.go:
            row, column = self._cursor
            height, width = self._question.shape
            self._grid.cursor = divmod((row * width + column + key.go) % (height * width), width)

    def action_draw(self, rows: int, columns: int) -> None:
        """Go one cell on, and make it like this one in what the kind draws."""
        here = self._cursor
        self._grid.action_move(rows, columns)
        self._change(self._editing.draw(self._question, here, self._cursor))

    def action_size(self, rows: int, columns: int) -> None:
        height, width = (size + more for size, more in zip(self._question.shape, (rows, columns), strict=True))
        assert self._editing.sizes is not None
        fewest, most = self._editing.sizes
        if not (fewest <= height <= most and fewest <= width <= most):
            self._say(f"A {self._editing.name.lower()} has {fewest} to {most} rows and columns.")
            return
        row, column = self._cursor
        resized = self._editing.resized(self._question, (height, width))
        self._change(resized, (min(row, height - 1), min(column, width - 1)))

    def action_new(self) -> None:
        height, width = self._question.shape
        self._change(self._editing.empty((height, width)), (0, 0))

    def action_kind(self) -> None:
        kinds = [kind for kind in KINDS.values() if kind.editing is not None]
        self._switch(kinds[(kinds.index(self._kind) + 1 if self._kind in kinds else 0) % len(kinds)])

    def _switch(self, kind: PuzzleKind) -> None:
        self._remember()
        self._kind = kind
        self._question = self._editing.empty(self._editing.shape)
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
        pasted = reading.puzzles[0]
        if pasted.kind.editing is None:
            self._say(pasted.kind.not_edited)
            return
        self._remember()
        self._kind, self._question = pasted.kind, pasted.question.copy()
        self._show((0, 0))

    @property
    def _cursor(self) -> tuple[int, int]:
        return self._grid.cursor or (0, 0)

    def _change(self, question: np.ndarray, cursor: tuple[int, int] | None = None) -> None:
        if question.shape == self._question.shape and (question == self._question).all():
            self._grid.cursor = cursor or self._cursor
            return
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
        if self._editing.counts and self._verdict.solved:
            kind, question = self._kind, self._question
            self.set_timer(PAUSE, lambda: self._question is question and self._count(kind, question))

    @work(thread=True, group="count")
    def _count(self, kind: PuzzleKind, question: np.ndarray) -> None:
        found = kind.solutions(question, limit=2)  # may compile, seconds when first used
        self.app.call_from_thread(self._counted, question, TOO_HARD if found is None else len(found))

    def _counted(self, question: np.ndarray, solutions: int) -> None:
        if question is self._question and self.is_attached:
            self._solutions = solutions
            self._describe()

    def _say(self, message: str) -> None:
        self._message = message
        self._describe()

    def _describe(self) -> None:
        editing, verdict = self._editing, self._verdict
        size = "x".join(map(str, self._question.shape))
        text = Content.assemble((f"{editing.name} {size}\n\n", "bold"))
        problems = [*verdict.problems, NO_SOLUTION] if self._solutions == 0 else verdict.problems
        if problems:
            text += Content.assemble(("Cannot be solved:\n", "bold $text-error"), "\n".join(problems))
        else:
            words = [editing.sound.format(**verdict.facts)]
            if editing.counts:
                words.append(_COUNTED[self._solutions])
            solvable = self._solutions in (1, 2) or not editing.counts
            text += Content.assemble(
                ("Can be solved:\n" if solvable else "Sound:\n", "bold $text-success"), ", ".join(filter(None, words))
            )
        if self._message:
            text += Content.styled(f"\n\n{self._message}", "$text-warning")
        self.query_one("#verdict", Static).update(text)

    def _keys(self) -> Content:
        """The keys that change this kind of puzzle, each once."""
        rows = [("↑↓←→", "Move"), *self._editing_keys()]
        width = max(len(key) for key, _ in rows)
        lines = [Content.assemble((f"{key:<{width}}  ", "bold"), about) for key, about in rows]
        return Content("\n").join(lines)

    def _editing_keys(self) -> Iterator[tuple[str, str]]:
        editing = self._editing
        seen = set()
        for key in editing.keys:
            if key.about not in seen:
                seen.add(key.about)
                yield key.shown or format_key({" ": "space"}.get(key.names[0], key.names[0])), key.about
        if editing.draws:
            yield "⇧↑↓←→", editing.draws
        if editing.sizes:
            yield from self._SIZES

    # ---- the end

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_accept(self) -> None:
        if not self._verdict.solved or self._solutions == 0:
            self._say("Only what can be solved is accepted.")
        elif self._editing.counts and self._solutions is None:
            self._accept_counted(self._kind, self._question)
        else:
            self._accept()

    @work(group="accept", exclusive=True)
    async def _accept_counted(self, kind: PuzzleKind, question: np.ndarray) -> None:
        await self._count(kind, question).wait()
        if question is self._question:
            self.action_accept()

    def _accept(self) -> None:
        unchanged = self._kind == self._first.kind and np.array_equal(self._question, self._first.question)
        self.dismiss(self._first if unchanged else Puzzle(self._kind, self._question, self._editing.layout, SOURCE))


_COUNTED = {
    None: "counting solutions ...",
    TOO_HARD: "too hard to count solutions",
    1: "one solution",
    2: "several solutions",
}
