"""Checkpoints: a folder with ``model.safetensors``, ``config.json`` and ``README.md``, as model hubs lay it out.

A checkpoint is named by its folder, or by a short name: a shipped one (``sudoku``) or a run of one's own
(``runs/NAME/checkpoint``). Nothing here ever unpickles.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open

from puzzlerec.files import is_dir, is_file, shorten, typed, write
from puzzlerec.models.config import ModelConfig, fault_of
from puzzlerec.models.registry import build, config_class

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from puzzlerec.models.system import System

FORMAT = "puzzlerec checkpoint"
VERSION = 1
WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"

_PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (_PACKAGE / "checkpoints", _PACKAGE.parent / "checkpoints")  # in an installed wheel, in a checkout

BUFFERS = 1 << 30  # bytes of tables that a model may have beside its weights
SMALL = 1 << 28  # numbers, in a model that may be built before it is compared with its weights
NUMBERS = ("F32", "BF16", "F16", "F64")  # what weights may be stored as


class CheckpointError(ValueError):
    """A folder that is no checkpoint, or not one that this version can load: what is wrong and what to do."""


@dataclass(frozen=True)
class Measured:
    """How many answers of one pass were right, and on how many puzzles of which sort. The card says the rest."""

    exact: float
    puzzles: int
    on: str = ""

    def __str__(self) -> str:
        return f"{self.exact:.1%} of {self.puzzles:,}{f' {self.on}' if self.on else ''}"


def save(
    model: System,
    folder: str | Path,
    card: str,
    *,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
    step: int | None = None,
    measured: Measured | None = None,
) -> Path:
    """Write ``model`` (which has a `ModelConfig` as ``config``) and ``card``, the text of its README.md.

    ``step`` is how many steps of training made its weights, ``measured`` how good they are.
    Each file is written beside its target and renamed. Returns the folder.
    """
    import torch
    from safetensors.torch import save as serialized

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stored = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[dtype]
    tensors = {name: tensor.detach().to("cpu", stored).contiguous() for name, tensor in _own_tensors(model).items()}
    config: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    if step is not None:
        config["step"] = step
    if measured is not None:
        config["measured"] = asdict(measured)
    config["model"] = model.config.model_dump(mode="json")
    write(folder / WEIGHTS, serialized(tensors, metadata={"format": "pt"}))
    write(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    write(folder / CARD, card)
    return folder


def load(name: str | Path, device: str | torch.device = "cpu") -> System:
    """The model of the checkpoint that ``name`` names, in float32 and evaluation mode. Raises `CheckpointError`."""
    import torch

    folder = find(name)
    model = outline(folder)
    if next(model.parameters()).is_meta:
        model = _built(folder, model.config)
    with _weights(folder) as file, torch.no_grad():
        for key, tensor in _own_tensors(model).items():
            tensor.copy_(file.get_tensor(key))
    return model.eval().to(device)


def outline(name: str | Path) -> System:
    """The same model without its numbers; on the meta device, where it costs nothing, unless it is small.

    The weights' file has been proved to hold what the settings ask for, so that the model takes no more memory than
    the file, and `BUFFERS` besides. Raises `CheckpointError`.
    """
    import torch

    folder = find(name)
    config = read_config(folder)
    # the first model on the meta device loads compilers for seconds
    with torch.device("cpu" if _most_numbers(config) < SMALL else "meta"):
        model = _built(folder, config)
    tables = sum(buffer.nbytes for buffer in model.buffers())
    if tables > BUFFERS:
        raise CheckpointError(
            f"{folder / CONFIG} asks for {tables / 2**30:.1f} GiB of tables beside the weights; {BUFFERS / 2**30:.0f} "
            "are the most: no grid is that large."
        )
    path, tensors = folder / WEIGHTS, _own_tensors(model)
    with _weights(folder) as file:
        stored = set(file.keys())
        if differing := stored ^ set(tensors):
            verb = "lacks" if differing - stored else "has unknown"
            raise CheckpointError(
                f"{path} {verb} {', '.join(sorted(differing)[:3])}: it does not belong to the {CONFIG} beside it."
            )
        for key, tensor in tensors.items():
            shape, kind = file.get_slice(key).get_shape(), file.get_slice(key).get_dtype()
            if shape != list(tensor.shape):
                raise CheckpointError(
                    f"{path}: {key} is {shape}, {CONFIG} asks for {list(tensor.shape)}: "
                    "the two files are of different models."
                )
            if kind not in NUMBERS:
                raise CheckpointError(f"{path}: {key} is stored as {kind}; weights are {', '.join(NUMBERS)}.")
    return model


def _most_numbers(config: ModelConfig) -> float:
    """More than the weights and tables of any system with these settings have together, ten times as many or more."""
    D, L, V = config.width, config.prefix + 2 * config.cells, config.vocabulary
    mixed = max(D, L) if config.mixer == "mlp" else D
    layer = 12 * mixed * (mixed + config.expansion * mixed + config.multiple) + 2 * L * D
    networks = 2 * int(getattr(config, "evaluations", 1))  # the autoregressive ladder has rungs with one for each
    candidates = L * (L + 8 * V) if config.mixer == "candidates" else 0
    return networks * config.layers * layer + candidates + D * (2048 + 2 * V + L + config.puzzle_ids)


def _built(folder: Path, config: ModelConfig) -> System:
    """A model whose weights mean nothing yet."""
    try:
        return build(config)
    except Exception as error:  # settings that no check foresaw
        raise CheckpointError(f"{folder / CONFIG} has settings of which no model can be built ({error}).") from error


@contextmanager
def _weights(folder: Path) -> Iterator[Any]:
    """The weights' file, open for reading."""
    path = folder / WEIGHTS
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except FileNotFoundError:
        raise CheckpointError(f"{folder} has a {CONFIG} but no {WEIGHTS}: copy the whole folder.") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is truncated or no safetensors file ({error}): copy it again.") from None


def read_config(folder: str | Path) -> ModelConfig:
    """The `ModelConfig` in a checkpoint's folder, without its weights. Raises `CheckpointError`."""
    path, settings = Path(folder) / CONFIG, _document(folder).get("model")
    try:
        return config_class(settings).model_validate(settings)
    except ValidationError as error:
        raise CheckpointError(f"{path}: model.{fault_of(dict(error.errors()[0]))}") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: model.system: {error}") from None


def trained_steps(folder: str | Path) -> int | None:
    """How many steps of training made the weights in a checkpoint's folder; None where it does not say.

    Raises `CheckpointError`.
    """
    step = _document(folder).get("step")
    return step if isinstance(step, int) and not isinstance(step, bool) else None


def measured(folder: str | Path) -> Measured | None:
    """How good the weights in a checkpoint's folder are; None where it does not say. Raises `CheckpointError`."""
    said = _document(folder).get("measured")
    try:
        return TypeAdapter(Measured).validate_python(said)
    except ValidationError:
        return None


def _document(folder: str | Path) -> dict[str, Any]:
    """What a checkpoint's config.json holds."""
    path = Path(folder) / CONFIG
    try:
        document: Any = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is no checkpoint: there is no {CONFIG} in it.") from None
    except (OSError, ValueError, RecursionError) as error:  # the last of JSON that is nested without end
        raise CheckpointError(f"{path} cannot be read as JSON ({error}).") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CheckpointError(f'{path} is not of a puzzlerec checkpoint: its "format" is not {FORMAT!r}.')
    if document.get("version") != VERSION:
        raise CheckpointError(
            f"{path} has version {document.get('version')!r} of the checkpoint format, this puzzlerec reads {VERSION}: "
            "update puzzlerec."
        )
    return document


def find(name: str | Path) -> Path:
    """The folder of the checkpoint that ``name`` names. Raises `CheckpointError`, which lists the names there are."""
    path, text = typed(name), str(name)
    if not text.strip():
        raise CheckpointError("A model has a name, or the path of its folder; puzzlerec models list names them.")
    for folder in (path, *(shipped / text for shipped in SHIPPED), Path("runs") / text / "checkpoint"):
        for candidate in (folder, folder / "checkpoint"):  # a run's folder names its checkpoint
            if is_file(candidate / CONFIG):
                return candidate
    if is_dir(path):
        raise CheckpointError(f"{path} is no checkpoint: there is no {CONFIG} in it.")
    names = available()
    nearest = get_close_matches(text, names, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else " A path to a checkpoint's folder will do too."
    there = f"there are {', '.join(names)}" if names else "none are installed"
    raise CheckpointError(f"No model is called {shorten(text)!r}; {there}.{hint}")


def available() -> dict[str, Path]:
    """All checkpoints that have a name, shipped ones first: name -> folder."""
    found: dict[str, Path] = {}
    for pattern, parents in (("*", SHIPPED), ("*/checkpoint", (Path("runs"),))):
        for parent in parents:
            for folder in sorted(parent.glob(pattern)):
                if is_file(folder / CONFIG):
                    found.setdefault(folder.relative_to(parent).parts[0], folder)
    return found


def _own_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and persistent buffers by name, each once where modules share it."""
    names = {id(tensor): name for name, tensor in reversed(model.state_dict(keep_vars=True).items())}
    tensors = model.state_dict()
    return {name: tensors[name] for name in reversed(names.values())}
