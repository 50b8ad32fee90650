"""Values on their way out: only what changed, and each value at most 30 times a second.

change      a  b c  d                  the first goes out at once, the newest of those that came
sent        a      d                   within the interval at its end
            |<---->|  INTERVAL_S
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bridge.osc_codec import encode
from bridge.osc_spec import BEAT_BIT, HAPPENINGS, LEVEL_BIT, LOG_BIT, PROGRESS_BIT, SET_BIT, TRACK_BIT
from bridge.osc_wire import build
from engine import events as e

# 30 a second, and a little longer, so that no second holds a 31st.
INTERVAL_S = 0.034
BITS: dict[type[e.Event], int] = {
    e.TrackProgress: PROGRESS_BIT, e.TrackLevel: LEVEL_BIT, e.Beat: BEAT_BIT, e.Playing: BEAT_BIT,
    e.ClockSource: BEAT_BIT, e.Log: LOG_BIT,
}  # fmt: skip
METERS = PROGRESS_BIT | LEVEL_BIT


@dataclass(frozen=True)
class Feedback:
    """A message on its way to everybody whose mask has `bit`. `key` names the value."""

    key: str
    address: str
    bit: int
    data: bytes

    @classmethod
    def of(cls, event: e.Event) -> Feedback:
        address, args = encode(event)
        key = f"{address} {event.name}" if isinstance(event, e.TrackParam) else address
        return cls(key, address, feedback_bit(type(event)), build(address, args))


def feedback_bit(kind: type[e.Event]) -> int:
    """The bit of a client's mask that an event belongs to."""
    return BITS.get(kind, TRACK_BIT if issubclass(kind, e.TrackEvent) else SET_BIT)


class FeedbackLimiter:
    """Lets feedback through to `send` at its pace. One timer serves all values."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Callable[[Feedback], None]) -> None:
        self.loop = loop
        self.send = send
        self.sent: dict[str, bytes] = {}  # what every client knows of a value
        self.sent_at_s: dict[str, float] = {}
        self.waiting: dict[str, tuple[float, Feedback]] = {}  # due time of the newest value
        self.deferred: list[tuple[float, Callable[[], None]]] = []
        self.timer: asyncio.TimerHandle | None = None

    def know(self, event: e.Event) -> None:
        """Take a value as known to everybody: it was so when the server opened."""
        feedback = Feedback.of(event)
        self.sent[feedback.key] = feedback.data

    def publish(self, event: e.Event) -> bool:
        """True when it went out now; False when it waits its turn, or is no news."""
        feedback = Feedback.of(event)
        if type(event) in HAPPENINGS:
            self.send(feedback)
            return True
        now_s = self.loop.time()
        due_s = self.sent_at_s.get(feedback.key, -INTERVAL_S) + INTERVAL_S
        if now_s < due_s:
            self.waiting[feedback.key] = (due_s, feedback)
            self._wake_at(due_s)
            return False
        return self._send(feedback, now_s)

    def after_values(self, call: Callable[[], None]) -> None:
        """Run `call` when every value that is waiting has gone out: who reads `/rg/done` knows the new state.

        Meters do not count; they are always on the move.
        """
        dues = [due_s for due_s, feedback in self.waiting.values() if not feedback.bit & METERS]
        dues += [due_s for due_s, _ in self.deferred[-1:]]  # answers stay in their order
        if dues:
            self.deferred.append((max(dues), call))
            self._wake_at(max(dues))
        else:
            call()

    def flush(self) -> None:
        """Send whatever waits, now."""
        self._release(float("inf"))

    def _send(self, feedback: Feedback, now_s: float) -> bool:
        self.waiting.pop(feedback.key, None)
        if self.sent.get(feedback.key) == feedback.data:
            return False
        self.sent[feedback.key] = feedback.data
        self.sent_at_s[feedback.key] = now_s
        self.send(feedback)
        return True

    def _wake_at(self, due_s: float) -> None:
        if self.timer is None or due_s < self.timer.when():
            if self.timer is not None:
                self.timer.cancel()
            self.timer = self.loop.call_at(due_s, self._on_timer)

    def _on_timer(self) -> None:
        self.timer = None
        # The loop calls up to one tick of its clock early.
        self._release(self.loop.time() + 0.001)
        dues = [due_s for due_s, _ in self.waiting.values()] + [due_s for due_s, _ in self.deferred]
        if dues:
            self._wake_at(min(dues))

    def _release(self, until_s: float) -> None:
        for due_s, feedback in list(self.waiting.values()):
            if due_s <= until_s:
                self._send(feedback, self.loop.time())
        while self.deferred and self.deferred[0][0] <= until_s:
            self.deferred.pop(0)[1]()
