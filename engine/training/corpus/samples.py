"""Drums of one-shots: a kit chosen from a pack, each kit another, and a score's hits played by it.

pack, seed -> for every voice: a one-shot, its pitch, start, decay, level, place -> SampleKit
score, kit, seed -> hits: the variation whose turn it is, as bright as it is struck hard -> [N, C=2]
"""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.instruments.control import BLOCK
from engine.instruments.drum_shot import add_shot
from engine.instruments.drums import repeat_gain, timed
from engine.instruments.settings import curve_blocks
from engine.music.score import DRUM_VOICES, Hit, Score
from engine.training.corpus.shots import kind_heard, read_shot
from engine.training.corpus.sources import SamplePack
from engine.units import STEM_SAMPLE_RATE, db_to_gain, ms_to_samples

__all__ = ["SampleKit", "load_kit", "render_hits"]

NEEDED = ("kick", "snare", "closed_hat")  # without these it is no drum kit
PERCUSSION = ("rim", "shaker", "tambourine", "cowbell", "conga", "bongo", "clave")  # what "percussion" may be
VARIATIONS = 4
VARIATION_SEMITONES, VARIATION_MS = 0.12, 0.7  # by which repeats of a stroke differ, at most
BUCKETS = 4  # of velocity, each with a brightness of its own
SOFT_HZ, HARD_HZ = 2500.0, 16_000.0  # low-pass of the softest and the second-hardest strokes
TUNED_SEMITONES, TUNED_MOST = 1.8, 5.0  # how kits differ in pitch: deviation, and the most
LATEST_START_MS = 6.0
LONGEST_DECAY_S = 1.5
DAMPED = 0.4  # the share of pieces whose ring is damped
LEVEL_DB = 2.0  # deviation
PLAYED_DB = -6.0  # the whole kit, that hits together do not clip


@dataclass(frozen=True)
class Place:
    """A voice of kits.toml: its level and place in the kit, what it chokes, what may stand in for it."""

    level_db: float
    pan: float = 0.0
    shortest_s: float = 0.06
    chokes: tuple[str, ...] = ()
    stands_in: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Piece:
    """One voice of a kit: a one-shot and what is done to it. `decay_s` 0: it rings as it does."""

    path: Path
    semitones: float
    start_ms: float
    decay_s: float
    gain: float
    pan: float
    chokes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleKit:
    """A kit by voice of `DRUM_VOICES`; a voice that nothing of the pack can play is not among them."""

    name: str
    pieces: dict[str, Piece] = field(default_factory=dict)


def load_kit(pack: SamplePack, seed: int) -> SampleKit:
    """A kit of the pack's one-shots, another for every seed.

    EngineError `not_found` where the pack has nothing for a kick, a snare or a hat.
    """
    rng = random.Random(f"{pack.name}/{seed}")
    kinds = by_kind(pack)
    pieces = {voice: piece for voice in DRUM_VOICES if (piece := _piece(voice, kinds, rng)) is not None}
    lacking = [voice for voice in NEEDED if voice not in pieces]
    if lacking:
        raise EngineError("not_found", f"{pack.path}: no one-shot for {', '.join(lacking)}: not a drum kit")
    return SampleKit(f"{pack.name}:{seed}", pieces)


@lru_cache(maxsize=16)
def by_kind(pack: SamplePack) -> dict[str, tuple[Path, ...]]:
    """Kind -> one-shots; those without a telling name are listened to, once a process."""
    found: dict[str, list[Path]] = {}
    for shot in pack.shots:
        found.setdefault(kind_heard(shot), []).append(shot.path)
    return {kind: tuple(paths) for kind, paths in found.items()}


@cache
def places() -> dict[str, Place]:
    """kits.toml."""
    text = resources.files(__package__).joinpath("kits.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)
    return {
        voice: Place(
            entry["level_db"],
            entry.get("pan", 0.0),
            entry.get("shortest_s", Place.shortest_s),
            tuple(entry.get("chokes", ())),
            tuple((kind, float(semitones)) for kind, semitones in entry["stands_in"]),
        )
        for voice, entry in tables.items()
    }


def _piece(voice: str, kinds: dict[str, tuple[Path, ...]], rng: random.Random) -> Piece | None:
    place = places()[voice]
    for kind, semitones in ((voice, 0.0), *place.stands_in):
        paths = kinds.get(kind, ())
        if kind == voice and voice in PERCUSSION and len(paths) < VARIATIONS:
            paths = (*paths, *kinds.get("percussion", ()))
        if paths:
            return _varied(rng.choice(paths), semitones, place, rng)
    return None


def _varied(path: Path, semitones: float, place: Place, rng: random.Random) -> Piece:
    tuned = max(-TUNED_MOST, min(TUNED_MOST, rng.gauss(0.0, TUNED_SEMITONES)))
    damped = rng.random() < DAMPED
    decay_s = place.shortest_s * (LONGEST_DECAY_S / place.shortest_s) ** rng.random() if damped else 0.0
    return Piece(
        path,
        semitones + tuned,
        LATEST_START_MS * rng.random() ** 3,  # most begin where they begin
        decay_s,
        db_to_gain(place.level_db + PLAYED_DB + rng.gauss(0.0, LEVEL_DB)),
        max(-0.8, min(0.8, rng.choice((-1.0, 1.0)) * place.pan + rng.gauss(0.0, 0.08))),
        place.chokes,
    )


# --- played -----------------------------------------------------------------------------------------


def render_hits(score: Score, kit: SampleKit, seed: int) -> NDArray[np.float32]:
    """The score's hits: [N, C=2] at 44.1 kHz, N == score.length_samples; what rings on is found at the start.

    Neither levelled nor ducked. The same arguments give the same samples. A voice the kit has not is silent.
    EngineError `range` for a score of notes, `file` where a one-shot is gone.
    """
    if score.notes:
        raise EngineError("range", f"kit {kit.name!r} plays drum hits, not notes")
    loop = np.zeros((score.length_samples, 2), dtype=np.float32)
    rng = random.Random(f"{kit.name}/{seed}")
    energy = curve_blocks(score, "energy")
    hits = [(start, hit) for start, hit in timed(score) if hit.voice in kit.pieces]
    struck = dict.fromkeys(kit.pieces, rng.randrange(VARIATIONS))
    for number, (start, hit) in enumerate(hits):
        piece, turn = kit.pieces[hit.voice], struck[hit.voice]
        # The next variation, or the one after it: never the same twice, and no cycle to be heard.
        struck[hit.voice] += rng.choice((1, 1, 2, 3))
        shot = stroke(piece, turn % VARIATIONS, min(BUCKETS - 1, hit.velocity * BUCKETS // 128))
        gain = piece.gain * (hit.velocity / 127) ** 1.5 * repeat_gain(turn)
        if energy is not None:
            gain *= 2.0 ** (energy[start // BLOCK % len(energy)] - 0.5)
        left, right = min(1.0, 1.0 - piece.pan), min(1.0, 1.0 + piece.pan)
        length = samples_until_choked(hits, number, kit, len(loop), len(shot))
        add_shot(loop, shot, start, gain * left, gain * right, length)
    return loop


def samples_until_choked(
    hits: list[tuple[int, Hit]], number: int, kit: SampleKit, loop_samples: int, shot_samples: int
) -> int:
    """How long this hit sounds before another one chokes it, round the loop."""
    start, hit = hits[number]
    waits = [
        (when - start) % loop_samples
        for when, other in hits
        if hit.voice in kit.pieces[other.voice].chokes and (when - start) % loop_samples
    ]
    return min([shot_samples, *waits])


@lru_cache(maxsize=512)
def stroke(piece: Piece, variation: int, bucket: int) -> NDArray[np.float32]:
    """One way of striking a piece: [M, C=2], softer ones darker; not to be written to."""
    lean = (variation - (VARIATIONS - 1) / 2) / ((VARIATIONS - 1) / 2)  # -1 .. 1
    semitones = piece.semitones + VARIATION_SEMITONES * lean
    start = ms_to_samples(piece.start_ms + VARIATION_MS * (variation % 2))
    shot = repitched(read_shot(piece.path), semitones)
    # Later on the way up, never behind the peak: a click of 5 ms would be gone.
    shot = faded_in(shot[min(start, int(np.argmax(np.abs(shot).max(axis=1)))) :]) if start else shot
    if piece.decay_s:
        shot = damped(shot, piece.decay_s * (1.0 + 0.06 * lean))
    if bucket < BUCKETS - 1:
        shot = darkened(shot, SOFT_HZ * (HARD_HZ / SOFT_HZ) ** (bucket / (BUCKETS - 2)))
    shot = np.ascontiguousarray(shot, dtype=np.float32)
    shot.flags.writeable = False
    return shot


def repitched(shot: NDArray[np.float32], semitones: float) -> NDArray[np.float32]:
    """Played faster or slower, as a sampler does: [M, C=2] -> [M / ratio, C=2]."""
    import soxr

    if abs(semitones) < 1e-3:
        return shot
    return np.asarray(soxr.resample(shot, STEM_SAMPLE_RATE * 2.0 ** (semitones / 12.0), STEM_SAMPLE_RATE))


def faded_in(shot: NDArray[np.float32]) -> NDArray[np.float32]:
    """A copy that begins within a third of a millisecond: an onset without a click."""
    shot = shot.copy()
    count = min(len(shot), ms_to_samples(0.3))
    shot[:count] *= np.linspace(0.0, 1.0, count, dtype=np.float32)[:, None]
    return shot


def damped(shot: NDArray[np.float32], decay_s: float) -> NDArray[np.float32]:
    """Its ring 60 dB down `decay_s` after its peak, which is left as it is."""
    peak_s = int(np.argmax(np.abs(shot).max(axis=1))) / STEM_SAMPLE_RATE
    seconds = np.maximum(0.0, np.arange(len(shot)) / STEM_SAMPLE_RATE - peak_s)
    quiet = (10.0 ** (-3.0 * seconds / decay_s)).astype(np.float32)
    return np.asarray((shot * quiet[:, None])[: int((peak_s + 1.1 * decay_s) * STEM_SAMPLE_RATE)])


def darkened(shot: NDArray[np.float32], cutoff_hz: float) -> NDArray[np.float32]:
    """Through a low-pass of 6 dB an octave: a soft stroke wakes the highs less."""
    from scipy.signal import butter, lfilter

    b, a = butter(1, min(cutoff_hz, 0.45 * STEM_SAMPLE_RATE), fs=STEM_SAMPLE_RATE)
    return np.asarray(lfilter(b, a, shot, axis=0), dtype=np.float32)
