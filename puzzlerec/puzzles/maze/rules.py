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
from math import isqrt

import numpy as np

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind, Symmetry, Verdict

WALL, FREE, START, GOAL, PATH = 1, 2, 3, 4, 5
SMALLEST, LARGEST = 2, 200  # rows or columns

_CHARACTERS = "?# SGo"
_FOREIGN = re.compile(f"[^{_CHARACTERS[1:]}]")
_TOKEN_OF = np.zeros(128, np.uint8)  # [ASCII code]; 0: no cell
for _token, _character in enumerate(_CHARACTERS[1:], 1):
    _TOKEN_OF[ord(_character)] = _token


class Maze(PuzzleKind):
    """Mazes of any size from 2x2 to 200x200."""

    name = "maze"
    vocabulary = tuple(_CHARACTERS)
    layouts = ("line", "grid")
    shape = None

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
        rows = ["".join(_CHARACTERS[token] if token < len(_CHARACTERS) else "?" for token in row) for row in grid]
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
        return question != FREE

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

    def random_symmetry(self, rng: np.random.Generator, shape: tuple[int, int]) -> Symmetry:
        """A rotation or reflection that keeps the shape: one of 8 for square mazes, of 4 for others."""
        places = np.arange(shape[0] * shape[1]).reshape(shape)
        choice = int(rng.integers(8 if shape[0] == shape[1] else 4))
        if choice & 1:
            places = places[::-1]
        if choice & 2:
            places = places[:, ::-1]
        if choice & 4:
            places = places.T
        tokens = np.arange(len(_CHARACTERS), dtype=np.uint8)
        return Symmetry(places.reshape(-1), tokens, shape, shape, fixed_answer=False)


MAZE = Maze()


def distances(question: np.ndarray) -> np.ndarray:
    """[H, W] int32: the moves from each cell to G, -1 from walls and from cells that do not reach it."""
    passable = np.pad((question != WALL) & (question != 0), 1)
    stride = passable.shape[1]
    unseen = bytearray(passable.tobytes())
    moves = [-1] * passable.size
    frontier = [_place(question, GOAL, "G")]
    unseen[frontier[0]] = 0
    step = 0
    while frontier:
        reached = []
        for cell in frontier:
            moves[cell] = step
            for neighbour in (cell + stride, cell - 1, cell + 1, cell - stride):
                if unseen[neighbour]:
                    unseen[neighbour] = 0
                    reached.append(neighbour)
        frontier = reached
        step += 1
    return np.array(moves, np.int32).reshape(passable.shape)[1:-1, 1:-1]


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
    around = np.pad(distances(question), 1, constant_values=-1)
    stride = around.shape[1]
    moves = around.reshape(-1).tolist()
    if moves[start] < 0:
        raise PuzzleError("No path joins S and G in this maze.")
    path = []
    cell = start
    for left in range(moves[start] - 1, 0, -1):
        cell = next(near for near in (cell + stride, cell - 1, cell + 1, cell - stride) if moves[near] == left)
        path.append(cell)
    solved = np.pad(question, 1)
    solved.reshape(-1)[path] = PATH
    return solved[1:-1, 1:-1].copy()


def _place(question: np.ndarray, token: int, letter: str) -> int:
    """Where S or G is, as an index into the flat grid with one cell of padding around it."""
    found = np.flatnonzero(question == token)
    if found.size != 1:
        raise PuzzleError(f"A maze has one {letter}, not {found.size}.")
    row, column = divmod(int(found[0]), question.shape[1])
    return (row + 1) * (question.shape[1] + 2) + column + 1


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
