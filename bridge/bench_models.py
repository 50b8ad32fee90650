"""`resonantgen bench models`: how fast track models are here, as JSON lines, each beside its floor.

pass        the first pass over 8 s, in each precision      baseline: its products at this machine's matrix
                                                            rate, or its weights at its bandwidth
track       8 s of sound, codec and listening included; a    baseline: the floor of its passes
            part anew; until the first bar sounds
four        four tracks at once                             baseline: one of them
musicgen    transformers' MusicGen of like size             baseline: our 8-second track
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.bench import Figure
from bridge.bench_players import Player, first_audio_s, performed, player
from engine.errors import EngineError, unknown
from engine.evaluation.extras import check_all
from engine.performing import Given
from engine.registry import BAND

if TYPE_CHECKING:
    import torch


SECONDS = 8.0
SIZES = ("small", "base")  # and `full` where there is CUDA
PRECISIONS = ("float32", "bfloat16", "int8")
RIVAL_FRAMES, RIVAL_FRAMES_QUICK = 400, 40  # 8 s at 50 frames a second; a tenth of it, times ten
ROUNDS, ROUNDS_QUICK = 5, 2
# (seconds, of size, on CUDA): issue of the track models.
GOALS = {("track", "base", False): "2 s", ("four", "base", False): "8 s",
         ("track", "full", True): "0.1 s", ("four", "full", True): "0.3 s"}  # fmt: skip


@dataclass
class Bench:
    """What is measured of one size on one device."""

    size: str
    device: torch.device
    rounds: int
    is_quick: bool
    players: Mapping[str, Player] = field(default_factory=dict)

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    def line(self, figure: Figure, **more: Any) -> str:
        """The figure, of which size and on what."""
        return json.dumps(json.loads(figure.line()) | {"size": self.size, "device": self.device.type} | more)


def bench_models(quick: bool, sizes: list[str] | None) -> int:
    """Measure these sizes (default: small and base, with CUDA full too); a line as soon as it is known."""
    check_all(("torch", "safetensors"))
    import torch

    from engine.model.track.config import size_names

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for size in sizes or ():
        if size not in size_names():
            raise unknown("size of track model", size, size_names())
    for size in sizes or (SIZES if device.type == "cpu" else (*SIZES, "full")):
        if size == "full" and device.type == "cpu":
            raise EngineError("not_available", "size full is for a CUDA device; allowed here: small, base")
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        bench = Bench(size, device, ROUNDS_QUICK if quick else ROUNDS, quick)
        bench.players = {role: player(role, size, device) for role in BAND}
        for part in (passes, tracks, four, memory, musicgens):
            for line in part(bench):
                print(line, flush=True)
    return 0


def roles_of(bench: Bench) -> tuple[str, ...]:
    """One of each kind of score where it is to be quick: bass, harmony and melody are one network."""
    return ("drums", "bass") if bench.is_quick else BAND


# --- a pass -----------------------------------------------------------------------------------------


def passes(bench: Bench) -> Iterator[str]:
    """Milliseconds of the first pass over 8 s in each precision, beside its floor."""
    from engine.evaluation.models.floors import best_seconds, floor_of, flops_of, weights_of

    for role in roles_of(bench):
        of = bench.players[role]
        flops, weights = flops_of(one_pass(of, "float32")), weights_of(of.model)
        for precision in PRECISIONS:
            took = 1000.0 * best_seconds(one_pass(of, precision), bench.device, bench.rounds)
            floor = floor_of(flops, weights, precision, bench.device)
            figure = Figure(
                f"first pass over 8 s, {role}, {precision}", took, "ms", floor.ms, "floor of this run",
                bench.rounds, "share 0.5" if bench.is_cuda and bench.size == "full" else "",
            )  # fmt: skip
            yield bench.line(
                figure, role=role, precision=precision, share=round(floor.ms / took, 3),
                gflop=round(flops / 1e9, 2),
                compute_floor_ms=round(floor.compute_ms, 3), memory_floor_ms=round(floor.memory_ms, 3),
                parameters=sum(p.numel() for p in of.model.parameters()), trained=of.trained,
            )  # fmt: skip


def one_pass(of: Player, precision: str) -> Callable[[], object]:
    """The model over 8 s, hearing three tracks."""
    import torch

    from engine.model.track.conditioning import score_width
    from engine.model.track.context import ContextFrames
    from engine.model.track.int8 import quantised
    from engine.model.track.performing import precision as computing
    from engine.model.track.style import style_size

    config, device = of.codec.config, of.device
    frames = round(SECONDS * config.frame_rate)
    model = quantised(of.model) if precision == "int8" else of.model
    scores = torch.zeros(1, frames, score_width(of.model.config.kind), device=device)
    style = torch.zeros(1, style_size(), device=device)
    heard = torch.zeros(1, config.latent_width, frames, device=device)
    context = [ContextFrames(name, config.name, config.frame_rate, heard) for name in BAND if name != of.role]

    def run() -> object:
        in_16_bit = precision == "bfloat16" or (precision == "int8" and device.type == "cuda")
        with torch.inference_mode(), computing("bfloat16" if in_16_bit else "float32", device):
            return model(scores, style, context)

    return run


# --- a track ----------------------------------------------------------------------------------------


def tracks(bench: Bench) -> Iterator[str]:
    """Seconds of one 8-second track from score to samples; one bar of it anew; until its first bar is."""
    for role in roles_of(bench):
        of = bench.players[role]
        whole = _median(partial(performed, of), bench)
        floor = _track_floor(of, bench)
        goal = GOALS.get(("track", bench.size, bench.is_cuda), "")
        named = {"role": role, "precision": _fastest(bench)}
        yield bench.line(
            _seconds(f"8-second track, {role}", whole, floor, "floor of its pass", bench, goal), **named
        )
        kept = Given(np.zeros((of.score.length_samples, 2), np.float32), frozenset(range(1, of.score.bars)))
        anew = _median(partial(performed, of, given=kept), bench)
        yield bench.line(_seconds(f"one bar anew, {role}", anew, whole, "the whole track", bench), **named)
        first = statistics.median(first_audio_s(of) for _ in range(bench.rounds))
        yield bench.line(_seconds(f"first bar of {role}", first, whole, "the whole track", bench), **named)


def four(bench: Bench) -> Iterator[str]:
    """Four tracks on four threads that share the cores, as the engine has them."""
    import torch

    one, threads = _median(partial(performed, bench.players["drums"]), bench), torch.get_num_threads()

    def one_of_four(of: Player) -> None:
        torch.set_num_threads(max(1, threads // len(BAND)))
        performed(of)

    def together() -> None:
        with ThreadPoolExecutor(len(BAND)) as pool:
            list(pool.map(one_of_four, bench.players.values()))

    took = _median(together, bench)
    goal = GOALS.get(("four", bench.size, bench.is_cuda), "")
    yield bench.line(_seconds("four 8-second tracks at once", took, one, "one track", bench, goal))


# --- memory -----------------------------------------------------------------------------------------


def memory(bench: Bench) -> Iterator[str]:
    """The most that this process held, beside the bytes of the four models' weights."""
    import torch

    from engine.evaluation.models.floors import BYTES, weights_of

    held = torch.cuda.max_memory_allocated(bench.device) if bench.is_cuda else _most_resident_bytes()
    weights = sum(weights_of(of.model) for of in bench.players.values()) * BYTES["float32"]
    goal = "12 GB" if bench.is_cuda and bench.size == "full" else ""
    name = "GPU memory" if bench.is_cuda else "resident memory"
    yield bench.line(Figure(name, held / 1e9, "GB", weights / 1e9, "weights of the four, float32", 1, goal))


def _most_resident_bytes() -> int:
    """`ru_maxrss` is in kilobytes, on macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


# --- MusicGen ---------------------------------------------------------------------------------------


def musicgens(bench: Bench) -> Iterator[str]:
    """transformers' MusicGen of like size in the same run, as often as our track would be done meanwhile."""
    from engine.evaluation.models.floors import seconds_of
    from engine.evaluation.models.rival import generated_frames, musicgen

    try:
        model = musicgen(bench.size, bench.device)
    except EngineError as error:
        print(f"resonantgen: {error.text}", file=sys.stderr)
        return
    frames = RIVAL_FRAMES_QUICK if bench.is_quick else RIVAL_FRAMES
    generated_frames(model, 4)
    took = seconds_of(lambda: generated_frames(model, frames), bench.device) * RIVAL_FRAMES / frames
    own = _median(partial(performed, bench.players["bass"]), bench)
    figure = _seconds("MusicGen of like size, 8 s", took, own, "our 8-second track", bench, "50x")
    yield bench.line(
        figure, frames=frames, parameters=sum(p.numel() for p in model.parameters()), precision="float32"
    )


# --- figures ----------------------------------------------------------------------------------------


def _track_floor(of: Player, bench: Bench) -> float:
    from engine.evaluation.models.floors import floor_of, flops_of, weights_of

    flops = flops_of(one_pass(of, "float32"))
    return floor_of(flops, weights_of(of.model), _fastest(bench), bench.device).ms / 1000.0


def _fastest(bench: Bench) -> str:
    from engine.model.track.precision import fastest

    return fastest(bench.device)


def _seconds(
    name: str, value: float, baseline: float, baseline_name: str, bench: Bench, goal: str = ""
) -> Figure:
    return Figure(name, value, "s", baseline, baseline_name, bench.rounds, goal)


def _median(job: Callable[[], object], bench: Bench) -> float:
    """Of the rounds, after one that warms up."""
    from engine.evaluation.models.floors import seconds_of

    job()
    return statistics.median(seconds_of(job, bench.device) for _ in range(bench.rounds))
