"""Generated Sudokus: one solution each (proved by another solver), as hard as promised; hashes that symmetry keeps."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from puzzlerec.data import Dataset
from puzzlerec.data.building import generator
from puzzlerec.puzzles import get
from puzzlerec.puzzles.sudoku import search
from puzzlerec.puzzles.sudoku.exact import solve_sudoku
from puzzlerec.puzzles.sudoku.extreme import FAMOUS, FEW, SEARCHED, digits_of, rating, seeds

REAL_DATA = Path(os.environ.get("PUZZLEREC_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
BLANK = np.zeros(81, np.uint8)
PEERS = [
    [
        p
        for p in range(81)
        if p != c and (p // 9 == c // 9 or p % 9 == c % 9 or (p // 27, p % 9 // 3) == (c // 27, c % 9 // 3))
    ]
    for c in range(81)
]


def solutions(puzzle: list[int], limit: int = 2) -> list[list[int]]:
    """All solutions, by a solver that shares nothing with those of the package: sets of candidates, fewest first."""
    blank = [c for c in range(81) if not puzzle[c]]
    if not blank:
        return [puzzle]
    options = {c: set(range(1, 10)) - {puzzle[p] for p in PEERS[c]} for c in blank}
    cell = min(blank, key=lambda c: len(options[c]))
    found: list[list[int]] = []
    for digit in options[cell]:
        found += solutions([*puzzle[:cell], digit, *puzzle[cell + 1 :]], limit - len(found))
        if len(found) >= limit:
            break
    return found


def rng_of(seed: int) -> np.ndarray:
    return np.array([seed], np.uint64)


@pytest.fixture(scope="module")
def examples(sudokus: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Questions and answers as digits, ratings."""
    with Dataset.open(sudokus) as dataset:
        parts = [split.read() for split in dataset.splits.values()]
    return (
        np.concatenate([part.inputs for part in parts]) - 1,
        np.concatenate([part.labels for part in parts]) - 1,
        np.concatenate([part.ratings for part in parts if part.ratings is not None]),
    )


def test_each_has_its_answer_for_the_only_solution(examples: tuple[np.ndarray, ...]) -> None:
    questions, answers, _ = examples
    for question, answer in zip(questions, answers, strict=True):
        (found,) = solve_sudoku((question + 1).reshape(9, 9))
        np.testing.assert_array_equal(found.reshape(-1), answer + 1)
    for question, answer in zip(questions[:2], answers[:2], strict=True):
        assert solutions(question.tolist()) == [answer.tolist()]


def test_no_clue_can_be_spared(examples: tuple[np.ndarray, ...]) -> None:
    for question in examples[0][:5]:
        for cell in np.flatnonzero(question):
            fewer = question.copy()
            fewer[cell] = 0
            assert len(solve_sudoku((fewer + 1).reshape(9, 9))) == 2


def test_no_grid_is_shared_by_training_and_test(sudokus: Path) -> None:
    with Dataset.open(sudokus) as dataset:
        classes = {
            name: {search.class_hash(answer - 1, BLANK, 3, 3) for answer in split.labels[:]}
            for name, split in dataset.splits.items()
        }
    assert not classes["train"] & classes["test"]


@pytest.mark.parametrize(
    ("kind", "low", "high", "left"),
    [("extreme", *SEARCHED["extreme"]), ("hard", *SEARCHED["hard"]), ("plain", 0, 30, 0), ("few", 0, 30, 0)],
)
def test_each_kind_is_as_hard_as_it_says(kind: str, low: float, high: float, left: int) -> None:
    shares = dict.fromkeys(generator("sudoku").settings, 0.0) | {kind: 1.0}
    chunk = generator("sudoku").chunk(shares, "train", rng_of(1))
    assert chunk.ratings is not None
    assert chunk.ratings.min() >= low
    assert chunk.ratings.max() <= high
    assert all(probe(puzzle - 1) >= left for puzzle in chunk.inputs)
    if kind == "few":
        assert (chunk.inputs > 1).sum(axis=1).max() <= FEW
    # Rated anew, with other ties: a rating is no accident of one run.
    again = np.mean([rating(puzzle - 1, rng_of(9)) for puzzle in chunk.inputs[:16]])
    assert again == pytest.approx(chunk.ratings[:16].mean(), rel=0.35, abs=1.0)


def test_the_mix_is_about_as_hard_as_the_published_one(examples: tuple[np.ndarray, ...]) -> None:
    assert 15 < examples[2].mean() < 30


def test_ratings_order_puzzles_as_their_fame_does() -> None:
    easy = digits_of(["53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"])[0]
    assert rating(easy, rng_of(1)) == 0
    nugget, escargot = (rating(digits_of([FAMOUS[name]])[0], rng_of(1)) for name in ("Golden Nugget", "AI Escargot"))
    assert nugget > escargot > 5


def test_the_shipped_seeds_have_one_solution_and_no_place_in_both_splits() -> None:
    for kind in ("extreme", "hard"):
        test, train = (seeds(kind, split) for split in ("test", "train"))
        assert len(test) > 50
        assert len(train) > 150
        assert not {puzzle.tobytes() for puzzle in test} & {puzzle.tobytes() for puzzle in train}
        for puzzle in [*test[:10], *train[:10]]:
            assert len(solve_sudoku((puzzle + 1).reshape(9, 9))) == 1
    for text in FAMOUS.values():
        assert len(solve_sudoku((digits_of([text])[0] + 1).reshape(9, 9))) == 1


@pytest.mark.parametrize("size", [4, 6, 9])
def test_copies_share_the_class_hash_and_others_do_not(size: int, examples: tuple[np.ndarray, ...]) -> None:
    kind = get("sudoku" if size == 9 else f"sudoku-{size}x{size}")
    box = {4: (2, 2), 6: (2, 3), 9: (3, 3)}[size]
    if size == 9:
        questions, answers = examples[0] + 1, examples[1] + 1
    else:
        chunk = generator(kind.name).chunk({}, "train", rng_of(3))
        questions, answers = chunk.inputs, chunk.labels
    generator_of_copies = np.random.default_rng(0)
    hashes = set()
    for question, answer in zip(questions[:20], answers[:20], strict=True):
        expected = search.class_hash(answer - 1, question - 1, *box)
        grid = search.class_hash(answer - 1, np.zeros_like(answer), *box)
        hashes.add(expected)
        for _ in range(10):
            symmetry = kind.random_symmetry(generator_of_copies, (size, size))
            q, a = (symmetry.apply(tokens.reshape(size, size)).reshape(-1) - 1 for tokens in (question, answer))
            assert search.class_hash(a, q, *box) == expected
            assert search.class_hash(a, np.zeros_like(a), *box) == grid
    assert len(hashes) == 20 if size == 9 else len(hashes) > 10


def test_shuffling_makes_symmetric_copies(examples: tuple[np.ndarray, ...]) -> None:
    question, answer = examples[0][0], examples[1][0]
    copies = set()
    for seed in range(20):
        q, a = question.copy(), answer.copy()
        search.shuffle_symmetric(rng_of(seed), q, a)
        assert search.class_hash(a, q, 3, 3) == search.class_hash(answer, question, 3, 3)
        np.testing.assert_array_equal(q[q > 0], a[q > 0])
        copies.add(q.tobytes())
    assert len(copies) == 20


def test_the_solver_finds_every_solution() -> None:
    """Against the independent solver, on puzzles with many solutions and with none."""
    generator_of_holes = np.random.default_rng(1)
    grid = digits_of([FAMOUS["Kolk"]])[0]
    full = solve_sudoku((grid + 1).reshape(9, 9))[0].reshape(-1) - 1
    found = np.empty((500, 81), np.uint8)
    for holes in (45, 48, 51):
        puzzle = full.copy()
        puzzle[generator_of_holes.permutation(81)[:holes]] = 0
        expected = {tuple(solution) for solution in solutions(puzzle.tolist(), 500)}
        assert len(expected) < 500
        for by_bands in (False, True):
            count, _ = search.solve(puzzle, found, rng_of(2), by_bands)
            assert count == len(expected)
            assert {tuple(row) for row in found[:count].tolist()} == expected
    wrong = full.copy()
    wrong[[0, 1]] = wrong[[1, 0]]
    assert search.solve(wrong, found, rng_of(2))[0] == 0


def probe(puzzle: np.ndarray) -> int:
    return int(search.probe(puzzle))


def test_probing_strikes_out_what_contradicts_at_once() -> None:
    """Against the exact solver: what is left holds the solution, and a puzzle that probing solves needs no search."""
    for name in ("Golden Nugget", "Easter Monster", "Fata Morgana"):
        assert probe(digits_of([FAMOUS[name]])[0]) > 200
    rng = rng_of(4)
    solved = 0
    for _ in range(20):
        puzzle, solution = np.zeros(81, np.uint8), np.zeros(81, np.uint8)
        search.random_minimal(rng, puzzle, solution)
        solved += probe(puzzle) == 0
        assert probe(solution) == 0
    assert solved > 15
    assert probe(BLANK) == 729


def published(name: str) -> tuple[np.ndarray, np.ndarray]:
    path = REAL_DATA / "sudoku" / f"{name}.csv.gz"
    if not path.is_file():
        pytest.skip(f"no published puzzles: {path} is missing (PUZZLEREC_REAL_DATA names the folder)")
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    chosen = [rows[i] for i in np.linspace(0, len(rows) - 1, 100).astype(int)]
    ratings = [float(row["guesses_mean_of_10_symmetric_copies"]) for row in chosen]
    return digits_of([row["puzzle"] for row in chosen]), np.array(ratings)


def test_ratings_agree_with_published_ones() -> None:
    lists = [published("forum_11plus_part"), published("17_clue_part")]
    ours = np.concatenate([[rating(puzzle, rng_of(4)) for puzzle in puzzles] for puzzles, _ in lists])
    theirs = np.concatenate([ratings for _, ratings in lists])
    ranks = [np.argsort(np.argsort(values)) for values in (ours, theirs)]
    assert np.corrcoef(*ranks)[0, 1] > 0.7
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.2)
