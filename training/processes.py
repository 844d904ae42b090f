"""Several processes that train one model, as `torchrun` starts them; alone where it did not."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Which of how many this is."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this one writes the run's folder."""
        return self.rank == 0

    def shared(self, module: nn.Module) -> nn.Module:
        """The module with its gradients averaged over all processes."""
        if self.count == 1:
            return module
        # Some parameters never run (a 4 x 4 colour, noise off), others not in every stage.
        return DistributedDataParallel(module, find_unused_parameters=True, broadcast_buffers=False)

    def gathering(self, module: nn.Module) -> AbstractContextManager[object]:
        """Within it gradients are only added up; they are averaged at the next one outside."""
        if isinstance(module, DistributedDataParallel):
            quiet: AbstractContextManager[object] = module.no_sync()
            return quiet
        return nullcontext()

    def any_of(self, here: bool, device: str) -> bool:  # noqa: FBT001 (an answer, not a setting)
        """Whether it is so in any process; so all of them end at the same step."""
        if self.count == 1:
            return here
        said = torch.tensor(float(here), device=device)
        distributed.all_reduce(said, op=distributed.ReduceOp.MAX)
        return bool(said)

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def joined(device: str) -> Iterator[tuple[Processes, str]]:
    """Join those that torchrun started; gives this one's place and device."""
    if "WORLD_SIZE" not in os.environ or int(os.environ["WORLD_SIZE"]) == 1:
        yield Processes(), device
        return
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield (
            Processes(rank=distributed.get_rank(), count=distributed.get_world_size()),
            device,
        )
    finally:
        distributed.destroy_process_group()
