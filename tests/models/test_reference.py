"""Checkpoints of TRM's reference code: the same numbers under its names."""

from __future__ import annotations

import pickle
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch

from puzzlerec.models import build
from puzzlerec.models.checkpoint import CheckpointError
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.reference import PREFIX, export_reference, import_reference
from puzzlerec.models.trm import TRM

SMALL = {"vocabulary": 6, "grid": (4, 4), "prefix": 2, "width": 16, "heads": 2, "multiple": 8, "puzzle_ids": 3}


@pytest.fixture(params=["attention", "mlp"])
def model(request: pytest.FixtureRequest) -> TRM:
    torch.manual_seed(1)
    return build(TRMConfig.model_validate(SMALL | {"mixer": request.param})).eval()


def test_what_was_exported_is_the_same_model_when_imported(model: TRM, tmp_path: Path) -> None:
    export_reference(model, tmp_path / "step_1")
    again = import_reference(tmp_path / "step_1", model.config.model_copy(update={"puzzle_ids": 1}))
    assert again.config == model.config  # the number of puzzle ids is the file's
    question = torch.randint(1, 6, (2, 4, 4))
    for one, other in zip(*(each.step(question, each.start(question))[1][:3] for each in (model, again)), strict=True):
        assert torch.equal(one, other)


def test_the_names_are_those_of_the_reference_code(model: TRM, tmp_path: Path) -> None:
    export_reference(model, tmp_path / "step_1")
    names = set(torch.load(tmp_path / "step_1", weights_only=True))
    mixing = {"attention": "self_attn.qkv_proj", "mlp": "mlp_t.gate_up_proj"}[model.config.mixer]
    wanted = ("embed_tokens.embedding_weight", "puzzle_emb.weights", "H_init", f"L_level.layers.1.{mixing}.weight")
    assert {PREFIX + name for name in wanted} <= names
    assert len(names) == 7 + 2 * 4


def test_the_prefix_of_a_compiled_model_is_no_matter(model: TRM, tmp_path: Path) -> None:
    export_reference(model, tmp_path / "step_1")
    tensors = torch.load(tmp_path / "step_1", weights_only=True)
    torch.save({f"_orig_mod.{name}": tensor for name, tensor in tensors.items()}, tmp_path / "compiled")
    again = import_reference(tmp_path / "compiled", model.config)
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in model.state_dict().items())


class Intruder:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (Path("intruded"), "")


def test_files_that_cannot_be_imported(model: TRM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export_reference(model, "step_1")
    tensors = torch.load("step_1", weights_only=True)
    Path("cut").write_bytes(Path("step_1").read_bytes()[:500])
    Path("text").write_text("no tensors here")
    Path("pickled").write_bytes(pickle.dumps(Intruder()))
    torch.save(Intruder(), "saved")
    torch.save([1, 2], "list")
    torch.save(tensors | {f"{PREFIX}H_level.layers.0.mlp.down_proj.weight": torch.zeros(1)}, "hrm")
    torch.save(tensors | {f"{PREFIX}more": torch.zeros(1)}, "more")
    torch.save({name: tensor for name, tensor in tensors.items() if "lm_head" not in name}, "less")
    for name, words in (
        ("absent", "no file"),
        ("cut", "cannot be read"),
        ("text", "cannot be read"),
        ("pickled", "cannot be read"),
        ("saved", "cannot be read"),
        ("list", "something else"),
        ("hrm", "HRM"),
        ("more", "more"),
        ("less", "lm_head"),
    ):
        with pytest.raises(CheckpointError, match=words):
            import_reference(name, model.config)
    assert not Path("intruded").exists()
    with pytest.raises(CheckpointError, match="the settings ask for"):
        import_reference("step_1", model.config.model_copy(update={"width": 32}))
    with pytest.raises(CheckpointError, match="no model with"):
        import_reference("step_1", model.config.model_copy(update={"networks": "two"}))


def test_a_file_costs_no_more_memory_than_it_has_bytes(
    model: TRM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    export_reference(model, "step_1")
    tensors = torch.load("step_1", weights_only=True)
    with ZipFile("step_1") as archive, ZipFile("compressed", "w", ZIP_DEFLATED) as packed:
        for name in archive.namelist():
            packed.writestr(name, bytes(10_000_000) if "/data/" in name else archive.read(name))
    with pytest.raises(CheckpointError, match="is compressed"):
        import_reference("compressed", model.config)
    embedding = f"{PREFIX}puzzle_emb.weights"
    for name, tensor in (
        (embedding, torch.zeros(1, 1).expand(10**9, model.config.width)),
        (embedding, torch.tensor(1.0)),
        (embedding, torch.zeros(3, dtype=torch.int8)),
        (embedding, torch.zeros(2, 2).to_sparse()),
        (7, torch.zeros(1)),
        (b"x", torch.zeros(1)),
        ("", torch.zeros(1)),
        (f"{PREFIX}H_init", torch.zeros(1).expand(model.config.width)),
    ):
        torch.save(tensors | {name: tensor}, "odd")
        with pytest.raises(CheckpointError, match="odd"):
            import_reference("odd", model.config)
