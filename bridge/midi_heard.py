"""What kind of control it is that moves while a controller learns.

A note is a pad, a bend a fader, a program change a pedal: one message tells. A CC is looked at for longer:

    127 0                button        values that stay the same, or are 1, 1, 2, 1 or 127, 127: an endless
    20 21 23 26 …        knob          knob (turn it to the right: 1 and 127 are all it says)
    and 7 40 99 12 … of the CC 32 above it, with each: a knob of 14 bits
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from bridge.midi_control import MIDI_MAX, Control, Move

QUIET_S = 0.25  # so long nothing more comes of a button
ENOUGH = 6  # messages of a knob
FEW = 3
SLOW = 24  # clicks at once that an endless knob says at most, while somebody shows it


@dataclass(frozen=True)
class Kind:
    """A control, and what it is: `pad` (also keys and buttons), or a knob, with its encoder if endless."""

    control: Control
    is_pad: bool
    encoder: str = ""


@dataclass
class Heard:
    """The moves of one control, until its kind is clear."""

    control: Control
    values: list[int] = field(default_factory=list)
    at_s: float = 0.0

    def add(self, move: Move, now_s: float) -> None:
        self.values.append(move.value)
        self.at_s = now_s

    def kind(self, now_s: float) -> Kind | None:
        """None while it is not clear."""
        if self.control.kind in ("note", "program"):
            return Kind(self.control, True)
        if self.control.kind == "bend":
            return Kind(self.control, False) if len(self.values) >= FEW else None
        if is_button(self.values):
            return Kind(self.control, True) if now_s - self.at_s >= QUIET_S else None
        enough = len(self.values) >= ENOUGH or (len(self.values) >= FEW and now_s - self.at_s >= QUIET_S)
        return Kind(self.control, False, encoder_of(self.values)) if enough else None


def is_wide(coarse: Heard, fine: Heard) -> bool:
    """Whether they are the halves of one knob: the fine one has come with each of the coarse one."""
    return len(fine.values) >= max(FEW, len(coarse.values)) and abs(fine.at_s - coarse.at_s) < QUIET_S


def is_button(values: list[int]) -> bool:
    """Only ends, and never the same one twice."""
    only_ends = set(values) <= {0, MIDI_MAX} and MIDI_MAX in values
    return only_ends and all(one != other for one, other in pairwise(values))


def encoder_of(values: list[int]) -> str:
    """The encoder that says this, "" for a knob with ends: that never says the same value twice."""
    if not any(one == other for one, other in pairwise(values)):
        return ""
    if all(0 < value <= SLOW or value >= 128 - SLOW for value in values):
        return "either"
    if all(0 < value <= SLOW or 64 < value <= 64 + SLOW for value in values) and min(values) <= SLOW:
        return "sign"
    return "offset" if all(64 - SLOW <= value <= 64 + SLOW for value in values) else ""
