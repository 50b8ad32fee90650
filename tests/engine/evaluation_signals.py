"""Sounds whose truth is known because they were made from it; none is the engine's music."""

import numpy as np
from numpy.typing import NDArray

RATE = 22_050
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def clicks(tempo_bpm: float, seconds: float, phase: float = 0.0) -> NDArray[np.float32]:
    """[N] a burst of noise on every beat, the first `phase` beats late."""
    rng = np.random.default_rng(3)
    audio = rng.standard_normal(int(seconds * RATE)).astype(np.float32) * 1e-4
    burst = (np.exp(-np.arange(1200) / 200) * rng.standard_normal(1200)).astype(np.float32)
    for beat in np.arange(phase, seconds * tempo_bpm / 60, 1.0):
        place = round(beat * 60 / tempo_bpm * RATE)
        audio[place : place + 1200] += 0.3 * burst[: len(audio) - place]
    return audio


def tone(pitch: float, seconds: float, partials: int = 8) -> NDArray[np.float64]:
    """[N] a note with overtones at 1/k."""
    time = np.arange(int(seconds * RATE)) / RATE
    hz = 440.0 * 2 ** ((pitch - 69) / 12)
    wave = sum(np.sin(2 * np.pi * hz * k * time + k) / k for k in range(1, partials + 1) if k * hz < 9000)
    fade = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.01)
    return np.asarray(wave * fade)


def chords(rows: list[tuple[int, tuple[int, ...]]], seconds: float = 1.5) -> NDArray[np.float32]:
    """[N] (root, steps above it) one after the other, in close position around middle C."""
    parts = [
        np.sum([tone(52 + (root + step - 52) % 12, seconds) for step in steps], axis=0)
        for root, steps in rows
    ]
    audio = np.concatenate(parts)
    return (0.3 * audio / np.abs(audio).max()).astype(np.float32)


def band_noise(low_hz: float, high_hz: float, seconds: float, seed: int) -> NDArray[np.float32]:
    """[N] noise between two frequencies only."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(int(seconds * RATE)))
    hz = np.fft.rfftfreq(int(seconds * RATE), 1 / RATE)
    audio = np.fft.irfft(np.where((hz > low_hz) & (hz < high_hz), spectrum, 0))
    return (0.3 * audio / np.abs(audio).max()).astype(np.float32)
