"""Mazes of all kinds and shapes: sound, different, as their algorithms promise; hard ones as they always were."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from puzzlerec.data import DatasetError, build
from puzzlerec.data.building import default_path, generator, make
from puzzlerec.puzzles import get
from puzzlerec.puzzles.maze.choices import CHOICES
from puzzlerec.puzzles.maze.generate import HARD, KINDS, MIXED, hashes, place_ends
from puzzlerec.puzzles.maze.rules import answer, distances, turned
from puzzlerec.puzzles.maze.walls import ALGORITHMS

SETTINGS = dict(generator("maze").settings)
PERFECT = ("depth-first", "prim", "kruskal", "wilson")


def rng_of(seed: int) -> np.ndarray:
    return np.array([seed], np.uint64)


@pytest.mark.parametrize(
    ("name", "settings", "sha256"),
    [
        ("maze", {}, "e84d6ee5e80dc6cc"),
        ("maze-9x9", {}, "2e1af84ad2e9449a"),
        ("maze-9x9", {"moves": 12}, "1d9e466185e8aa85"),
        ("maze-45x45", {}, "575a739514f5a59f"),
    ],
)
def test_hard_mazes_are_as_they_always_were(name: str, settings: dict[str, int], sha256: str) -> None:
    maker = generator(name)
    chunk = make(maker, SETTINGS | settings, 3, "test", 1)
    columns = (chunk.inputs, chunk.labels, chunk.keys, chunk.classes)
    assert hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()[:16] == sha256
    assert maker.signature(SETTINGS | settings) == ("maze-hard 1", {"moves": settings.get("moves", 0)})


def test_a_dataset_of_hard_mazes_keeps_its_name_and_its_content(tmp_path: Path) -> None:
    content = build("maze-9x9", tmp_path / "a.h5", train=60, test=30, seed=1, workers=1)
    assert content == "46e377677dcbbe4af59be99a4351e5d684f30681f2679a34b04ed3b11de97b99"
    usual, other = (default_path("maze", train=6000, test=1000, seed=0, kind=kind).name for kind in (HARD, "prim"))
    assert usual == "maze-6000-1000-seed0-63712d04.h5" != other


@pytest.mark.parametrize("shape", [(5, 5), (12, 37), (30, 30), (61, 24)])
@pytest.mark.parametrize("kind", KINDS[1:])
def test_mazes_of_every_kind_and_shape_are_sound(kind: str, shape: tuple[int, int]) -> None:
    maker, settings = generator("maze-{}x{}".format(*shape)), SETTINGS | {"kind": kind}
    maker.check(settings)
    chunk, again = (maker.chunk(settings, "train", rng_of(4)) for _ in range(2))
    np.testing.assert_array_equal(chunk.labels, again.labels)
    assert len(set(chunk.keys.tolist())) > len(chunk) // 3
    for question, label in zip(chunk.inputs, chunk.labels, strict=True):
        assert get("maze").check_question(question.reshape(shape)).solved
        np.testing.assert_array_equal(label.reshape(shape), answer(question.reshape(shape)))


@pytest.mark.parametrize("kind", KINDS[1:])
def test_the_largest_mazes(kind: str) -> None:
    chunk = generator("maze-200x200").chunk(SETTINGS | {"kind": kind}, "test", rng_of(1))
    assert get("maze").check(chunk.inputs[0].reshape(200, 200), chunk.labels[0].reshape(200, 200)).solved


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("kind", PERFECT)
def test_perfect_mazes_have_one_way_between_any_two_cells(kind: str, border: int) -> None:
    rows, columns = 7 - border, 10 - border
    chunk = generator("maze-13x20").chunk(SETTINGS | {"kind": kind, "border": border}, "test", rng_of(2))
    for question in chunk.inputs.reshape(-1, 13, 20):
        passable = question > 1
        assert passable.sum() == 2 * rows * columns - 1
        assert (distances(question) >= 0).sum() == passable.sum()
        assert not passable[:, 19].any()  # the column that is left over
        assert passable[0].any() == passable[:, 0].any() == (border == 0)
    assert len({question.tobytes() for question in chunk.inputs}) == len(chunk)


def test_every_spanning_tree_is_equally_likely_by_wilson() -> None:
    maze, rng = np.empty((5, 5), np.uint8), rng_of(7)
    found: Counter[bytes] = Counter()
    for _ in range(400):
        ALGORITHMS["wilson"](maze, 1, rng)
        found[maze.tobytes()] += 1
    assert len(found) == 4 and min(found.values()) > 70


def test_kinds_differ_as_they_should() -> None:
    def mean(kind: str, token: int) -> float:
        chunk = generator("maze-31x31").chunk(SETTINGS | {"kind": kind}, "test", rng_of(3))
        return float((chunk.labels == token).sum(1).mean())

    assert mean("open", 1) < 40 < mean("random", 1)
    path = {kind: mean(kind, 5) for kind in ("prim", "depth-first", "spiral")}
    assert path["prim"] < path["depth-first"] / 2 and path["prim"] < path["spiral"] / 2


def test_rooms_hang_together_and_have_space() -> None:
    chunk = generator("maze-30x22").chunk(SETTINGS | {"kind": "rooms"}, "test", rng_of(3))
    spacious = 0  # mazes in which a room is two cells wide and tall
    for question in chunk.inputs.reshape(-1, 30, 22):
        passable = question > 1
        assert (distances(question) >= 0).sum() == passable.sum()
        spacious += int((passable[1:, 1:] & passable[:-1, 1:] & passable[1:, :-1] & passable[:-1, :-1]).any())
    assert spacious > len(chunk) // 2


def test_a_spiral_is_one_corridor_with_three_doors_at_most() -> None:
    chunk = generator("maze-21x15").chunk(SETTINGS | {"kind": "spiral"}, "test", rng_of(3))
    for question in chunk.inputs.reshape(-1, 21, 15):
        assert 0 <= (question > 1).sum() - (2 * 10 * 7 - 1) <= 3
    assert len({walls.tobytes() for walls in chunk.inputs == 1}) > 10


def test_a_fifth_of_mixed_mazes_are_depth_first() -> None:
    rng = rng_of(5)
    chunks = [generator("maze-15x15").chunk(SETTINGS | {"kind": MIXED}, "test", rng) for _ in range(10)]
    walls = np.concatenate([chunk.inputs for chunk in chunks]).reshape(-1, 15, 15) == 1
    bordered = walls[:, [0, -1]].all((1, 2)) & walls[:, :, [0, -1]].all((1, 2))
    assert 0.13 < bordered.mean() < 0.27
    assert ((~walls).sum((1, 2))[bordered] == 2 * 7 * 7 - 1).all()


def test_a_border_may_be_asked_for_or_done_without() -> None:
    for kind in ALGORITHMS:
        for border in (0, 1):
            chunk = generator("maze-9x9").chunk(SETTINGS | {"kind": kind, "border": border}, "test", rng_of(6))
            walls = chunk.inputs.reshape(-1, 9, 9) == 1
            edges = np.concatenate([walls[:, [0, -1]].ravel(), walls[:, :, [0, -1]].ravel()])
            assert edges.all() == bool(border)


def test_ends_are_any_two_cells_that_are_joined() -> None:
    maze = np.array([[2, 2, 1, 2, 1]] + [[1] * 5] * 4, np.uint8)
    rng, found = rng_of(1), Counter[tuple[int, ...]]()
    for _ in range(100):
        placed = maze.copy()
        assert place_ends(placed, 1, rng)
        found[tuple(placed[0].tolist())] += 1
    assert set(found) == {(3, 4, 1, 2, 1), (4, 3, 1, 2, 1)} and min(found.values()) > 30
    assert not place_ends(maze.copy(), 2, rng)


@pytest.mark.parametrize("shape", [(9, 9), (8, 13)])
def test_rotations_and_reflections_share_a_hash(shape: tuple[int, int]) -> None:
    chunk = generator("maze-{}x{}".format(*shape)).chunk(SETTINGS | {"kind": "random"}, "train", rng_of(1))
    questions = chunk.inputs.reshape(-1, *shape)
    for copies in turned(questions).reshape(-1, *questions.shape):
        np.testing.assert_array_equal(hashes(np.ascontiguousarray(copies), False), chunk.classes)
        np.testing.assert_array_equal(hashes(np.ascontiguousarray(copies), True), chunk.keys)
    assert len(set(chunk.classes.tolist())) == len(chunk)
    without_goal = np.where(questions == 4, 2, questions).astype(np.uint8)
    np.testing.assert_array_equal(hashes(without_goal, False), chunk.classes)
    assert not set(hashes(without_goal, True).tolist()) & set(chunk.keys.tolist())


@pytest.mark.parametrize("kind", ["random", "depth-first", "spiral", MIXED])
def test_any_kind_may_be_asked_for_long_paths(kind: str) -> None:
    chunk = generator("maze-16x21").chunk(SETTINGS | {"kind": kind, "moves": 30}, "test", rng_of(1))
    assert ((chunk.labels == 5).sum(1) + 1).min() >= 30


def test_paths_that_cannot_be_are_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="500 open mazes of 9x9 none has a path of 35 moves"):
        build("maze-9x9", tmp_path / "a.h5", workers=1, kind="open", moves=35)
    assert not list(tmp_path.iterdir())


def test_every_kind_can_be_chosen() -> None:
    assert [choice.settings.get("kind", HARD) for choice in CHOICES] == [kind for kind in KINDS if kind != MIXED]
    name, settings, label = CHOICES[2].asked({"size": 31, "moves": 40})
    assert (name, settings) == ("maze-31x31", {"kind": "depth-first", "moves": 40})
    assert label == "Maze 31x31, depth-first, 40 moves or more"
