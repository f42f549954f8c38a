"""What puzzles have shown is kept in a file; an evaluation goes on from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from puzzlerec.evaluation import PuzzleResult
from puzzlerec.evaluation.rows import RowsError, RowsFile

OF = {"model": "abc", "attempts": 4, "split": None}


def result(number: int) -> PuzzleResult:
    return PuzzleResult(
        token=1 / 3, blank_token=0.1 + 0.2, exact=False, first_pass=True, facts={"valid": True}, length=1.1,
        halt=0.9999880790710449, steps=number, attempts=4, evaluations=number * 4, solved=True,
        rating=None if number % 2 else 2.5, path=((False, False), (True, True)),
    )  # fmt: skip


def begun(path: Path, count: int, batch: int = 2) -> RowsFile:
    with RowsFile(path, OF, batch) as rows:
        assert list(rows.known()) == []
        for number in range(count):
            rows.add(result(number))
    return rows


def test_whole_batches_are_kept_to_the_bit(tmp_path: Path) -> None:
    begun(tmp_path / "rows.jsonl", 5)
    with RowsFile(tmp_path / "rows.jsonl", OF, 2) as rows:
        assert list(rows.known()) == [result(number) for number in range(4)]
        for number in (4, 5):
            rows.add(result(number))
    assert list(RowsFile(tmp_path / "rows.jsonl", OF, 2).known()) == [result(number) for number in range(6)]


def test_the_last_and_smaller_batch_is_written_and_made_again(tmp_path: Path) -> None:
    begun(tmp_path / "rows.jsonl", 5).flush()
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 6
    assert len(list(RowsFile(tmp_path / "rows.jsonl", OF, 2).known())) == 4
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 5, "or a row would stand there twice"


@pytest.mark.parametrize("lost", [1, 20, 200])
def test_a_line_that_was_cut_short_costs_its_batch(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "rows.jsonl"
    begun(path, 4)
    path.write_bytes(path.read_bytes()[:-lost])
    assert len(list(RowsFile(path, OF, 2).known())) == 2


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    begun(path, 4)
    whole = path.read_bytes()
    for of, said in (
        (OF | {"attempts": 64}, "rows with attempts 4, not 64: name another file"),
        (OF | {"model": "abd"}, 'rows with model "abc", not "abd"'),
        (OF | {"device": "cpu"}, 'rows with device null, not "cpu"'),
    ):
        with pytest.raises(RowsError, match=said):
            list(RowsFile(path, of, 2).known())
    assert path.read_bytes() == whole
    for content in (b"", b"puzzle\n", b"[1]\n", b"\xff\xfe\n"):
        path.write_bytes(content)
        with pytest.raises(RowsError, match="something else than rows"):
            list(RowsFile(path, OF, 2).known())
        assert path.read_bytes() == content


def test_a_spoilt_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    begun(path, 4)
    lines = path.read_text().splitlines(keepends=True)
    for spoilt in ("{}\n", "nonsense\n", lines[2].replace('"steps": 1', '"steps": "many"')):
        path.write_text("".join([*lines[:2], spoilt, *lines[3:]]))
        with pytest.raises(RowsError, match=r"rows.jsonl:3: this is no puzzle's row .* remove the lines from there"):
            list(RowsFile(path, OF, 2).known())


def test_two_evaluations_do_not_write_to_one_file(tmp_path: Path) -> None:
    with (
        RowsFile(tmp_path / "rows.jsonl", OF, 2),
        pytest.raises(RowsError, match="wait for it"),
        RowsFile(tmp_path / "rows.jsonl", OF, 2),
    ):
        pass
