"""REAPER as an OSC control surface: its tempo and transport without any script, both ways.

`ResonantGen.ReaperOSC` gives REAPER these addresses. REAPER says hello to nobody: whoever sends them is
REAPER, and is told there from then on (in its mode "Device IP/port" it listens where it sends from); or it
listens at the port that the settings name. What REAPER has said itself is never sent back to it: the echo of
a tempo that is being dragged would fight the musician's hand.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.osc_clients import Peer
from bridge.osc_wire import build
from engine import commands as c
from engine import events as e

COMMANDS = (c.SurfaceTempo, c.SurfacePlay, c.SurfaceStop)
TEMPO, PLAY, STOP = "/rg/reaper/tempo", "/rg/reaper/play", "/rg/reaper/stop"
SAME_BPM = 0.005  # OSC carries 32-bit floats


class Surface:
    """`told` gets what REAPER says, `show` what the engine says; `send` brings a packet to REAPER."""

    def __init__(
        self,
        send: Callable[[Peer, bytes], None],
        submit: Callable[[c.Command, e.Origin], None],
        peer: Peer | None = None,
    ) -> None:
        """`peer`: where REAPER listens; None: where it sends from."""
        self._send, self._submit = send, submit
        self._is_fixed, self._peer = peer is not None, peer
        self._tempo_bpm = 0.0
        self._rolling: bool | None = None

    def told(self, command: c.Command, origin: e.Origin) -> None:
        """EngineError where the engine refuses what REAPER wants."""
        if not self._is_fixed:
            self._peer = Peer.parse(origin.client)
        if isinstance(command, c.SurfaceTempo):
            self._tempo_bpm = command.tempo_bpm
            self._submit(c.SetTempo(command.tempo_bpm), origin)
        elif isinstance(command, c.SurfacePlay) and command.on:
            self._rolling = True
            self._submit(c.Play(), origin)
        elif isinstance(command, c.SurfaceStop) and command.on:
            self._rolling = False
            self._submit(c.Stop(), origin)

    def show(self, event: e.Event) -> None:
        if isinstance(event, e.Tempo) and abs(event.tempo_bpm - self._tempo_bpm) > SAME_BPM:
            self._tempo_bpm = event.tempo_bpm
            self._tell(TEMPO, event.tempo_bpm)
        elif isinstance(event, e.Playing) and event.on != self._rolling:
            self._rolling = event.on
            self._tell(PLAY if event.on else STOP, 1)

    def _tell(self, address: str, value: float | int) -> None:
        if self._peer is not None:
            self._send(self._peer, build(address, [value]))
