"""`resonantgen bench models`: how fast track models are here, as JSON lines, each beside its floor.

pass        the first pass over 8 s, in each precision, on   baseline: its products at this machine's matrix
            CUDA compiled as well, choosing tokens included rate, or its weights at its bandwidth
track       8 s of sound, codec and listening included; a    baseline: all its products at that rate
            part anew; until the first bar sounds
four        four tracks at once                             baseline: those of all four
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
from bridge.bench_players import Player, computing, first_audio_s, flops_performed, performed, player
from engine.errors import EngineError, unknown
from engine.evaluation.extras import check_all
from engine.performing import Given
from engine.registry import BAND

if TYPE_CHECKING:
    import torch

    from engine.model.track.passing import Passing

SECONDS = 8.0
SIZES = ("small", "base")  # and `full` where there is CUDA
PRECISIONS = ("float32", "bfloat16", "int8")
PRODUCTS = "its products at this machine's rate"
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
            floor = floor_of(flops, weights, precision, bench.device)
            for way, run in ways(of, precision, bench):
                took = 1000.0 * best_seconds(run, bench.device, bench.rounds)
                goal = "share 0.5" if bench.is_cuda and bench.size == "full" and way else ""
                figure = Figure(
                    f"first pass over 8 s, {role}, {precision}{way}", took, "ms", floor.ms,
                    "floor of this run", bench.rounds, goal,
                )  # fmt: skip
                yield bench.line(
                    figure, role=role, precision=precision, share=round(floor.ms / took, 3),
                    gflop=round(flops / 1e9, 2),
                    compute_floor_ms=round(floor.compute_ms, 3), memory_floor_ms=round(floor.memory_ms, 3),
                    parameters=sum(p.numel() for p in of.model.parameters()), trained=of.trained,
                )  # fmt: skip


def ways(of: Player, precision: str, bench: Bench) -> Iterator[tuple[str, Callable[[], object]]]:
    """How a pass can be computed: as it is written, and on CUDA compiled."""
    yield "", one_pass(of, precision)
    if bench.is_cuda:
        from engine.model.track.passing import compiled

        yield ", compiled", one_pass(of, precision, compiled(bench.device))


def one_pass(of: Player, precision: str, passing: Passing | None = None) -> Callable[[], object]:
    """The model over 8 s, hearing three tracks: latents, or tokens where `passing` says how."""
    import torch

    from engine.model.track.conditioning import score_width
    from engine.model.track.context import ContextFrames
    from engine.model.track.passing import Sampling
    from engine.model.track.performing import precision as computing_in
    from engine.model.track.precision import around_blocks
    from engine.model.track.refinement import Plan, performed
    from engine.model.track.style import style_size

    config, device = of.codec.config, of.device
    frames = round(SECONDS * config.frame_rate)
    model = computing(of, precision)
    scores = torch.zeros(1, frames, score_width(of.model.config.kind), device=device)
    style = torch.zeros(1, style_size(), device=device)
    heard = torch.zeros(1, config.latent_width, frames, device=device)
    context = [ContextFrames(name, config.name, config.frame_rate, heard) for name in BAND if name != of.role]

    def run() -> object:
        with torch.inference_mode(), computing_in(around_blocks(precision, device), device):
            prepared = model.prepare(scores, style, context)
            if passing is None:
                return model.passes(prepared)
            return performed(model, prepared, of.codec.quantizer, Plan(()), Sampling(), passing=passing)

    return run


# --- a track ----------------------------------------------------------------------------------------


def tracks(bench: Bench) -> Iterator[str]:
    """Seconds of one 8-second track from score to samples; one bar of it anew; until its first bar is."""
    for role in roles_of(bench):
        of = bench.players[role]
        goal = GOALS.get(("track", bench.size, bench.is_cuda), "")
        kept = Given(np.zeros((of.score.length_samples, 2), np.float32), frozenset(range(1, of.score.bars)))
        whole = _median(partial(performed, of), bench)
        anew = _median(partial(performed, of, given=kept), bench)
        first = statistics.median(first_audio_s(of) for _ in range(bench.rounds))
        for name, took, floor, asked in (
            (f"8-second track, {role}", whole, _floor_s(flops_performed(of), bench), goal),
            (f"one bar anew, {role}", anew, _floor_s(flops_performed(of, kept), bench), ""),
            (f"first bar of {role}", first, _floor_s(flops_performed(of, first_only=True), bench), ""),
        ):
            yield bench.line(
                _seconds(name, took, floor, PRODUCTS, bench, asked), role=role, precision=_fastest(bench),
                share=round(floor / took, 3), of_whole=round(took / whole, 3),
            )  # fmt: skip


def four(bench: Bench) -> Iterator[str]:
    """Four tracks on four threads that share the cores, as the engine has them."""
    import torch

    threads = torch.get_num_threads()

    def one_of_four(of: Player) -> None:
        torch.set_num_threads(max(1, threads // len(BAND)))
        performed(of)

    def together() -> None:
        with ThreadPoolExecutor(len(BAND)) as pool:
            list(pool.map(one_of_four, bench.players.values()))

    took = _median(together, bench)
    floor = _floor_s(sum(flops_performed(of) for of in bench.players.values()), bench)
    goal = GOALS.get(("four", bench.size, bench.is_cuda), "")
    figure = _seconds("four 8-second tracks at once", took, floor, PRODUCTS, bench, goal)
    yield bench.line(figure, precision=_fastest(bench), share=round(floor / took, 3))


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


def _floor_s(flops: float, bench: Bench) -> float:
    """Of so many operations, all cores at work, were all of them in the fastest precision."""
    from engine.evaluation.models.floors import matrix_rate

    return flops / matrix_rate(_fastest(bench), bench.device)


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
