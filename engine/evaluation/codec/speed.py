"""What a codec costs: its size, its bits, and its time on one core.

Times are the thread's own on its core: what else the machine does at the moment does not count, only that it
empties caches. Nothing runs beside the thread, torch has no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.model.codec.codec import Codec

SECONDS = 10.0  # of audio, coded and decoded at once
STEP_S = 0.02
STEPS, WARM_UP = 300, 20


def costs(codec: Codec, path: Path | None = None, quick: bool = False) -> dict[str, float]:
    """measure -> value; `path`: its weight file. Steps are left out where the decoder cannot be streamed."""
    found = {
        "size.kilobits": codec.config.kilobits_per_second,
        "size.frames": codec.config.frame_rate,
        "size.parameters": sum(p.numel() for p in codec.parameters()) / 1e6,
        "size.weights": (path.stat().st_size if path is not None else _bytes(codec)) / 1e6,
    }
    with one_core():
        return found | whole_speed(codec, 1 if quick else 3) | step_times(codec, STEPS // (3 if quick else 1))


def whole_speed(codec: Codec, times: int) -> dict[str, float]:
    """Seconds of audio a second, the best of `times` rounds."""
    import torch

    from engine.model.codec.quantizer import BEAM

    config = codec.config
    generator = torch.Generator().manual_seed(0)
    samples = int(SECONDS * config.frame_rate) * config.hop
    audio = 0.1 * torch.randn(1, config.channels, samples, generator=generator)
    codes = codec.encode(audio, beam=BEAM)
    return {
        "speed.encode": SECONDS / min(_seconds(lambda: codec.encode(audio, beam=BEAM)) for _ in range(times)),
        "speed.decode": SECONDS / min(_seconds(lambda: codec.decode(codes)) for _ in range(times)),
    }


def step_times(codec: Codec, steps: int) -> dict[str, float]:
    """ms a streamed step of 20 ms: where that is no whole number of frames, now one less and now one more."""
    import torch

    config = codec.config
    generator = torch.Generator().manual_seed(0)
    try:
        stream = codec.stream()
    except EngineError:
        return {}
    times = []
    for step in range(WARM_UP + steps):
        first, end = (int(STEP_S * config.frame_rate * at + 1e-6) for at in (step, step + 1))
        shape = (1, config.num_codebooks, end - first)
        codes = torch.randint(0, config.codebook_size, shape, generator=generator)
        times.append(_seconds(partial(stream.step, codes)) * 1000 if end > first else 0.0)
    return {
        "step.median": float(np.median(times[WARM_UP:])),
        "step.p99": float(np.quantile(times[WARM_UP:], 0.99)),
    }


@contextmanager
def one_core() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _seconds(job: Callable[[], object]) -> float:
    started = time.thread_time()
    job()
    return time.thread_time() - started


def _bytes(codec: Codec) -> int:
    return sum(value.numel() * value.element_size() for value in codec.state_dict().values())
