"""The exact answer, to compare with: from the search that checks generated puzzles, never from a model."""

from __future__ import annotations

import numpy as np

from puzzlerec.puzzles import Characters, Maze, Puzzle
from puzzlerec.puzzles.maze.rules import GOAL, PATH, START, distances


def exact_answer(puzzle: Puzzle) -> np.ndarray | None:
    """[H, W] tokens of the only answer; of a maze, every cell that is on a shortest path. None if there is no such."""
    kind, question = puzzle.kind, puzzle.question
    if not kind.check_question(question).solved:
        return None
    if isinstance(kind, Maze):
        swapped = np.where(question == START, GOAL, np.where(question == GOAL, START, question)).astype(np.uint8)
        from_goal, from_start = distances(question), distances(swapped)
        shortest = from_goal[question == START][0]
        on_one = (from_goal >= 0) & (from_start >= 0) & (from_goal + from_start == shortest)
        return np.where(on_one & (question != START) & (question != GOAL), PATH, question)
    if isinstance(kind, Characters):
        return kind.answer(question)
    from puzzlerec.puzzles.sudoku.exact import solve_sudoku

    solutions = solve_sudoku(question, limit=2)
    return solutions[0] if len(solutions) == 1 else None
