"""A stretched loop: exactly as long as asked for, every onset in its place, pitch and seam as they were."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.stretch import stretch_loop
from engine.audio.stretcher import Stretcher
from engine.audio.true_peak import true_peak
from engine.errors import EngineError

RATE = 44_100


@pytest.fixture(scope="module")
def stretcher() -> Iterator[Stretcher]:
    stretcher = Stretcher(1)
    yield stretcher
    stretcher.close()


def clicks(spacing: int, count: int = 8) -> NDArray[np.float32]:
    """Bursts of 5 ms, one every `spacing` samples, the first 1000 samples in."""
    loop = np.zeros((spacing * count, 2), np.float32)
    burst = (np.sin(np.arange(220) * 0.9) * np.exp(-np.arange(220) / 40)).astype(np.float32)
    for index in range(count):
        loop[index * spacing + 1000 : index * spacing + 1220] = 0.5 * burst[:, None]
    return loop


def onsets(loop: NDArray[np.float32], spacing: float, count: int, first: float) -> NDArray[np.float64]:
    """Where each burst's energy has its centre, relative to where it should begin, in ms."""
    offsets = []
    for index in range(count):
        start = round(index * spacing + first) - 400
        power = loop[start : start + 1200].astype(np.float64).sum(axis=1) ** 2
        offsets.append((np.argmax(np.cumsum(power) > 0.3 * power.sum()) - 400) / RATE * 1000)
    return np.array(offsets)


@pytest.mark.parametrize("tempo_bpm", [80.0, 100.0, 133.0, 175.0])
def test_every_onset_lies_in_its_place(stretcher: Stretcher, tempo_bpm: float) -> None:
    """From 120 bpm, within 1 ms of where it lies in the original."""
    old, spacing = clicks(11_025), 11_025 * 120 / tempo_bpm
    new = stretcher.stretched(old, round(spacing * 8), True)
    assert new.shape == (round(spacing * 8), 2)
    before = onsets(old, 11_025, 8, 1000)
    after = onsets(new, spacing, 8, 1000 * 120 / tempo_bpm)
    assert np.abs(after - before).max() < 1.0


@pytest.mark.parametrize("length", [60_000, 120_000])
def test_the_pitch_stays_and_the_seam_is_closed(length: int) -> None:
    turns = np.arange(88_200)[:, None] / 88_200 * np.array([[440.0, 660.0]])
    loop = (0.4 * np.sin(2 * np.pi * turns)).astype(np.float32)  # 220 and 330 Hz
    new = stretch_loop(loop, length, False)
    for channel, hz in ((0, 220.0), (1, 330.0)):
        spectrum = np.abs(np.fft.rfft(new[:, channel] * np.hanning(length)))
        assert abs(np.argmax(spectrum) * RATE / length - hz) < 2 * RATE / length
    steepest = np.abs(np.diff(new, axis=0)).max(axis=0)
    assert (np.abs(new[0] - new[-1]) < 1.5 * steepest).all()


def test_no_peak_grows(stretcher: Stretcher) -> None:
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, (44_100, 2)).astype(np.float32)
    assert true_peak(stretcher.stretched(noise, 60_000, True)) <= true_peak(noise)


def test_a_length_that_stays_gives_the_very_samples() -> None:
    loop = clicks(11_025)
    assert np.array_equal(stretch_loop(loop, len(loop), True), loop)


def test_a_process_that_died_is_told_and_succeeded(stretcher: Stretcher) -> None:
    loop = clicks(5_000, 4)
    stretcher.stretched(loop, 22_000, True)
    process = stretcher._idle.get()
    assert process is not None
    process.kill()
    process.wait()
    stretcher._idle.put(process)
    assert len(stretcher.stretched(loop, 22_000, True)) == 22_000


def test_what_a_library_refuses_is_an_error_that_says_so(stretcher: Stretcher) -> None:
    with pytest.raises(EngineError, match="could not be stretched"):
        stretcher.stretched(clicks(5_000, 4)[:0], 22_000, True)
    assert len(stretcher.stretched(clicks(5_000, 4), 22_000, True)) == 22_000


def test_without_the_library_librosas_vocoder_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "python_stretch", None)
    new = stretch_loop(clicks(11_025, 4), 50_000, True)
    assert new.shape == (50_000, 2) and np.abs(new).max() > 0.1
