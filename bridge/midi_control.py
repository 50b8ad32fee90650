"""What a controller has under the fingers, and what it says when it is moved.

note_on 36 100    -> Move("note", 36, channel 0, value 100)     pads, keys: pressed above 0
control 20 64     -> Move("cc", 20, channel 0, value 64)        knobs, buttons: pressed from 64
control 16, 48    -> Move("cc14", 16, channel 0, value 0..16383)  knobs of 14 bits (`midi_wide`)
pitchwheel        -> Move("bend", 0, channel 3, value 0..16383) faders of 14 bits, one a channel
program_change 5  -> Move("program", 5, channel 0, value 127)   pedals: pressed, and never let go
"""

from __future__ import annotations

from dataclasses import dataclass

import mido

MIDI_MAX = 127
BEND_MAX = 16_383
PRESSED_FROM = 64  # a CC button counts as pressed from the middle of its way
KINDS = ("note", "cc", "cc14", "bend", "program")
WIDE = ("cc14", "bend")  # of 14 bits


@dataclass(frozen=True)
class Control:
    """A pad, key, button, knob or fader. `channel` counts from 0, as in mido; None: any."""

    kind: str  # of KINDS
    number: int
    channel: int | None = None

    def __str__(self) -> str:
        """The trigger as the bindings list names it: `note 36`, `cc 20 channel 3`, `bend channel 1`."""
        where = "" if self.channel is None else f" channel {self.channel + 1}"
        return f"{self.kind}{where}" if self.kind == "bend" else f"{self.kind} {self.number}{where}"

    def hears(self, move: Move) -> bool:
        return (self.kind, self.number) == (move.kind, move.number) and self.channel in (None, move.channel)


@dataclass(frozen=True)
class Move:
    """One movement of a control. `value` is 0..127, of 14 bits 0..16383; what is let go has 0."""

    kind: str
    number: int
    channel: int
    value: int

    @property
    def position(self) -> float:
        """0..1, both ends met exactly."""
        return self.value / (BEND_MAX if self.kind in WIDE else MIDI_MAX)

    @property
    def pressed(self) -> bool:
        return self.value > 0 if self.kind == "note" else self.position > 0.5

    @property
    def control(self) -> Control:
        """The very control that moved, on its channel."""
        return Control(self.kind, self.number, self.channel)


def read_move(message: mido.Message) -> Move | None:
    """What a message says of a control; None for every other message."""
    if message.type == "note_on":
        return Move("note", message.note, message.channel, message.velocity)
    if message.type == "note_off":
        return Move("note", message.note, message.channel, 0)
    if message.type == "control_change":
        return Move("cc", message.control, message.channel, message.value)
    if message.type == "pitchwheel":
        return Move("bend", 0, message.channel, message.pitch + 8192)
    if message.type == "program_change":
        return Move("program", message.program, message.channel, MIDI_MAX)
    return None


# --- relative encoders ----------------------------------------------------------------------------


def _twos(value: int) -> int:
    return value if value < 64 else value - 128


def _sign(value: int) -> int:
    return -(value & 0x3F) if value & 0x40 else value


def _either(value: int) -> int:
    return _sign(value) if value < 96 else _twos(value)


# How a turn is told: 1, 2 … to the right, in `offset` 65, 66 …; to the left 127, 126 …, 65, 66 … or 63, 62 …
# `either` is for who has only seen turns to the right, and takes up to 31 clicks at once.
ENCODERS = {"twos": _twos, "sign": _sign, "offset": lambda value: value - 64, "either": _either}


def ticks(encoder: str, value: int) -> int:
    """How far a relative encoder was turned, in clicks: right is positive."""
    return ENCODERS[encoder](value)
