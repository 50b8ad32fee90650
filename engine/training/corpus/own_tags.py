"""What a musician's stems sound like, in words: of the file's name, and heard; and a caption made of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.audio.mono import mono_of
from engine.music.genre import bundled_genres
from engine.music.key import Key
from engine.music.score import Score
from engine.training.corpus.captions import table
from engine.training.corpus.own_names import words_of
from engine.units import STEM_SAMPLE_RATE, gain_to_db

WINDOW = 2048
# Centroid of the power in Hz, below and above which a role is dark or bright: estimates, as all of these
# bounds are, that call most of what is usual nothing.
DARK_BRIGHT_HZ = {
    "drums": (1900.0, 4800.0),
    "bass": (150.0, 450.0),
    "harmony": (500.0, 1500.0),
    "melody": (700.0, 2200.0),
}
SPARSE_BUSY = {
    "drums": (4.0, 9.0),
    "bass": (1.5, 4.0),
    "harmony": (1.5, 6.0),
    "melody": (1.2, 3.5),
}  # strokes a second
DRY_WET_DB = (-45.0, -20.0)  # the softest fifth of the moments against the loudest twentieth
NARROW, WIDE = 0.02, 0.35  # energy of the sides against the middle's
MOST_WORDS = 4
MACHINES = ("808", "909", "707", "606", "303")


def sound_words(words: Sequence[str]) -> tuple[str, ...]:
    """Of the words of the files' names at most MOST_WORDS; of numbers only machines ("808")."""
    told = (word for word in words if not word.isdigit() or word in MACHINES)
    return tuple(dict.fromkeys(told))[:MOST_WORDS]


def heard_words(audio: NDArray[np.float32], score: Score) -> tuple[str, ...]:
    """Dark or bright, sparse or busy, dry or wet, mono or wide; nothing of what is usual."""
    low, high = DARK_BRIGHT_HZ[score.track]
    few, many = SPARSE_BUSY[score.track]
    hz, floor_db = _centroid_and_floor(audio)
    items = len({note.start_beats for note in score.notes} | {hit.start_beats for hit in score.hits})
    return tuple(
        word
        for word in (
            _word(hz, low, high, "dark", "bright"),
            _word(items / score.length_seconds, few, many, "sparse", "busy"),
            _word(floor_db, *DRY_WET_DB, "dry", "wet" if score.track == "drums" else "sustained"),
            _word(_width(audio), NARROW, WIDE, "mono", "wide"),
        )
        if word
    )


def genre_in(path: str) -> str:
    """The genre that the path names with one of its words; empty where none is named."""
    text = f" {' '.join(words_of(path))} "
    return next((genre for phrase, genre in _genre_phrases() if f" {phrase} " in text), "")


@cache
def _genre_phrases() -> tuple[tuple[str, str], ...]:
    """(phrase, genre), the longest first."""
    found = [
        (" ".join(words_of(word)), name)
        for name, genre in bundled_genres().items()
        for word in (name.replace("_", " "), *genre.words)
    ]
    return tuple(sorted((pair for pair in found if len(pair[0]) > 2), key=lambda pair: (-len(pair[0]), pair)))


def own_caption(
    name: str, genre: str, tempo_bpm: float, key: Key | None, words: Mapping[str, Sequence[str]]
) -> str:
    """A line about the part; the same name, the same line. words: role -> what its sound is called."""
    rng = random.Random(f"own/{name}")
    roles = rng.sample(sorted(words), rng.randint(1, len(words)))
    sounds = [_sound(role, words[role], rng) for role in roles]
    listed = f"{', '.join(sounds[:-1])} and {sounds[-1]}" if len(sounds) > 1 else sounds[0]
    told = [
        genre.replace("_", " "),
        listed,
        rng.choice(table()["bpm"]).format(f"{round(tempo_bpm):d}")
        if rng.random() < table()["told"]["tempo"]
        else "",
        rng.choice(table()["key"]).format(key.name) if key and rng.random() < table()["told"]["key"] else "",
    ]
    return ", ".join(part for part in told if part)


def _sound(role: str, words: Sequence[str], rng: random.Random) -> str:
    said = [word for word in words if word != role][:2]
    nouns = [noun for noun in table()["nouns"][role] if noun]
    return " ".join([*said, rng.choice(nouns)])


def _word(value: float, low: float, high: float, below: str, above: str) -> str:
    return below if value < low else above if value > high else ""


def _centroid_and_floor(audio: NDArray[np.float32]) -> tuple[float, float]:
    """(Hz around which the power lies, dB of the softest moments against the loudest)."""
    mono = np.pad(mono_of(audio), (0, max(0, WINDOW - len(audio))))
    windows = np.lib.stride_tricks.sliding_window_view(mono, WINDOW)[:: WINDOW // 2]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW).astype(np.float32), axis=1)) ** 2
    hz = np.fft.rfftfreq(WINDOW, 1.0 / STEM_SAMPLE_RATE)
    level = np.sqrt(power.sum(axis=1))
    floor, top = np.quantile(level, (0.2, 0.95))
    total = power.sum(axis=0)
    return float((hz * total).sum() / max(total.sum(), 1e-20)), gain_to_db(float(floor / max(top, 1e-12)))


def _width(audio: NDArray[np.float32]) -> float:
    left, right = audio.T
    return float(np.square(left - right).sum() / max(np.square(left + right).sum(), 1e-12))
