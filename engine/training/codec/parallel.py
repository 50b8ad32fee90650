"""Where a training run computes: a CPU, one GPU, or several processes that `torchrun` started.

resonantgen train codec ...                                              one process
torchrun --nproc-per-node 4 --no-python resonantgen train codec ...      one a GPU, gradients averaged
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from engine.errors import EngineError, unknown

DEVICES = ("auto", "cpu", "cuda", "cuda:0")
PRECISIONS = ("auto", "float32", "bfloat16")
PATIENCE = timedelta(minutes=30)  # the others wait as long while the first one evaluates


@dataclass(frozen=True)
class Place:
    """The device and precision of this process, and how many there are. Calls are no-ops where it is alone.

    `mean`, `total`, `from_first` and `wait` are for all processes together: each must come to them.
    """

    device: torch.device
    precision: str = "float32"
    rank: int = 0
    processes: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[object]:
        """bf16 where chosen: no loss scaling is needed, its exponent is that of float32."""
        if self.precision == "bfloat16":
            return torch.autocast(self.device.type, torch.bfloat16)
        return nullcontext()

    def spread(self, module: nn.Module, unused: bool = False, apart: Sequence[str] = ()) -> nn.Module:
        """The module on the device, its gradients averaged over all processes at each backward.

        Weights and buffers become those of the first process. Call what is returned; save the module.
        `unused`: not every step uses every weight. `apart`: names of weights that are left alone.
        """
        module = module.to(self.device)
        if self.processes == 1 or not any(p.requires_grad for p in module.parameters()):
            return module
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(module, list(apart))
        devices = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=devices, find_unused_parameters=unused)

    def total(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, of counts for instance."""
        if self.processes == 1:
            return tensor
        summed = tensor.detach().clone().contiguous()
        distributed.all_reduce(summed)
        return summed

    def mean(self, tensor: Tensor) -> Tensor:
        return self.total(tensor) / self.processes

    def from_first(self, tensor: Tensor) -> Tensor:
        """The first process's tensor; the others give one of the same shape. For what was drawn by chance."""
        if self.processes == 1:
            return tensor
        sent = tensor.detach().clone().contiguous()
        distributed.broadcast(sent, 0)
        return sent

    def wait(self) -> None:
        """Until every process is here."""
        if self.processes > 1:
            distributed.barrier()


@contextmanager
def placed(device: str = "auto", precision: str = "auto") -> Iterator[Place]:
    """Meets the other processes where torchrun started several, and leaves them at the end.

    EngineError `unknown` for a word that is no device or precision, `not_available` for one that this machine
    has not, or where the others do not come.
    """
    rank, local_rank, processes = ranks(os.environ)
    where = chosen_device(device, local_rank)
    place = Place(where, chosen_precision(precision, where), rank, processes)
    if where.type == "cuda":
        torch.cuda.set_device(where)
    if processes == 1:
        yield place
        return
    _meet(place)
    try:
        yield place
    finally:
        distributed.destroy_process_group()


def chosen_device(name: str, local_rank: int = 0) -> torch.device:
    """`auto` (a GPU where there is one), `cpu`, `cuda` (that of this process) or `cuda:N`."""
    found = re.fullmatch(r"(auto|cpu|cuda)(?:(?<=cuda):(\d+))?", name)
    if found is None:
        raise unknown("device", name, DEVICES)
    kind, index = found.groups()
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cpu" or (kind == "auto" and not count):
        return torch.device("cpu")
    wanted = int(index) if index else local_rank
    if wanted >= count:
        raise EngineError("not_available", f"cuda:{wanted} was asked for; {_what_there_is(count)}")
    return torch.device("cuda", wanted)


def chosen_precision(name: str, device: torch.device) -> str:
    """`auto`: bfloat16 on a GPU that computes in it, float32 elsewhere; a CPU takes bfloat16 if told to."""
    if name not in PRECISIONS:
        raise unknown("precision", name, PRECISIONS)
    able = device.type == "cpu" or torch.cuda.is_bf16_supported(including_emulation=False)
    if name == "bfloat16" and not able:
        model = torch.cuda.get_device_name(device)
        raise EngineError("not_available", f"{model} does not compute in bfloat16; take float32")
    if name == "auto":
        return "bfloat16" if device.type == "cuda" and able else "float32"
    return name


def _what_there_is(count: int) -> str:
    if count:
        return f"this machine has {count} GPU{'s' * (count > 1)}: " + ", ".join(
            f"cuda:{index} ({torch.cuda.get_device_name(index)})" for index in range(count)
        )
    cpu = f"this machine has cpu ({os.cpu_count()} cores)"
    if torch.version.cuda is None and torch.version.hip is None:
        return f"{cpu}, and torch {torch.__version__} is a build without GPU support"
    return f"{cpu} and no GPU that torch {torch.__version__} can use"


def ranks(environment: Mapping[str, str]) -> tuple[int, int, int]:
    """RANK, LOCAL_RANK and WORLD_SIZE as torchrun sets them; (0, 0, 1) without. EngineError `range`."""
    values = []
    for name, alone in (("RANK", "0"), ("LOCAL_RANK", environment.get("RANK", "0")), ("WORLD_SIZE", "1")):
        text = environment.get(name, alone)
        if not text.isdecimal():
            raise EngineError("range", f"{name}={text!r} in the environment; torchrun sets it to a number")
        values.append(int(text))
    rank, local_rank, processes = values
    if not rank < processes:
        raise EngineError("range", f"RANK={rank} of WORLD_SIZE={processes}; ranks are 0..{processes - 1}")
    return rank, local_rank, processes


def _meet(place: Place) -> None:
    backend = "nccl" if place.device.type == "cuda" else "gloo"
    try:
        # env://, because torchrun itself keeps the meeting point open at MASTER_PORT.
        distributed.init_process_group(
            backend, "env://", PATIENCE, rank=place.rank, world_size=place.processes
        )
    except (RuntimeError, ValueError) as error:
        raise EngineError(
            "not_available",
            f"process {place.rank} of {place.processes} did not meet the others: {error}; use torchrun",
        ) from error
