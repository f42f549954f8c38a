"""Mazes: walls, free cells, a start and a goal; the answer is the shortest path in moves down, left, right and up.

Tokens: 0 padding, 1 wall ``#``, 2 free (space), 3 start ``S``, 4 goal ``G``, 5 path ``o``. An answer is its question
with the cells between S and G on the path as ``o``.

Text: a *grid* is one row a line, a *line* is all rows of a square maze behind one another. White space is
meaningful. Rows of a grid that are shorter than its longest are filled with free cells: a cell that an editor cut off
with the trailing spaces looks on the screen as it did before, free.

A maze has millions of shortest paths as a rule. `answer` chooses the one that the Maze-Hard sets hold.
"""

from __future__ import annotations

import re
from math import isqrt, nan

import numpy as np

from puzzlerec.puzzles.base import Measure, PuzzleError, PuzzleKind, Verdict
from puzzlerec.puzzles.generator import Generator
from puzzlerec.puzzles.maze import paths
from puzzlerec.puzzles.maze.choices import CHOICES
from puzzlerec.puzzles.maze.edit import MAZE_EDITING
from puzzlerec.puzzles.maze.look import MAZE_LOOK
from puzzlerec.puzzles.maze.tokens import CHARACTERS, FREE, GOAL, LARGEST, PATH, SMALLEST, START, WALL

USUAL = (30, 30)  # the shape of generated mazes, that of the published ones

_FOREIGN = re.compile(f"[^{CHARACTERS[1:]}]")
_TOKEN_OF = np.zeros(128, np.uint8)  # [ASCII code]; 0: no cell
for _token, _character in enumerate(CHARACTERS[1:], 1):
    _TOKEN_OF[ord(_character)] = _token


class Maze(PuzzleKind):
    """Mazes of any size from 2x2 to 200x200."""

    name = family = title = "maze"
    vocabulary = tuple(CHARACTERS)
    layouts = ("line", "grid")
    shape = None
    filler = WALL
    answers_move_along = False  # the tie-break prefers some directions to others
    facts = ("valid", "optimal")
    choices = CHOICES
    look = MAZE_LOOK
    editing = MAZE_EDITING

    def parse(self, text: str) -> np.ndarray:
        rows = text.strip("\n").split("\n")
        first_line = len(text) - len(text.lstrip("\n")) + 1
        for number, row in enumerate(rows, first_line):
            if foreign := _FOREIGN.search(row):
                message = f"{foreign[0]!r} is no cell of a maze: write # for a wall, a space for a free cell, S and G."
                raise PuzzleError(message, line=number, column=foreign.start() + 1)
        if len(rows) == 1:
            width = isqrt(len(rows[0]))
            if width * width != len(rows[0]):
                raise PuzzleError(
                    f"The line has {len(rows[0])} characters, which make no square maze; {(width + 1) ** 2} make "
                    f"{width + 1}x{width + 1}. Trailing spaces are cells, and other shapes are written a row a line.",
                    line=first_line,
                    column=len(rows[0]) + 1,
                )
            height, cells = width, rows[0]
        else:
            height, width = len(rows), max(map(len, rows))
            cells = "".join(row.ljust(width) for row in rows)
        if not (SMALLEST <= height <= LARGEST and SMALLEST <= width <= LARGEST):
            raise PuzzleError(
                f"The maze has {height} rows and {width} columns; {SMALLEST} to {LARGEST} of each are possible.",
                line=first_line,
            )
        return _TOKEN_OF[np.frombuffer(cells.encode(), np.uint8)].reshape(height, width)

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        """As in the base class; the layout "line" is for square mazes only and raises `PuzzleError` for others."""
        rows = ["".join(CHARACTERS[token] if token < len(CHARACTERS) else "?" for token in row) for row in grid]
        if layout == "grid":
            return "\n".join(rows)
        if layout != "line":
            raise PuzzleError(f"A maze has no layout {layout!r}; it has {' and '.join(self.layouts)}.")
        if grid.shape[0] != grid.shape[1]:
            height, width = grid.shape
            raise PuzzleError(
                f"A {height}x{width} maze cannot be written as one line: only square ones can. Use 'grid'."
            )
        return "".join(rows)

    def given(self, question: np.ndarray) -> np.ndarray:
        fixed: np.ndarray = question != FREE
        return fixed

    def check_question(self, question: np.ndarray) -> Verdict:
        """One S, one G, a path between them, nothing marked yet.

        Facts: ``shortest``, the moves of the shortest path, -1 if there is none.
        """
        offending = (question < WALL) | (question >= PATH)
        problems = []
        if foreign := int(((question < WALL) | (question > PATH)).sum()):
            problems.append(f"{_cells(foreign)} neither wall nor free nor S nor G")
        if marked := int((question == PATH).sum()):
            problems.append(f"{_cells(marked)} already marked as path")
        for token, letter in ((START, "S"), (GOAL, "G")):
            count = int((question == token).sum())
            if count == 0:
                problems.append(f"there is no {letter}")
            elif count > 1:
                problems.append(f"there are {count} {letter} instead of one")
                offending |= question == token
        shortest = None if problems else shortest_path(question)
        if not problems and shortest is None:
            problems.append("no path joins S and G")
        return Verdict(not problems, offending, tuple(problems), {"shortest": -1 if shortest is None else shortest})

    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        """``solved`` means a shortest path: the puzzle asks for no less. Facts tell the rest.

        ``valid``: walls, S and G are unchanged and the marked cells are exactly one path from S to G, which neither
        forks nor touches itself (two cells of it are neighbours only if they follow one another). ``optimal``: valid,
        and no path is shorter. ``length``: its moves, -1 if not valid. ``shortest``: the moves of a shortest path, -1
        if there is none. A valid path that is too long has no offending cells.
        """
        if question.shape != answer.shape:
            shapes = ["x".join(map(str, grid.shape)) for grid in (question, answer)]
            raise PuzzleError(f"The maze is {shapes[0]}, the answer {shapes[1]}.")
        soundness = self.check_question(question)
        shortest = int(soundness.facts["shortest"])
        if not soundness.solved:
            unsound = tuple(f"in the question: {problem}" for problem in soundness.problems)
            return Verdict(False, soundness.offending, unsound, _facts(False, -1, shortest))

        marked = answer == PATH
        through_wall = marked & (question == WALL)
        ends = (question == START) | (question == GOAL)
        changed = (answer != question) & ~(marked & ~ends)
        offending = through_wall | changed
        problems: list[str] = []
        if through_wall.any():
            problems.append(f"the path runs through {_places(through_wall, 'wall', 'walls')}")
        if changed.any():
            problems.append(f"the answer changes {_places(changed, 'cell', 'cells')} of the maze")
        faults, sentences = _follow((marked & (question == FREE)) | ends, question)
        offending |= faults
        problems += sentences

        valid = not problems
        length = int(marked.sum()) + 1 if valid else -1
        if valid and length > shortest:
            problems.append(f"the path is {length - shortest} moves longer than the shortest, which has {shortest}")
        return Verdict(not problems, offending, tuple(problems), _facts(valid, length, shortest))

    def random_symmetries(
        self, rng: np.random.Generator, count: int, shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rotations and reflections that keep the shape: 8 for square mazes, 4 for others."""
        all_places = turned(np.arange(shape[0] * shape[1]).reshape(1, *shape))
        chosen = rng.integers(len(all_places), size=count)
        tokens = np.tile(np.arange(len(CHARACTERS), dtype=np.uint8), (count, 1))
        return all_places.reshape(len(all_places), -1)[chosen], tokens

    def class_of(self, question: np.ndarray, answer: np.ndarray) -> int:
        from puzzlerec.puzzles.maze.generate import hashes

        return int(hashes(question[None], True)[0])

    def copies(self, questions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All rotations and reflections that keep the shape, each with the answer that its own tie-break chooses."""
        from puzzlerec.puzzles.maze.kernels import mark_paths  # compiled with Numba: only when asked for

        copies = np.ascontiguousarray(turned(questions))
        return copies, mark_paths(copies.copy())

    def hints(self, questions: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each cell's first move to the goal: see `kernels.first_moves` and `kernels.timetable`."""
        from puzzlerec.puzzles.maze.kernels import first_moves, timetable

        moves, away = first_moves(np.ascontiguousarray(questions))
        return moves, timetable(labels, away)

    def generator(self, shape: tuple[int, int] | None = None) -> Generator:
        from puzzlerec.puzzles.maze.generate import Mazes

        return Mazes(shape or USUAL)

    def solutions(self, question: np.ndarray, limit: int = 2) -> list[np.ndarray]:
        """The one shortest path that the published sets hold."""
        return [answer(question)]

    def truth(self, question: np.ndarray) -> np.ndarray | None:
        """Every cell that is on some shortest path, as path."""
        if not self.check_question(question).solved:
            return None
        swapped = np.where(question == START, GOAL, np.where(question == GOAL, START, question)).astype(np.uint8)
        from_goal, from_start = distances(question), distances(swapped)
        shortest = from_goal[question == START][0]
        on_one = (from_goal >= 0) & (from_start >= 0) & (from_goal + from_start == shortest)
        return np.where(on_one & (question != START) & (question != GOAL), PATH, question)

    def wrong(self, tokens: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """A path is wrong where no shortest path runs."""
        wrong: np.ndarray = (tokens == PATH) & (truth != PATH)
        return wrong

    def measures(self, question: np.ndarray) -> dict[str, Measure]:
        """The moves of a shortest path for which no cell is marked, and the free cells whose first move is known."""
        truth = self.truth(question)
        if truth is None:
            return {}
        moves, free = distances(question), question == FREE
        shortest = int(moves[question == START][0])

        def missing(tokens: np.ndarray, probabilities: np.ndarray, hints: np.ndarray | None) -> float:
            marked = moves[(tokens == PATH) & (truth == PATH)]
            return float(shortest - 1 - len(np.unique(marked)))

        def known(tokens: np.ndarray, probabilities: np.ndarray, hints: np.ndarray | None) -> float:
            return nan if hints is None else float((hints[free] > 0).sum())

        return {"path cells missing": missing, "first moves known": known}


MAZE = Maze()


def turned(grids: np.ndarray) -> np.ndarray:
    """[K N, H, W]: the rotations and reflections of grids [N, H, W] that keep their shape, turn by turn: K = 8 or 4."""
    square = grids.shape[1] == grids.shape[2]
    sides = (grids, grids.swapaxes(1, 2)) if square else (grids, grids[:, ::-1])
    return np.concatenate([np.rot90(side, turn, (1, 2)) for side in sides for turn in range(0, 4, 1 if square else 2)])


def distances(question: np.ndarray) -> np.ndarray:
    """[H, W] int32: the moves from each cell to G, -1 from walls and from cells that do not reach it."""
    moves, _ = _moves(question)
    around = np.maximum(np.array(moves, np.int32), -1).reshape(-1, question.shape[1] + 2)
    return around[1:-1, 1:-1]


def _moves(question: np.ndarray) -> tuple[list[int], int]:
    """The moves to G with the border of `paths`, and the border's stride."""
    passable = np.pad((question != WALL) & (question != 0), 1)
    moves = np.where(passable, paths.UNSEEN, paths.BLOCKED).reshape(-1).tolist()
    stride = passable.shape[1]
    paths.spread(moves, [0] * len(moves), _place(question, GOAL, "G"), stride)
    return moves, stride


def shortest_path(question: np.ndarray) -> int | None:
    """The moves of a shortest path from S to G, one more than the cells between them; None if there is no path."""
    _place(question, START, "S")
    moves = int(distances(question)[question == START][0])
    return None if moves < 0 else moves


def answer(question: np.ndarray) -> np.ndarray:
    """[H, W] uint8: the maze with one shortest path marked, the one that the Maze-Hard sets hold.

    From S it takes, at every step, the first of down, left, right and up that lies on a shortest path. Raises
    `PuzzleError` if no path joins S and G.
    """
    start = _place(question, START, "S")
    moves, stride = _moves(question)
    if moves[start] < 0:
        raise PuzzleError("No path joins S and G in this maze.")
    path = [0] * moves[start]
    count = paths.follow(moves, start, stride, path)
    solved = np.pad(question, 1)
    solved.reshape(-1)[path[:count]] = PATH
    return solved[1:-1, 1:-1].copy()


def _place(question: np.ndarray, token: int, letter: str) -> int:
    """Where S or G is, as an index into the flat grid with one cell of padding around it."""
    found = np.flatnonzero(question == token)
    if found.size != 1:
        raise PuzzleError(f"A maze has one {letter}, not {found.size}.")
    row, column = divmod(int(found[0]), question.shape[1])
    return int((row + 1) * (question.shape[1] + 2) + column + 1)


def _follow(on_path: np.ndarray, question: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """What keeps the cells ``on_path`` (S and G among them) from being one path: cells [H, W] bool and sentences."""
    height, width = question.shape
    stride = width + 2
    start, goal = _place(question, START, "S"), _place(question, GOAL, "G")
    cells = set(np.flatnonzero(np.pad(on_path, 1)).tolist())

    def near(cell: int) -> list[int]:
        return [place for place in (cell + stride, cell - 1, cell + 1, cell - stride) if place in cells]

    def reach(first: int) -> list[int]:
        """All cells that hang together with ``first``, nearest first."""
        reached, seen = [first], {first}
        for cell in reached:
            for place in near(cell):
                if place not in seen:
                    seen.add(place)
                    reached.append(place)
        return reached

    faults: set[int] = set()
    problems: list[str] = []
    from_start = reach(start)
    if goal not in from_start:
        from_goal = reach(goal)
        row, column = divmod(from_start[-1], stride)
        problems.append(
            "no path is marked" if len(cells) == 2 else f"the path breaks off at row {row}, column {column}"
        )
        faults |= {from_start[-1], from_goal[-1]}
        stray = cells - set(from_start) - set(from_goal)
    else:
        stray = cells - set(from_start)
        cells -= stray
        ends = [cell for cell in cells if len(near(cell)) < 2 and cell not in (start, goal)]
        while ends:  # cut dead ends back to where they leave the path
            end = ends.pop()
            cells.discard(end)
            stray.add(end)
            ends += [cell for cell in near(end) if len(near(cell)) < 2 and cell not in (start, goal)]
        forks = {cell for cell in cells if len(near(cell)) > (1 if cell in (start, goal) else 2)}
        if forks:
            row, column = divmod(min(forks), stride)
            problems.append(f"the path forks or touches itself, first at row {row}, column {column}")
            faults |= forks
    if stray:
        problems.append(f"{_cells(len(stray))} marked off the path")
        faults |= stray
    mask = np.zeros((height + 2) * stride, bool)
    mask[list(faults)] = True
    return mask.reshape(height + 2, stride)[1:-1, 1:-1], problems


def _facts(valid: bool, length: int, shortest: int) -> dict[str, bool | int | float]:
    return {"valid": valid, "optimal": valid and length == shortest, "length": length, "shortest": shortest}


def _cells(count: int) -> str:
    return "1 cell is" if count == 1 else f"{count} cells are"


def _places(mask: np.ndarray, one: str, many: str) -> str:
    """The cells of ``mask`` in words, such as "3 walls, first at row 2, column 7"."""
    rows, columns = np.nonzero(mask)
    place = f"row {rows[0] + 1}, column {columns[0] + 1}"
    return f"1 {one} at {place}" if rows.size == 1 else f"{rows.size} {many}, first at {place}"
