"""MIDI clock through real JACK MIDI, from the frame that a tick lies on to the beat that is read."""

import statistics
import time

import pytest

from bridge.clock.midi import MidiClock
from bridge.midi_clients import jack_clients
from bridge.midi_system import MidiSystem
from engine.config import MidiConfig
from tests.bridge.clock.jack_ticker import JackTicker
from tests.bridge.jack_server import JackServer

TEMPO_BPM = 133.7


def test_ticks_on_frames_are_read_as_the_beat_of_those_frames_whatever_the_block():
    """A block is 21 ms here: whoever took the time of its begin would be 11 ms late."""
    with JackServer(sample_rate=48_000, block_size=1024) as server:
        system = MidiSystem(MidiConfig(api="jack"), server.name)
        system.open()
        clock = MidiClock()
        ticker = JackTicker(server, TEMPO_BPM)
        try:
            assert ticker.started.wait(60.0)
            errors_ms = listen(system.virtual, clock, ticker, 1.2)
            reading = clock.read(time.perf_counter())
        finally:
            ticker.close()
            system.close()
            jack_clients(server.name).close()
    late = errors_ms[len(errors_ms) // 2 :]
    assert reading.rolling
    assert reading.tempo_bpm == pytest.approx(TEMPO_BPM, abs=1.0)
    assert abs(statistics.median(late)) < 4.0, late


def listen(ports, clock, ticker, seconds):
    """Poll as the control thread does; how far the reading is from the sender's own beat each time, in ms."""
    errors_ms = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        assert list(ports.waiting(clock.hear)) == []
        reading = clock.read(time.perf_counter())
        if reading is not None and reading.rolling:
            errors_ms.append((reading.beat - ticker.beat_now()) * 60_000 / TEMPO_BPM)
        time.sleep(0.002)
    return errors_ms
