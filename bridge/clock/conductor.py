"""Makes the player follow the clock that leads: start and stop, place, tempo.

    what the clock did                      what the player does
    starts, stops                           the same, when it happens: a musician who starts or stops against
                                            the clock is let, and hears of the clock when it starts again
    jumps (further off than a sixteenth)    locates
    is a little off                         shifts (bridge.clock.phase)
    changes tempo                           the set's tempo changes with it (bridge.clock.tempo)

A clock that shares only the place in the bar (Link) is followed to the nearest such place, and a start waits
for the next one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bridge.clock.phase import PhaseFollower
from bridge.clock.reading import Reading
from bridge.clock.tempo import TempoFollower
from bridge.player import Player, Transport
from engine.errors import EngineError
from engine.music.key import Signature
from engine.units import beats_to_seconds, seconds_to_beats

JUMP_BEATS = 0.25
ATTACK_S = 0.015  # a start that comes so little late begins on the sixteenth: no stroke is cut into
LOCATE_SETTLES_S = 0.2  # a JACK transport takes some blocks to arrive
LONGEST_LEAD_S = 0.2
MISSED_S = 0.02  # a start that is further off is made again: to shift it takes a second and more
START, LOCATE = "start", "locate"
LEAD_BLOCKS = 2.5  # of a JACK server, as measured with 64 to 1024 frames: 2.2 to 2.9
LAUNCH_S = 0.05  # so long before it the moment of a start is set


@dataclass(frozen=True)
class SetFrame:
    """The set's tempo and signature, as the engine last told them."""

    tempo_bpm: float
    signature: Signature


class Conductor:
    """`lead` when another clock takes over, then `follow` some 60 times a second."""

    def __init__(
        self, player: Player, ask_tempo: Callable[[float], None],
        ask_signature: Callable[[Signature], None], later: Callable[[float, Callable[[], None]], object],
    ) -> None:  # fmt: skip
        """`later` runs a call after so many seconds."""
        self._player, self._ask_signature, self._later = player, ask_signature, later
        self.tempo = TempoFollower(ask_tempo)
        self.phase = PhaseFollower(player)
        self._asked_signatures: tuple[Signature, Signature] | None = None  # the clock's, and the set's then
        self._was_rolling: bool | None = None
        self._was_at = 0.0  # beats
        self._lead_s = {START: 0.0, LOCATE: 0.0}  # what they take to arrive, as the last ones showed
        self._learned: set[str] = set()
        self._arriving: str | None = None  # which of them is still to be seen
        self._located_until_s = 0.0
        self._launch = 0  # counts the starts that were asked for, so that a stop takes them back
        self._waits = False  # for the next place in the bar

    def lead(self) -> None:
        """Another clock leads: nothing is known of it yet."""
        self._was_rolling = None
        self.phase.forget()
        self.tempo.take_kept()
        if self._waits:
            self._waits = False
            self._player.play()

    def expect(self, block_s: float) -> None:
        """How long a block of the player is: a start and a locate take some, until they have shown it."""
        self._lead_s |= dict.fromkeys(self._lead_s.keys() - self._learned, LEAD_BLOCKS * block_s)

    def play(self, reading: Reading | None) -> None:
        """The musician starts; `reading`: the clock that leads, None of our own."""
        if reading is None or not reading.quantum_beats or self._player.transport().rolling:
            self._player.play()
        else:
            self._waits = True

    def stop(self) -> None:
        self._waits = False
        self._launch += 1
        self._player.stop()

    def follow(self, reading: Reading, here: Transport, frame: SetFrame, now_s: float) -> None:
        """The clock that leads, and the player, both as of now."""
        self.follow_frame(reading, frame, here.tempo_bpm, now_s)
        # Before its beat 0 a host counts in: the music comes in with the first beat.
        rolling = None if reading.rolling is None else reading.rolling and reading.beat >= 0.0
        if rolling is not None and rolling != self._was_rolling:
            self._start_or_stop(reading, rolling, here, now_s)
        elif here.rolling and rolling is not False:
            self._keep_place(reading, here, now_s)
        elif self._waits:
            self._launch_in_time(reading, here, now_s)
        elif rolling is False and not here.rolling and self._has_moved(reading, here):
            self._locate(reading.beat, now_s)
        self._was_rolling, self._was_at = rolling, reading.beat

    def follow_frame(self, reading: Reading, frame: SetFrame, played_bpm: float, now_s: float) -> None:
        """Tempo and signature alone: of a clock whose transport the player is on."""
        if reading.settled:
            self.tempo.follow(reading, frame.tempo_bpm, played_bpm, now_s)
        if reading.signature is None or reading.signature == frame.signature:
            self._asked_signatures = None
        elif self._asked_signatures != (reading.signature, frame.signature):  # else the set cannot take it
            self._asked_signatures = (reading.signature, frame.signature)
            self._ask_signature(reading.signature)

    def _has_moved(self, reading: Reading, here: Transport) -> bool:
        """Whether a clock at rest has been put somewhere else: a musician may be elsewhere meanwhile."""
        return not reading.quantum_beats and reading.beat != self._was_at and reading.beat != here.beat

    def _start_or_stop(self, reading: Reading, rolling: bool, here: Transport, now_s: float) -> None:
        if not rolling:
            if self._was_rolling:  # a clock that is found at rest stops nobody
                self.stop()
        elif not here.rolling and reading.quantum_beats:
            self._waits = True
        elif not here.rolling:
            self._locate(self._start_of(reading), now_s)
            self._player.play()
            self._arriving = START

    def _launch_in_time(self, reading: Reading, here: Transport, now_s: float) -> None:
        """Start with the clock's next place in the bar, at the music's next one."""
        quantum = reading.quantum_beats
        left_s = beats_to_seconds(-reading.beat % quantum, reading.tempo_bpm) - self._lead_s[START]
        if not 0.0 <= left_s <= LAUNCH_S:
            return
        self._waits, self._launch = False, self._launch + 1
        self._locate(math.ceil(here.beat / quantum - 1e-6) * quantum, now_s)
        self._later(left_s, partial(self._start, self._launch))

    def _start(self, launch: int) -> None:
        if launch == self._launch:
            self._player.play()
            self.phase.forget()
            self._arriving = START

    def _keep_place(self, reading: Reading, here: Transport, now_s: float) -> None:
        error_beats = error_of(reading, here)
        if abs(error_beats) > JUMP_BEATS:
            if now_s >= self._located_until_s:
                self._jump(error_beats, reading, here, now_s)
            return
        error_s = beats_to_seconds(error_beats, reading.tempo_bpm)
        measured_s = self.phase.look(error_s, now_s)
        if measured_s is None:
            return
        if self._arriving is not None and self._missed(self._arriving, measured_s):
            self._jump(error_beats, reading, here, now_s)
            return
        self.phase.shift(measured_s, reading.precision_s, here.sample_rate, now_s)

    def _jump(self, error_beats: float, reading: Reading, here: Transport, now_s: float) -> None:
        beat = here.beat + error_beats + seconds_to_beats(self._lead_s[LOCATE], reading.tempo_bpm)
        self._locate(beat + (reading.quantum_beats if beat < 0.0 else 0.0), now_s)

    def _missed(self, arrived: str, error_s: float) -> bool:
        """Whether a start has to be put right by a locate; its error is what it took to arrive, and more."""
        self._learned.add(arrived)
        self._lead_s[arrived] = min(max(0.0, self._lead_s[arrived] + error_s), LONGEST_LEAD_S)
        self._arriving = None
        return arrived == START and abs(error_s) > MISSED_S

    def _start_of(self, reading: Reading) -> float:
        """Where the music comes in with a clock that is rolling already."""
        sixteenth = math.floor(reading.beat / JUMP_BEATS) * JUMP_BEATS
        late_s = beats_to_seconds(reading.beat - sixteenth, reading.tempo_bpm) + self._lead_s[START]
        return sixteenth if late_s <= ATTACK_S else sixteenth + seconds_to_beats(late_s, reading.tempo_bpm)

    def _locate(self, beat: float, now_s: float) -> None:
        self._located_until_s = now_s + LOCATE_SETTLES_S
        self.phase.forget(self._located_until_s)
        self._arriving = LOCATE
        try:
            self._player.locate(max(0.0, beat))
        except EngineError:  # further than a transport can count: the music stays where it is
            return


def error_of(reading: Reading, here: Transport) -> float:
    """How many beats the music is behind the clock; of a clock with a quantum, behind the nearest place."""
    behind, quantum = reading.beat - here.beat, reading.quantum_beats
    return behind if not quantum else (behind + quantum / 2) % quantum - quantum / 2
