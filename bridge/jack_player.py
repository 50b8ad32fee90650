"""The player that sounds: loops on JACK ports, in time with the JACK transport.

Everything here runs on the control thread (`prepare` on a worker); the audio is made by native code in
bridge.jack_callback, which shares bridge.jack_memory with this. While there is no server the transport
goes on by the system clock (`InternalPlayer`). A server that appears takes over loops and position, and
if it stands still while our clock runs, it is started: on stage the music comes back where it would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.grid import Grid, check_when
from bridge.internal_player import InternalPlayer
from bridge.jack_follow import followed
from bridge.jack_orders import Orders
from bridge.player import MAX_FRAME, SAFETY_FRAMES, Loop, PlayerStatus, Transport, longest
from bridge.timeline import Mark, Timeline
from engine.errors import check_range, unknown
from engine.units import STEM_SAMPLE_RATE, beats_to_samples

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
    memory.publish(Timeline())
    memory.snapshot()


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
        self._leads, self._may_follow = False, True
        self._sample_rate = STEM_SAMPLE_RATE  # of the last server
        self._orders = Orders(tracks)
        self._timeline, self._cuts = Timeline(), 0  # as the callback has it; after how many cuts
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
        check_when(when)  # before anything is touched
        self._forget_late(loops)
        missing = self._unrendered(loop for loop in loops.values() if loop is not None)
        if missing:
            self._late.append(LateSwap(dict(loops), when, grid, missing))
            return None
        return self._order(self._connection, loops, when, grid)

    def replace(self, track: str, old: Loop, new: Loop) -> bool:
        return bool(self.replace_many({track: (old, new)}))

    def replace_many(self, loops: Mapping[str, tuple[Loop, Loop]]) -> list[str]:
        for track, (old, new) in loops.items():
            self._index(track)
            new.speak_like(old)
            new.length_beats = new.length_beats or old.length_beats
        if self._connection is None:
            return self._offline.replace_many(loops)
        late = [track for track, (old, new) in loops.items() if self._replace_late(track, old, new)]
        standing = {
            track: new
            for track, (old, new) in loops.items()
            if track not in late and self._orders.latest(track) is old
        }
        missing = self._unrendered(standing.values())
        if missing:
            # Prepared for the rate of a server that has gone since: the old play on until it is rendered.
            self._late.append(LateSwap(dict(standing), "now", self._grid, missing))
        elif standing:
            now = self._look(self._connection)
            waits = {track: self._orders.pending(track, now) for track in standing}
            here = int(now.report["frame"])
            frames = {track: here if frame is None else frame for track, frame in waits.items()}
            self._orders.write(self._connection.memory, standing, frames)
            self._publish(self._connection)
        return [*late, *standing]

    def _replace_late(self, track: str, old: Loop, new: Loop) -> bool:
        late = next((swap for swap in self._late if swap.loops.get(track) is old), None)
        if late is None:
            return False
        late.loops[track] = new
        late.rendering.extend(self._unrendered([new]))
        return True

    def _unrendered(self, loops: Iterable[Loop]) -> list[Future[NDArray[np.float32]]]:
        """Renderings under way for the loops that have none at the server's rate."""
        rate = self._sample_rate
        return [self._renderer.submit(loop.render, rate) for loop in loops if loop.rendered(rate) is None]

    def pending(self, track: str) -> int | None:
        self._index(track)
        if self._connection is None:
            return self._offline.pending(track)
        return self._orders.pending(track, self._connection.memory.snapshot())

    def playing(self, track: str) -> Loop | None:
        self._index(track)
        if self._connection is None:
            return self._offline.playing(track)
        return self._orders.playing(track, self._connection.memory.snapshot())

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

    def _order(
        self, connection: JackConnection, loops: Mapping[str, Loop | None], when: str, grid: Grid
    ) -> int:
        """Choose the frame and hand the swap to the callback, and the grid that begins there."""
        now = self._look(connection)
        frame = int(now.report["frame"])
        if now.report["rolling"]:
            playing = [self._orders.playing(track, now) for track in loops]
            known = [loop for loop in playing if loop is not None]
            frame = self._timeline.boundary(when, self._earliest(now), longest(known))
        for loop in loops.values():
            if loop is not None:
                loop.begin(grid.tempo_bpm)
        self._orders.write(connection.memory, loops, dict.fromkeys(loops, frame))
        self._turn(connection, now, grid, frame)
        return frame

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

    # --- the timeline -----------------------------------------------------------------------------

    def _look(self, connection: JackConnection) -> Snapshot:
        """What the callback reports; where it has made a mark of its own, the timeline goes on from that."""
        now = connection.memory.snapshot()
        self._orders.let_go(connection.memory, now)
        report = now.report
        if int(report["cuts"]) != self._cuts:
            self._cuts = int(report["cuts"])
            cut = Mark(int(report["cut_frame"]), float(report["cut_beat"]), float(report["cut_tempo_bpm"]))
            self._timeline = replace(self._timeline, marks=(cut,))
            if not self._follows and cut.tempo_bpm != self._grid.tempo_bpm:
                self._turn(connection, now, self._grid, self._earliest(now))
        return now

    def _earliest(self, now: Snapshot) -> int:
        return int(now.report["frame"]) + max(2 * int(now.report["block_size"]), SAFETY_FRAMES)

    def _turn(self, connection: JackConnection, now: Snapshot, grid: Grid, frame: int) -> None:
        """From `frame` on the grid is this one, if the transport rolls; and what was written goes out."""
        self._grid = grid
        timeline = replace(self._timeline.since(int(now.report["frame"])), signature=grid.signature)
        moved = None
        if not self._follows and now.report["rolling"]:
            timeline = timeline.with_tempo(frame, grid.tempo_bpm)
        elif not self._follows and grid.tempo_bpm != timeline.marks[-1].tempo_bpm:
            here, law = int(now.report["frame"]), Timeline.of(grid, self._sample_rate)
            timeline, moved = law, law.frame_at(timeline.beat_at(here))
        self._timeline = timeline
        self._publish(connection)
        if moved is not None and self._leads:
            connection.locate(min(max(moved, 0), MAX_FRAME))

    def _publish(self, connection: JackConnection) -> None:
        connection.memory.publish(self._timeline, self._cuts)

    def set_grid(self, grid: Grid) -> None:
        self._offline.set_grid(grid)
        if self._connection is None:
            self._grid = grid
            return
        now = self._look(self._connection)
        earliest = self._earliest(now)
        # A tempo that was handed over a moment ago, and has not been heard yet, gives way to this one.
        planned = self._timeline.planned(int(now.report["frame"]) + int(now.report["block_size"]))
        self._turn(self._connection, now, grid, min(earliest, planned.frame) if planned else earliest)
        self._lead(self._connection)

    def follow(self, on: bool) -> None:
        self._may_follow = on
        if self._connection is not None:
            self._lead(self._connection)
            self.set_grid(self._grid)

    @property
    def _follows(self) -> bool:
        return self._may_follow and not self._leads

    def _lead(self, connection: JackConnection) -> bool:
        """Take the lead of bar and beat if nobody has it; whether that has changed."""
        led, self._leads = self._leads, connection.lead()
        connection.memory.header["follows"] = self._follows
        return led != self._leads

    def slew(self, frames: float) -> int:
        if self._connection is None:
            return self._offline.slew(frames)
        now = self._look(self._connection)
        end = int(now.report["frame"])
        if now.report["rolling"]:
            timeline = self._timeline.since(end)
            self._timeline, end = timeline.with_slew(self._earliest(now), frames)
        else:
            self._timeline = self._timeline.shifted(frames)
        self._publish(self._connection)
        return end

    # --- transport --------------------------------------------------------------------------------

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
        report = self._look(self._connection).report
        rolling, frame, timeline = bool(report["rolling"]), int(report["frame"]), self._timeline
        if rolling:
            frame = self._connection.frame_now(frame)
        told = None if self._leads else followed(report, frame, self._sample_rate)
        if told is not None and self._may_follow:
            return told
        beat, tempo_bpm = timeline.beat_at(frame), timeline.tempo_at(frame)
        following = told is not None
        return Transport(rolling, frame, self._sample_rate, beat, tempo_bpm, timeline.signature, following)

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
        return PlayerStatus(
            True, self._sample_rate, block, connection.xruns, load, text, connection.latency_s
        )

    def poll(self) -> bool:
        changed = False
        if self._connection is not None and not self._connection.alive:
            self._lose(self._connection)
            changed = True
        if self._connection is None:
            changed |= self._find()
        if self._connection is not None:
            changed |= self._lead(self._connection)
            self._look(self._connection)
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
        self._orders = Orders(self._tracks)
        self._timeline, self._cuts = Timeline.of(self._grid, self._sample_rate), 0
        for index, gains in enumerate(self._gains.values()):
            connection.memory.gains[index] = connection.memory.gains_now[index] = gains
        loops = {track: self._offline.latest(track) for track in self._tracks}
        self.swap_many({track: loop for track, loop in loops.items() if loop is not None}, "now", self._grid)
        self._publish(connection)
        self._carry_on(connection)
        connection.activate(self._auto_connect)
        self._lead(connection)
        return True

    def _carry_on(self, connection: JackConnection) -> None:
        """If our clock runs and the new server stands still, it goes on from where we are."""
        here = self._offline.transport()
        self._offline.stop()
        if here.rolling and not connection.rolling:
            frame = self._timeline.frame_at(here.beat)
            connection.locate(frame)
            connection.start()
            connection.assume(True, frame)

    def _lose(self, connection: JackConnection) -> None:
        """The server has gone: keep loops and position, and go on by the system clock."""
        last = self.transport()
        late = {track: loop for swap in self._late for track, loop in swap.loops.items()}
        latest = self._orders.all_latest()
        connection.close()
        self._connection, self._leads, self._late = None, False, []
        self._offline.stop()
        self._offline.swap_many({**latest, **late}, "now", self._grid)
        self._offline.set_grid(self._grid)
        self._offline.locate(max(0.0, self._timeline.beat_at(last.frame)))
        if last.rolling:
            self._offline.play()
