"""ARC's tasks: a dataset of them, and their pairs of grids for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from puzzlerec.cli.data.making import Making, Progress
from puzzlerec.cli.errors import CommandError
from puzzlerec.cli.terminal import answers, messages, speaks_unicode

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console

    from puzzlerec.data import Dataset
    from puzzlerec.data.arc_agi import Collection
    from puzzlerec.puzzles import PuzzleError

MOST_IDS = 8  # tasks that are named in a sentence


def from_tasks(
    name: str, out: Path | None, version: int | None, folders: Sequence[Path], copies: int, seed: int
) -> Making:
    """A dataset of ARC-AGI-``version`` and the tasks in ``folders``, on canvases of the size that the name says."""
    from puzzlerec.data import arc_agi
    from puzzlerec.data.building import datasets_folder, kind_and_shape

    try:
        tasks = arc_agi.collect(version, folders, kind_and_shape(name)[1])
    except arc_agi.NoTasksError as error:
        _name_skipped(error.faults)
        raise CommandError("There is nothing to make a dataset of: no file holds a task.") from None
    _name_skipped(tasks.skipped)
    path = out or arc_agi.default_path(tasks, datasets_folder(), copies=copies, seed=seed)

    def write(advance: Progress) -> str:
        return arc_agi.build(tasks, path, copies=copies, seed=seed, progress=advance)

    return Making(path, arc_agi.most_rows(tasks, copies), write, _remarks(tasks))


def _remarks(tasks: Collection) -> list[str]:
    remarks = [f"{_count(len(tasks.training), 'training task')}, {_count(len(tasks.evaluation), 'evaluation task')}."]
    if tasks.dropped:
        remarks.append(f"Dropped from training, because the evaluation has them: {named(tasks.dropped)}.")
    if tasks.repeated:
        remarks.append(f"{_count(tasks.repeated, 'task')} of the folders had the id of a training task: left out.")
    if tasks.too_large:
        side = tasks.side
        remarks.append(f"Left out, because a grid does not fit on {side}x{side}: {named(tasks.too_large)}.")
    if tasks.unknown:
        remarks.append(f"{_count(tasks.unknown, 'test')} without a known output: to be answered, not measured.")
    if tasks.skipped:
        remarks.append(f"{_count(len(tasks.skipped), 'file or task', 'files or tasks')} skipped, each named above.")
    return remarks


def _name_skipped(faults: Sequence[PuzzleError]) -> None:
    for fault in faults:
        messages.warning(f"skipped: {fault}")


def _count(number: int, what: str, several: str = "") -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {several or f'{what}s'}"


def named(ids: Sequence[str]) -> str:
    """How many tasks there are, and which, at least the first of them."""
    if not ids:
        return "none"
    more = f" and {len(ids) - MOST_IDS:,} more" if len(ids) > MOST_IDS else ""
    return f"{_count(len(ids), 'task')} ({', '.join(ids[:MOST_IDS])}{more})"


def holds_tasks(file: Path) -> bool:
    """Whether the file is JSON rather than a dataset."""
    from puzzlerec.files import is_hdf5

    if not file.is_file() or is_hdf5(file):
        return False
    if file.suffix.lower() == ".json":
        return True
    with file.open("rb") as stream:
        return stream.read(2000).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def show_tasks(file: Path, index: int, count: int, digits: bool) -> None:
    """Draw all pairs of ``count`` tasks of a JSON file."""
    from puzzlerec.data.arc_agi import read_tasks

    tasks = read_tasks(file)
    if index >= len(tasks):
        raise CommandError(f"{file} has {_count(len(tasks), 'task')}, from 0; there is no {index}.")
    console = answers()
    for task in tasks[index : index + count]:
        for name, pairs in (("train", task.demonstrations), ("test", task.tests)):
            for number, pair in enumerate(pairs, 1):
                _print_pair(console, f"{task.id} · {name} {number}", pair.input, pair.output, digits)


def show_pairs(dataset: Dataset, split: str, index: int, count: int, digits: bool) -> None:
    """Draw examples of a dataset whose questions and answers are canvases."""
    from puzzlerec.puzzles.arc.canvas import decode

    rows = dataset.split(split)
    if index >= len(rows):
        raise CommandError(f"{dataset.path} has {len(rows):,} examples in {split}, from 0; there is no {index}.")
    chosen = rows.read(index, index + count)
    names = dataset.identifiers
    console = answers()
    for number, (question, answer, id) in enumerate(
        zip(chosen.inputs, chosen.labels, chosen.puzzle_ids.tolist(), strict=True), index
    ):
        title = f"{split} {number} · " + (f"puzzle id {id}" if names is None else names[id])
        _print_pair(console, title, decode(question), decode(answer), digits)


def _print_pair(console: Console, title: str, question: np.ndarray, answer: np.ndarray | None, digits: bool) -> None:
    from puzzlerec.puzzles.arc.look import PALETTE
    from puzzlerec.views.text import draw_pair

    unicode, colour = speaks_unicode(console), console.color_system is not None and not console.no_color
    sizes = ["?" if grid is None else "x".join(map(str, grid.shape)) for grid in (question, answer)]
    title = f"{title} · {' → '.join(sizes)}"
    if not unicode:
        title = title.replace(" · ", ", ").replace("→", "->")
    console.print(title, style="dim", markup=False, soft_wrap=True)
    drawing = draw_pair(question, answer, PALETTE, console.width, digits=digits, colour=colour, unicode=unicode)
    console.print(drawing, "", sep="\n", soft_wrap=True)
