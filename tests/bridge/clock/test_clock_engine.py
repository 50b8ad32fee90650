"""The clock of a real engine, over a real socket."""

import time

import pytest

from bridge.client import Client
from tests.bridge.musician import Musician


@pytest.fixture(scope="module")
def musician(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clock")
    config = folder / "mine.toml"
    config.write_text("[prompt]\nembeddings = 'off'\n")  # what is not asked here need not be loaded
    with Musician(folder / "set", "--jack", "off", "--config", str(config)) as musician:
        yield musician


class Host:
    """A DAW whose transport rolls from a beat on, and that tells so ten times a second."""

    def __init__(self, musician, beat, tempo_bpm):
        self.musician, self.beat, self.tempo_bpm = musician, beat, tempo_bpm
        self.started_s = time.monotonic()

    def beat_now(self):
        return self.beat + (time.monotonic() - self.started_s) * self.tempo_bpm / 60

    def tell_until(self, wanted, timeout_s=60.0):
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


def test_every_client_is_told_who_leads_with_the_first_dump_and_when_it_changes(musician):
    guest = Client(musician.port)
    guest.connect()
    assert guest.seen["/rg/clock/active"] == ("osc", "a host over OSC, at rest")
    assert guest.seen["/rg/clock/source"] == ("auto",)
    guest.send("/rg/status")
    status = guest.wait(lambda m: m.address == "/rg/status", 30.0, "/rg/status")
    assert "clock osc (a host over OSC" in status.args[5]
    # Nothing was told for two seconds: the tempo stays.
    guest.wait(lambda m: m.address == "/rg/clock/active" and m.args[0] == "internal", 30.0, "internal")
    guest.close()
    musician.hear("/rg/clock/active", "internal")
    assert musician.ear.seen["/rg/tempo"] == (97.5,)


def test_a_clock_that_is_not_to_be_had_is_refused_with_what_to_do(musician):
    musician.send("/rg/clock/source", "s", "jack")
    refusal = musician.hear("/rg/fail", "/rg/clock/source")
    assert refusal.args[2] == "not_available" and "jackd" in refusal.args[3]
    assert musician.ear.seen["/rg/clock/source"] == ("auto",)


def test_a_clock_by_hand_is_told_and_kept_until_it_is_there(musician):
    musician.send("/rg/clock/source", "s", "midi")
    active = musician.hear("/rg/clock/active", "internal")
    assert "midi was chosen" in active.args[1]
    musician.send("/rg/clock/source", "s", "auto")
    musician.hear("/rg/clock/active", "internal", "our own tempo and position")


@pytest.mark.parametrize(
    "position", [(1.0, 120.0), ("here", 120.0, 1), (1.0, 0.0, 1), (1.0, 120.0, 2), (float("nan"), 120.0, 1)]
)
def test_a_position_that_is_none_is_refused_with_what_is_allowed(musician, position):
    musician.ear.send("/rg/clock/position", *position)
    refusal = musician.hear("/rg/fail", "/rg/clock/position")
    assert refusal.args[2] in ("type", "range")
    assert musician.ear.seen["/rg/clock/active"][0] == "internal"
