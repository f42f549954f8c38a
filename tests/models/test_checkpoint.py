from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.utils._python_dispatch import TorchDispatchMode

from puzzlerec.models import build, checkpoint
from puzzlerec.models.checkpoint import SHIPPED, CheckpointError
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.registry import systems
from puzzlerec.models.trm import TRM

CONFIG = TRMConfig(
    puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), prefix=1, width=16, heads=2, multiple=8, latent_updates=2,
    recursions=1,
)  # fmt: skip
CANDIDATES = CONFIG.model_copy(update={"mixer": "candidates", "prefix": 0, "box": (2, 2), "symbols": (2, 4)})


@pytest.fixture
def model() -> TRM:
    torch.manual_seed(0)
    return build(CONFIG)


def said(model: TRM) -> torch.Tensor:
    question = torch.tensor([[[2, 1, 1, 1], [1, 3, 1, 1], [1, 1, 4, 1], [1, 1, 1, 5]]])
    with torch.no_grad():
        _, prediction = model.step(question, model.start(question))
    return prediction.logits


@pytest.mark.parametrize("config", [CONFIG, CONFIG.model_copy(update={"networks": "two"}), CANDIDATES])
def test_a_model_comes_back_as_it_was(config: TRMConfig, tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = build(config)
    folder = checkpoint.save(model, tmp_path / "mine", "# Mine")
    loaded = checkpoint.load(folder)
    assert loaded.config == config and not loaded.training
    assert torch.equal(said(loaded), said(model))
    assert (folder / "README.md").read_text() == "# Mine"
    assert {file.name for file in folder.iterdir()} == {"model.safetensors", "config.json", "README.md"}


def test_the_config_rebuilds_the_model_and_shared_weights_are_stored_once(model: TRM, tmp_path: Path) -> None:
    folder = checkpoint.save(model, tmp_path, "")
    document = json.loads((folder / "config.json").read_text())
    assert document["version"] == 1
    assert TRMConfig.model_validate(document["model"]) == checkpoint.read_config(folder) == CONFIG
    stored = load_file(folder / "model.safetensors")
    buffers = {"y0", "z0"}
    assert sum(t.numel() for name, t in stored.items() if name not in buffers) == sum(
        parameter.numel() for parameter in model.parameters()
    )


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_halved_weights_load_as_float32(model: TRM, tmp_path: Path, dtype: str) -> None:
    folder = checkpoint.save(model, tmp_path, "", dtype=dtype)
    assert all(tensor.dtype == getattr(torch, dtype) for tensor in load_file(folder / "model.safetensors").values())
    loaded = checkpoint.load(folder)
    assert all(parameter.dtype == torch.float32 for parameter in loaded.parameters())
    assert torch.allclose(said(loaded), said(model), atol=0.1)


def test_a_checkpoint_says_how_many_steps_made_it(model: TRM, tmp_path: Path) -> None:
    checkpoint.save(model, tmp_path / "one", "", step=1234)
    checkpoint.save(model, tmp_path / "two", "")
    assert checkpoint.trained_steps(tmp_path / "one") == 1234
    assert checkpoint.trained_steps(tmp_path / "two") is None
    assert checkpoint.read_config(tmp_path / "one") == CONFIG  # it is no setting of the model
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        checkpoint.trained_steps(tmp_path)


@pytest.mark.parametrize("name", [name for name, folder in checkpoint.available().items() if folder.parent in SHIPPED])
def test_shipped_checkpoints_hold_the_settings_of_their_system_alone(name: str) -> None:
    folder = checkpoint.find(name)
    document = json.loads((folder / "config.json").read_text())
    assert document["model"] == checkpoint.read_config(folder).model_dump(mode="json")
    assert f"{checkpoint.trained_steps(folder):,} steps of batch" in (folder / "README.md").read_text("utf-8")


def test_saving_again_replaces_all_files(model: TRM, tmp_path: Path) -> None:
    checkpoint.save(model, tmp_path, "first")
    other = build(CANDIDATES)
    checkpoint.save(other, tmp_path, "second")
    assert torch.equal(said(checkpoint.load(tmp_path)), said(other))
    assert (tmp_path / "README.md").read_text() == "second"


def test_every_file_may_be_read_by_whoever_may_read_new_files(model: TRM, tmp_path: Path) -> None:
    folder = checkpoint.save(model, tmp_path / "c", "")
    plain = tmp_path / "plain"
    plain.write_text("")
    assert {file.stat().st_mode for file in folder.iterdir()} == {plain.stat().st_mode}


def test_names(model: TRM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "shipped"
    monkeypatch.setattr(checkpoint, "SHIPPED", (shipped,))
    monkeypatch.chdir(tmp_path)
    checkpoint.save(model, shipped / "sudoku", "")
    checkpoint.save(model, tmp_path / "runs" / "first-try" / "checkpoint", "")
    (tmp_path / "sudoku").mkdir()  # a folder that is no checkpoint hides none
    assert checkpoint.find("sudoku") == shipped / "sudoku"
    run = Path("runs/first-try/checkpoint")
    assert checkpoint.find("first-try") == run
    assert checkpoint.find("runs/first-try") == run
    assert checkpoint.find(tmp_path / run) == tmp_path / run
    assert list(checkpoint.available()) == ["sudoku", "first-try"]
    with pytest.raises(CheckpointError, match=r"'sudku'; there are sudoku, first-try. Did you mean 'sudoku'\?"):
        checkpoint.find("sudku")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        checkpoint.find("empty")


def test_missing_truncated_and_foreign_files_are_named(model: TRM, tmp_path: Path) -> None:
    folder = checkpoint.save(model, tmp_path / "c", "")
    weights, config = folder / "model.safetensors", folder / "config.json"
    whole, settings = weights.read_bytes(), config.read_text()

    for broken in (b"", whole[:7], whole[:100], whole[: len(whole) // 2], whole[:-1], pickle.dumps({"weights": [1]})):
        weights.write_bytes(broken)
        with pytest.raises(CheckpointError, match=r"model.safetensors is truncated or no safetensors file"):
            checkpoint.load(folder)
    weights.unlink()
    with pytest.raises(CheckpointError, match=r"no model.safetensors"):
        checkpoint.load(folder)
    weights.write_bytes(whole)

    for text, message in (
        ("{", "JSON"),
        ("[]", "not of a puzzlerec checkpoint"),
        ('{"architectures": ["Llama"]}', "not of a puzzlerec checkpoint"),
        (settings.replace('"version": 1', '"version": 2'), "update puzzlerec"),
        (settings.replace('"width": 16', '"width": "wide"'), r"model\.width"),
        (settings.replace('"width": 16', '"breadth": 16'), r"model\.breadth"),
    ):
        config.write_text(text)
        with pytest.raises(CheckpointError, match=message):
            checkpoint.load(folder)


def test_weights_of_another_model_are_refused(model: TRM, tmp_path: Path) -> None:
    folder = checkpoint.save(model, tmp_path / "c", "")
    settings = json.loads((folder / "config.json").read_text())
    for change, message in (({"width": 32}, "asks for"), ({"layers": 3}, "lacks"), ({"layers": 1}, "has unknown")):
        settings["model"] = CONFIG.model_copy(update=change).model_dump(mode="json")
        (folder / "config.json").write_text(json.dumps(settings))
        with pytest.raises(CheckpointError, match=message):
            checkpoint.load(folder)


def settings_of(folder: Path, change: dict[str, object]) -> None:
    """Let the settings in a checkpoint's folder say something else."""
    document = json.loads((folder / "config.json").read_text())
    document["model"] |= change
    (folder / "config.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        {"expansion": 1e6},
        {"expansion": float("nan")},
        {"layers": 1024},
        {"layers": 64, "width": 4096},  # 4 GiB of weights and more, if they were made
        {"grid": [10**6, 10**6]},
        {"grid": [1024, 1024], "width": 4096, "heads": 1},  # 32 GiB of tables
        {"puzzle_ids": 2**24},
        {"box": [0, 0]},
        {"system": []},
        {"system": {"a": 1}},
        {"recursions": 10**12},
        {"supervision_steps": 10**12},
    ],
    ids=str,
)
def test_settings_are_refused_before_they_cost_anything(model: TRM, tmp_path: Path, change: dict[str, object]) -> None:
    folder = checkpoint.save(model, tmp_path / "c", "")
    settings_of(folder, change)
    made = []

    class Counting(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), more=None):  # type: ignore[no-untyped-def]
            result = function(*arguments, **(more or {}))
            if isinstance(result, torch.Tensor) and result.device.type != "meta":
                made.append(result.nbytes)
            return result

    for read in (checkpoint.outline, checkpoint.load):
        with Counting(), pytest.raises(CheckpointError, match=r"config\.json|model\.safetensors"):
            read(folder)
    assert sum(made) < 2**20


@pytest.mark.parametrize("text", ["[" * 100_000, "", "\0", '{"a": ' + "9" * 5000 + "}", "null"])
def test_whatever_the_settings_are_the_error_is_of_the_checkpoint(model: TRM, tmp_path: Path, text: str) -> None:
    folder = checkpoint.save(model, tmp_path / "c", "")
    (folder / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        checkpoint.load(folder)


def test_weights_that_are_no_numbers_with_fractions_are_refused(model: TRM, tmp_path: Path) -> None:
    folder = checkpoint.save(model, tmp_path / "c", "")
    whole = load_file(folder / "model.safetensors")
    save_file({name: tensor.to(torch.int8) for name, tensor in whole.items()}, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="stored as I8"):
        checkpoint.load(folder)


def test_a_name_that_no_file_can_have_is_no_model() -> None:
    for name in ("x" * 5000, "a\0b", "/" * 5000):
        with pytest.raises(CheckpointError) as caught:
            checkpoint.find(name)
        assert len(str(caught.value)) < 1000


def test_every_number_of_every_systems_settings_has_bounds() -> None:
    for system in systems().values():
        for name, field in system.Config.model_fields.items():
            if field.annotation in (int, float):
                assert any(hasattr(bound, "le") or hasattr(bound, "lt") for bound in field.metadata), name


def test_the_outline_of_a_model_is_the_model_without_its_numbers(model: TRM, tmp_path: Path) -> None:
    outline = checkpoint.outline(checkpoint.save(model, tmp_path / "c", ""))
    assert outline.config == model.config
    assert {n: p.shape for n, p in outline.named_parameters()} == {n: p.shape for n, p in model.named_parameters()}
