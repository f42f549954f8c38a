"""torch.distributed under torchrun: every process holds its share of the slots, gradients are summed."""

from __future__ import annotations

from datetime import timedelta

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from ..processes import Processes, launched


class Group(Processes):
    """The processes that torchrun has started, which add up tensors besides; a group of one outside torchrun."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(*launched())
        if self.size > 1 and not dist.is_initialized():
            # its functions keep the group that there is at their import: if that came later, the group would outlive
            # `close`, and the interpreter itself, whose end one of the group's threads may not survive
            import torch.distributed.nn

            if device.type == "cuda":
                torch.cuda.set_device(device)  # barriers have no tensor to tell them
            # flags are agreed on from the CPU; the timeout is long, as one may be building the dataset
            dist.init_process_group(
                "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=timedelta(hours=6)
            )

    def share(self, tensor: Tensor) -> Tensor:
        """This process's slots of a tensor over all slots ``[B, ...]``."""
        return tensor.chunk(self.size)[self.rank] if self.size > 1 else tensor

    def sum_gradients(self, model: nn.Module) -> None:
        if self.size == 1:
            return
        gradients = []
        for parameter in model.parameters():
            if parameter.grad is not None and parameter.grad.is_sparse:
                parameter.grad = self._sum_sparse(parameter.grad)
            elif parameter.grad is not None:
                gradients.append(parameter.grad)
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        for gradient, part in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def _sum_sparse(self, gradient: Tensor) -> Tensor:
        """The sum of the processes' gradients of some rows of a matrix; each process has rows of its own."""
        gradient = gradient.coalesce()
        rows, slopes = gradient.indices()[0], gradient.values()
        most = torch.tensor(len(rows), device=rows.device)
        dist.all_reduce(most, dist.ReduceOp.MAX)
        missing = int(most) - len(rows)  # made up for with zeros
        rows, slopes = F.pad(rows, (0, missing)), F.pad(slopes, (0, 0, 0, missing))
        rows, slopes = self.gather(rows)[None], self.gather(slopes)
        return torch.sparse_coo_tensor(rows, slopes, gradient.shape, check_invariants=False).coalesce()

    def sum(self, tensor: Tensor) -> Tensor:
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def gather(self, tensor: Tensor) -> Tensor:
        """The tensors of all processes, joined along the slots."""
        if self.size == 1:
            return tensor
        kind = tensor.dtype
        sent = tensor.to(torch.uint8) if kind == torch.bool else tensor
        parts = [torch.empty_like(sent) for _ in range(self.size)]
        dist.all_gather(parts, sent.contiguous())
        return torch.cat(parts).to(kind)

    def agree(self, value: bool) -> bool:
        """Whether any process says so."""
        return bool(self.sum(torch.tensor(float(value)))) if self.size > 1 else value

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            dist.barrier()

    def close(self) -> None:
        """Leave together: a process that is gone before its peers are done takes their connections along."""
        if self.size > 1 and dist.is_initialized():
            dist.barrier()
            dist.destroy_process_group()
