"""MIDI clock with song position: 24 ticks a beat, start, continue, stop (MIDI 1.0, system real time).

    F2 lsb msb     song position in sixteenths, 6 ticks each       F8  tick
    FA start       from 0                                          FB  continue, from where it was, or was put
                   both with the next tick, which lies on that position exactly         FC  stop

A song position counts whole sixteenths, and what a sender rounds away nobody can know: so the tick after
start or continue is taken to lie on the position itself, as the standard says. A song position while it rolls
is a jump: the next tick lies there. Ticks at rest tell the tempo and count nothing.
"""

from __future__ import annotations

from bridge.clock.reading import Reading
from bridge.clock.ticks import TICKS_PER_BEAT, Ticks
from engine.errors import EngineError

TICKS_PER_POSITION = 6
SONG_POSITION, TICK, START, CONTINUE, STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC
STATUSES = frozenset((SONG_POSITION, TICK, START, CONTINUE, STOP))
FRESH_S = 1.0
PRECISION_S = 0.0003


class MidiClock:
    """See `Source`. One sender leads: the first that ticks, until it falls silent."""

    def __init__(self) -> None:
        self.is_off = False
        self._sender: object = None
        self._heard_s = float("-inf")  # the latest tick
        self._ticks = Ticks()
        self._place = 0  # of the latest tick while it rolls; at rest, where the next start goes on
        self._next: int | None = None  # where the next tick lies, if not right after the latest
        self._started = self._rolls = False  # it rolls from the tick after the start on

    def hear(self, sender: object, message: bytes, at_s: float) -> None:
        """A message of `STATUSES` that was sent at `at_s`; what another sender says meanwhile is left out."""
        if sender != self._sender:
            if at_s - self._heard_s <= FRESH_S:
                return
            self._sender, self._place, self._next = sender, 0, None
            self._started = self._rolls = False
        status = message[0]
        if status == TICK:
            self._tick(at_s)
        elif status == SONG_POSITION and len(message) == 3:
            self._go_to((message[1] | message[2] << 7) * TICKS_PER_POSITION)
        elif status == STOP:
            self._stop()
        elif status in (START, CONTINUE):
            self._next = 0 if status == START else self._place + self._rolls
            self._started = True

    @property
    def is_rolling(self) -> bool:
        """The first two ticks are there."""
        return self._rolls and self._ticks.loop.events >= 2

    def _go_to(self, place: int) -> None:
        if self._started:
            self._next = place
        else:
            self._place = place

    def _stop(self) -> None:
        """A continue will go on with the tick that would have come."""
        if self._started:
            self._place = self._next if self._next is not None else self._place + 1
        self._started, self._rolls, self._next = False, False, None

    def _tick(self, at_s: float) -> None:
        silent_s, self._heard_s = at_s - self._heard_s, at_s
        steps = 1
        if silent_s > FRESH_S:
            # Unplugged and plugged in again: the sender has gone on meanwhile.
            steps = round(silent_s / self._ticks.loop.period_s) if self._rolls else 1
            self._ticks.begin(at_s)
        elif self._started and not self._rolls:
            self._ticks.shift(at_s)
        else:
            steps = self._ticks.count(at_s)
        if self._next is not None:
            self._place, self._next, self._rolls = self._next, None, True
        elif self._rolls:
            self._place += steps

    def read(self, now_s: float) -> Reading | None:
        ticks = self._ticks
        if now_s - self._heard_s > FRESH_S or ticks.loop.events < 2:
            return None
        place = self._place + (ticks.since(now_s) if self._rolls else 0.0)
        return Reading(
            self._rolls, place / TICKS_PER_BEAT, ticks.tempo_bpm, settled=ticks.is_settled,
            tempo_error_bpm=ticks.tempo_error_bpm, certain=self._started, precision_s=PRECISION_S,
            detail="MIDI clock" if self._started else "MIDI clock, at rest",
        )  # fmt: skip

    def check(self) -> None:
        """Somebody may plug in at any time, unless the settings leave MIDI out."""
        if self.is_off:
            raise EngineError("not_available", "MIDI is off; set [midi] enabled = true, and start anew")
