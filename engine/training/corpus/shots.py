"""A one-shot, read and listened to: what it is when its name does not say, and at which pitch it sounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.training.corpus.sources import UNHEARD, OneShot
from engine.units import STEM_SAMPLE_RATE, db_to_gain, ms_to_samples

LONGEST_S = 8.0
FADE_OUT_S = 0.05
SILENT_DB = -45.0  # against the peak: what comes before is no part of the stroke
BEFORE_MS = 0.5  # what is left of it, that the onset is whole
RUMBLE_HZ = 25.0  # analogue machines and microphones leave more below it than a whole kick has
LOW_HZ, HIGH_HZ = 150.0, 5000.0
SPECTRUM_SAMPLES = 1 << 16
SLOWEST_STROKE_S = 0.1  # of the named strokes, splash cymbals rise for the longest: 0.094 s
SURE_PITCH = 0.6  # the share of a sound's loud half that must stay within a semitone to be called a pitch


@dataclass(frozen=True)
class Heard:
    """What the ear takes a stroke by. Shares are of the energy."""

    low_share: float
    high_share: float
    centroid_hz: float
    noisiness: float  # spectral flatness from 200 Hz to 12 kHz: 0 a tone, about 0.2 a snare
    ring_s: float  # until nine tenths of its energy are over
    rise_s: float  # until the first tenth of it is


@lru_cache(maxsize=160)
def read_shot(path: Path) -> NDArray[np.float32]:
    """[M, C=2] at 44.1 kHz, peak 1, from its onset on, LONGEST_S at most; not to be written to.

    EngineError `file` where it cannot be read, is silent or has more than two channels.
    """
    import soundfile

    try:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (RuntimeError, OSError) as error:
        raise EngineError("file", f"{path}: cannot be read: {error}") from error
    if sound.shape[1] > 2 or not np.isfinite(sound).all():
        raise EngineError(
            "file", f"{path}: {sound.shape[1]} channels; 1 or 2, of finite samples, are allowed"
        )
    stereo = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound
    shot = _begun(_without_rumble(_resampled(stereo, rate)))
    peak = float(np.max(np.abs(shot), initial=0.0))
    if peak < db_to_gain(-80.0):
        raise EngineError("file", f"{path}: silent")
    shot = faded(shot[: int(LONGEST_S * STEM_SAMPLE_RATE)] / np.float32(peak), FADE_OUT_S)
    shot.flags.writeable = False
    return shot


def _resampled(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    import soxr

    return sound if rate == STEM_SAMPLE_RATE else np.asarray(soxr.resample(sound, rate, STEM_SAMPLE_RATE))


def _without_rumble(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.signal import butter, sosfilt

    slopes = butter(2, RUMBLE_HZ, "highpass", fs=STEM_SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(slopes, sound, axis=0), dtype=np.float32)


def _begun(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """From just before its onset."""
    level = np.max(np.abs(sound), axis=1, initial=0.0)
    loud = np.flatnonzero(level > np.max(level, initial=0.0) * db_to_gain(SILENT_DB))
    return sound[max(0, int(loud[0]) - ms_to_samples(BEFORE_MS)) :] if len(loud) else sound


def faded(sound: NDArray[np.float32], seconds: float) -> NDArray[np.float32]:
    """A copy whose last `seconds`, or its second half if that is less, fade out."""
    sound = sound.copy()
    count = min(len(sound) // 2, int(seconds * STEM_SAMPLE_RATE))
    if count:
        sound[-count:] *= np.linspace(1.0, 0.0, count, dtype=np.float32)[:, None]
    return sound


@lru_cache(maxsize=1024)
def kind_heard(shot: OneShot) -> str:
    """The kind its name says, or the drum voice it sounds like; `UNHEARD` for a file that is no sound."""
    if shot.kind != UNHEARD:
        return shot.kind
    try:
        return drum_like(heard(read_shot(shot.path)))
    except EngineError:
        return UNHEARD


def heard(shot: NDArray[np.float32]) -> Heard:
    mono = shot.mean(axis=1, dtype=np.float64)
    power = np.abs(np.fft.rfft(mono[:SPECTRUM_SAMPLES], SPECTRUM_SAMPLES)) ** 2
    hz = np.fft.rfftfreq(SPECTRUM_SAMPLES, 1.0 / STEM_SAMPLE_RATE)
    total = max(float(power.sum()), 1e-20)
    middle = power[(hz > 200.0) & (hz < 12_000.0)] + 1e-12
    energy = np.cumsum(mono**2)
    return Heard(
        low_share=float(power[hz < LOW_HZ].sum()) / total,
        high_share=float(power[hz > HIGH_HZ].sum()) / total,
        centroid_hz=float((hz * power).sum()) / total,
        noisiness=float(np.exp(np.mean(np.log(middle))) / np.mean(middle)),
        ring_s=float(np.searchsorted(energy, 0.9 * energy[-1])) / STEM_SAMPLE_RATE,
        rise_s=float(np.searchsorted(energy, 0.1 * energy[-1])) / STEM_SAMPLE_RATE,
    )


def drum_like(sound: Heard) -> str:
    """The voice of a drum kit, or percussion, that it would be taken for; `UNHEARD` for what swells.

    The bounds are those of the named one-shots of the packs of sources.toml: kicks have four fifths of
    their energy below 150 Hz, cymbals more than 0.45 above 5 kHz and snares neither, but noise.
    """
    if sound.rise_s > SLOWEST_STROKE_S:
        return UNHEARD
    if sound.high_share > 0.45:
        if sound.ring_s < 0.1:
            return "closed_hat"
        return "open_hat" if sound.ring_s < 0.45 else "crash"
    if sound.low_share > 0.75:
        return "kick" if sound.ring_s < 0.3 else "low_tom"
    if sound.noisiness > 0.03 and sound.centroid_hz > 500.0:
        return "clap" if sound.low_share < 0.02 and sound.centroid_hz > 2000.0 else "snare"
    return "mid_tom" if sound.centroid_hz < 350.0 else "percussion"


@lru_cache(maxsize=256)
def pitch_of(path: Path) -> float | None:
    """The MIDI pitch (with its fraction) at which a one-shot sounds; None where it has none of its own.

    Both hearings of the pitch tracker listen; the steadier one is believed.
    """
    from engine.context.pitch_track import HEARINGS, pitch_track

    mono = np.ascontiguousarray(read_shot(path)[: 2 * STEM_SAMPLE_RATE].mean(axis=1))
    found = [_steady(*pitch_track(mono, hearing)) for hearing in HEARINGS.values()]
    share, pitch = max(found)
    return pitch if share >= SURE_PITCH else None


def _steady(
    pitch: NDArray[np.float64], aperiodicity: NDArray[np.float64], level: NDArray[np.float64]
) -> tuple[float, float]:
    """(share of the loud moments within half a semitone of their median, that median)."""
    loud = level >= 0.25 * np.max(level)
    tuned = pitch[loud & np.isfinite(pitch)]
    if not len(tuned):
        return 0.0, 0.0
    median = float(np.median(tuned))
    return float(np.sum(np.abs(tuned - median) < 0.5)) / max(1, int(np.sum(loud))), median
