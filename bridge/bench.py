"""`resonantgen bench`: how fast this machine is, as JSON lines, each beside a baseline of the same run.

latency   OSC message -> first preview audio -> every preview -> every stem   baseline: an OSC ping
lock      lock acknowledgement while the worker is busy on all cores          baseline: the idle engine
render    seconds of audio per second of one core, for each role              baseline: one sine a note
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.child import ChildEngine
from bridge.client import Client
from engine import __version__
from engine.errors import unknown
from engine.music.score import Hit, Note, Score
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, pitch_to_hz

PROMPT = "techno with driving bass at 128 bpm"
ROLES = ("drums", "bass", "harmony", "melody")


@dataclass(frozen=True)
class Figure:
    """One measured figure. `ratio` is value over baseline, both of this run."""

    name: str
    value: float
    unit: str
    baseline: float
    baseline_name: str
    rounds: int
    goal: str = ""

    def line(self) -> str:
        machine = {"version": __version__, "cores": os.cpu_count(), "machine": platform.machine()}
        ratio = self.value / self.baseline if self.baseline else None
        figures = {
            "name": self.name, "value": round(self.value, 4), "unit": self.unit,
            "baseline": round(self.baseline, 4), "baseline_name": self.baseline_name,
            "ratio": round(ratio, 3) if ratio is not None else None, "rounds": self.rounds, "goal": self.goal,
        }  # fmt: skip
        return json.dumps(figures | machine)


def bench(quick: bool, only: str | None) -> int:
    """Measure every part, or one; prints a line as soon as it is known."""
    if only is not None and only not in PARTS:
        raise unknown("part of the benchmark", only, PARTS)
    for name, part in PARTS.items():
        if only in (None, name):
            for figure in part(5 if quick else 25):
                print(figure.line(), flush=True)
    return 0


# --- latency --------------------------------------------------------------------------------------


def latency(rounds: int) -> Iterator[Figure]:
    """From the OSC message to what a musician hears and sees."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ChildEngine(Path(folder) / "set", "--jack", "off") as client,
    ):
        client.send("/rg/when", "now")
        client.ask("/rg/generate", PROMPT)
        pings = [_round_trip_ms(client, "/rg/ping", "/rg/pong", i) for i in range(rounds)]
        times = [_generate_ms(client) for _ in range(rounds)]
    ping = statistics.median(pings)
    goals = ("100 ms", "", "")
    names = ("first preview audio", "previews of all four", "stems of all four, on the disk")
    for index, name in enumerate(names):
        values = [row[index] for row in times]
        yield Figure(
            f"OSC message to {name}", statistics.median(values), "ms", ping, "OSC ping", rounds, goals[index]
        )
        if index == 0:
            yield Figure(
                f"OSC message to {name}, worst", max(values), "ms", ping, "OSC ping", rounds, goals[0]
            )


def _generate_ms(client: Client) -> tuple[float, float, float]:
    started = time.perf_counter()
    arrived = client.ask("/rg/generate", PROMPT)
    previews = [m.at for m in arrived if m.address.endswith("/preview")]
    at = (min(previews), max(previews), arrived[-1].at)
    return tuple((moment - started) * 1000.0 for moment in at)  # type: ignore[return-value]


def _round_trip_ms(client: Client, address: str, answer: str, *args: int) -> float:
    started = time.perf_counter()
    client.send(address, *args)
    message = client.wait(lambda m: m.address == answer and m.args == args, 5.0, address)
    return (message.at - started) * 1000.0


# --- locks ----------------------------------------------------------------------------------------


def lock(rounds: int) -> Iterator[Figure]:
    """Lock acknowledgements, idle and while long generations keep every core busy."""
    count = rounds * 40
    with (
        tempfile.TemporaryDirectory() as folder,
        ChildEngine(Path(folder) / "set", "--jack", "off") as client,
    ):
        client.ask("/rg/generate", PROMPT)
        idle = _locks_ms(client, count)
        client.send("/rg/bars", 64)
        for request in range(64):
            client.send("/rg/generate", PROMPT, 1_000_000 + request)
        client.wait(lambda m: m.address.endswith("/progress"), 30.0, "/rg/generate")
        busy = _locks_ms(client, count)
        still_busy = client.seen.get("/rg/track/drums/state") != ("ready",)
        client.send("/rg/cancel")
    for name, share in (("median", 0.5), ("p99", 0.99)):
        yield Figure(
            f"lock acknowledgement, busy on all cores, {name}" + ("" if still_busy else " (worker ran dry)"),
            _quantile(busy, share), "ms", _quantile(idle, share), "idle engine", count,
            "5 ms" if name == "p99" else "",
        )  # fmt: skip


def _locks_ms(client: Client, count: int) -> list[float]:
    """The melody is locked and unlocked in turn, a few milliseconds apart, as a pad would."""
    address = "/rg/track/melody/lock"
    times = []
    for index in range(count):
        times.append(_round_trip_ms(client, address, address, index % 2))
        time.sleep(0.005)
    return times


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


# --- rendering ------------------------------------------------------------------------------------


def render(rounds: int) -> Iterator[Figure]:
    """Seconds of audio for each second of one core, per role."""
    from engine.context.track_context import TrackContext
    from engine.instruments.render import render as play
    from engine.instruments.warming import warm
    from engine.music.compose import compose
    from engine.prompt.interpret import interpret
    from engine.prompt.music_context import Frame
    from engine.track import PARAMS

    warm()
    params = {name: param.default for name, param in PARAMS.items()}
    context = interpret(PROMPT, Frame())
    heard: dict[str, TrackContext] = {}
    for role in ROLES:
        score = compose(role, context, heard, 1, params)
        heard[role] = TrackContext.from_score(score)
        speed = score.length_seconds / _median_seconds(lambda s=score: play(s), rounds)  # type: ignore[misc]
        floor = score.length_seconds / _median_seconds(lambda s=score: one_sine_a_note(s), rounds)  # type: ignore[misc]
        yield Figure(f"rendering {role}", speed, "x real time", floor, "one numpy sine a note", rounds, "20x")


def one_sine_a_note(score: Score) -> np.ndarray:
    """The cheapest instrument there is, as a measure of what the others cost. [N]"""
    audio = np.zeros(score.length_samples, np.float32)
    items: tuple[Note | Hit, ...] = (*score.notes, *score.hits)
    for item in items:
        start = beats_to_samples(item.start_beats, score.tempo_bpm)
        length = beats_to_samples(getattr(item, "length_beats", 0.25), score.tempo_bpm)
        count = min(length, len(audio) - start)
        phase = np.arange(count) * (2 * np.pi * pitch_to_hz(getattr(item, "pitch", 45)) / STEM_SAMPLE_RATE)
        audio[start : start + count] += np.sin(phase, dtype=np.float64).astype(np.float32)
    return audio


def _median_seconds(call: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


PARTS: dict[str, Callable[[int], Iterator[Figure]]] = {"latency": latency, "lock": lock, "render": render}
