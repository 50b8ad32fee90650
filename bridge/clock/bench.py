"""`resonantgen bench clock`: how far what is heard drifts from the clock that leads, as JSON lines.

jack   another program's bar and beat, frame by frame of the JACK server
link   a peer of an Ableton Link session, in a process of its own on a network of its own
midi   MIDI clock whose ticks have a jitter of 1 ms (standard deviation)

Each beside what would have become of a player that nobody corrects: the sound card's drift against the
system's clock. (On the frames of JACK there is none; there it is one block, what a follower by looks sees.)

The sound card is JACK's dummy, which stands still where the machine holds it up for longer than a block. The
music is late by so much then, as with a card that drops out, and is brought back. So what is heard within
`BACK_S` of such a stall is counted apart.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from bridge.bench import Figure
from bridge.clock.bench_server import SAMPLE_RATE, jack_server
from bridge.clock.bench_stage import LOOP_BEATS, Heard, Stage, Ticker
from bridge.clock.link import COMMAND, LinkClock
from bridge.clock.quiet_network import quiet_network
from bridge.jack_probe import import_jack
from engine.config import ClockConfig
from engine.errors import EngineError, unknown

SETTLES_S = 10.0
END_S = 5.0  # of the end's median
QUICK_S = 8.0
STALL_S, BACK_S = 0.001, 5.0
BLOCK_FRAMES = 1024
TEMPO_BPM = 123.4
GOALS = {"jack": "1 ms", "link": "1 ms", "midi": ""}
OLDER_S = 0.7  # a session of Link that is so much older keeps its tempo


@dataclass
class Course:
    """What was heard, and where the clock was. `errors_ms`: the clock less the music."""

    heard: list[Heard] = field(default_factory=list)
    errors_ms: list[float] = field(default_factory=list)

    def note(self, heard: Heard, clock_beat: float, tempo_bpm: float, quantum: float = LOOP_BEATS) -> None:
        behind = (clock_beat - heard.beat + quantum / 2) % quantum - quantum / 2
        self.heard.append(heard)
        self.errors_ms.append(behind * 60_000.0 / tempo_bpm)

    def settled(self) -> list[tuple[Heard, float]]:
        begun_s = self.heard[0].at_s if self.heard else 0.0
        pairs = zip(self.heard, self.errors_ms, strict=True)
        return [(heard, error) for heard, error in pairs if heard.at_s - begun_s >= SETTLES_S]

    def stalls_s(self) -> list[float]:
        """When the sound card stood still, and the next look saw it."""
        times = [(heard.at_s, heard.frame / SAMPLE_RATE) for heard in self.heard]
        return [b[0] for a, b in pairwise(times) if (b[0] - a[0]) - (b[1] - a[1]) > STALL_S]

    def left_alone_ms(self) -> float:
        """How far the sound card's time went from the system's."""
        pairs = [(heard.at_s, heard.frame / SAMPLE_RATE) for heard, _ in self.settled()]
        times, frames = np.array(pairs).T
        slope = float(np.polyfit(times - times[0], frames - frames[0], 1)[0]) - 1.0
        return abs(slope) * float(times[-1] - times[0]) * 1000.0


def bench_clock(minutes: float, quick: bool, only: str | None) -> int:
    """Measure against every clock, or one; prints a line as soon as it is known."""
    if only is not None and only not in PARTS:
        raise unknown("part of the benchmark", only, PARTS)
    seconds = SETTLES_S + (QUICK_S if quick else minutes * 60.0)
    for name, part in PARTS.items():
        if only in (None, name):
            _measure(name, part, seconds)
    return 0


def _measure(name: str, part: Callable[[float], Course], seconds: float) -> None:
    try:
        lines = [figure.line() for figure in figures(name, part(seconds))]
    except EngineError as error:
        lines = [json.dumps({"name": f"music against {name}", "skipped": error.text})]
    for line in lines:
        print(line, flush=True)


def figures(name: str, course: Course) -> Iterator[Figure]:
    settled = course.settled()
    if not settled:
        raise EngineError("internal", f"nothing was heard for {SETTLES_S:g} s of {name}")
    stalls = course.stalls_s()
    calm = [abs(error) for heard, error in settled if not any(0 <= heard.at_s - s <= BACK_S for s in stalls)]
    end_s = settled[-1][0].at_s
    end = [error for heard, error in settled if heard.at_s >= end_s - END_S]
    span = f"music against {name}, {(end_s - settled[0][0].at_s) / 60.0:.1f} min"
    values = {
        f"{span}, at most": max(calm, default=0.0),
        f"{span}, at most, with {len(stalls)} stalls of the server": max(abs(error) for _, error in settled),
        f"{span}, at the end": abs(statistics.median(end)),
    }
    if name == "jack":
        alone, alone_name = BLOCK_FRAMES / SAMPLE_RATE * 1000.0, "one block"
    else:
        alone, alone_name = course.left_alone_ms(), "a player that nobody corrects, at the end"
    for title, value in values.items():
        goal = "" if "stalls" in title else GOALS[name]
        yield Figure(title, value, "ms", alone, alone_name, len(calm), goal)


# --- the clocks -----------------------------------------------------------------------------------


def against_jack(seconds: float) -> Course:
    jack = import_jack()
    course = Course()

    def say(state: int, frames: int, position: object, is_new: bool) -> None:
        ticks = position.frame * TEMPO_BPM / (60.0 * SAMPLE_RATE) * 1920.0  # type: ignore[attr-defined]
        beat, tick = divmod(int(ticks), 1920)
        told = {
            "bar": beat // 4 + 1, "beat": beat % 4 + 1, "tick": tick, "beats_per_bar": 4.0, "beat_type": 4.0,
            "ticks_per_beat": 1920.0, "beats_per_minute": TEMPO_BPM, "valid": 0x10,
        }  # fmt: skip
        for field_name, value in told.items():
            setattr(position, field_name, value)

    async def play(server: str) -> None:
        master = jack.Client("master", no_start_server=True, servername=server)
        master.set_timebase_callback(say)
        master.activate()
        stage = Stage(server, ClockConfig(), 120.0)
        try:
            await stage.run(1.5, course.heard.clear)
            master.transport_start()
            await stage.run(
                seconds,
                lambda heard: course.note(heard, heard.frame * TEMPO_BPM / (60.0 * SAMPLE_RATE), TEMPO_BPM),
            )
        finally:
            await stage.close()
            master.close()

    with jack_server(BLOCK_FRAMES) as server:
        asyncio.run(play(server))
    return course


def against_link(seconds: float) -> Course:
    course = Course()

    async def play(server: str, prefix: tuple[str, ...]) -> None:
        peer = LinkClock(command=(*prefix, *COMMAND))
        peer.join(TEMPO_BPM)
        stage = Stage(server, ClockConfig(source="link"), 120.0)
        stage.clock.link = stage.clock.sources["link"] = LinkClock(command=(*prefix, *COMMAND))

        def hear(heard: Heard) -> None:
            reading = peer.read(heard.at_s)
            if reading is not None:
                course.note(heard, reading.beat, reading.tempo_bpm, 4.0)

        try:
            await stage.run(OLDER_S, lambda heard: None)
            stage.clock.choose("link")
            await _until(lambda: peer.read(time.perf_counter()) is not None)
            await stage.run(2.0, lambda heard: None)
            stage.clock.play()
            await stage.run(seconds, hear)
        finally:
            await stage.close()
            await peer.leave()

    with jack_server(BLOCK_FRAMES) as server, quiet_network() as prefix:
        asyncio.run(play(server, prefix))
    return course


async def _until(holds: Callable[[], bool]) -> None:
    end_s = time.perf_counter() + 10.0
    while not holds():
        if time.perf_counter() > end_s:
            raise EngineError("not_available", "the peers of Link did not find each other")
        await asyncio.sleep(0.05)


def against_midi(seconds: float) -> Course:
    course = Course()

    async def play(server: str) -> None:
        stage = Stage(server, ClockConfig(), 120.0)
        ticker = Ticker(stage.clock, asyncio.get_running_loop(), TEMPO_BPM, 0.001)
        try:
            await stage.run(seconds, lambda heard: course.note(heard, ticker.beat_at(heard.at_s), TEMPO_BPM))
        finally:
            ticker.close()
            await stage.close()

    with jack_server(BLOCK_FRAMES) as server:
        asyncio.run(play(server))
    return course


PARTS: dict[str, Callable[[float], Course]] = {
    "jack": against_jack, "link": against_link, "midi": against_midi,
}  # fmt: skip
