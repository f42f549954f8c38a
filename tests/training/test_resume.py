"""A run that was killed and resumed passes through the same bits as one that was not; two processes train as one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.run_folder import ResumeError, RunFolder

from .conftest import tiny_examples, tiny_recipe

HERE = Path(__file__).parent

WORKER = """
import os, signal, sys
sys.path.insert(0, {tests!r})
import torch
from pathlib import Path
from training.conftest import tiny_examples, tiny_recipe
from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.run_folder import RunFolder
torch.set_num_threads(1)
folder, steps, kill = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
recipe = tiny_recipe(training={{"steps": steps}})
trainer = Trainer(recipe, tiny_examples(), torch.device("cpu"), RunFolder(folder))
if trainer.group.leads:
    folder.mkdir(exist_ok=True)
if (folder / "state.safetensors").exists():
    trainer.resume()
for record in run(trainer, tiny_examples(8)):
    if kill and record["step"] >= kill:
        os.kill(os.getpid(), signal.SIGKILL)
trainer.group.close()
"""


def work(folder: Path, steps: int, kill: int = 0, launcher: list[str] | None = None) -> int:
    script = folder.parent / "worker.py"
    script.write_text(WORKER.format(tests=str(HERE.parent)))
    command = [*(launcher or [sys.executable]), str(script), str(folder), str(steps), str(kill)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, timeout=180).returncode


def comparable(folder: Path) -> list[dict[str, float]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    timings = ("seconds", "steps_per_second", "puzzles_per_second")
    return [{k: v for k, v in json.loads(line).items() if k not in timings} for line in lines]


def test_two_hundred_steps_equal_one_hundred_killed_and_resumed(tmp_path: Path) -> None:
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    assert work(straight, 200) == 0
    assert work(broken, 200, kill=105) == -signal.SIGKILL  # between two saves: five steps are done again
    assert work(broken, 200) == 0
    one, other = load_file(straight / "state.safetensors"), load_file(broken / "state.safetensors")
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name
    assert comparable(straight) == comparable(broken)


def test_two_processes_give_the_gradients_of_one(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    assert work(one, 10) == 0
    assert work(two, 10, launcher=torchrun) == 0
    a, b = load_file(one / "state.safetensors"), load_file(two / "state.safetensors")
    for name in a:
        torch.testing.assert_close(
            a[name], b[name], atol=1e-4, rtol=1e-3, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_training_learns(tmp_path: Path) -> None:
    recipe = tiny_recipe(
        training={"steps": 150, "ema": 0.9},
        optimizer={"lr": 1e-2},
        model={"mixer": "attention", "prefix": 2, "heads": 2},
    )
    trainer = Trainer(recipe, tiny_examples(), torch.device("cpu"), RunFolder(tmp_path))
    records = list(run(trainer, tiny_examples(8)))
    assert records[-1]["token_loss"] < 0.5 * records[0]["token_loss"]
    assert records[-1]["step"] == 150


def test_the_schedule_fits_the_time_budget(tmp_path: Path) -> None:
    trainer = Trainer(tiny_recipe(training={"steps": 10**6}), tiny_examples(), torch.device("cpu"), RunFolder(tmp_path))
    trainer.deadline = 1.0
    records = list(run(trainer, tiny_examples(8)))
    assert trainer.progress == 1
    assert 1.0 <= trainer.seconds < 3.0
    assert (tmp_path / "state.safetensors").exists() and records[-1]["progress"] == 1


def test_slots_halt_and_refill_independently(tmp_path: Path) -> None:
    trainer = Trainer(
        tiny_recipe(objective={"exploration": 0.0}), tiny_examples(), torch.device("cpu"), RunFolder(tmp_path)
    )
    with torch.no_grad():
        trainer.model.halting.bias[0] = 5.0  # halts at once
    trainer.step()
    assert trainer.slots.halted.all() and torch.all(trainer.slots.steps == 1)
    with torch.no_grad():
        trainer.model.halting.bias[0] = -50.0  # never halts by itself
    trainer.step()  # every slot takes a new puzzle
    question = trainer.slots.question.clone()
    for done in (2, 3, 4):
        trainer.step()
        assert torch.equal(trainer.slots.question, question) and torch.all(trainer.slots.steps == done)
    assert trainer.slots.halted.all()  # N_sup = 4 steps are done


@pytest.mark.parametrize("damage", ["missing", "cut", "foreign"])
def test_damaged_runs_say_what_to_do(tmp_path: Path, damage: str) -> None:
    trainer = Trainer(tiny_recipe(), tiny_examples(), torch.device("cpu"), RunFolder(tmp_path))
    trainer.step()
    trainer.save()
    state = tmp_path / "state.safetensors"
    if damage == "missing":
        state.unlink()
    elif damage == "cut":
        state.write_bytes(state.read_bytes()[:100])
    else:
        state.write_bytes(b"not a run at all")
    with pytest.raises(ResumeError, match="without --resume"):
        trainer.resume()


@pytest.mark.parametrize("mixer", ["attention", "mlp", "candidates"])
def test_bfloat16_trains_near_float32(tmp_path: Path, mixer: str) -> None:
    model = {"mixer": mixer} if mixer == "candidates" else {"mixer": mixer, "prefix": 2, "heads": 2}
    losses = []
    for precision in ("float32", "bfloat16"):
        recipe = tiny_recipe(model=model, training={"steps": 5, "precision": precision})
        trainer = Trainer(recipe, tiny_examples(), torch.device("cpu"), RunFolder(tmp_path / precision))
        (tmp_path / precision).mkdir()
        losses.append([record["token_loss"] for record in run(trainer, tiny_examples(8))][-1])
    assert losses[0] == pytest.approx(losses[1], rel=0.03)
