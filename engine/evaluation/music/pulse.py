"""Tempo and beats, heard by sonara and by librosa."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.evaluation.signal import RATE, looped, onset_envelope

LISTEN_S = 30.0  # a loop is played round for so long: trackers need some bars to settle
HOP = 512  # 23 ms, what librosa's tracker was tuned for: 256 was no better on any signal tried
TEMPO_TOLERANCE = 0.01
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3, 1.5, 2 / 3)
Beats = NDArray[np.float64]
Range = tuple[float, float] | None  # beats a minute
TRIM_S = 5.0  # mir_eval's custom: trackers are forgiven their first seconds


def beats_librosa(audio: NDArray[np.float32], range_bpm: Range = None) -> NDArray[np.float64]:
    """Beat times in seconds. audio: [N] at 22.05 kHz.

    With a range the tempo is the strongest inside it, as in the DJ programs that ask for one.
    """
    from scipy.stats import uniform

    librosa = need("librosa")
    envelope = onset_envelope(looped(audio, LISTEN_S), HOP)
    prior = uniform(range_bpm[0], range_bpm[1] - range_bpm[0]) if range_bpm else None
    _, frames = librosa.beat.beat_track(
        onset_envelope=envelope, sr=RATE, hop_length=HOP, prior=prior, trim=False
    )
    return np.asarray(librosa.frames_to_time(frames, sr=RATE, hop_length=HOP), np.float64)


def beats_sonara(audio: NDArray[np.float32], range_bpm: Range = None) -> NDArray[np.float64]:
    """Beat times in seconds. audio: [N] at 22.05 kHz."""
    low, high = range_bpm or (None, None)
    result = need("sonara").analyze_signal(
        looped(audio, LISTEN_S), sr=RATE, mode="compact", bpm_min=low, bpm_max=high
    )
    return np.asarray(result["beats"], np.float64) * result["provenance"]["hop_length"] / RATE


def tempo_of(beats: NDArray[np.float64]) -> float:
    """Beats a minute of a steady row of beat times: the slope of their line, so that frames do not round it.

    Theil-Sen: one beat in four may be misplaced. 0 where there are fewer than four.
    """
    if len(beats) < 4:
        return 0.0
    gaps = np.diff(beats)
    typical = float(np.median(gaps))
    numbers = np.concatenate([[0.0], np.cumsum(np.round(gaps / typical))])
    from scipy.stats import theilslopes

    slope = float(theilslopes(beats, numbers)[0])
    return 60.0 / slope if slope > 0 else 0.0


def is_tempo(heard_bpm: float, truth_bpm: float, octaves: tuple[float, ...] = (1.0,)) -> bool:
    """Within 1% of the truth, or of a multiple of it that is allowed."""
    return any(abs(heard_bpm / (truth_bpm * factor) - 1.0) <= TEMPO_TOLERANCE for factor in octaves)


def beat_f1(reference: Beats, other: Beats, levels: bool = False) -> float:
    """mir_eval's F measure (70 ms) over the time that both last, after the usual five seconds.

    `levels`: the best over the reference's pulse, its off-beats, double and half, as mir_eval's continuity
    measures allow: two trackers may feel one groove differently.
    """
    beat = need("mir_eval").beat
    if not len(reference) or not len(other):
        return 0.0
    end = min(reference[-1], other[-1]) + 0.1
    one, two = (beat.trim_beats(beats[beats <= end], TRIM_S) for beats in (reference, other))
    if len(one) < 2 or len(two) < 2:
        return 0.0
    return max(float(beat.f_measure(pulse, two)) for pulse in (_levels(one) if levels else (one,)))


def _levels(beats: Beats) -> tuple[Beats, ...]:
    between = (beats[1:] + beats[:-1]) / 2
    return beats, between, np.sort(np.concatenate([beats, between])), beats[::2], beats[1::2]


TRACKERS = {"librosa": beats_librosa, "sonara": beats_sonara}
