"""Checkpoints of the reference code of TRM, in and out: its names for our tensors, the same numbers.

A reference checkpoint is a `state_dict` written by `torch.save`; what it leaves out (heads, n, T, N_sup) a
`ModelConfig` must say. Files are read as safetensors or by torch's restricted loader, which makes tensors and runs no
code.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from safetensors.torch import load_file
from torch import Tensor

from puzzlerec.files import write
from puzzlerec.models.checkpoint import CheckpointError
from puzzlerec.models.config import ModelConfig
from puzzlerec.models.registry import build
from puzzlerec.models.system import System

PREFIX = "model.inner."  # what a training loss that wraps the model puts in front
_COMPILED = "_orig_mod."  # what torch.compile puts in front of that

_NAMES = {  # ours: theirs
    "embedding.weight": "embed_tokens.embedding_weight",
    "readout.weight": "lm_head.weight",
    "halting.weight": "q_head.weight",
    "halting.bias": "q_head.bias",
    "puzzle_embedding.weight": "puzzle_emb.weights",
    "y0": "H_init",
    "z0": "L_init",
}
_IN_LAYER = {"mlp.gate_up": "mlp.gate_up_proj", "mlp.down": "mlp.down_proj"}
_MIXERS = {
    "attention": {"mix.qkv": "self_attn.qkv_proj", "mix.out": "self_attn.o_proj"},
    "mlp": {"mix.gate_up": "mlp_t.gate_up_proj", "mix.down": "mlp_t.down_proj"},
}


def import_reference(path: str | Path, config: ModelConfig) -> System:
    """The model of a reference checkpoint, in float32, as ``config`` describes it but for `puzzle_ids`.

    Raises `CheckpointError` if the file cannot be read or holds another model than ``config`` describes.
    """
    path = Path(path)
    stored = {name.removeprefix(_COMPILED).removeprefix(PREFIX): tensor for name, tensor in _tensors(path).items()}
    if any(name.startswith("H_level") for name in stored):
        raise CheckpointError(f"{path} is of HRM, which has a network H_level of its own; only TRM can be imported.")
    if (ids := stored.get("puzzle_emb.weights")) is not None and config.prefix and ids.dim():
        config = config.model_copy(update={"puzzle_ids": len(ids)})
    names = _names(config)
    if lacking := sorted(set(names.values()) - set(stored)):
        raise CheckpointError(f"{path} lacks {', '.join(lacking[:3])}: it is no TRM as {config.mixer!r} describes it.")
    if unknown := sorted(set(stored) - set(names.values())):
        raise CheckpointError(f"{path} has {', '.join(unknown[:3])}, for which this model has no place.")
    model = build(config)
    ours = model.state_dict()
    with torch.no_grad():
        for name, theirs in names.items():
            if ours[name].shape != stored[theirs].shape:
                raise CheckpointError(
                    f"{path}: {theirs} is {list(stored[theirs].shape)}, the settings ask for {list(ours[name].shape)}."
                )
            ours[name].copy_(stored[theirs])
    return model.eval()


def export_reference(model: System, path: str | Path) -> None:
    """Write ``model`` as the reference code saves it, beside its target and then renamed. Raises `CheckpointError`."""
    path = Path(path)
    ours = model.state_dict()
    tensors = {PREFIX + theirs: ours[name].detach().cpu().clone() for name, theirs in _names(model.config).items()}
    content = BytesIO()  # torch turns what a full disk says into an error of its own
    torch.save(tensors, content)
    write(path, content.getvalue())


def _names(config: ModelConfig) -> dict[str, str]:
    """Our tensors' names and theirs. Raises `CheckpointError` for what the reference code cannot express."""
    plain = (
        ("networks", "one"),
        ("latents", "pair"),
        ("gradient", "recursion"),
        ("with_gradient", 1),
        ("gate_norm", False),
    )
    differing = [f"{name} = {getattr(config, name)!r}" for name, value in plain if getattr(config, name) != value]
    if config.mixer not in _MIXERS:
        differing.append(f"mixer = {config.mixer!r}")
    if not config.prefix:
        differing.append("prefix = 0")
    if differing:
        raise CheckpointError(f"The reference code of TRM has no model with {', '.join(differing)}.")
    names = dict(_NAMES)
    for index in range(config.layers):
        for ours, theirs in (_IN_LAYER | _MIXERS[config.mixer]).items():
            names[f"network.layers.{index}.{ours}.weight"] = f"L_level.layers.{index}.{theirs}.weight"
    return names


def _tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise CheckpointError(f"There is no file {path}.")
    try:
        compressed = is_zipfile(path) and _unpacked(path) > path.stat().st_size
    except BadZipFile as error:
        raise CheckpointError(f"{path} cannot be read as a file of tensors ({error}).") from None
    if compressed:
        raise CheckpointError(f"{path} is compressed, as no checkpoint is: it would take more memory than the file.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of torch's loader and of whatever the file makes of it
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} cannot be read as a file of tensors ({reason}).") from None
    if not isinstance(stored, dict) or not all(map(_is_named_tensor, stored.items())):
        raise CheckpointError(f"{path} holds something else than named tensors.")
    return stored


def _unpacked(path: Path) -> int:
    """How many bytes the archive claims to hold."""
    try:
        with ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return 0  # torch will say what is wrong


def _is_named_tensor(item: tuple[object, object]) -> bool:
    """Whether it is a name and a tensor that is as large as it says, not a few numbers that are shown many times."""
    name, tensor = item
    if not isinstance(name, str) or not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
        return False
    return tensor.is_floating_point() and tensor.nbytes <= tensor.untyped_storage().nbytes()
