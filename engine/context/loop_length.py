"""How many bars a loop is, and at which tempo that is exact; and what its name says of both."""

from __future__ import annotations

import math
import re

from engine.music.key import Key, Signature
from engine.units import (
    MAX_BARS,
    MAX_TEMPO_BPM,
    MIN_BARS,
    MIN_TEMPO_BPM,
    STEM_SAMPLE_RATE,
    beats_to_samples,
    samples_to_beats,
)

WHOLE = 0.01  # a length this near to whole bars is meant to be whole
TEMPO_IN_NAME = re.compile(r"(\d{2,3}(?:[.,]\d+)?)[ _-]?bpm|bpm[ _-]?(\d{2,3}(?:[.,]\d+)?)", re.IGNORECASE)
NUMBER_IN_NAME = re.compile(r"(?<![A-Za-z0-9.,#])(\d{2,3}(?:\.\d+)?)(?![A-Za-z0-9.])")
USUAL_TEMPI = (55.0, 200.0)  # a bare number beyond them is the number of something else
BARS_IN_NAME = re.compile(r"(?<!\d)(\d{1,2})[ _-]?bars?(?![A-Za-z])", re.IGNORECASE)
KEY_IN_NAME = re.compile(
    r"(?:^|[ _.-])([A-G][#b]?(?:m|min|maj|minor|major|dor|phr|lyd|mix|loc|hm))(?=$|[ _.-])"
)


def tempo_in_name(stem: str) -> float | None:
    """`loop_126bpm` -> 126.0; None where the name says no tempo."""
    match = TEMPO_IN_NAME.search(stem)
    return float((match[1] or match[2]).replace(",", ".")) if match else None


def bare_tempo_in_name(stem: str, samples: int, signature: Signature) -> float | None:
    """`loop_174` -> 174.0, where at 174 bpm these samples are whole bars; else it is any number."""
    for text in NUMBER_IN_NAME.findall(stem):
        tempo_bpm = float(text)
        if USUAL_TEMPI[0] <= tempo_bpm <= USUAL_TEMPI[1]:
            bars = samples_to_beats(samples, tempo_bpm) / signature.bar_beats
            if round(bars) >= MIN_BARS and abs(bars - round(bars)) <= WHOLE * bars:
                return tempo_bpm
    return None


def bars_in_name(stem: str) -> int | None:
    """`Am_8bars` -> 8; None where the name says no bars, or more than a loop may have."""
    match = BARS_IN_NAME.search(stem)
    return int(match[1]) if match and MIN_BARS <= int(match[1]) <= MAX_BARS else None


def tempo_of_beats(beats: float, samples: int) -> float | None:
    """The tempo at which these samples are so many beats (quarters); None where it cannot be played."""
    tempo_bpm = beats * 60.0 * STEM_SAMPLE_RATE / samples
    return tempo_bpm if MIN_TEMPO_BPM <= tempo_bpm <= MAX_TEMPO_BPM else None


def key_in_name(stem: str) -> Key | None:
    """`bass_128bpm_F#m_8bars` -> F# minor. A bare letter is no key: too many names hold one."""
    match = KEY_IN_NAME.search(stem)
    return Key.parse(match[1]) if match else None


def folded(tempo_bpm: float) -> float:
    """Halved or doubled into what the engine plays."""
    while tempo_bpm < MIN_TEMPO_BPM:
        tempo_bpm *= 2.0
    while tempo_bpm > MAX_TEMPO_BPM:
        tempo_bpm /= 2.0
    return tempo_bpm


def fit_bars(samples: int, tempo_bpm: float, signature: Signature) -> tuple[float, int]:
    """(tempo, bars) of a loop of so many samples.

    Within 1 % of whole bars the tempo gives way, so that the samples are exactly those bars; else it
    stays, and the loop is to be cut or padded to the nearest whole bars.
    """
    exact = samples_to_beats(samples, tempo_bpm) / signature.bar_beats
    bars = min(max(MIN_BARS, math.floor(exact + 0.5)), MAX_BARS)
    if abs(exact - bars) > WHOLE * bars:
        return tempo_bpm, bars
    beats = bars * signature.bar_beats
    whole_tempo = _exact_tempo(tempo_bpm, beats, samples)
    return (whole_tempo, bars) if MIN_TEMPO_BPM <= whole_tempo <= MAX_TEMPO_BPM else (tempo_bpm, bars)


def is_doubled(bars: float) -> bool:
    """Whether these are 1, 2, 4 … 64 bars, to 1.4 %: what nearly every loop is."""
    doublings = math.log2(bars)
    return abs(doublings - round(doublings)) < 0.02 and 0 <= round(doublings) <= 6


def tempo_by_length(samples: int, frame_tempo_bpm: float, signature: Signature) -> float:
    """The tempo nearest to the set's at which these samples are 1, 2, 4 … 64 bars.

    For loops without a beat to hear (pads): a file is likelier to be a loop than not. The set's own
    tempo where no such tempo can be played.
    """
    one_bar = signature.bar_beats * 60.0 * STEM_SAMPLE_RATE / samples
    tempi = [one_bar * 2**power for power in range(7)]
    playable = [tempo for tempo in tempi if MIN_TEMPO_BPM <= tempo <= MAX_TEMPO_BPM]
    return min(playable, key=lambda tempo: abs(math.log2(tempo / frame_tempo_bpm)), default=frame_tempo_bpm)


def _exact_tempo(tempo_bpm: float, beats: float, samples: int) -> float:
    """A tempo that makes exactly these samples: the one given, else the one of the length, in as few
    decimals as still do (120, not 119.99966)."""
    by_length = beats * 60.0 * STEM_SAMPLE_RATE / samples
    for candidate in (tempo_bpm, by_length):
        for digits in range(6):
            rounded = round(candidate, digits)
            if rounded > 0 and beats_to_samples(beats, rounded) == samples:
                return rounded
    return by_length
