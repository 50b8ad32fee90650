"""Tempo and onsets heard in audio.

Tempo is the beat whose multiples line up best with the loop itself (autocorrelation of the onset
strength), weighted towards the set's tempo, so that half and double resolve to what the set plays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.context.drum_voices import voices_of
from engine.context.loop_length import is_doubled
from engine.context.spectra import spectra
from engine.context.track_context import Onset
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM, STEM_SAMPLE_RATE, seconds_to_beats

HOP = 256  # 5.8 ms: what an onset is heard to
WINDOW = 1024
BANDS = 40
FLUX_HOPS = 2
LOUDNESS_STEEPNESS = 100.0
HOPS_PER_SECOND = STEM_SAMPLE_RATE / HOP
PRIOR_OCTAVES = 0.6  # an octave from the set's tempo counts a quarter
BEATS_COMPARED = 4
LOOP_BONUS = 2.0
MIN_ONSET = 0.12  # of the strongest
MIN_DRUM_ONSET = 0.05  # shakers and ghost notes between kicks
MIN_ONSET_GAP_S = 0.045
DRUM_WINDOW = 2048  # 46 ms: a kick has fallen to its body by then
# Bands that tell a drum: below, the kick's body; above, the cymbals.
LOW_HZ, HIGH_HZ = 150.0, 5000.0


def onset_strength(mono: NDArray[np.float32]) -> NDArray[np.float64]:
    """[hop] how much starts at each hop of 256 samples: spectral flux over 40 bands of loudness.

    Loudness grows with the logarithm, from 40 dB below the loudest up, so that a hat counts beside a kick.
    """
    edges = np.unique(np.geomspace(1, WINDOW // 2, BANDS + 1).astype(int))
    led_in = np.pad(mono, (FLUX_HOPS * HOP, 0))  # a first sound at sample 0 is an onset like any other
    bands = np.concatenate(
        [np.add.reduceat(block, edges[:-1], axis=1) for block in spectra(led_in, WINDOW, HOP)]
    )
    top = float(bands.max(initial=0.0))
    if top <= 0.0:
        return np.zeros(len(bands) - FLUX_HOPS)
    loudness = np.log1p(bands * (LOUDNESS_STEEPNESS / top))
    return np.maximum(loudness[FLUX_HOPS:] - loudness[:-FLUX_HOPS], 0.0).sum(axis=1, dtype=np.float64)


def tempo_of(strength: NDArray[np.float64], frame_tempo_bpm: float, bars_at_60: float) -> tuple[float, float]:
    """(tempo in bpm, confidence 0..1); the set's tempo with confidence 0 where nothing repeats.

    `bars_at_60`: how many bars the audio would be at 60 bpm. Tempi that make it 1, 2, 4 … 64 bars go
    before others: two thirds and four thirds of the tempo line up almost as well as the tempo itself.
    """
    if len(strength) < 1.5 * HOPS_PER_SECOND or np.ptp(strength) < 1e-6:
        return frame_tempo_bpm, 0.0
    likeness = _autocorrelation(strength)
    tempi = np.geomspace(MIN_TEMPO_BPM, MAX_TEMPO_BPM, 500)
    prior = np.exp(-0.5 * (np.log2(tempi / frame_tempo_bpm) / PRIOR_OCTAVES) ** 2)
    is_loop = np.array([is_doubled(bars_at_60 * tempo / 60.0) for tempo in tempi])
    score = _alignment(likeness, tempi, BEATS_COMPARED)
    best = int(np.argmax(np.maximum(score, 0.0) * prior * np.where(is_loop, LOOP_BONUS, 1.0)))
    confidence = float(np.clip(score[best], 0.0, 1.0))
    if confidence < 0.05:
        return frame_tempo_bpm, 0.0
    # The longer the span compared, the finer the tempo: 16 beats tell 0.1 %.
    beats = int(0.7 * len(strength) / (60.0 / tempi[best] * HOPS_PER_SECOND))
    fine = tempi[best] * np.linspace(0.97, 1.03, 601)
    refined = float(fine[int(np.argmax(_alignment(likeness, fine, max(beats, 1))))])
    return min(max(refined, MIN_TEMPO_BPM), MAX_TEMPO_BPM), confidence


def onsets_of(strength: NDArray[np.float64], tempo_bpm: float) -> tuple[Onset, ...]:
    """Where something starts, in beats, and how strongly against the strongest."""
    return tuple(
        Onset(seconds_to_beats(hop / HOPS_PER_SECOND, tempo_bpm), share)
        for hop, share in onset_peaks(strength)
    )


def drum_onsets_of(
    mono: NDArray[np.float32], strength: NDArray[np.float64], tempo_bpm: float
) -> tuple[Onset, ...]:
    """The same with voices told by ear; two that strike at once are two onsets."""
    # What was cut off to make whole bars is heard no more.
    peaks = [peak for peak in onset_peaks(strength, MIN_DRUM_ONSET) if peak[0] * HOP < len(mono)]
    if not peaks:
        return ()
    voices = voices_of(_band_rises(mono, [hop for hop, _ in peaks]))
    return tuple(
        Onset(seconds_to_beats(hop / HOPS_PER_SECOND, tempo_bpm), share, voice)
        for (hop, share), struck in zip(peaks, voices, strict=True)
        for voice in struck
    )


def onset_peaks(strength: NDArray[np.float64], softest: float = MIN_ONSET) -> list[tuple[int, float]]:
    """(hop, share of the strongest) of each onset, in order."""
    from scipy.signal import find_peaks

    top = float(strength.max(initial=0.0))
    if top <= 0.0:
        return []
    # A loop's first onset stands at the very edge, where no peak could be: a wall of zeros makes it one.
    walled = np.concatenate([[0.0], strength, [0.0]])
    gap = max(1, round(MIN_ONSET_GAP_S * HOPS_PER_SECOND))
    hops, _ = find_peaks(walled, height=softest * top, prominence=0.5 * softest * top, distance=gap)
    return [(int(hop) - 1, float(strength[hop - 1] / top)) for hop in hops]


def _band_rises(mono: NDArray[np.float32], hops: list[int]) -> NDArray[np.float64]:
    """[onset, 3]: how much louder low, middle and high are just after each hop than just before."""
    padded = np.pad(mono.astype(np.float64), (DRUM_WINDOW, 2 * DRUM_WINDOW))
    starts = np.array(hops) * HOP + DRUM_WINDOW
    window = np.hanning(DRUM_WINDOW)
    steps = np.arange(DRUM_WINDOW)

    def spectrum(offset: int) -> NDArray[np.float64]:
        return np.abs(np.fft.rfft(padded[starts[:, None] + offset + steps] * window, axis=1))

    edges = (np.array([LOW_HZ, HIGH_HZ]) * DRUM_WINDOW / STEM_SAMPLE_RATE).astype(int) + 1
    rise = np.maximum(spectrum(0) - spectrum(-DRUM_WINDOW), 0.0)
    return np.stack([np.sqrt((band**2).sum(axis=1)) for band in np.split(rise, edges, axis=1)], axis=1)


def _autocorrelation(strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """[lag] 1 at lag 0; each lag over the hops it compares, so that far lags count as much as near ones."""
    centred = strength - strength.mean()
    size = 2 * len(centred)
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    raw = np.fft.irfft(power, size)[: len(centred)]
    compared = np.maximum(len(centred) - np.arange(len(centred)), 0.2 * len(centred))
    likeness = raw / compared
    return likeness / max(likeness[0], 1e-12)


def _alignment(likeness: NDArray[np.float64], tempi: NDArray[np.float64], beats: int) -> NDArray[np.float64]:
    """[tempo] mean likeness one beat on, two beats on … as far as the audio reaches."""
    period = 60.0 / tempi * HOPS_PER_SECOND
    lags = period[:, None] * np.arange(1, beats + 1)
    inside = lags < 0.8 * len(likeness)
    values = np.interp(lags, np.arange(len(likeness)), likeness) * inside
    return values.sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
