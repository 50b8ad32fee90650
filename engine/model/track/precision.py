"""What a model computes in: float32, bfloat16 or 8 bit, as asked for or as this machine is fastest.

blocks    weights in that precision: they are nearly all of the work
the rest  what says latents and logits, the entries and the guide: weights in float32
"""

from __future__ import annotations

import time
from functools import cache

import torch
from torch import nn

from engine.model.track.int8 import Int8Linear, quantised
from engine.model.track.track_model import TrackModel

AUTO = "auto"
ROWS, ROUNDS = 512, 20  # of a product that is timed: the longest window's
# So much faster must 8 bit be than 16: the same machine is to give the same samples, however busy it is.
CLEARLY = 1.25


def chosen_precision(asked: str, device: torch.device, width: int, expansion: int) -> str:
    return fastest(device, width, expansion) if asked == AUTO else asked


def fastest(device: torch.device, width: int = 1536, expansion: int = 4) -> str:
    """How models of that width compute here fastest.

    By the machine alone on a CPU: figures in int8.py; one without VNNI has no fast products of 8 bit. On
    CUDA bfloat16 has its own units, and 8 bit is measured against it, once.
    """
    if device.type == "cuda":
        return "int8" if _eight_bit_gain(device, width, expansion) > CLEARLY else "bfloat16"
    has_vnni = getattr(torch.cpu, "_is_vnni_supported", lambda: False)
    return "int8" if has_vnni() else "float32"


@cache
def _eight_bit_gain(device: torch.device, width: int, expansion: int) -> float:
    """How often a block's inner layer is done in 8 bit while it is once in 16."""
    linear = nn.Linear(width, expansion * width, device=device)
    rows = torch.randn(1, ROWS, width, device=device, dtype=torch.bfloat16)
    return _seconds(linear.bfloat16(), rows) / _seconds(Int8Linear(linear), rows)


@torch.inference_mode()
def _seconds(layer: nn.Module, rows: torch.Tensor) -> float:
    """The best of some rounds, after one that warms up."""
    times = []
    for _ in range(ROUNDS + 1):
        torch.cuda.synchronize(rows.device)
        began = time.perf_counter()
        layer(rows)
        torch.cuda.synchronize(rows.device)
        times.append(time.perf_counter() - began)
    return min(times[1:])


def in_precision(model: TrackModel, computes: str) -> TrackModel:
    """The model, or its twin in 8 bit, with blocks that hold their weights in that precision."""
    if computes == "int8":
        return quantised(model)
    if computes == "bfloat16":
        model.transformer.to(torch.bfloat16)  # autocast would round them to the same in every pass
    return model


def around_blocks(computes: str, device: torch.device) -> str:
    """What the rest computes in, and what blocks pass on: of `performing.PRECISIONS`."""
    in_16_bit = computes == "bfloat16" or (computes == "int8" and device.type == "cuda")
    return "bfloat16" if in_16_bit else "float32"
