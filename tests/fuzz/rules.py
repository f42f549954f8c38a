"""The rules of Sudokus and mazes once more, written without any of the project's code."""

from __future__ import annotations

from collections import deque


def is_solved(question: str, answer: str) -> bool:
    """Whether ``answer`` solves ``question``, both as solve writes them on a line or as a grid."""
    return _maze(question, answer) if "S" in question else _sudoku(question, answer)


def _sudoku(question: str, answer: str) -> bool:
    question, answer = "".join(question.split()), "".join(answer.split())
    size = {81: 9, 36: 6, 16: 4}[len(answer)]
    height, width = {9: (3, 3), 6: (2, 3), 4: (2, 2)}[size]
    digits = {str(digit) for digit in range(1, size + 1)}
    units: dict[tuple[str, int, int], set[str]] = {}
    for index, digit in enumerate(answer):
        row, column = divmod(index, size)
        for unit in (("row", row, 0), ("column", 0, column), ("box", row // height, column // width)):
            units.setdefault(unit, set()).add(digit)
    kept = all(given in ".0_" or given == digit for given, digit in zip(question, answer, strict=True))
    return kept and all(held == digits for held in units.values())


def _maze(question: str, answer: str) -> bool:
    asked, told = _rows(question), _rows(answer)
    if any(a != b and not (a == " " and b == "o") for a, b in zip("".join(asked), "".join(told), strict=True)):
        return False
    cells = {(y, x): cell for y, row in enumerate(told) for x, cell in enumerate(row)}
    path = {place for place, cell in cells.items() if cell == "o"}
    shortest = _distance(cells, {place for place, cell in cells.items() if cell != "#"})
    return shortest is not None and len(path) + 1 == shortest == _distance(cells, path)


def _rows(text: str) -> list[str]:
    rows = text.split("\n")
    if len(rows) == 1:
        size = round(len(text) ** 0.5)
        rows = [text[start : start + size] for start in range(0, len(text), size)]
    return rows


def _distance(cells: dict[tuple[int, int], str], free: set[tuple[int, int]]) -> int | None:
    """Moves from S to G over free cells, by breadth-first search."""
    (start,) = (place for place, cell in cells.items() if cell == "S")
    (goal,) = (place for place, cell in cells.items() if cell == "G")
    reached, waiting = {start: 0}, deque([start])
    while waiting:
        y, x = waiting.popleft()
        for place in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
            if place not in reached and (place == goal or place in free):
                reached[place] = reached[y, x] + 1
                waiting.append(place)
    return reached.get(goal)
