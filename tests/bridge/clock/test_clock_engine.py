"""The clock of a real engine, over a real socket."""

import time

import pytest

from tests.bridge.musician import Musician


@pytest.fixture(scope="module")
def musician(tmp_path_factory):
    with Musician(tmp_path_factory.mktemp("clock") / "set", "--jack", "off") as musician:
        yield musician


class Host:
    """A DAW whose transport rolls from a beat on, and that tells so ten times a second."""

    def __init__(self, musician, beat, tempo_bpm):
        self.musician, self.beat, self.tempo_bpm = musician, beat, tempo_bpm
        self.started_s = time.monotonic()

    def beat_now(self):
        return self.beat + (time.monotonic() - self.started_s) * self.tempo_bpm / 60

    def tell_until(self, wanted, timeout_s=10.0):
        """Keep telling the position until a message is wanted; returns it."""
        ear = self.musician.ear
        while time.monotonic() < self.started_s + timeout_s:
            ear.send("/rg/clock/position", self.beat_now(), self.tempo_bpm, 1)
            for message in ear.messages(0.1):
                if wanted(message):
                    return message
        raise AssertionError(f"not heard: {ear.seen}")

    def rest(self):
        self.musician.ear.send("/rg/clock/position", self.beat_now(), self.tempo_bpm, 0)


def test_a_host_s_position_starts_the_music_at_its_beat_and_tempo(musician):
    ear = musician.ear
    assert ear.seen["/rg/clock/active"][0] == "internal"
    host = Host(musician, 33.0, 97.5)
    host.tell_until(lambda m: m.address == "/rg/clock/active" and m.args[0] == "osc")
    heard = host.tell_until(lambda m: m.address == "/rg/beat" and m.args[1] == 3)
    bar, beat = heard.args[:2]
    assert ear.seen["/rg/tempo"] == (97.5,)
    assert (bar - 1) * 4 + beat - 1 == pytest.approx(host.beat_now(), abs=0.25)
    host.rest()
    musician.hear("/rg/playing", 0)
    musician.hear("/rg/clock/active", "internal")  # nothing was told for two seconds
    assert ear.seen["/rg/tempo"] == (97.5,)
