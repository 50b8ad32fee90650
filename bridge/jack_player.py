"""The player that sounds: loops on JACK ports, in time with the JACK transport.

Everything here runs on the control thread (`prepare` on a worker); the audio is made by native code in
bridge.jack_callback, which shares bridge.jack_memory with this. While there is no server the transport
goes on by the system clock (`InternalPlayer`). A server that appears takes over loops and position, and
if it stands still while our clock runs, it is started: on stage the music comes back where it would be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.grid import Grid, next_boundary
from bridge.internal_player import InternalPlayer
from bridge.player import MAX_FRAME, SAFETY_FRAMES, Loop, PlayerStatus, Transport
from engine.errors import check_range, unknown
from engine.music.key import Signature
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, samples_to_beats

if TYPE_CHECKING:
    from bridge.jack_connection import JackConnection
    from bridge.jack_memory import Snapshot
    from engine.audio.midi_live import LiveMidi


def warm() -> None:
    """Compile the callbacks, or fetch them compiled: 9 s the first time ever, 0.6 s later."""
    from bridge import jack_callback
    from bridge.jack_memory import Memory

    assert jack_callback.process.address
    memory = Memory(1, STEM_SAMPLE_RATE)
    memory.publish(Grid())
    memory.snapshot()


@dataclass(frozen=True)
class Order:
    """One swap that was handed to the callback. Holds the samples alive while the callback may read them."""

    generation: int
    loop: Loop | None
    samples: NDArray[np.float32] | None
    frame: int


@dataclass(frozen=True)
class LateSwap:
    """A swap whose loops are still being rendered for the server's rate."""

    loops: dict[str, Loop | None]
    when: str
    grid: Grid
    rendering: list[Future[NDArray[np.float32]]]


class JackPlayer:
    """See `Player`. Ports `drums_L drums_R … mix_L mix_R` in the order of `tracks`.

    `server_name`: None for JACK's default (JACK_DEFAULT_SERVER). `connect`: join the mix to the first two
    physical outputs. `midi`: ports drums_midi … too. Looks for a server at once; never starts one.
    EngineError `not_available` where the library or the Python package is missing.
    """

    def __init__(
        self,
        tracks: Sequence[str],
        client_name: str = "resonantgen",
        server_name: str | None = None,
        connect: bool = True,
        midi: bool = True,
    ) -> None:
        from bridge.jack_connection import load_jack

        self._jack = load_jack()
        self._tracks = tuple(tracks)
        self._client_name, self._server_name, self._auto_connect = client_name, server_name, connect
        self._midi = midi
        self._grid = Grid()
        self._gains = dict.fromkeys(tracks, (1.0, 1.0))
        self._offline = InternalPlayer(tracks)
        self._connection: JackConnection | None = None
        self._leads = False
        self._sample_rate = STEM_SAMPLE_RATE  # of the last server
        self._orders: dict[str, list[Order]] = {}  # those the callback may use, oldest first
        self._generation = 0
        self._late: list[LateSwap] = []
        self._renderer = ThreadPoolExecutor(1, thread_name_prefix="resample")
        warm()
        self.poll()

    # --- loops ------------------------------------------------------------------------------------

    def prepare(
        self, audio: NDArray[np.float32], midi: LiveMidi | None = None, length_beats: float = 0.0
    ) -> Loop:
        loop = Loop(audio, midi, length_beats)
        loop.render(self._sample_rate)
        return loop

    def swap(self, track: str, loop: Loop | None, when: str, grid: Grid) -> int | None:
        return self.swap_many({track: loop}, when, grid)

    def swap_many(self, loops: Mapping[str, Loop | None], when: str, grid: Grid) -> int | None:
        for track in loops:
            self._index(track)
        if self._connection is None:
            return self._offline.swap_many(loops, when, grid)
        next_boundary(when, 0, grid)  # an unknown word is refused before anything is touched
        self._forget_late(loops)
        rate = self._sample_rate
        missing = [loop for loop in loops.values() if loop is not None and loop.rendered(rate) is None]
        if missing:
            rendering = [self._renderer.submit(loop.render, rate) for loop in missing]
            self._late.append(LateSwap(dict(loops), when, grid, rendering))
            return None
        return self._order(self._connection, loops, when, grid)

    def replace(self, track: str, old: Loop, new: Loop) -> bool:
        self._index(track)
        new.speak_like(old)
        if self._connection is None:
            return self._offline.replace(track, old, new)
        late = next((swap for swap in self._late if swap.loops.get(track) is old), None)
        if late is not None:
            late.loops[track] = new
            late.rendering.append(self._renderer.submit(new.render, self._sample_rate))
            return True
        latest = self._orders[track][-1:]
        if not latest or latest[0].loop is not old:
            return False
        assert old.length_samples == new.length_samples, (old.length_samples, new.length_samples)
        if new.rendered(self._sample_rate) is None:
            # Prepared for the rate of a server that has gone since: `old` plays on until it is rendered.
            rendering = [self._renderer.submit(new.render, self._sample_rate)]
            self._late.append(LateSwap({track: new}, "now", self._grid, rendering))
            return True
        waits_until = self.pending(track)
        now = self._connection.memory.snapshot()
        self._let_go(now)
        frame = int(now.report["frame"]) if waits_until is None else waits_until
        self._hand_over(self._connection, {track: new}, frame)
        return True

    def pending(self, track: str) -> int | None:
        index = self._index(track)
        if self._connection is None:
            return self._offline.pending(track)
        playing = self._connection.memory.snapshot().in_use[index, 0]
        latest = self._orders[track][-1:]
        return latest[0].frame if latest and latest[0].generation > playing else None

    def playing(self, track: str) -> Loop | None:
        index = self._index(track)
        if self._connection is None:
            return self._offline.playing(track)
        return self._active_loop(track, self._connection.memory.snapshot().in_use[index, 0])

    def set_gains(self, track: str, left: float, right: float) -> None:
        index = self._index(track)
        self._gains[track] = (left, right)
        self._offline.set_gains(track, left, right)
        if self._connection is not None:
            self._connection.memory.gains[index] = (left, right)

    def levels(self) -> dict[str, float]:
        if self._connection is None:
            return dict.fromkeys((*self._tracks, "mix"), 0.0)
        peaks = self._connection.memory.take_peaks()
        return {name: float(peak) for name, peak in zip((*self._tracks, "mix"), peaks, strict=True)}

    def _index(self, track: str) -> int:
        if track not in self._tracks:
            raise unknown("track", track, self._tracks)
        return self._tracks.index(track)

    def _active_loop(self, track: str, generation: int) -> Loop | None:
        return next((o.loop for o in self._orders[track] if o.generation == generation), None)

    def _order(
        self, connection: JackConnection, loops: Mapping[str, Loop | None], when: str, grid: Grid
    ) -> int:
        """Choose the frame and hand the swap to the callback."""
        now = connection.memory.snapshot()
        self._let_go(now)
        frame = int(now.report["frame"])
        if now.report["rolling"]:
            playing = [self._active_loop(t, now.in_use[self._index(t), 0]) for t in loops]
            longest = max((loop.length_samples for loop in playing if loop is not None), default=None)
            earliest = frame + max(2 * int(now.report["block_size"]), SAFETY_FRAMES)
            frame = next_boundary(when, earliest, grid, self._sample_rate, longest)
        self._hand_over(connection, loops, frame)
        return frame

    def _hand_over(self, connection: JackConnection, loops: Mapping[str, Loop | None], frame: int) -> None:
        """Let the callback have these loops from `frame` on, together; where that has passed, at once."""
        self._generation += 1
        for track, loop in loops.items():
            samples = None if loop is None else loop.rendered(self._sample_rate)
            length = 0 if loop is None else loop.length_samples
            self._orders[track].append(Order(self._generation, loop, samples, frame))
            events = None if loop is None or loop.midi is None else loop.midi.events
            order = (self._generation, samples, length, frame, events)
            connection.memory.order(self._index(track), *order)
        connection.memory.publish(self._grid)

    def _let_go(self, now: Snapshot) -> None:
        """Drop the loops that the callback cannot reach any more: all but playing, fading and latest."""
        assert self._connection is not None
        if not now.knows(self._connection.memory.sequence):
            return
        for index, orders in enumerate(self._orders.values()):
            used = now.in_use[index]
            orders[:-1] = [order for order in orders[:-1] if order.generation in used]

    def _forget_late(self, tracks: Mapping[str, Loop | None]) -> None:
        """A newer swap replaces what is still being rendered for the same tracks."""
        for late in self._late:
            for track in tracks:
                late.loops.pop(track, None)

    def _finish_late(self) -> bool:
        """Hand over the swaps whose loops have been rendered meanwhile."""
        done = [late for late in self._late if all(future.done() for future in late.rendering)]
        self._late = [late for late in self._late if late not in done]
        for late in done:
            if late.loops:
                self.swap_many(late.loops, late.when, late.grid)
        return bool(done)

    # --- transport --------------------------------------------------------------------------------

    def set_grid(self, grid: Grid) -> None:
        self._grid = grid
        self._offline.set_grid(grid)
        if self._connection is not None:
            self._connection.memory.publish(grid)
            self._leads = self._connection.lead()

    def play(self) -> None:
        if self._connection is None:
            self._offline.play()
        else:
            self._connection.start()

    def stop(self) -> None:
        if self._connection is None:
            self._offline.stop()
        else:
            self._connection.stop()

    def locate(self, beat: float) -> None:
        if self._connection is None:
            self._offline.locate(beat)
            return
        frame = beats_to_samples(beat, self.transport().tempo_bpm, self._sample_rate)
        check_range("transport frame", frame, 0, MAX_FRAME)
        self._connection.locate(frame)

    def transport(self) -> Transport:
        if self._connection is None:
            return self._offline.transport()
        report = self._connection.memory.snapshot().report
        rolling, frame = bool(report["rolling"]), int(report["frame"])
        if not self._leads and _is_usable(report):
            return _followed(report, rolling, frame, self._sample_rate)
        beat = self._grid.frame_to_beat(frame, self._sample_rate)
        return Transport(rolling, frame, self._sample_rate, beat, self._grid.tempo_bpm, self._grid.signature)

    # --- the server -------------------------------------------------------------------------------

    def status(self) -> PlayerStatus:
        connection = self._connection
        server = self._server_name or "default"
        if connection is None:
            text = f"no JACK server ({server}): silent, the transport runs on the system clock"
            return PlayerStatus(False, STEM_SAMPLE_RATE, 0, 0, 0.0, text)
        name = connection.name
        if name != self._client_name:
            name += f" ({self._client_name} was taken)"
        text = f"JACK server {server}, client {name}, {'leads' if self._leads else 'follows'} bar and beat"
        block, load = connection.block_size, connection.cpu_load
        return PlayerStatus(True, self._sample_rate, block, connection.xruns, load, text)

    def poll(self) -> bool:
        changed = False
        if self._connection is not None and not self._connection.alive:
            self._lose(self._connection)
            changed = True
        if self._connection is None:
            changed |= self._find()
        if self._connection is not None:
            leads, self._leads = self._leads, self._connection.lead()
            self._let_go(self._connection.memory.snapshot())
            changed |= leads != self._leads
            changed |= self._finish_late()
        return changed

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._renderer.shutdown(wait=False, cancel_futures=True)

    def _find(self) -> bool:
        """Open a client if a server is there, with the loops and the position of the time without one."""
        from bridge.jack_connection import JackConnection

        try:
            connection = JackConnection(
                self._jack, self._tracks, self._client_name, self._server_name, self._midi
            )
        except self._jack.JackError:
            return False
        self._connection, self._sample_rate = connection, connection.sample_rate
        self._orders = {track: [] for track in self._tracks}
        for index, gains in enumerate(self._gains.values()):
            connection.memory.gains[index] = connection.memory.gains_now[index] = gains
        loops = {track: self._offline.latest(track) for track in self._tracks}
        self.swap_many({track: loop for track, loop in loops.items() if loop is not None}, "now", self._grid)
        connection.memory.publish(self._grid)
        self._carry_on(connection)
        connection.activate(self._auto_connect)
        self._leads = connection.lead()
        return True

    def _carry_on(self, connection: JackConnection) -> None:
        """If our clock runs and the new server stands still, it goes on from where we are."""
        here = self._offline.transport()
        self._offline.stop()
        if here.rolling and not connection.rolling:
            frame = self._grid.beat_to_frame(here.beat, self._sample_rate)
            connection.locate(frame)
            connection.start()
            connection.assume(True, frame)

    def _lose(self, connection: JackConnection) -> None:
        """The server has gone: keep loops and position, and go on by the system clock."""
        last = self.transport()
        late = {track: loop for swap in self._late for track, loop in swap.loops.items()}
        latest = {track: orders[-1].loop for track, orders in self._orders.items() if orders}
        connection.close()
        self._connection, self._leads, self._late = None, False, []
        self._offline.stop()
        self._offline.swap_many({**latest, **late}, "now", self._grid)
        self._offline.locate(self._grid.frame_to_beat(last.frame, last.sample_rate))
        if last.rolling:
            self._offline.play()


def _is_usable(report: Any) -> bool:
    """Whether another program says bar and beat, in numbers that can be counted with."""
    return bool(
        report["bbt_valid"]
        and report["beat_type"] in (1, 2, 4, 8, 16)
        and 1 <= report["beats_per_bar"] <= 32
        and report["ticks_per_beat"] > 0
        and report["beats_per_minute"] > 0
    )


def _followed(report: Any, rolling: bool, frame: int, sample_rate: int) -> Transport:
    """The transport in the bar, beat and tempo of another program.

    They hold for the last block's start; `frame` is its end while rolling. JACK's beats are notes of
    1/`beat_type`, ours are quarters.
    """
    beats, unit = float(report["beats_per_bar"]), float(report["beat_type"])
    tempo_bpm = float(report["beats_per_minute"]) * 4.0 / unit
    within = float(report["beat"]) - 1 + float(report["tick"]) / float(report["ticks_per_beat"])
    counted = (int(report["bar"]) - 1) * beats + within
    since = samples_to_beats(int(report["block_size"]) if rolling else 0, tempo_bpm, sample_rate)
    signature = Signature(round(beats), round(unit))
    return Transport(rolling, frame, sample_rate, counted * 4.0 / unit + since, tempo_bpm, signature, True)
