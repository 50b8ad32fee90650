"""When MIDI messages arrived: from rtmidi's times between them, not from when somebody looked.

rtmidi tells of each message how long after the one before it came. Added up they are a clock of their own,
exact but without a beginning. It begins where no message would lie in the future of the moment it was looked
at: at the least delay of the last seconds.

    looked at - sum of the times between      late (the loop was busy)
        |     x        x
        |  x     x  x     x  x  x             never below the line: that is the beginning
        +-----------------------
"""

from __future__ import annotations

from collections import deque

WINDOW_S = 4.0  # and no longer: the two clocks may drift apart


class Stamps:
    """Of one port. `late_s`: how long before its own time a message is stamped (half a block of audio where
    JACK hands messages over with the block they lie in)."""

    def __init__(self, late_s: float = 0.0) -> None:
        self._late_s = late_s
        self._sum_s = 0.0
        self._least: deque[tuple[float, float]] = deque()  # (looked at, delay), delays rising

    def at(self, delta_s: float, now_s: float) -> float:
        """The time of a message that came `delta_s` after the last one, looked at `now_s`."""
        self._sum_s += delta_s
        delay_s = now_s - self._sum_s
        while self._least and self._least[-1][1] >= delay_s:
            self._least.pop()
        self._least.append((now_s, delay_s))
        while now_s - self._least[0][0] > WINDOW_S:
            self._least.popleft()
        return self._sum_s + self._least[0][1] + self._late_s
