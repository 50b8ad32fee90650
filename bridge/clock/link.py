"""Ableton Link: the session's tempo and beat, read from the process that takes part in it.

Link shares a tempo, which the last one to change it decides, and the place in the bar (the quantum), but no
song position. Joining never changes the tempo of a session that is there. While nobody else is in it the
session is ours: it is kept in step with the music, so that who joins us joins the music.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from bridge.clock.link_stay import LinkStay
from bridge.clock.reading import Reading
from engine.errors import EngineError
from engine.units import seconds_to_beats

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "bridge.clock.link_process")
FRESH_S = 0.5
PRECISION_S = 0.0002
COME_BACK_S = 5.0
INSTALL = "Ableton Link is not installed: pip install 'resonantgen[link]'"


@dataclass(frozen=True)
class LinkState:
    """What the process told last."""

    at_s: float
    beat: float
    tempo_bpm: float
    peers: int
    playing: bool


class LinkClock:
    """See `Source`. On an event loop; `join` and `leave` a session."""

    def __init__(self, start_stop_sync: bool = False, command: tuple[str, ...] = COMMAND) -> None:
        self._start_stop_sync, self._command = start_stop_sync, command
        self._stay: LinkStay | None = None
        self._broke_off_s = float("-inf")
        self.state: LinkState | None = None
        self.quantum_beats = 4.0

    @property
    def is_installed(self) -> bool:
        return importlib.util.find_spec("aalink") is not None

    def check(self) -> None:
        if not self.is_installed:
            raise EngineError("not_available", INSTALL)

    @property
    def is_joined(self) -> bool:
        return self._stay is not None

    def join(self, tempo_bpm: float) -> None:
        """Take part; EngineError `not_available` where Link is not installed."""
        self.check()
        if self._stay is None:
            options = (f"{tempo_bpm:.9g}", f"{self.quantum_beats:g}", "1" if self._start_stop_sync else "0")
            stay = self._stay = LinkStay((*self._command, *options), self._hear, self._break_off)
            self._tell("quantum", self.quantum_beats)  # it may change before the process is there
            stay.begin()

    def may_come_back(self, now_s: float) -> bool:
        """Whether a process that has ended by itself is to be replaced: not at once, it may end again."""
        return self._stay is None and now_s - self._broke_off_s >= COME_BACK_S

    def leave(self) -> Awaitable[None]:
        """Say goodbye to the others, now; awaited, until that is over."""
        stay, self._stay, self.state = self._stay, None, None
        return stay.end() if stay is not None else _nothing()

    def _hear(self, stay: LinkStay, line: bytes) -> None:
        if stay is self._stay:
            self.state = LinkState(*json.loads(line))

    def _break_off(self, stay: LinkStay, code: int | None) -> None:
        """Nobody has left, and the process has ended."""
        if stay is self._stay:
            log.warning("Ableton Link has ended (%s)", code)
            self._stay = self.state = None
            self._broke_off_s = time.perf_counter()

    def read(self, now_s: float) -> Reading | None:
        """None while nobody else takes part."""
        state = self.state
        if state is None or state.peers == 0 or now_s - state.at_s > FRESH_S:
            return None
        beat = state.beat + seconds_to_beats(now_s - state.at_s, state.tempo_bpm)
        return Reading(
            state.playing if self._start_stop_sync else None, beat, state.tempo_bpm,
            quantum_beats=self.quantum_beats, precision_s=PRECISION_S,
            detail=f"Ableton Link with {state.peers} other{'s' if state.peers > 1 else ''}",
        )  # fmt: skip

    # --- what is told to the others ---------------------------------------------------------------

    def tell_tempo(self, tempo_bpm: float) -> None:
        self._tell("tempo", tempo_bpm)

    def tell_playing(self, on: bool) -> None:
        if self._start_stop_sync:
            self._tell("playing", int(on))

    def set_quantum(self, beats: float) -> None:
        if beats != self.quantum_beats:
            self.quantum_beats = beats
            self._tell("quantum", beats)

    def keep_in_step(self, beat: float, now_s: float) -> None:
        """While nobody else is there: the session's beat is the music's."""
        state = self.state
        if state is not None and state.peers == 0:
            self._tell("align", beat, now_s)

    def _tell(self, *order: Any) -> None:
        if self._stay is not None:
            self._stay.tell(json.dumps(order).encode() + b"\n")


async def _nothing() -> None:
    """What there is to wait for where nobody has joined."""
