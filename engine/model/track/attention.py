"""Attention and positions in seconds, shared by all blocks.

Positions are rotary (Su et al. 2021, RoFormer): what two rows say to each other depends on how far apart
they are, never on where a window begins. They are counted in seconds, so that tracks of 75 and of 50 frames
a second line up. Half of a head's pairs turn, the other half compare content wherever it stands.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

FASTEST_PER_SECOND = 75.0  # radians of the fastest pair: one a frame of drums
SLOWEST_SHARE = 1e-3  # of the fastest: one radian in 13 s, longer than any window


class Turns(NamedTuple):
    """How far each pair of a head is turned at each row: cosine and sine [B or 1, 1, F, D/2 of a head]."""

    cosine: Tensor
    sine: Tensor


def turns(seconds: Tensor, head_width: int) -> Turns:
    """seconds [B or 1, F] -> the turns of rows at these times, float32."""
    pairs = head_width // 2
    turning = (pairs + 1) // 2
    exponents = torch.arange(turning, device=seconds.device) / max(turning - 1, 1)
    speeds = FASTEST_PER_SECOND * SLOWEST_SHARE**exponents  # [D/4], radians a second
    angles = functional.pad(seconds[..., None] * speeds, (0, pairs - turning))[:, None]  # [B, 1, F, D/2]
    return Turns(angles.cos(), angles.sin())


def placeless(table: Turns) -> Turns:
    """The same with a row before it that stands nowhere: its turning pairs are blanked, content stays."""
    turning = (table.cosine.shape[-1] + 1) // 2
    shape = (*table.cosine.shape[:2], 1, table.cosine.shape[-1])  # of one row, even where there is no other
    content = table.cosine.new_ones(shape)
    content[..., :turning] = 0.0
    nothing = torch.zeros_like(content)
    return Turns(torch.cat((content, table.cosine), 2), torch.cat((nothing, table.sine), 2))


def turned(rows: Tensor, table: Turns) -> Tensor:
    """rows [B, H, F, D] turned by `table`, in the rows' own precision."""
    cosine, sine = table.cosine.to(rows.dtype), table.sine.to(rows.dtype)
    first, second = rows.chunk(2, -1)
    return torch.cat((first * cosine - second * sine, first * sine + second * cosine), -1)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """query [B, H, F, D], key and value [B, H, S, D] -> [B, H, F, D]; `mask` bool [B, 1, 1, S]: heard rows.

    torch's own flash attention, or the `flash-attn` package's where that is installed and can take it: half
    precision on CUDA without a mask. A compiled pass takes torch's: it knows no other.
    """
    takes = query.is_cuda and mask is None and query.element_size() == 2 and not torch.compiler.is_compiling()
    fast = flash_attention() if takes else None
    if fast is None and _trains_on_cpu(query):
        return _spelt_out(query, key, value, mask)
    if fast is None:
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    heard: Tensor = fast(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2))
    return heard.transpose(1, 2)


def _trains_on_cpu(query: Tensor) -> bool:
    return query.requires_grad and query.device.type == "cpu" and query.element_size() == 2


def _spelt_out(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """The same, step by step: torch's own takes two to five times as long to learn in bfloat16 on a CPU."""
    likeness = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is not None:
        likeness = likeness.masked_fill(~mask, torch.finfo(likeness.dtype).min)
    return likeness.softmax(-1) @ value


@cache
def flash_attention() -> Any:
    """The package's function on [B, F, H, D], or None where it is not installed."""
    if importlib.util.find_spec("flash_attn") is None:
        return None
    return importlib.import_module("flash_attn").flash_attn_func
