"""Where sounds start, heard by one detector in the original and in the decoded alike.

    magnitudes, 24 bands an octave -> log(1 + g m) -> rise above the loudest neighbour band 25 ms ago -> peaks

Source: Böck & Widmer 2013 (SuperFlux): its window, bands and steps. Gain, lag, threshold and how near a peak
may have another were chosen by how well the scores' own starts are found (engine/model/weights/choices.md),
without a codec in sight. Both are heard at the scale of the original's peak, not each at its
own: a start that the codec made softer is heard softer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.codec.spectra import fractions_of_octaves
from engine.evaluation.extras import need
from engine.units import STEM_SAMPLE_RATE

HOP = 221  # 5 ms
WINDOW, BANDS_AN_OCTAVE = 2048, 24
LAG = 5
GAIN = 15.0  # of a magnitude that is 1 for a full-scale sine
BEFORE = 20 * HOP  # samples of silence put before: a loop that begins with a stroke begins with an onset
LEAST_RISE = 0.02  # mean over bands; softer flutter is no start of anything
PEAK_S = 0.05  # the highest within so much on both sides
MEAN_S = 0.1  # and above the mean of so much before it
FEWEST = 4  # where both have fewer, one at the threshold's edge would count like a whole stem
FAINT = 0.5  # of the least rise: what is asked of the answer to a clear start

Times = NDArray[np.float64]


def onset_f1(original: NDArray[np.float32], decoded: NDArray[np.float32], window_s: float = 0.05) -> float:
    """F1 of the decoded's onsets against the original's, of [N, C=2]; NaN where both have fewer than four.

    Matched as mir_eval does: each with at most one other, within the window, as many as can be.
    """
    peak = float(np.max(np.abs(original)))
    truth, found = onsets_s(original, peak), onsets_s(decoded, peak)
    if max(len(truth), len(found)) < FEWEST:
        return float("nan")
    pairs = _pairs(truth, found, window_s)
    return _f1(_share(pairs, truth), _share(pairs, found))


def onset_f1_20ms(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """The same within 20 ms."""
    return onset_f1(original, decoded, 0.02)


def onset_f1_clear(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """The same within 50 ms, where a clear onset of either is answered by one half as clear of the other.

    A start at the edge of the detector's threshold comes and goes with changes that nobody hears: Vorbis at
    120 kbit/s loses some. What is missing or new here is missing or new.
    """
    peak = float(np.max(np.abs(original)))
    clear = [onsets_s(audio, peak) for audio in (original, decoded)]
    faint = [onsets_s(audio, peak, FAINT * LEAST_RISE) for audio in (original, decoded)]
    if max(map(len, clear)) < FEWEST:
        return float("nan")
    recall = _share(_pairs(clear[0], faint[1], 0.05), clear[0])
    precision = _share(_pairs(faint[0], clear[1], 0.05), clear[1])
    return _f1(recall, precision)


def onsets_s(audio: NDArray[np.float32], peak: float, least_rise: float = LEAST_RISE) -> Times:
    """[N, C=2] -> the times of its onsets, s; `peak`: the amplitude that counts as full scale."""
    if peak <= 0.0:
        return np.zeros(0)
    rise = onset_strength(np.pad(audio, ((BEFORE, 0), (0, 0))) / np.float32(peak))
    steps_a_second = STEM_SAMPLE_RATE / HOP
    near, before = round(PEAK_S * steps_a_second), round(MEAN_S * steps_a_second)
    peaks = need("librosa").util.peak_pick(
        rise, pre_max=near, post_max=near, pre_avg=before, post_avg=near, delta=least_rise, wait=near
    )
    return np.maximum(np.asarray(peaks, dtype=np.float64) - BEFORE / HOP, 0.0) / steps_a_second


def _pairs(truth: Times, found: Times, window_s: float) -> int:
    """How many of both can be matched one to one."""
    if not len(truth) or not len(found):
        return 0
    return len(need("mir_eval").util.match_events(truth, found, window_s))


def _share(pairs: int, times: Times) -> float:
    return pairs / len(times) if len(times) else 1.0


def _f1(recall: float, precision: float) -> float:
    both = recall + precision
    return 2 * recall * precision / both if both > 0.0 else 0.0


def onset_strength(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N, C=2] of peak 1 -> mean rise over bands, one value every 5 ms."""
    from scipy.ndimage import maximum_filter1d

    heard = fractions_of_octaves(audio.mean(axis=1), WINDOW, BANDS_AN_OCTAVE, HOP)
    loud = np.log1p(GAIN * heard).astype(np.float64)
    before = maximum_filter1d(loud, 3, axis=1)
    rise = np.maximum(loud[LAG:] - before[:-LAG], 0.0).mean(axis=1)
    return np.concatenate([np.zeros(LAG), rise])
