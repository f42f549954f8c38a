from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from typer import Typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from puzzlerec.cli import app

SOLVED_9X9 = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
SOLVED_4X4 = "1234341221434321"
HARD_9X9 = "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3.."


def opened(solved: str, *blanks: int) -> str:
    """The answer with some cells blank. Few enough, and each has one candidate: whatever the weights, it is solved."""
    return "".join("." if index in blanks else digit for index, digit in enumerate(solved))


@cache
def _command(app: Typer) -> object:
    """The app's commands, put together once and not for each run: it is slower than most runs."""
    return get_command(app)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small untrained checkpoints called ``sudoku`` and ``sudoku-4x4``, as if shipped."""
    import torch

    from puzzlerec.models import build, checkpoint
    from puzzlerec.models.config import TRMConfig

    folder = tmp_path_factory.mktemp("shipped")
    torch.manual_seed(0)
    for name, size, box in (("sudoku", 9, (3, 3)), ("sudoku-4x4", 4, (2, 2))):
        config = TRMConfig(
            puzzle=name,
            vocabulary=size + 2,
            grid=(size, size),
            prefix=0,
            mixer="candidates",
            box=box,
            symbols=(2, size),
            width=8,
            multiple=8,
            layers=1,
            latent_updates=1,
            recursions=1,
            supervision_steps=2,
        )
        checkpoint.save(build(config), folder / name, f"# {name}\n\nUntrained: for tests.\n")
    return folder


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings of one's own would lie; nothing is there yet."""
    path = tmp_path / "settings" / "config.toml"
    path.parent.mkdir()
    monkeypatch.setattr("puzzlerec.cli.settings.config_file", lambda: path)
    return path


@pytest.fixture
def run(shipped: Path, settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs ``puzzlerec`` in this process, with the tiny checkpoints and without settings of the developer's own."""
    from puzzlerec.models import checkpoint

    monkeypatch.setattr("typer.testing._get_command", _command)
    monkeypatch.setattr(checkpoint, "SHIPPED", (shipped,))
    monkeypatch.chdir(tmp_path)  # no runs of the developer's own either
    for name in list(os.environ):
        if name.startswith("PUZZLEREC_"):
            monkeypatch.delenv(name)

    def run(*arguments: str | Path, **more: object) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], **more)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run
