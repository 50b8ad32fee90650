"""REAPER as an OSC control surface: its tempo and transport without any script, both ways.

`ResonantGen.ReaperOSC` gives REAPER these addresses. REAPER says hello to nobody: whoever sends them is
REAPER, and is told there from then on (in its mode "Device IP/port" it listens where it sends from); or it
listens at the port that the settings name.

REAPER tells all its state when it is opened, and repeats what it was told itself. Neither is an order:

    REAPER                          engine, playing
    stop 1, tempo 120  ------>      goes on as it is: REAPER was opened, nobody pressed stop
              <------  play 1       a pad
    play 1  ------>                 the same in return: nothing to do
    stop 1  ------>                 it rolled until now: this is the musician
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.osc_clients import Peer
from bridge.osc_wire import build
from engine import commands as c
from engine import events as e
from engine.errors import EngineError

COMMANDS = (c.SurfaceTempo, c.SurfacePlay, c.SurfaceStop)
TEMPO, PLAY, STOP = "/rg/reaper/tempo", "/rg/reaper/play", "/rg/reaper/stop"
SAME_BPM = 0.005  # OSC carries 32-bit floats


class Surface:
    """`told` gets what REAPER says, `show` what the engine says; `send` brings a packet to REAPER, `submit`
    an order to the engine (EngineError where it is refused)."""

    def __init__(
        self,
        send: Callable[[Peer, bytes], None],
        submit: Callable[[c.Command, e.Origin], None],
        peer: Peer | None = None,
    ) -> None:
        """`peer`: where REAPER listens; None: where it sends from."""
        self._send, self._submit = send, submit
        self._is_fixed, self._peer = peer is not None, peer
        self._client = ""  # what REAPER sends from
        self._engine_bpm, self._is_playing = 0.0, False
        self._tempo_bpm: float | None = None  # of REAPER, as far as we know
        self._rolling: bool | None = None

    def told(self, command: c.Command, origin: e.Origin) -> None:
        """EngineError where the engine refuses what REAPER wants; REAPER is told how it is."""
        if origin.client != self._client:
            self._meet(origin.client)
        if isinstance(command, c.SurfaceTempo):
            self._set_tempo(command.tempo_bpm, origin)
        elif isinstance(command, c.SurfacePlay) and command.on:
            was_rolling, self._rolling = self._rolling, True
            if not was_rolling:
                self._submit(c.Play(), origin)
        elif isinstance(command, c.SurfaceStop) and command.on:
            was_rolling, self._rolling = self._rolling, False
            if was_rolling:
                self._submit(c.Stop(), origin)

    def _meet(self, client: str) -> None:
        """Another REAPER, or one that was started anew: of it we know nothing."""
        self._client = client
        if not self._is_fixed:
            self._peer = Peer.parse(client)
        self._tempo_bpm = self._rolling = None

    def _set_tempo(self, tempo_bpm: float, origin: e.Origin) -> None:
        is_first, self._tempo_bpm = self._tempo_bpm is None, tempo_bpm
        if is_same(tempo_bpm, self._engine_bpm):
            return
        if is_first and self._is_playing and not self._rolling:
            return  # a project that was opened beside music that plays
        try:
            self._submit(c.SetTempo(tempo_bpm), origin)
        except EngineError:
            self._tell_tempo()
            raise

    def note(self, event: e.Event) -> None:
        """How the engine is; REAPER is told nothing."""
        if isinstance(event, e.Tempo):
            self._engine_bpm = event.tempo_bpm
        elif isinstance(event, e.Playing):
            self._is_playing = event.on

    def show(self, event: e.Event) -> None:
        """What REAPER does not know of it yet, it is told."""
        self.note(event)
        if isinstance(event, e.Tempo):
            if self._tempo_bpm is None or not is_same(event.tempo_bpm, self._tempo_bpm):
                self._tell_tempo()
        elif isinstance(event, e.Playing) and event.on != self._rolling and self._peer is not None:
            self._rolling = event.on
            self._send(self._peer, build(PLAY if event.on else STOP, [1]))

    def _tell_tempo(self) -> None:
        if self._peer is not None:
            self._tempo_bpm = self._engine_bpm
            self._send(self._peer, build(TEMPO, [self._engine_bpm]))


def is_same(tempo_bpm: float, other_bpm: float) -> bool:
    return abs(tempo_bpm - other_bpm) <= SAME_BPM
