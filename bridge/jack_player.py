"""The player that sounds: loops on JACK ports, in time with the JACK transport.

Everything here runs on the control thread (`prepare` on a worker); the audio is made by native code in
bridge.jack_callback, which shares bridge.jack_memory with this. While there is no server the transport
goes on by the system clock (`InternalPlayer`). A server that appears takes over loops and position, and
if it stands still while our clock runs, it is started: on stage the music comes back where it would be.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.grid import Grid, check_when
from bridge.internal_player import InternalPlayer
from bridge.jack_late import LateSwap, LateSwaps
from bridge.jack_orders import Moment, Orders
from bridge.jack_time import JackTime
from bridge.player import MAX_FRAME, Loop, PlayerStatus, Transport, longest
from bridge.playing import Playing
from bridge.timeline import Timeline
from engine.errors import check_range, unknown
from engine.units import STEM_SAMPLE_RATE

if TYPE_CHECKING:
    from bridge.jack_connection import JackConnection
    from engine.audio.midi_live import LiveMidi


log = logging.getLogger(__name__)


def warm() -> None:
    """Compile the callbacks, or fetch them compiled: 9 s the first time ever, 0.6 s later."""
    from bridge import jack_callback, jack_timebase
    from bridge.jack_memory import Memory

    assert jack_callback.process.address and jack_timebase.timebase.address
    memory = Memory(1, STEM_SAMPLE_RATE)
    memory.publish(Timeline())
    memory.snapshot()


class JackPlayer:
    """See `Player`. Ports `drums_L drums_R … mix_L mix_R` in the order of `tracks`.

    `server_name`: None for JACK's default (JACK_DEFAULT_SERVER). `connect`: join the mix to the first two
    physical outputs. `midi`: ports drums_midi … too; `listen`: told of what goes on while there is no server.
    Looks for a server at once; never starts one. EngineError `not_available` where the library or the Python
    package is missing.
    """

    def __init__(
        self,
        tracks: Sequence[str],
        client_name: str = "resonantgen",
        server_name: str | None = None,
        connect: bool = True,
        midi: bool = True,
        listen: Callable[[Playing], None] | None = None,
    ) -> None:
        from bridge.jack_connection import load_jack

        self._jack = load_jack()
        self._tracks = tuple(tracks)
        self._client_name, self._server_name, self._auto_connect = client_name, server_name, connect
        self._midi = midi
        self._grid = Grid()
        self._gains = dict.fromkeys(tracks, (1.0, 1.0))
        self._speaks = dict.fromkeys(tracks, True)
        self._offline = InternalPlayer(tracks, listen=listen)
        self._connection: JackConnection | None = None
        self._time: JackTime | None = None  # of the connection
        self._may_follow = True
        self._sample_rate = STEM_SAMPLE_RATE  # of the last server
        self._orders = Orders(tracks)
        self._kept: Timeline | None = None  # that the orders are in time with
        self._late = LateSwaps()
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
        check_when(when)  # before anything is touched
        self._grid = grid
        if self._time is None:
            return self._offline.swap_many(loops, when, grid)
        self._late.forget(loops)
        if missing := self._late.render(loops.values(), self._sample_rate):
            self._late.add(LateSwap(dict(loops), when, missing))
            return None
        return self._order(self._time, loops, when, grid)

    def replace(self, track: str, old: Loop, new: Loop) -> bool:
        return bool(self.replace_many({track: (old, new)}))

    def replace_many(self, loops: Mapping[str, tuple[Loop, Loop]]) -> list[str]:
        for track, (old, new) in loops.items():
            self._index(track)
            new.speak_like(old)
            new.length_beats = new.length_beats or old.length_beats
        if self._connection is None or self._time is None:
            return self._offline.replace_many(loops)
        rate = self._sample_rate
        late = [t for t, (old, new) in loops.items() if self._late.replace(t, old, new, rate)]
        standing = {
            track: new
            for track, (old, new) in loops.items()
            if track not in late and self._orders.latest(track) is old
        }
        if missing := self._late.render(standing.values(), rate):
            # Prepared for the rate of a server that has gone since: the old play on until it is rendered.
            self._late.add(LateSwap(dict(standing), "now", missing))
        elif standing:
            now = self._time.look()
            waits = {track: self._orders.pending(track, now) for track in standing}
            moments = {
                track: waits[track] or self._time.moment_for(now, new) for track, new in standing.items()
            }
            self._orders.write(self._connection.memory, standing, moments)
            self._time.publish()
        return [*late, *standing]

    def pending(self, track: str) -> int | None:
        self._index(track)
        if self._connection is None:
            return self._offline.pending(track)
        moment = self._orders.pending(track, self._connection.memory.snapshot())
        return None if moment is None else moment.frame

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

    def set_midi(self, track: str, on: bool) -> None:
        index = self._index(track)
        self._offline.set_midi(track, on)
        self._speaks[track] = on
        if self._connection is not None:
            self._connection.memory.midi_wanted[index] = on

    def levels(self) -> dict[str, float]:
        if self._connection is None:
            return dict.fromkeys((*self._tracks, "mix"), 0.0)
        peaks = self._connection.memory.take_peaks()
        return {name: float(peak) for name, peak in zip((*self._tracks, "mix"), peaks, strict=True)}

    def _index(self, track: str) -> int:
        if track not in self._tracks:
            raise unknown("track", track, self._tracks)
        return self._tracks.index(track)

    def _order(self, time: JackTime, loops: Mapping[str, Loop | None], when: str, grid: Grid) -> int:
        """Choose the frame and hand the swap to the callback, and the grid that begins there."""
        assert self._connection is not None
        now = time.look()
        moment = Moment(int(now.report["frame"]))
        if now.report["rolling"]:
            playing = [self._orders.playing(track, now) for track in loops]
            known = [loop for loop in playing if loop is not None]
            frame = time.timeline.boundary(when, time.earliest(now), longest(known))
            moment = Moment(frame, None if when == "now" else time.timeline.beat_at(frame))
        for loop in loops.values():
            if loop is not None:
                loop.begin(grid.tempo_bpm)
        had_music = self._orders.has_music
        self._orders.let_go(self._connection.memory, now)
        self._orders.write(self._connection.memory, loops, dict.fromkeys(loops, moment))
        time.turn(now, grid, moment.frame, had_music)
        self._keep_beats()
        return moment.frame

    def _keep_beats(self) -> None:
        """The music lies elsewhere on the transport: what waits for a beat still happens with that."""
        assert self._connection is not None and self._time is not None
        memory, timeline = self._connection.memory, self._time.timeline
        if timeline is not self._kept and self._orders.keep_beats(memory, self._time.look(), timeline):
            self._time.publish()
        self._kept = timeline

    def _finish_late(self) -> bool:
        """Hand over the swaps whose loops have been rendered meanwhile, in the tempo that holds now."""
        done = self._late.take_done()
        for late in done:
            if late.loops:
                self.swap_many(late.loops, late.when, self._grid)
        return bool(done)

    # --- transport --------------------------------------------------------------------------------

    def set_grid(self, grid: Grid) -> None:
        self._grid = grid
        self._offline.set_grid(grid)
        if self._time is not None:
            self._time.set_grid(grid, self._orders.has_music)
            self._keep_beats()

    def slew(self, frames: float) -> int:
        if self._time is None:
            return self._offline.slew(frames)
        end = self._time.slew(frames)
        self._keep_beats()
        return end

    def follow(self, on: bool) -> None:
        self._may_follow = on
        if self._time is not None:
            self._time.follow(on)

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
        if self._connection is None or self._time is None:
            self._offline.locate(beat)
            return
        frame = self._time.frame_to_locate(beat)
        check_range("transport frame", frame, 0, MAX_FRAME)
        self._connection.locate(frame)

    def transport(self) -> Transport:
        if self._time is None:
            return self._offline.transport()
        here = self._time.transport()
        self._keep_beats()  # another program may have changed the tempo
        return here

    # --- the server -------------------------------------------------------------------------------

    def status(self) -> PlayerStatus:
        connection = self._connection
        server = self._server_name or "default"
        if connection is None or self._time is None:
            text = f"no JACK server ({server}): silent, the transport runs on the system clock"
            return PlayerStatus(False, STEM_SAMPLE_RATE, 0, 0, 0.0, text)
        name = connection.name
        if name != self._client_name:
            name += f" ({self._client_name} was taken)"
        text = (
            f"JACK server {server}, client {name}, {'leads' if self._time.leads else 'follows'} bar and beat"
        )
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
        if self._connection is not None and self._time is not None:
            changed |= self._time.lead()
            self._orders.let_go(self._connection.memory, self._time.look())
            changed |= self._finish_late()
        return changed

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = self._time = None
        self._late.close()

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
        self._time = JackTime(connection, self._grid, self._may_follow)
        for index, gains in enumerate(self._gains.values()):
            connection.memory.gains[index] = connection.memory.gains_now[index] = gains
        connection.memory.midi_wanted[:] = list(self._speaks.values())
        loops = {track: self._offline.latest(track) for track in self._tracks}
        self.swap_many({track: loop for track, loop in loops.items() if loop is not None}, "now", self._grid)
        self._time.publish()
        self._carry_on(connection, self._time.timeline)
        try:
            connection.activate(self._auto_connect)
        except self._jack.JackError as error:
            log.warning("the JACK server has gone again: %s", error)
            self._lose(connection)
            return False
        self._time.lead()
        return True

    def _carry_on(self, connection: JackConnection, timeline: Timeline) -> None:
        """If our clock runs and the new server stands still, it goes on from where we are."""
        here = self._offline.transport()
        self._offline.stop()
        if here.rolling and not connection.rolling:
            frame = timeline.frame_at(here.beat)
            connection.locate(frame)
            connection.start()
            connection.assume(True, frame)

    def _lose(self, connection: JackConnection) -> None:
        """The server has gone: keep loops and position, and go on by the system clock."""
        assert self._time is not None
        last = self.transport()
        beat = self._time.timeline.beat_at(last.frame)
        latest = self._orders.all_latest()
        connection.close()
        self._connection = self._time = None
        self._offline.stop()
        self._offline.swap_many({**latest, **self._late.take_loops()}, "now", self._grid)
        self._offline.locate(max(0.0, beat))
        if last.rolling:
            self._offline.play()
