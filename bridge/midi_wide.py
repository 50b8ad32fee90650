"""Knobs of 14 bits: a coarse CC, 0 to 31, and a fine one 32 numbers above it, which comes after (MIDI 1.0).

cc 16 64, cc 48 3   -> Move("cc14", 16, value 64 * 128 + 3)
          cc 48 4   -> Move("cc14", 16, value 64 * 128 + 4)     the coarse one need not be said again
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.midi_control import Control, Move

FINE = 32  # how far above the coarse one
COARSE_MAX = 31


def halves(control: Control) -> tuple[Control, Control]:
    """The coarse and the fine CC of a knob."""
    coarse = Control("cc", control.number, control.channel)
    return coarse, Control("cc", control.number + FINE, control.channel)


class WideKnobs:
    """Of one controller: its knobs of 14 bits, and where their coarse halves stand."""

    def __init__(self, controls: Iterable[Control]) -> None:
        self.controls = [control for control in controls if control.kind == "cc14"]
        self._coarse: dict[tuple[int, int], int] = {}

    def join(self, move: Move) -> Move | None:
        """The move of a whole knob; None for what is no fine half, or where the coarse half is not known."""
        if move.kind != "cc" or not self.controls:
            return None
        if move.number <= COARSE_MAX:
            self._coarse[move.number, move.channel] = move.value
        number = move.number - FINE
        coarse = self._coarse.get((number, move.channel))
        if coarse is None:
            return None
        joined = Move("cc14", number, move.channel, coarse * 128 + move.value)
        return joined if any(control.hears(joined) for control in self.controls) else None
