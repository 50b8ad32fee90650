"""What a codec smears in front of an attack: the energy of the 5 ms before it, decoded beside original.

      . . . quiet . . . |5 ms|ATTACK
                        ^ the first sample louder than a twentieth of the attack's peak

Only attacks out of relative quiet are asked: those whose 5 ms before are 20 dB softer than their 5 ms after.
Energies are mean squares over both channels, dB re full scale, never less than -80 dBFS: nobody hears what
is below, and silence has no logarithm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.codec.onsets import onsets_s
from engine.units import STEM_SAMPLE_RATE, ms_to_samples

BEFORE = ms_to_samples(5.0)
AROUND = ms_to_samples(25.0)  # the detector's peak is so near the attack
FIRST_SHARE = 0.05  # of the attack's peak: where it begins, -26 dB
QUIETER_DB = 20.0
FLOOR = 1e-8  # mean square: -80 dBFS


def pre_echo_median_db(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Median rise over the clear attacks of [N, C=2], dB; NaN where there is none."""
    return _quantile(original, decoded, 0.5)


def pre_echo_p90_db(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """What nine of ten clear attacks keep under, dB."""
    return _quantile(original, decoded, 0.9)


def pre_echoes_db(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> NDArray[np.float64]:
    """One value a clear attack: 10 log10(max(E decoded, floor) / max(E original, floor)) of those 5 ms."""
    starts = clear_attacks(original)
    before = [(_energy(original, at - BEFORE), _energy(decoded, at - BEFORE)) for at in starts]
    return np.array([10 * np.log10(max(d, FLOOR) / max(o, FLOOR)) for o, d in before])


def pre_echo_level_db(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Median energy of the decoded's 5 ms before, beside the original's 5 ms after the attack's start, dB."""
    starts = clear_attacks(original)
    if not starts:
        return float("nan")
    levels = [max(_energy(decoded, at - BEFORE), FLOOR) / _energy(original, at) for at in starts]
    return float(10 * np.log10(np.median(levels)))


def clear_attacks(original: NDArray[np.float32]) -> list[int]:
    """The samples where attacks out of quiet begin in [N, C=2]."""
    loudest = np.abs(original).max(axis=1)
    found = {
        _start(loudest, round(time * STEM_SAMPLE_RATE))
        for time in onsets_s(original, loudest.max(initial=0.0))
    }
    return sorted(at for at in found if at >= BEFORE and _is_clear(original, at))


def _start(loudest: NDArray[np.float32], near: int) -> int:
    first = max(0, near - AROUND)
    piece = loudest[first : near + AROUND]
    return first + int(np.argmax(piece >= FIRST_SHARE * piece.max())) if len(piece) else 0


def _is_clear(original: NDArray[np.float32], at: int) -> bool:
    after = _energy(original, at)
    return after > 100 * FLOOR and _energy(original, at - BEFORE) < after * 10 ** (-QUIETER_DB / 10)


def _energy(audio: NDArray[np.float32], first: int) -> float:
    piece = audio[first : first + BEFORE].astype(np.float64)
    return float(np.mean(piece * piece)) if len(piece) else 0.0


def _quantile(original: NDArray[np.float32], decoded: NDArray[np.float32], share: float) -> float:
    rises = pre_echoes_db(original, decoded)
    return float(np.quantile(rises, share)) if len(rises) else float("nan")
