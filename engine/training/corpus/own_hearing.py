"""Which role a stem plays that has no telling name, by ear.

Nine things are heard (how sharply it begins, where its energy lies, how steady its pitch, how many voices)
and weighed by logistic regression on the stems of our own corpus: log-odds = features @ weights + bias.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from engine.audio.mono import mono_of
from engine.context.pitch_track import HEARINGS, pitch_track
from engine.context.rhythm import onset_strength
from engine.context.tones import note_levels
from engine.registry import BAND
from engine.units import STEM_SAMPLE_RATE

EXCERPT_S = 12.0
WINDOW = 4096
LOW_HZ, HIGH_HZ = 160.0, 5000.0
LOUD = 0.1  # of the loudest moment: what is softer is not listened to
SLICE_S = 0.25
VOICE_SHARE = 0.25  # of a slice's loudest note: softer ones are overtones that were not explained
NAMES = (
    "lows",
    "highs",
    "centre",
    "flatness",
    "sharpness",
    "steady_bass",
    "steady_melody",
    "voices",
    "lowest",
)


def role_heard(audio: NDArray[np.float32]) -> str:
    """The likeliest role of BAND of a stem [N, C=2] that is not silent."""
    weights, bias, mean, spread = _regression()
    odds = (features(audio) - mean) / spread @ weights + bias
    return BAND[int(odds.argmax())]


def features(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """[NAMES] of the loudest EXCERPT_S of it."""
    mono = mono_of(_excerpt(audio))
    power, hz = _spectrum(mono)
    total = max(float(power.sum()), 1e-20)
    share = power.mean(axis=0) / power.mean()
    middle = power[:, (hz > 100.0) & (hz < 10_000.0)] + 1e-12
    strength = onset_strength(mono)
    voices, lowest = _voices(mono)
    return np.array(
        [
            np.log10(power[:, hz < LOW_HZ].sum() / total + 1e-4),
            np.log10(power[:, hz > HIGH_HZ].sum() / total + 1e-6),
            np.log2((hz * share).sum() / share.sum() + 20.0),
            np.log10(np.median(np.exp(np.log(middle).mean(axis=1)) / middle.mean(axis=1)) + 1e-5),
            np.log(np.quantile(strength, 0.98) / (strength.mean() + 1e-9) + 1e-3),
            _steadiness(mono, "bass"),
            _steadiness(mono, "melody"),
            voices,
            lowest / 12.0,
        ]
    )


def _excerpt(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The loudest EXCERPT_S, in halves of it."""
    length = int(EXCERPT_S * STEM_SAMPLE_RATE)
    if len(audio) <= length:
        return audio
    starts = range(0, len(audio) - length + 1, length // 2)
    energies = [float(np.square(audio[start : start + length]).sum()) for start in starts]
    start = starts[int(np.argmax(energies))]
    return audio[start : start + length]


def _spectrum(mono: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(power [moment, bin] of the loud moments, Hz of each bin)."""
    padded = np.pad(mono, (0, max(0, WINDOW - len(mono))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[:: WINDOW // 2]
    power = np.asarray(np.abs(np.fft.rfft(windows * np.hanning(WINDOW), axis=1)) ** 2, np.float64)
    level = power.sum(axis=1)
    return power[level >= LOUD**2 * level.max()], np.asarray(
        np.fft.rfftfreq(WINDOW, 1.0 / STEM_SAMPLE_RATE), np.float64
    )


def _steadiness(mono: NDArray[np.float32], hearing: str) -> float:
    """The share of the sound that is a pitch, one that stays."""
    pitch, roughness, level = pitch_track(mono, HEARINGS[hearing])
    loud = level >= LOUD * level.max(initial=0.0)
    still = np.isfinite(pitch) & (np.abs(np.diff(pitch, prepend=np.nan)) < 0.5)
    return float(((1.0 - np.minimum(roughness, 1.0)) * (still & loud)).sum() / max(int(loud.sum()), 1))


def _voices(mono: NDArray[np.float32]) -> tuple[float, float]:
    """(how many notes sound at once on average, the usual MIDI pitch of the lowest)."""
    levels = note_levels(mono, max(1, int(len(mono) / STEM_SAMPLE_RATE / SLICE_S)))  # [slice, pitch]
    sounding = levels[levels.max(axis=1) > LOUD * levels.max(initial=0.0)]
    if not len(sounding):
        return 0.0, 60.0
    strong = sounding >= VOICE_SHARE * sounding.max(axis=1, keepdims=True)
    return float(np.log2(strong.sum(axis=1).mean())), float(np.median(strong[:, 1:].argmax(axis=1) + 1))


@cache
def _regression() -> tuple[
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]:
    """(weights [feature, role], bias [role], mean and spread [feature]) of own_hearing.toml."""
    table = tomllib.loads(
        resources.files(__package__).joinpath("own_hearing.toml").read_text(encoding="utf-8")
    )
    weights = np.array([[table["weights"][role][name] for role in BAND] for name in NAMES])
    mean, spread = (np.array([table[part][name] for name in NAMES]) for part in ("mean", "spread"))
    return weights, np.array([table["bias"][role] for role in BAND]), mean, spread
