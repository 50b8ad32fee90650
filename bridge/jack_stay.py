"""One stay at a JACK server: its loops and its transport, from when it was found until it has gone.

Control thread. What `bridge.player.Player` says of loops and transport holds here, where there is a server;
`bridge.jack_player.JackPlayer` chooses between this and the time without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bridge.grid import Grid
from bridge.jack_late import LateSwap, LateSwaps
from bridge.jack_orders import Moment, Orders
from bridge.jack_time import JackTime
from bridge.player import MAX_FRAME, Loop, Transport, longest
from bridge.timeline import Timeline
from engine.errors import check_range

if TYPE_CHECKING:
    from bridge.jack_connection import JackConnection


class JackStay:
    """`may_follow`: see `JackTime`. Tracks are those of the connection's ports, in their order."""

    def __init__(
        self, connection: JackConnection, tracks: Sequence[str], grid: Grid, may_follow: bool
    ) -> None:
        self.connection, self._memory = connection, connection.memory
        self._tracks, self._grid = tuple(tracks), grid
        self.time = JackTime(connection, grid, may_follow)
        self._orders = Orders(tracks)
        self._kept: Timeline | None = None  # that the orders are in time with
        self._late = LateSwaps()

    @property
    def sample_rate(self) -> int:
        return self.connection.sample_rate

    # --- loops ------------------------------------------------------------------------------------

    def swap_many(self, loops: Mapping[str, Loop | None], when: str, grid: Grid) -> int | None:
        self._grid = grid
        self._late.forget(loops)
        if missing := self._late.render(loops.values(), self.sample_rate):
            self._late.add(LateSwap(dict(loops), when, missing))
            return None
        return self._order(loops, when, grid)

    def _order(self, loops: Mapping[str, Loop | None], when: str, grid: Grid) -> int:
        """Choose the frame and hand the swap to the callback, and the grid that begins there."""
        now = self.time.look()
        moment = Moment(int(now.report["frame"]))
        if now.report["rolling"]:
            playing = [self._orders.playing(track, now) for track in loops]
            known = [loop for loop in playing if loop is not None]
            frame = self.time.timeline.boundary(when, self.time.earliest(now), longest(known))
            moment = Moment(frame, None if when == "now" else self.time.timeline.beat_at(frame))
        for loop in loops.values():
            if loop is not None:
                loop.begin(grid.tempo_bpm)
        had_music = self._orders.has_music
        self._orders.let_go(self._memory, now)
        self._orders.write(self._memory, loops, dict.fromkeys(loops, moment))
        self.time.turn(now, grid, moment.frame, had_music)
        self._keep_beats()
        return moment.frame

    def replace_many(self, loops: Mapping[str, tuple[Loop, Loop]]) -> list[str]:
        for old, new in loops.values():
            new.speak_like(old)
            new.length_beats = new.length_beats or old.length_beats
        rate = self.sample_rate
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
            self._put(standing)
        return [*late, *standing]

    def _put(self, loops: Mapping[str, Loop]) -> None:
        """In the place of the latest ones: where those wait, with them."""
        now = self.time.look()
        waits = {track: self._orders.pending(track, now) for track in loops}
        moments = {track: waits[track] or self.time.moment_for(now, loop) for track, loop in loops.items()}
        self._orders.write(self._memory, loops, moments)
        self.time.publish()

    def pending(self, track: str) -> int | None:
        moment = self._orders.pending(track, self._memory.snapshot())
        return None if moment is None else moment.frame

    def playing(self, track: str) -> Loop | None:
        return self._orders.playing(track, self._memory.snapshot())

    def set_gains(self, track: str, left: float, right: float) -> None:
        self._memory.gains[self._tracks.index(track)] = (left, right)

    def set_midi(self, track: str, on: bool) -> None:
        self._memory.midi_wanted[self._tracks.index(track)] = on

    def levels(self) -> dict[str, float]:
        peaks = self._memory.take_peaks()
        return {name: float(peak) for name, peak in zip((*self._tracks, "mix"), peaks, strict=True)}

    # --- transport --------------------------------------------------------------------------------

    def set_grid(self, grid: Grid) -> None:
        self._grid = grid
        self.time.set_grid(grid, self._orders.has_music)
        self._keep_beats()

    def slew(self, frames: float) -> int:
        end = self.time.slew(frames)
        self._keep_beats()
        return end

    def _keep_beats(self) -> None:
        """The music lies elsewhere on the transport: what waits for a beat still happens with that."""
        timeline = self.time.timeline
        if timeline is not self._kept and self._orders.keep_beats(self._memory, self.time.look(), timeline):
            self.time.publish()
        self._kept = timeline

    def follow(self, on: bool) -> None:
        self.time.follow(on)

    def play(self) -> None:
        self.connection.start()

    def stop(self) -> None:
        self.connection.stop()

    def locate(self, beat: float) -> None:
        frame = self.time.frame_to_locate(beat)
        check_range("transport frame", frame, 0, MAX_FRAME)
        self.connection.locate(frame)

    def transport(self) -> Transport:
        here = self.time.transport()
        self._keep_beats()  # another program may have changed the tempo
        return here

    # --- once a second ----------------------------------------------------------------------------

    def poll(self) -> bool:
        """Take the lead of bar and beat where nobody has it, let go of what is not read any more, hand over
        what has been rendered meanwhile; whether anything has changed."""
        changed = self.time.lead()
        self._orders.let_go(self._memory, self.time.look())
        done = self._late.take_done()
        for late in done:
            if late.loops:
                self.swap_many(late.loops, late.when, self._grid)  # in the tempo that holds now
        return changed or bool(done)

    # --- the end ----------------------------------------------------------------------------------

    def all_latest(self) -> dict[str, Loop | None]:
        """What plays or waits last on the tracks that were ever given a loop."""
        return self._orders.all_latest() | self._late.take_loops()

    def close(self) -> None:
        self.connection.close()
        self._late.close()
