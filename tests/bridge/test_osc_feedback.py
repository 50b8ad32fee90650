"""Feedback is what changed, at most 30 times a second, and in the end the truth. The clock is a number."""

import heapq
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.osc_clients import Peer
from bridge.osc_feedback import INTERVAL_S, SWITCHES, Fate, Feedback, FeedbackLimiter, feedback_bit
from bridge.osc_spec import (
    BEAT_BIT,
    HAPPENINGS,
    LEVEL_BIT,
    LOG_BIT,
    OUTPUTS,
    PROGRESS_BIT,
    SET_BIT,
    TRACK_BIT,
)
from bridge.osc_wire import parse
from engine import events as e

PEERS = [Peer("udp", "127.0.0.1", port) for port in (1, 2)]


class Clock:
    """The two calls of an event loop that the limiter makes, with time that goes when told to."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.count = itertools.count()
        self.timers: list[tuple[float, int, Timer]] = []

    def time(self) -> float:
        return self.now_s

    def call_at(self, when_s, call):
        timer = Timer(when_s, call)
        heapq.heappush(self.timers, (when_s, next(self.count), timer))
        return timer

    def go_to(self, until_s: float) -> None:
        while self.timers and self.timers[0][0] <= until_s:
            when_s, _, timer = heapq.heappop(self.timers)
            if not timer.cancelled:
                self.now_s = max(self.now_s, when_s)
                timer.call()
        self.now_s = max(self.now_s, until_s)


class Timer:
    def __init__(self, when_s, call) -> None:
        self.when_s, self.call, self.cancelled = when_s, call, False

    def when(self) -> float:
        return self.when_s

    def cancel(self) -> None:
        self.cancelled = True


class Desk:
    """A limiter and the transcript of what it sent: (time, address, arguments)."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sent: list[tuple[float, str, tuple]] = []
        self.limiter = FeedbackLimiter(self.clock, self.note)

    def note(self, feedback, is_news_to) -> None:
        self.news = [peer for peer in PEERS if is_news_to(peer)]
        message = parse(feedback.data)
        self.sent.append((self.clock.now_s, message.address, message.args))

    def publish_at(self, at_s: float, event: e.Event) -> Fate:
        self.clock.go_to(at_s)
        self.feedback = Feedback.of(event)
        return self.limiter.publish(self.feedback)

    @property
    def transcript(self) -> list[tuple]:
        return [(address, *args) for _, address, args in self.sent]


CHANGES = st.lists(st.tuples(st.floats(0, 0.05), st.sampled_from(["bass", "drums"]), st.integers(0, 3)), max_size=60)  # fmt: skip # noqa: E501


@given(changes=CHANGES)
def test_laws_of_the_pace(changes):
    desk = Desk()
    newest, at_s = {}, 0.0
    for delay_s, track, seed in changes:
        at_s += delay_s
        desk.publish_at(at_s, e.TrackSeed(track, seed))
        newest[f"/rg/track/{track}/seed"] = (seed,)
    desk.clock.go_to(at_s + 2 * INTERVAL_S)
    for address in newest:
        sent = [(time_s, args) for time_s, own, args in desk.sent if own == address]
        for (before_s, before), (after_s, after) in itertools.pairwise(sent):
            assert after_s - before_s >= INTERVAL_S - 1e-9  # at most 30 times a second
            assert after != before  # only what changed
        assert sent[-1][1] == newest[address]  # and in the end the truth
    assert desk.limiter.waiting == {}


def test_no_second_holds_more_than_thirty():
    desk = Desk()
    for tick in range(2000):
        desk.publish_at(tick / 1000, e.TrackProgress("bass", tick / 2000))
    times = [time_s for time_s, _, _ in desk.sent]
    assert len(times) > 50
    assert max(sum(start <= time_s <= start + 1 for time_s in times) for start in times) <= 30


def test_a_change_after_a_pause_goes_out_at_once_and_the_newest_at_the_end_of_the_interval():
    desk = Desk()
    for at_s, seed in ((1.0, 1), (1.01, 2), (1.02, 3), (2.0, 4)):
        desk.publish_at(at_s, e.Seed(seed))
    assert [(time_s, args) for time_s, _, args in desk.sent] == [
        (1.0, (1,)), (pytest.approx(1.0 + INTERVAL_S), (3,)), (2.0, (4,)),
    ]  # fmt: skip


def test_a_value_that_came_back_in_time_is_not_sent_again():
    desk = Desk()
    for at_s, on in ((1.0, True), (1.01, False), (1.02, True)):
        desk.publish_at(at_s, e.TrackLock("bass", on))
    desk.clock.go_to(2.0)
    assert desk.transcript == [("/rg/track/bass/lock", 1)]


def test_what_was_so_from_the_start_is_no_change():
    desk = Desk()
    desk.limiter.know(Feedback.of(e.TrackLock("bass", False)))
    desk.publish_at(1.0, e.TrackLock("bass", False))
    assert desk.sent == []


def test_the_fate_of_feedback_is_told():
    desk = Desk()
    fates = [desk.publish_at(at_s, e.Seed(seed)) for at_s, seed in ((1.0, 1), (1.01, 2), (2.0, 2), (3.0, 2))]
    assert fates == [Fate.SENT, Fate.WAITING, Fate.KNOWN, Fate.KNOWN]
    assert desk.publish_at(4.0, e.Log("info", "x")) is Fate.SENT


def test_who_was_told_out_of_turn_is_not_told_again():
    desk = Desk()
    desk.publish_at(1.0, e.TrackLock("bass", True))
    desk.publish_at(1.01, e.TrackLock("bass", False))
    desk.limiter.note_told(desk.feedback, PEERS[0])
    desk.clock.go_to(2.0)
    assert desk.transcript == [("/rg/track/bass/lock", 1), ("/rg/track/bass/lock", 0)]
    assert desk.news == [PEERS[1]]


def test_who_was_told_out_of_turn_hears_when_it_is_no_longer_so():
    desk = Desk()
    desk.publish_at(1.0, e.TrackLock("bass", True))
    desk.publish_at(1.01, e.TrackLock("bass", False))
    desk.limiter.note_told(desk.feedback, PEERS[0])
    desk.publish_at(1.02, e.TrackLock("bass", True))  # by somebody else
    desk.clock.go_to(2.0)
    assert desk.transcript == [("/rg/track/bass/lock", 1), ("/rg/track/bass/lock", 1)]
    assert desk.news == [PEERS[0]]


def test_switches_are_what_is_on_or_off():
    assert {e.TrackLock, e.TrackMute, e.TrackSolo, e.TrackMidi, e.Playing} == SWITCHES


def test_each_track_and_each_parameter_has_a_pace_of_its_own():
    desk = Desk()
    events = [e.TrackParam(t, name, 0.25) for t in ("bass", "drums") for name in ("density", "swing")]
    for event in events:
        desk.publish_at(1.0, event)
    assert desk.transcript == [(f"/rg/track/{event.track}/param", event.name, 0.25) for event in events]


def test_what_happened_is_told_each_time():
    desk = Desk()
    for _ in range(3):
        desk.publish_at(1.0, e.Log("info", "again"))
        desk.publish_at(1.0, e.Beat(1, 1, 120.0))
        desk.publish_at(1.0, e.SceneLoaded("a"))
    assert len(desk.sent) == 9


def test_an_answer_waits_for_the_values_that_came_before_it_and_no_longer():
    desk = Desk()
    desk.publish_at(1.0, e.TrackState("bass", "generating"))
    desk.publish_at(1.01, e.TrackState("bass", "ready"))
    desk.limiter.after_values(lambda: desk.sent.append((desk.clock.now_s, "done", (1,))))
    desk.limiter.after_values(lambda: desk.sent.append((desk.clock.now_s, "done", (2,))))
    desk.publish_at(1.02, e.TrackState("bass", "queued"))
    desk.clock.go_to(3.0)
    state = "/rg/track/bass/state"
    assert desk.transcript == [(state, "generating"), (state, "queued"), ("done", 1), ("done", 2)]
    assert desk.sent[-1][0] == pytest.approx(1.0 + INTERVAL_S)


def test_an_answer_does_not_wait_for_meters():
    desk = Desk()
    for at_s in (1.0, 1.01):
        desk.publish_at(at_s, e.TrackLevel("bass", -at_s))
        desk.publish_at(at_s, e.TrackProgress("bass", at_s / 2))
    desk.limiter.after_values(lambda: desk.sent.append((desk.clock.now_s, "done", ())))
    assert desk.sent[-1] == (1.01, "done", ())


def test_flush_leaves_nothing_behind():
    desk = Desk()
    for seed in range(3):
        desk.publish_at(1.0, e.Seed(seed))
    desk.limiter.after_values(lambda: desk.sent.append((1.0, "done", ())))
    desk.limiter.flush()
    assert desk.transcript == [("/rg/seed", 0), ("/rg/seed", 2), ("done",)]


def test_every_event_belongs_to_one_bit_of_the_mask():
    bits = {kind: feedback_bit(kind) for kind, row in OUTPUTS.items() if not row.reply}
    assert bits[e.TrackLock] == TRACK_BIT
    assert bits[e.TrackProgress] == PROGRESS_BIT
    assert bits[e.TrackLevel] == LEVEL_BIT
    assert bits[e.Beat] == bits[e.Playing] == BEAT_BIT
    assert bits[e.Tempo] == bits[e.ContextKey] == bits[e.SceneSaved] == SET_BIT
    assert bits[e.Log] == LOG_BIT
    assert all(bit in (1, 2, 4, 8, 16, 32) for bit in bits.values())
    assert set(bits) >= HAPPENINGS
