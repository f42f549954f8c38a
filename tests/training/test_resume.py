"""A run that was killed and resumed passes through the same bits as one that was not; two processes train as one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from puzzlerec.data.building import generator
from puzzlerec.models import checkpoint
from puzzlerec.puzzles import get
from puzzlerec.training.card import CheckpointSaver
from puzzlerec.training.examples import Examples, with_hints
from puzzlerec.training.loop import DivergedError, Trainer, run
from puzzlerec.training.run_folder import ResumeError, RunFolder

from .conftest import tiny_examples, tiny_recipe

HERE = Path(__file__).parent

WORKER = """
import json, os, signal, sys
sys.path.insert(0, {tests!r})
import torch
from pathlib import Path
from training.conftest import tiny_examples, tiny_recipe
from puzzlerec.data.building import generator
from puzzlerec.models import checkpoint
from puzzlerec.training.card import CheckpointSaver
from puzzlerec.training.examples import Examples, with_hints
from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.run_folder import RunFolder
torch.set_num_threads(1)
folder, steps, kill = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
recipe = tiny_recipe(training={{"steps": steps}}, model=json.loads(sys.argv[4]))
examples = {{"sudoku": tiny_examples(ids=recipe.model.puzzle_ids)}}
trainer = Trainer(recipe, examples, torch.device("cpu"), RunFolder(folder))
if trainer.group.leads:
    folder.mkdir(exist_ok=True)
if (folder / "state.safetensors").exists():
    trainer.resume()
for record in run(trainer, tiny_examples(8)):
    if kill and record["step"] >= kill:
        os.kill(os.getpid(), signal.SIGKILL)
trainer.group.close()
for task in Path("/proc/self/task").glob("*/comm"):
    assert "gloo" not in task.read_text()  # which would be in the interpreter's way at its end
"""


def work(folder: Path, steps: int, kill: int = 0, launcher: list[str] | None = None, **model: object) -> int:
    script = folder.parent / "worker.py"
    script.write_text(WORKER.format(tests=str(HERE.parent)))
    command = [*(launcher or [sys.executable]), str(script), str(folder), str(steps), str(kill), json.dumps(model)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    print(done.stderr)
    return done.returncode


def comparable(folder: Path) -> list[dict[str, float]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    timings = ("seconds", "steps_per_second", "puzzles_per_second")
    return [{k: v for k, v in json.loads(line).items() if k not in timings} for line in lines]


def tiny_trainer(folder: Path, **sections: dict[str, object]) -> Trainer:
    return Trainer(tiny_recipe(**sections), {"sudoku": tiny_examples()}, torch.device("cpu"), RunFolder(folder))


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


@pytest.mark.parametrize("model", [{}, {"mixer": "attention", "heads": 2, "prefix": 2, "puzzle_ids": 24}])
def test_two_processes_give_the_gradients_of_one(tmp_path: Path, model: dict[str, object]) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    assert work(one, 10, **model) == 0
    assert work(two, 10, launcher=torchrun, **model) == 0
    a, b = load_file(one / "state.safetensors"), load_file(two / "state.safetensors")
    for name in a:
        torch.testing.assert_close(
            a[name], b[name], atol=1e-4, rtol=1e-3, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_training_starts_from_a_checkpoint_that_fits(tmp_path: Path) -> None:
    first = tiny_trainer(tmp_path)
    checkpoint.save(first.model, tmp_path / "first", card="")
    again = tiny_trainer(tmp_path, training={"seed": 1, "init": str(tmp_path / "first")})
    assert all(map(torch.equal, first.model.state_dict().values(), again.model.state_dict().values()))
    with pytest.raises(ValueError, match="does not fit"):
        tiny_trainer(tmp_path, model={"width": 12}, training={"init": str(tmp_path / "first")})


def test_hints_are_learned_beside_the_answer(tmp_path: Path) -> None:
    recipe = tiny_recipe(
        data={"name": "maze-6x6"},
        model={
            "puzzle": "maze", "grid": (6, 6), "mixer": "local", "mask_padding": True, "box": None, "symbols": None,
            "hints": 5,
        },
        objective={"pace": 4},
        training={"steps": 60},
    )  # fmt: skip
    examples = with_hints(mazes("maze-6x6"), get("maze"))
    trainer = Trainer(recipe, {"maze-6x6": examples}, torch.device("cpu"), RunFolder(tmp_path))
    before = trainer.model.hint_readout.weight.clone()
    records = list(run(trainer, examples))
    assert not torch.equal(before, trainer.model.hint_readout.weight)
    assert records[-1]["loss"] < records[0]["loss"]


def test_puzzle_ids_beyond_the_embedding_are_refused(tmp_path: Path) -> None:
    recipe = tiny_recipe(model={"mixer": "attention", "prefix": 2, "heads": 2, "puzzle_ids": 5})
    with pytest.raises(ValueError, match=r"puzzle id 5.*puzzle_ids = 6"):
        Trainer(recipe, {"sudoku": tiny_examples(ids=6)}, torch.device("cpu"), RunFolder(tmp_path))


def test_training_learns(tmp_path: Path) -> None:
    recipe = tiny_recipe(
        training={"steps": 150, "ema": 0.9},
        optimizer={"lr": 1e-2},
        model={"mixer": "attention", "prefix": 2, "heads": 2, "puzzle_ids": 24},
    )
    trainer = Trainer(recipe, {"sudoku": tiny_examples(ids=24)}, torch.device("cpu"), RunFolder(tmp_path))
    records = list(run(trainer, tiny_examples(8)))
    assert records[-1]["token_loss"] < 0.5 * records[0]["token_loss"]
    assert records[-1]["step"] == 150


def test_the_schedule_fits_the_time_budget(tmp_path: Path) -> None:
    trainer = Trainer(
        tiny_recipe(training={"steps": 10**6}), {"sudoku": tiny_examples()}, torch.device("cpu"), RunFolder(tmp_path)
    )
    trainer.deadline = 1.0
    records = list(run(trainer, tiny_examples(8)))
    assert trainer.progress == 1
    assert 1.0 <= trainer.seconds < 3.0
    assert (tmp_path / "state.safetensors").exists() and records[-1]["progress"] == 1


def test_a_deadline_counts_whatever_the_steps(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, training={"steps": 1})
    trainer.deadline = 1.0
    trainer.step()
    assert trainer.progress == trainer.seconds < 1


@pytest.mark.parametrize("mixer", ["attention", "candidates"])
def test_sudokus_are_augmented_whatever_the_network_knows_of_boxes(tmp_path: Path, mixer: str) -> None:
    box = {} if mixer == "candidates" else {"heads": 2, "box": None, "symbols": None}
    trainer = tiny_trainer(tmp_path, model={"mixer": mixer, **box}, data={"augment": True})
    trainer.step()
    assert (trainer.pools["sudoku"].slots.label != tiny_examples(1).labels).any(1).sum() > 4
    plain = tiny_trainer(tmp_path, model={"mixer": mixer, **box}, data={"augment": False})
    plain.step()
    assert (plain.pools["sudoku"].slots.label == tiny_examples(1).labels).all()


def test_the_continue_value_is_that_of_the_next_step(tmp_path: Path) -> None:
    """The better of halting and going on there; on the last step there is only halting."""
    trainer = tiny_trainer(tmp_path, objective={"continue_loss": True})
    with torch.no_grad():
        trainer.model.halting.bias.copy_(torch.tensor([-3.0, 3.0]))
    slots = trainer.pools["sudoku"].slots
    trainer.step()
    steps = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3])
    values = trainer.lesson.continue_target(
        trainer.pools["sudoku"], slots.question, slots.state, slots.puzzle_id, steps
    )
    assert [round(float(value)) for value in values] == [1, 1, 1, 0] * 2


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_evaluating_leaves_the_training_as_it_was(tmp_path: Path, ema: float) -> None:
    some, other = (tiny_trainer(tmp_path, model={"system": "sprm"}, training={"ema": ema}) for _ in range(2))
    for _ in range(4):
        some.step()
        some.evaluate(tiny_examples(8))
        other.step()
    for one, two in zip(some.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(one, two)


def test_slots_halt_and_refill_independently(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, objective={"exploration": 0.0})
    slots = trainer.pools["sudoku"].slots
    with torch.no_grad():
        trainer.model.halting.bias[0] = 5.0  # halts at once
    trainer.step()
    assert slots.halted.all() and torch.all(slots.steps == 1)
    with torch.no_grad():
        trainer.model.halting.bias[0] = -50.0  # never halts by itself
    trainer.step()  # every slot takes a new puzzle
    question = slots.question.clone()
    for done in (2, 3, 4):
        trainer.step()
        assert torch.equal(slots.question, question) and torch.all(slots.steps == done)
    assert slots.halted.all()  # N_sup = 4 steps are done


@pytest.mark.parametrize("damage", ["missing", "cut", "foreign"])
def test_damaged_runs_say_what_to_do(tmp_path: Path, damage: str) -> None:
    trainer = tiny_trainer(tmp_path)
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
        trainer = Trainer(recipe, {"sudoku": tiny_examples()}, torch.device("cpu"), RunFolder(tmp_path / precision))
        (tmp_path / precision).mkdir()
        losses.append([record["token_loss"] for record in run(trainer, tiny_examples(8))][-1])
    assert losses[0] == pytest.approx(losses[1], rel=0.03)


def test_a_curriculum_trains_on_one_size_after_the_other_and_resumes(tmp_path: Path) -> None:
    recipe = tiny_recipe(
        data={"name": "maze-8x8", "curriculum": [{"until": 0.5, "shares": {"maze-4x4": 1, "maze-6x6": 1}}]},
        model={
            "puzzle": "maze", "grid": (8, 8), "mixer": "local", "mask_padding": True, "box": None, "symbols": None
        },
        objective={"token_weights": (0, 0.2, 1, 1, 1, 3)},
        training={"steps": 12, "save_every": 3, "log_every": 3, "compile": False},
    )  # fmt: skip
    examples = {name: mazes(name) for name in ("maze-8x8", "maze-4x4", "maze-6x6")}

    def trainer(folder: str) -> Trainer:
        (tmp_path / folder).mkdir(exist_ok=True)
        return Trainer(recipe, examples, torch.device("cpu"), RunFolder(tmp_path / folder))

    whole = trainer("whole")
    assert {name: pool.batch for name, pool in whole.pools.items()} == {"maze-8x8": 8, "maze-4x4": 32, "maze-6x6": 14}
    chosen = []
    whole._choose, choose = lambda: chosen.append(choose()) or chosen[-1], whole._choose  # type: ignore[method-assign,func-returns-value]
    list(run(whole, examples["maze-8x8"]))
    sizes = [pool.examples.questions.shape[1] for pool in chosen]
    assert set(sizes[:6]) == {4, 6} and set(sizes[6:]) == {8}
    first = trainer("parts")
    for record in run(first, examples["maze-8x8"]):
        if record["step"] == 6:
            break
    first.save()
    second = trainer("parts")
    second.resume()
    list(run(second, examples["maze-8x8"]))
    for one, other in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "model",
    [
        {"system": "hrm"}, {"system": "drm"}, {"system": "sprm"},
        {"system": "direct", "supervision_steps": 1, "latent_updates": None, "recursions": None},
        {"system": "trldm"}, {"system": "trldm", "regime": "ds", "training_denoising": 3},
    ],
    ids=lambda model: " ".join(map(str, model.values())),
)  # fmt: skip
def test_every_system_trains_and_lowers_its_loss(tmp_path: Path, model: dict[str, object]) -> None:
    plain = {"mixer": "attention", "heads": 2, "box": None, "symbols": None, "width": 16, "recursions": 1}
    trainer = tiny_trainer(tmp_path, model=plain | model, optimizer={"lr": 1e-2}, data={"augment": False})
    losses = []
    for _ in range(6):
        for _ in range(20):
            trainer.step()
        losses.append(trainer.report()["token_loss"])
    assert losses[-1] < 0.8 * losses[0]
    assert trainer.evaluate(tiny_examples(8))["eval_token_accuracy"] > 0


def test_warming_up_changes_nothing(tmp_path: Path) -> None:
    cold, warm = tiny_trainer(tmp_path / "cold"), tiny_trainer(tmp_path / "warm")
    for _ in range(5):
        cold.step()
        warm.warm_up()
        warm.step()
    for one, other in zip(cold.average.parameters(), warm.average.parameters(), strict=True):
        assert torch.equal(one, other)
    assert cold.done == warm.done == 5


def test_a_system_that_draws_noise_as_it_trains_resumes_to_the_same_bits(tmp_path: Path) -> None:
    whole, first, second = (tiny_trainer(tmp_path / name, model={"system": "sprm"}) for name in ("a", "b", "b"))
    for _ in range(6):
        whole.step()
    for _ in range(3):
        first.step()
    (tmp_path / "b").mkdir()
    first.save()
    torch.manual_seed(99)
    second.resume()
    for _ in range(3):
        second.step()
    for one, other in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(one, other)


def mazes(name: str, count: int = 16) -> Examples:
    chunk = generator(name).chunk({"kind": "hard", "moves": 3}, "train", np.array([3], np.uint64))
    height, width = generator(name).shape
    questions, labels = (torch.from_numpy(part[:count]) for part in (chunk.inputs, chunk.labels))
    return Examples.without_hints(questions.view(-1, height, width), labels, torch.zeros(count, dtype=torch.long))


def test_a_run_that_was_stopped_and_resumed_leaves_the_records_of_one_that_was_not(tmp_path: Path) -> None:
    straight = tiny_trainer(tmp_path / "straight")
    straight.folder.path.mkdir()
    list(run(straight, tiny_examples(8)))
    folder = tmp_path / "stopped"
    folder.mkdir()
    for stop in (13, 17, 28, 100):
        trainer = tiny_trainer(folder)
        if trainer.folder.state.exists():
            trainer.resume()
        list(run(trainer, tiny_examples(8), stopped=lambda trainer=trainer, stop=stop: trainer.done >= stop))
    assert comparable(folder) == comparable(tmp_path / "straight")


@pytest.mark.parametrize("lr", [1e5, 1e12])
def test_a_training_that_diverges_stops_before_it_overwrites_what_is_good(tmp_path: Path, lr: float) -> None:
    good = tiny_trainer(tmp_path, training={"steps": 10})
    list(run(good, tiny_examples(8), save_checkpoint=CheckpointSaver("")))
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    bad = tiny_trainer(tmp_path, training={"save_every": 1, "log_every": 1}, evaluation={"every": 1})
    bad.resume()
    bad.recipe = tiny_recipe(optimizer={"lr": lr})
    for optimizer in bad.optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = lr
    with pytest.raises(DivergedError, match=r"diverged: after step .* not finite\. What was saved before"):
        list(run(bad, tiny_examples(8), save_checkpoint=CheckpointSaver("")))
    again = tiny_trainer(tmp_path)
    again.resume()
    again.require_finite()
    assert "NaN" not in again.folder.metrics.read_text() and "Infinity" not in again.folder.metrics.read_text()
    assert all(weights.isfinite().all() for weights in checkpoint.load(tmp_path / "checkpoint").parameters())
    assert kept.keys() == {path for path in tmp_path.rglob("*") if path.is_file()}


def test_broken_weights_are_not_saved_though_the_loss_was_fine(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    steps = run(trainer, tiny_examples(8))
    assert next(steps)["step"] == 5
    with torch.no_grad():
        next(trainer.model.parameters()).view(-1)[0] = torch.inf
    with pytest.raises(DivergedError, match="Nothing was saved yet"):
        trainer.require_finite()


def saved(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, object]]:
    """A run of some steps, and its state."""
    trainer = tiny_trainer(folder, training={"steps": 3})
    list(run(trainer, tiny_examples(8)))
    return trainer.folder.load_state()


@pytest.mark.parametrize("part", ["model.", "average.", "slots.sudoku.state.", "slots.sudoku.question"])
@pytest.mark.parametrize("change", ["lacking", "cut", "more"])
def test_a_state_of_another_run_is_told(tmp_path: Path, part: str, change: str) -> None:
    tensors, facts = saved(tmp_path)
    name = next(name for name, tensor in tensors.items() if name.startswith(part) and tensor.dim())
    if change == "more":
        tensors[part + "more"] = torch.ones(3)
    elif change == "cut":
        tensors[name] = tensors[name][:0]
    else:
        del tensors[name]
    trainer = tiny_trainer(tmp_path)
    trainer.folder.save_state(tensors, facts)
    with pytest.raises(ResumeError, match=r"state\.safetensors is of another run .*Remove it to start again"):
        trainer.resume()


@pytest.mark.parametrize(
    "facts", ["[]", "[" * 10_000, '{"format": 1}', '{"format": 1, "step": "x", "seconds": []}', "1"]
)
def test_facts_that_are_none_are_told(tmp_path: Path, facts: str) -> None:
    tensors, _ = saved(tmp_path)
    save_file(tensors, tmp_path / "state.safetensors", {"facts": facts})
    with pytest.raises(ResumeError, match=r"state\.safetensors .*Remove it to start again"):
        tiny_trainer(tmp_path).resume()


@pytest.mark.parametrize("recipe", ["[]", "1", "[" * 100_000, "{", "\0"])
def test_a_recipe_that_is_none_is_told(tmp_path: Path, recipe: str) -> None:
    (tmp_path / "recipe.json").write_text(recipe)
    with pytest.raises(ResumeError, match="is no training run"):
        RunFolder(tmp_path).read_recipe()


def test_metrics_that_are_none_of_ours_are_dropped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.metrics.write_bytes(
        b'{"step": 1}\n[]\n1\n{"step": "x"}\n\xff\n{"step": null}\n{"step": 2}\n{"step": 3}\n{"st'
    )
    folder.forget_after(2)
    assert folder.metrics.read_text() == '{"step": 1}\n{"step": 2}\n'


def test_a_folder_is_for_one_training_at_a_time(tmp_path: Path) -> None:
    refused = pytest.raises(ResumeError, match="Another training is at work in")
    with RunFolder(tmp_path).claimed(), refused, RunFolder(tmp_path).claimed():
        pass
    with RunFolder(tmp_path).claimed():
        pass
