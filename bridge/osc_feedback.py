"""Values on their way out: only what changed, and each value at most 30 times a second.

    change      a  b c  d                  the first goes out at once, the newest of those that came
    sent        a      d                   within the interval at its end
                |<---->|  INTERVAL_S

Who changed a switch (a lock, a mute) is told at once, even within the interval: a pad is hammered faster
than 30 Hz. What such a client knows by then is remembered, so that everybody ends up with the truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from bridge.osc_clients import Peer
from bridge.osc_codec import encode
from bridge.osc_spec import (
    BEAT_BIT,
    HAPPENINGS,
    LEVEL_BIT,
    LOG_BIT,
    PROGRESS_BIT,
    SET_BIT,
    TRACK_BIT,
    VALUES,
)  # fmt: skip
from bridge.osc_wire import build
from engine import events as e

# 30 a second, and a little longer, so that no second holds a 31st.
INTERVAL_S = 0.034
BITS: dict[type[e.Event], int] = {
    e.TrackProgress: PROGRESS_BIT, e.TrackLevel: LEVEL_BIT, e.Beat: BEAT_BIT, e.Playing: BEAT_BIT,
    e.ClockSource: BEAT_BIT, e.ClockActive: BEAT_BIT, e.Log: LOG_BIT,
}  # fmt: skip
METERS = PROGRESS_BIT | LEVEL_BIT
SWITCHES = frozenset(
    row.event for row in VALUES.values() if [(a.type, a.low, a.high) for a in row.args] == [("i", 0, 1)]
)


class Fate(Enum):
    """What became of a piece of feedback."""

    SENT = "it went out to everybody"
    WAITING = "it, or a newer one, goes out at the end of the interval"
    KNOWN = "it is no news"


@dataclass(frozen=True)
class Feedback:
    """A message on its way to everybody whose mask has `bit`. `key` names the value."""

    key: str
    address: str
    bit: int
    data: bytes
    is_value: bool  # else it happened, and is told each time
    is_switch: bool

    @classmethod
    def of(cls, event: e.Event) -> Feedback:
        kind = type(event)
        address, args = encode(event)
        key = f"{address} {event.name}" if isinstance(event, e.TrackParam) else address
        is_value = kind not in HAPPENINGS
        return cls(key, address, feedback_bit(kind), build(address, args), is_value, kind in SWITCHES)


def feedback_bit(kind: type[e.Event]) -> int:
    """The bit of a client's mask that an event belongs to."""
    return BITS.get(kind, TRACK_BIT if issubclass(kind, e.TrackEvent) else SET_BIT)


# Sends a piece of feedback to everybody for whom the predicate holds.
Send = Callable[[Feedback, Callable[[Peer], bool]], None]


class FeedbackLimiter:
    """Lets feedback through to `send` at its pace. One timer serves all values."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self.loop = loop
        self.send = send
        self.sent: dict[str, bytes] = {}  # what everybody knows of a value
        self.told: dict[str, dict[Peer, bytes]] = {}  # and those who were told more since
        self.sent_at_s: dict[str, float] = {}
        self.waiting: dict[str, tuple[float, Feedback]] = {}  # due time of the newest value
        self.deferred: list[tuple[float, Callable[[], None]]] = []
        self.timer: asyncio.TimerHandle | None = None

    def know(self, feedback: Feedback) -> None:
        """Take a value as known to everybody: it was so when the server opened."""
        self.sent[feedback.key] = feedback.data

    def publish(self, feedback: Feedback) -> Fate:
        if not feedback.is_value:
            self.send(feedback, lambda peer: True)
            return Fate.SENT
        now_s = self.loop.time()
        due_s = self.sent_at_s.get(feedback.key, -INTERVAL_S) + INTERVAL_S
        if now_s >= due_s:
            return Fate.SENT if self._send(feedback, now_s) else Fate.KNOWN
        self.waiting[feedback.key] = (due_s, feedback)
        self._wake_at(due_s)
        return Fate.WAITING

    def note_told(self, feedback: Feedback, peer: Peer) -> None:
        """One client was told out of turn: its interval begins, and it need not be told again."""
        if feedback.key in self.waiting:
            self.told.setdefault(feedback.key, {})[peer] = feedback.data
        else:
            self.sent_at_s[feedback.key] = self.loop.time()

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
        """To whom it is news; False where it is to nobody."""
        key, data = feedback.key, feedback.data
        self.waiting.pop(key, None)
        told, before = self.told.pop(key, {}), self.sent.get(key)
        if data == before and all(known == data for known in told.values()):
            return False
        self.sent[key], self.sent_at_s[key] = data, now_s
        self.send(feedback, lambda peer: told.get(peer, before) != data)
        return True

    def _wake_at(self, due_s: float) -> None:
        if self.timer is None or due_s < self.timer.when():
            if self.timer is not None:
                self.timer.cancel()
            self.timer = self.loop.call_at(due_s, self._on_timer)

    def _on_timer(self) -> None:
        self.timer = None
        self._release(self.loop.time())
        dues = [due_s for due_s, _ in self.waiting.values()] + [due_s for due_s, _ in self.deferred]
        if dues:
            self._wake_at(min(dues))

    def _release(self, until_s: float) -> None:
        for due_s, feedback in list(self.waiting.values()):
            if due_s <= until_s:
                self._send(feedback, self.loop.time())
        while self.deferred and self.deferred[0][0] <= until_s:
            self.deferred.pop(0)[1]()
