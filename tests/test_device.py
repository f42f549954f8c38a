"""Which device is chosen."""

from __future__ import annotations

import pytest
import torch

from puzzlerec.device import choose_device


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_each_process_of_torchrun_takes_its_own_gpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert choose_device(name) == torch.device("cuda", 1)
    assert choose_device("cuda:0") == torch.device("cuda", 0)
    monkeypatch.delenv("LOCAL_RANK")
    assert choose_device(name) == torch.device("cuda", 0)
    with pytest.raises(ValueError, match="finds 2 CUDA devices"):
        choose_device("cuda:2")
