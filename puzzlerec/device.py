"""Which device and precision to compute with, chosen by the program and said aloud."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any

import torch


def choose_device(name: str = "auto") -> torch.device:
    """``auto`` takes CUDA, then MPS, then the CPU. Raises ValueError for a device that is not here.

    Of several CUDA devices each process of torchrun takes its own, unless ``name`` says which.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"no device {name!r}: use auto, cpu, cuda, cuda:N or mps") from None
    if name == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"no device {name!r}: use auto, cpu, cuda, cuda:N or mps")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"no device {name!r} here: torch finds {torch.cuda.device_count()} CUDA devices")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError("no device 'mps' here")
    return device


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """``auto``: bfloat16 where the device multiplies it (CUDA, CPUs with AMX or AVX512-BF16), else float32."""
    if name == "float32":
        return torch.float32
    if name == "bfloat16":
        return torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # torch has no public ones
    multiplies = device.type == "cpu" and any(getattr(torch.cpu, check, bool)() for check in checks)
    return torch.bfloat16 if multiplies else torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager[Any]:
    """In it, what tolerates a lower precision than float32 is computed in it."""
    return nullcontext() if precision == torch.float32 else torch.autocast(device.type, dtype=precision)


def can_compile(device: torch.device) -> bool:
    """Whether torch.compile finds what it needs for this device: Triton for CUDA, else a C++ compiler."""
    if device.type == "cuda":
        return find_spec("triton") is not None
    compilers = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++", "cl"]
    return any(shutil.which(name) for name in compilers)
