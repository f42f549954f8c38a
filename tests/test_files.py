"""Files: replaced whole or left alone, whatever they are, and nothing is left beside them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import pytest

from puzzlerec import hdf5
from puzzlerec.files import UnwritableError, replacing, write

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="of POSIX")


def test_what_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk_is_an_error_that_names_the_file(tmp_path: Path, number: int) -> None:
    with pytest.raises(UnwritableError, match=r"a\.txt cannot be written: "), replacing(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise OSError(number, os.strerror(number))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_missing_or_in_the_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnwritableError, match=r"a\.txt cannot be written"):
        write(tmp_path / "nowhere" / "a.txt", "text")
    with pytest.raises(UnwritableError, match="cannot be written"):
        write(tmp_path, "text")
    assert not list(tmp_path.iterdir())


def test_errors_of_other_files_are_their_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="other"), replacing(tmp_path / "a.txt"):
        (tmp_path / "other").read_text()


@needs_posix
def test_a_link_stays_and_what_it_links_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for target in (tmp_path / "deep" / "a.txt", tmp_path / "deep" / "new.txt"):
        link = tmp_path / f"to {target.name}"
        link.symlink_to(target)
        write(link, "new")
        assert link.is_symlink() and target.read_text() == "new"


@needs_posix
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_written_to_and_stays(tmp_path: Path, linked: bool) -> None:
    pipe = path = tmp_path / "pipe"
    os.mkfifo(pipe)
    if linked:
        path = tmp_path / "link"
        path.symlink_to(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write(path, "through")
    reader.join(10)
    assert got == [b"through"] and pipe.is_fifo()


@needs_posix
def test_a_device_that_is_full_is_named_and_stays() -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("there is no /dev/full")
    with pytest.raises(UnwritableError, match="/dev/full cannot be written: No space left"):
        write(Path("/dev/full"), "text")
    assert Path("/dev/full").is_char_device()


@needs_posix
def test_leftovers_of_killed_processes_go_and_those_of_others_stay(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, working = tmp_path / f".a.txt.{ended.pid}", tmp_path / f".a.txt.{os.getppid()}"
    other, mine = tmp_path / f".b.txt.{ended.pid}", tmp_path / ".a.txt.bak"
    for path in (dead, working, other, mine):
        path.write_text("half")
    write(tmp_path / "a.txt", "whole")
    assert not dead.exists() and all(path.exists() for path in (working, other, mine))


FULL = """
import resource, signal
from pathlib import Path
import numpy as np
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from puzzlerec import hdf5
def content(file, piece):
    with piece():
        columns = file.create_dataset("rows", (0, 100), "u1", maxshape=(None, 100), chunks=(100, 100))
    for number in range(100):
        with piece():
            file.create_group(f"group {number}").attrs["about"] = "x" * 500
            columns.resize(len(columns) + 100, axis=0)
            columns[-100:] = np.arange(100)
with hdf5.writing(Path("whole.h5")) as (file, piece):
    content(file, piece)
size = Path("whole.h5").stat().st_size
for limit in (0, 100, 5000, 100_000, size - 5000, size - 1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        with hdf5.writing(Path("a.h5")) as (file, piece):
            content(file, piece)
    except OSError as error:
        print(error)
"""


@needs_posix
def test_hdf5_on_a_full_disk_is_an_error_and_no_crash(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", FULL], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [f"a.h5 cannot be written: {os.strerror(errno.EFBIG)}."] * 6
    assert [path.name for path in tmp_path.iterdir()] == ["whole.h5"]


def test_hdf5_files_are_what_was_written(tmp_path: Path) -> None:
    with hdf5.writing(tmp_path / "a.h5") as (file, piece), piece():
        file["numbers"] = [1, 2, 3]
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["numbers"][:].tolist() == [1, 2, 3]


INTERRUPTED = """
import random, signal, sys
from pathlib import Path
import numpy as np
from puzzlerec import hdf5
class Ended(BaseException): pass
def end(number, frame): raise Ended
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGALRM, lambda number, frame: signal.raise_signal(signal.SIGTERM))
ended = 0
for attempt in range(200):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 2e-2))
        with hdf5.writing(Path("a.h5")) as (file, piece):
            while True:
                with piece():
                    group = file.create_group(f"group {len(file)}")
                    group["rows"] = np.zeros((100, 100), "u1")
                    group.attrs["about"] = "x" * 500
    except Ended:
        ended += 1
print(ended)
"""


@needs_posix
def test_a_signal_while_hdf5_writes_ends_the_block_and_crashes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "faulthandler", "-c", INTERRUPTED]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (0, "200\n", "")
    assert not list(tmp_path.iterdir())
