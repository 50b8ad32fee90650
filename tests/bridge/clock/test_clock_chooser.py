"""Which clock leads: the order, and no flapping."""

import pytest

from bridge.clock.chooser import DOUBT_LASTS_S, DOUBTFUL_S, STEADY_S, Chooser
from bridge.clock.reading import ORDER, Reading

STEP_S = 0.015


@pytest.fixture
def chooser():
    return Chooser()


class Time:
    def __init__(self, chooser):
        self.chooser, self.now_s = chooser, 50.0

    def run(self, seconds, *names, certain=False, rolling=True):
        """Those clocks are there for a while; who led, in the order they came to lead."""
        led = []
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += STEP_S
            there = {name: Reading(rolling, 0.0, 120.0, certain=certain) for name in (*names, "internal")}
            leader = self.chooser.choose(there, self.now_s)
            if led[-1:] != [leader]:
                led.append(leader)
        return led


@pytest.mark.parametrize("best", range(len(ORDER)))
def test_the_first_of_the_order_that_is_there_leads(chooser, best):
    assert Time(chooser).run(5.0, *ORDER[best:])[-1] == ORDER[best]


def test_a_clock_leads_once_it_is_steady_and_at_once_where_it_is_certain(chooser):
    time = Time(chooser)
    assert time.run(STEADY_S - 0.05, "link") == ["internal"]
    assert time.run(0.1, "link")[-1] == "link"
    assert time.run(STEP_S, "jack", "link", certain=True) == ["jack"]


def test_who_goes_is_followed_by_the_next_in_the_same_moment(chooser):
    time = Time(chooser)
    time.run(2.0, "jack", "midi", "osc")
    assert time.run(0.1, "midi", "osc") == ["midi"]
    assert time.run(0.1) == ["internal"]


def test_a_clock_that_flickers_does_not_flap(chooser):
    time = Time(chooser)
    time.run(2.0, "link", "midi")
    led = []
    for _ in range(20):
        led += time.run(0.3, "midi")
        led += time.run(0.8, "link", "midi")
    assert set(led) == {"midi"}
    assert time.run(DOUBTFUL_S + 0.1, "link", "midi")[-1] == "link"


def test_what_was_lost_long_ago_is_forgiven(chooser):
    time = Time(chooser)
    time.run(2.0, "link")
    time.run(DOUBT_LASTS_S + 1.0)
    assert time.run(STEADY_S + 0.1, "link")[-1] == "link"


def test_by_hand_only_that_clock_leads_and_our_own_while_it_is_missing(chooser):
    time = Time(chooser)
    chooser.ask("midi")
    assert time.run(2.0, "jack", "link", "osc") == ["internal"]
    assert time.run(STEP_S, "jack", "link", "midi") == ["midi"]
    assert time.run(1.0, "jack", "link") == ["internal"]
    chooser.ask("internal")
    assert time.run(1.0, *ORDER) == ["internal"]
    chooser.ask("auto")
    assert time.run(1.0, *ORDER)[-1] == "jack"


def test_a_host_that_was_stopped_and_fell_silent_leads_at_once_when_it_starts_again(chooser):
    time = Time(chooser)
    time.run(2.0, "osc", certain=True)
    time.run(0.5, "osc", rolling=False)
    assert time.run(5.0) == ["internal"]
    assert time.run(STEP_S, "osc", certain=True) == ["osc"]
    time.run(1.0)  # and this time in the midst of it
    assert time.run(1.0, "osc", certain=True) == ["internal"]
