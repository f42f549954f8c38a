"""Samples travel with the package, so that there is something to solve in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "datasets" / "samples"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_samples_are_written(run) -> None:
    written = run("samples")
    assert written.exit_code == 0
    assert Path("samples/hard.sdm").as_posix() in written.stdout.replace("\\", "/")
    for sample in SAMPLES.iterdir():
        assert (Path("samples") / sample.name).read_bytes() == sample.read_bytes()


def test_what_is_there_is_left_as_it_is(run) -> None:
    Path("mine").mkdir()
    Path("mine/hard.sdm").write_text("my own")
    assert run("samples", "mine").exit_code == 0
    assert Path("mine/hard.sdm").read_text() == "my own"
    assert Path("mine/maze.txt").is_file()


def test_a_file_is_no_folder(run) -> None:
    Path("file").write_text("")
    refused = run("samples", "file")
    assert refused.exit_code == 2 and "is a file" in refused.stderr
