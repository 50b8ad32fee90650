"""The player that sounds: loops on JACK ports, in time with the JACK transport.

Everything here runs on the control thread (`prepare` on a worker); the audio is made by native code in
bridge.jack_callback, which shares bridge.jack_memory with this. While there is no server the transport
goes on by the system clock (`InternalPlayer`). A server that appears takes over loops and position, and
if it stands still while our clock runs, it is started: on stage the music comes back where it would be.

    a server is found   InternalPlayer --loops, beat--> JackStay
    it has gone         InternalPlayer <--loops, beat-- JackStay
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.grid import Grid, check_when
from bridge.internal_player import InternalPlayer
from bridge.jack_stay import JackStay
from bridge.player import Loop, PlayerStatus, Transport
from bridge.playing import Playing
from bridge.timeline import Timeline
from engine.errors import unknown
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
        self._stay: JackStay | None = None
        self._may_follow = True
        self._sample_rate = STEM_SAMPLE_RATE  # of the last server
        warm()
        self.poll()

    @property
    def _here(self) -> JackStay | InternalPlayer:
        return self._stay or self._offline

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
        self._check(*loops)
        check_when(when)  # before anything is touched
        self._grid = grid
        return self._here.swap_many(loops, when, grid)

    def replace(self, track: str, old: Loop, new: Loop) -> bool:
        return bool(self.replace_many({track: (old, new)}))

    def replace_many(self, loops: Mapping[str, tuple[Loop, Loop]]) -> list[str]:
        self._check(*loops)
        return self._here.replace_many(loops)

    def pending(self, track: str) -> int | None:
        self._check(track)
        return self._here.pending(track)

    def playing(self, track: str) -> Loop | None:
        self._check(track)
        return self._here.playing(track)

    def set_gains(self, track: str, left: float, right: float) -> None:
        self._check(track)
        self._gains[track] = (left, right)
        self._offline.set_gains(track, left, right)
        if self._stay is not None:
            self._stay.set_gains(track, left, right)

    def set_midi(self, track: str, on: bool) -> None:
        self._check(track)
        self._speaks[track] = on
        self._offline.set_midi(track, on)
        if self._stay is not None:
            self._stay.set_midi(track, on)

    def levels(self) -> dict[str, float]:
        """Nothing sounds without a server."""
        if self._stay is None:
            return dict.fromkeys((*self._tracks, "mix"), 0.0)
        return self._stay.levels()

    def _check(self, *tracks: str) -> None:
        for track in tracks:
            if track not in self._tracks:
                raise unknown("track", track, self._tracks)

    # --- transport --------------------------------------------------------------------------------

    def set_grid(self, grid: Grid) -> None:
        self._grid = grid
        self._offline.set_grid(grid)
        if self._stay is not None:
            self._stay.set_grid(grid)

    def slew(self, frames: float) -> int:
        return self._here.slew(frames)

    def follow(self, on: bool) -> None:
        self._may_follow = on
        self._here.follow(on)

    def play(self) -> None:
        self._here.play()

    def stop(self) -> None:
        self._here.stop()

    def locate(self, beat: float) -> None:
        self._here.locate(beat)

    def transport(self) -> Transport:
        return self._here.transport()

    # --- the server -------------------------------------------------------------------------------

    def status(self) -> PlayerStatus:
        stay, server = self._stay, self._server_name or "default"
        if stay is None:
            text = f"no JACK server ({server}): silent, the transport runs on the system clock"
            return PlayerStatus(False, STEM_SAMPLE_RATE, 0, 0, 0.0, text)
        connection, leads = stay.connection, stay.time.leads
        name = connection.name
        if name != self._client_name:
            name += f" ({self._client_name} was taken)"
        text = f"JACK server {server}, client {name}, {'leads' if leads else 'follows'} bar and beat"
        block, load = connection.block_size, connection.cpu_load
        return PlayerStatus(
            True, self._sample_rate, block, connection.xruns, load, text, connection.latency_s
        )

    def poll(self) -> bool:
        changed = False
        if self._stay is not None and not self._stay.connection.alive:
            self._lose(self._stay)
            changed = True
        if self._stay is None:
            changed |= self._find()
        if self._stay is not None:
            changed |= self._stay.poll()
        return changed

    def close(self) -> None:
        if self._stay is not None:
            self._stay.close()
            self._stay = None

    def _find(self) -> bool:
        """Open a client if a server is there, with the loops and the position of the time without one."""
        from bridge.jack_connection import JackConnection

        try:
            connection = JackConnection(
                self._jack, self._tracks, self._client_name, self._server_name, self._midi
            )
        except self._jack.JackError:
            return False
        self._sample_rate = connection.sample_rate
        stay = self._stay = JackStay(connection, self._tracks, self._grid, self._may_follow)
        for index, gains in enumerate(self._gains.values()):
            connection.memory.gains[index] = connection.memory.gains_now[index] = gains
        connection.memory.midi_wanted[:] = list(self._speaks.values())
        loops = {track: self._offline.latest(track) for track in self._tracks}
        stay.swap_many({track: loop for track, loop in loops.items() if loop is not None}, "now", self._grid)
        stay.time.publish()
        self._carry_on(connection, stay.time.timeline)
        try:
            connection.activate(self._auto_connect)
        except self._jack.JackError as error:
            log.warning("the JACK server has gone again: %s", error)
            self._lose(stay)
            return False
        stay.time.lead()
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

    def _lose(self, stay: JackStay) -> None:
        """The server has gone: keep loops and position, and go on by the system clock."""
        last = stay.transport()
        beat = stay.time.timeline.beat_at(last.frame)
        latest = stay.all_latest()
        stay.close()
        self._stay = None
        self._offline.stop()
        self._offline.swap_many(latest, "now", self._grid)
        self._offline.locate(max(0.0, beat))
        if last.rolling:
            self._offline.play()
