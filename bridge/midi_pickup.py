"""Pick-up, or soft takeover: a knob that stands elsewhere than the value does nothing until it has met it.

value  ----------x-------------     the knob comes from below, crosses it at x, and leads from there on
knob   1 2 3 4 5 6 7 …
"""

from __future__ import annotations

from collections.abc import Hashable

NEAR = 2 / 127  # so close a knob counts as there: its own step, and a hair


class Pickup:
    """Of one controller: of each knob, where it was last, and the position it has set."""

    def __init__(self) -> None:
        self._was: dict[Hashable, float] = {}
        self._led: dict[Hashable, float] = {}

    def lets_through(self, knob: Hashable, position: float, target: float | None, near: float = NEAR) -> bool:
        """Whether a move counts; `target` is the position of the present value, None where none is known,
        and `near` how close a knob has to come, 0..1.

        A knob that leads goes on leading for as long as nobody else sets the value.
        """
        was, self._was[knob] = self._was.get(knob), position
        led = self._led.get(knob)
        leads = target is None or (led is not None and abs(led - target) <= near)
        crossed = target is not None and was is not None and (was - target) * (position - target) <= 0
        if not (leads or crossed or abs(position - (target or 0.0)) <= near):
            self._led.pop(knob, None)
            return False
        self._led[knob] = position
        return True
