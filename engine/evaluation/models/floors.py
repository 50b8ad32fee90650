"""What this machine could do at best, measured in the same run: products of matrices, and reading memory.

A pass can be no faster than its multiplications at the measured rate, nor than its weights at the measured
bandwidth. Both are the best of several rounds: what else the machine does at the moment must not lower a
floor.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SIDE_CPU, SIDE_CUDA = 1024, 8192  # of the matrices
COPIED_CPU, COPIED_CUDA = 1 << 27, 1 << 31  # bytes: far beyond what caches hold
ROUNDS = 5
BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}  # a weight
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int8": torch.int8}


@dataclass(frozen=True)
class Floor:
    """Of one pass: `compute_ms` at the machine's matrix rate, `memory_ms` at its bandwidth."""

    compute_ms: float
    memory_ms: float

    @property
    def ms(self) -> float:
        return max(self.compute_ms, self.memory_ms)


def floor_of(flops: float, weights: float, precision: str, device: torch.device) -> Floor:
    """`flops` of a pass and how many `weights` it reads, in a precision of BYTES."""
    return Floor(
        1000.0 * flops / matrix_rate(precision, device),
        1000.0 * weights * BYTES[precision] / bandwidth(device),
    )


def matrix_rate(precision: str, device: torch.device) -> float:
    """Operations a second (a multiplication and an addition are two) of a square product."""
    side = SIDE_CUDA if device.type == "cuda" else SIDE_CPU
    ones = torch.ones(side, side, device=device).to(DTYPES[precision])
    product = torch._int_mm if precision == "int8" else torch.mm
    return 2.0 * side**3 / best_seconds(lambda: product(ones, ones.t()), device)


def bandwidth(device: torch.device) -> float:
    """Bytes a second, read and written, of a copy."""
    count = COPIED_CUDA if device.type == "cuda" else COPIED_CPU
    source = torch.ones(count, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2.0 * count / best_seconds(lambda: target.copy_(source), device)


def best_seconds(job: Callable[[], object], device: torch.device, rounds: int = ROUNDS) -> float:
    """Of `rounds`, after one that warms up."""
    times = [seconds_of(job, device) for _ in range(rounds + 1)]
    return min(times[1:])


def seconds_of(job: Callable[[], object], device: torch.device) -> float:
    """Wall clock, until the device is done."""
    synchronised(device)
    started = time.perf_counter()
    job()
    synchronised(device)
    return time.perf_counter() - started


def synchronised(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def flops_of(job: Callable[[], object]) -> float:
    """Operations of the matrix products, attentions and convolutions of a job."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        job()
    return float(counter.get_total_flops())


def weights_of(model: nn.Module) -> int:
    """How many values a pass reads."""
    tensors: list[Tensor] = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() for tensor in tensors)
