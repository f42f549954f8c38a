"""What is spoilt, and which commands meet it."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

from .spoiling import VALUES, spoilt, spoilt_document

Command = list[str | Path]
Run = Callable[..., Any]

SUDOKU = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
FOUR = "1234341221434321"
MAZE = "######\n#S # #\n# ## #\n#   G#\n######\n"
STEPS = ("--steps", "2", "--attempts", "1")

MODEL = {
    "prefix": 0,
    "mixer": "candidates",
    "width": 8,
    "multiple": 8,
    "layers": 1,
    "latent_updates": 1,
    "recursions": 1,
    "supervision_steps": 2,
}
RECIPE = """\
base = "sudoku-4x4"
[model]
width = 8
multiple = 8
latent_updates = 1
recursions = 1
supervision_steps = 2
[data]
file = "four.h5"
[training]
steps = 4
batch = 4
save_every = 2
compile = false
precision = "float32"
[evaluation]
every = 4
puzzles = 4
"""


def prepare(sound: Path, run: Run) -> None:
    """Sound files of every sort in the folder ``sound``, which is the one worked in. ``run`` runs a command."""
    import torch

    from puzzlerec.models import build, checkpoint
    from puzzlerec.models.config import TRMConfig
    from puzzlerec.models.reference import export_reference

    torch.manual_seed(0)
    for name, size, box in (("sudoku", 9, (3, 3)), ("sudoku-4x4", 4, (2, 2))):
        board = {"puzzle": name, "vocabulary": size + 2, "grid": (size, size), "box": box, "symbols": (2, size)}
        model = build(TRMConfig.model_validate(MODEL | board))
        checkpoint.save(model, sound / "models" / name, f"# {name}\n\nUntrained.\n")
    reference = {"vocabulary": 6, "grid": (4, 4), "prefix": 2, "width": 16, "heads": 2, "multiple": 8, "mixer": "mlp"}
    export_reference(build(TRMConfig.model_validate(reference | {"puzzle": "sudoku-4x4"})), sound / "step_1")
    (sound / "four.txt").write_text(f"{FOUR[:9]}.......\n{FOUR}\n")
    (sound / "tiny.toml").write_text(RECIPE)
    run("data", "build", "sudoku-4x4", "-o", "four.h5", "--train", "12", "--test", "6", "--workers", "1")
    run("data", "export", "four.h5", "reference")
    run("solve", "four.txt", *STEPS, "--trace", "trace.h5")
    run("train", "tiny.toml", "--out", "run", "--steps", "4")


def puzzles(chance: Random, sound: Path, folder: Path) -> Iterable[Command]:
    """Texts of puzzles, in many forms."""
    nine = _opened(SUDOKU, chance)
    rows = [nine[start : start + 9] for start in range(0, 81, 9)]
    text = chance.choice(
        (
            f"{nine}\n",
            f"{_opened(FOUR, chance)}\n" * 3,
            "\n".join(rows) + "\n",
            f"question,answer\n{nine},{SUDOKU}\n" * 2,
            json.dumps([[int(cell) for cell in row.replace(".", "0")] for row in rows]),
            "<opensudoku><game data='" + nine.replace(".", "0") + "'/></opensudoku>",
            MAZE,
            MAZE.replace("\n", "")[:25] + "\n",
            MAZE.translate(str.maketrans("# SG", "█.AB")),
            "+--+--+\n|S    |\n+  +  +\n|   G |\n+--+--+\n",
            "12+345=\ncopy:a1b2=\n",
        )
    )
    name = chance.choice(("a.txt", "a.csv", "a.sdm", "a.json"))
    (folder / name).write_bytes(spoilt(text.encode(), chance))
    yield ["solve", folder / name, "--json", *STEPS]
    if chance.random() < 0.2:
        yield ["data", "import", folder / name, folder / "a.h5"]
        yield ["watch", folder / name, "--once", *STEPS]


def checkpoints(chance: Random, sound: Path, folder: Path) -> Iterable[Command]:
    """Checkpoints: their configs, cards and weights."""
    model = folder / "runs" / "a" / "checkpoint"
    shutil.copytree(sound / "models" / "sudoku-4x4", model)
    config = model / "config.json"
    if chance.random() < 0.6:
        config.write_text(json.dumps(spoilt_document(json.loads(config.read_text()), chance)))
    else:
        _spoil(chance.choice(sorted(model.iterdir())), chance)
    yield ["models", "show", model]
    yield ["models", "list"]
    yield ["solve", sound / "four.txt", "--model", model, "--json", *STEPS]


def datasets(chance: Random, sound: Path, folder: Path) -> Iterable[Command]:
    """Datasets."""
    shutil.copy(sound / "four.h5", folder / "a.h5")
    _spoil(folder / "a.h5", chance)
    yield ["data", "info", folder / "a.h5"]
    yield ["data", "show", folder / "a.h5"]
    yield ["eval", "sudoku-4x4", folder / "a.h5", "--limit", "2", "--steps", "1"]


def traces(chance: Random, sound: Path, folder: Path) -> Iterable[Command]:
    """Traces."""
    shutil.copy(sound / "trace.h5", folder / "a.h5")
    _spoil(folder / "a.h5", chance)
    yield ["watch", folder / "a.h5", "--once"]
    yield ["film", folder / "a.h5"]


def recipes(chance: Random, sound: Path, folder: Path) -> Iterable[Command]:
    """Recipes: whether they are read, not what follows from training by one."""
    lines = RECIPE.splitlines()
    if chance.random() < 0.5:
        index = chance.choice([index for index, line in enumerate(lines) if "=" in line])
        lines[index] = f"{lines[index].partition('=')[0]}= {json.dumps(chance.choice(VALUES))}"  # most of JSON is TOML
        content = "\n".join(lines).encode()
    else:
        content = spoilt(RECIPE.encode(), chance)
    path = folder / "a.toml"
    path.write_bytes(content)
    yield ["models", "import", folder / "nowhere", path, folder / "a"]


def states(chance: Random, sound: Path, folder: Path) -> Iterable[Command]:
    """The states that trainings go on from."""
    run = folder / "run"
    shutil.copytree(sound / "run", run)
    shutil.copy(sound / "four.h5", folder)
    _spoil(run / chance.choice(("state.safetensors", "state.safetensors", "metrics.jsonl")), chance)
    yield ["train", "--out", run, "--resume"]


def imports(chance: Random, sound: Path, folder: Path) -> Iterable[Command]:
    """Checkpoints and folders of the reference code."""
    if chance.random() < 0.5:
        shutil.copy(sound / "step_1", folder / "step_1")
        _spoil(folder / "step_1", chance)
        recipe = ["tiny.toml", "--set", "model.mixer=mlp", "--set", "model.prefix=2", "--set", "model.width=16"]
        yield ["models", "import", folder / "step_1", *recipe, folder / "a"]
        return
    shutil.copytree(sound / "reference", folder / "reference")
    _spoil(chance.choice([path for path in sorted((folder / "reference").rglob("*")) if path.is_file()]), chance)
    yield ["data", "import", folder / "reference", folder / "a.h5"]


Target = Callable[[Random, Path, Path], Iterable[Command]]

TARGETS: dict[str, Target] = {
    target.__name__: target for target in (puzzles, checkpoints, datasets, traces, recipes, states, imports)
}


def _spoil(path: Path, chance: Random) -> None:
    path.write_bytes(spoilt(path.read_bytes(), chance))


def _opened(solved: str, chance: Random) -> str:
    blanks = set(chance.sample(range(len(solved)), chance.randint(1, len(solved) // 3)))
    return "".join("." if index in blanks else digit for index, digit in enumerate(solved))


def cases(names: Iterable[str], seed: int) -> Iterable[tuple[str, int]]:
    """Target and number of one case after another, in turns, without end."""
    return ((name, number) for number in itertools.count(seed) for name in names)
