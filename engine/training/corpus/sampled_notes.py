"""Basses, pads and leads of one pitched one-shot, played at the score's notes as a sampler does.

    the one-shot at its own pitch --resampled--> the note's pitch --gate, velocity--> the loop, wrapping

A slide is read from the resampled sound at a speed that changes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError, unknown
from engine.instruments.control import BLOCK
from engine.instruments.drum_shot import add_shot
from engine.instruments.gestures import Gesture, gestures
from engine.instruments.settings import curve_blocks
from engine.music.score import Score
from engine.training.corpus.samples import by_kind, damped, darkened, repitched
from engine.training.corpus.shots import faded, pitch_of, read_shot
from engine.training.corpus.sources import SamplePack
from engine.units import STEM_SAMPLE_RATE, db_to_gain, ms_to_samples

__all__ = ["SampleInstrument", "load_instrument", "render_notes"]

KINDS = {"bass": ("bass",), "harmony": ("pad", "lead"), "melody": ("lead", "pad")}
REACH_SEMITONES = 14  # either way: farther off, a sample sounds like a chipmunk or a tape running out
LONGEST_ATTACK_S, RELEASE_S = 0.08, (0.02, 0.4)
GLIDE_S, LEGATO_S = 0.06, 0.012
SHADES = {"ghost": 0.6, "accent": 1.15}
SOFT_HZ, BRIGHT_HZ = 1200.0, 18_000.0  # low-pass of the softest and the hardest notes
PLAYED_DB = -10.0  # a chord of four full notes does not clip
SHADES_OF_VELOCITY = 8


@dataclass(frozen=True)
class SampleInstrument:
    """A one-shot with a pitch (MIDI, with its fraction), and how it is played. `decay_s` 0: as it rings."""

    name: str
    path: Path
    pitch: float
    mono: bool
    attack_s: float
    release_s: float
    decay_s: float


def load_instrument(pack: SamplePack, role: str, seed: int) -> SampleInstrument:
    """An instrument of the pack for bass, harmony or melody, another for every seed.

    EngineError `not_found` where the pack has no one-shot with a pitch of its own for it, `unknown` role.
    """
    if role not in KINDS:
        raise unknown("role", role, KINDS)
    rng = random.Random(f"{pack.name}/{role}/{seed}")
    pitched = pitched_shots(pack, role)
    if not pitched:
        raise EngineError("not_found", f"{pack.path}: no one-shot with a pitch for {role}")
    path, pitch = rng.choice(pitched)
    low, high = RELEASE_S
    return SampleInstrument(
        f"{pack.name}:{path.stem}:{seed}", path, pitch, role == "bass",
        LONGEST_ATTACK_S * rng.random() ** 4, low * (high / low) ** rng.random(),
        rng.choice((0.0, 0.0, rng.uniform(0.3, 3.0))),
    )  # fmt: skip


@lru_cache(maxsize=32)
def pitched_shots(pack: SamplePack, role: str) -> tuple[tuple[Path, float], ...]:
    """(one-shot, its pitch) of what suits a role."""
    kinds = by_kind(pack)
    paths = [path for kind in KINDS[role] for path in kinds.get(kind, ())]
    return tuple((path, pitch) for path in paths if (pitch := pitch_of(path)) is not None)


def render_notes(score: Score, instrument: SampleInstrument, seed: int) -> NDArray[np.float32]:
    """The score's notes: [N, C=2] at 44.1 kHz, N == score.length_samples, what rings on found at the start.

    Notes out of the sample's reach are moved by octaves. Neither levelled nor ducked. The same arguments
    give the same samples. EngineError `range` for a score of hits, `file` where the one-shot is gone.
    """
    if score.hits:
        raise EngineError("range", f"instrument {instrument.name!r} plays notes, not drum hits")
    loop = np.zeros((score.length_samples, 2), dtype=np.float32)
    rng = random.Random(f"{instrument.name}/{seed}")
    energy = curve_blocks(score, "energy")
    native = round(instrument.pitch)
    for gesture in gestures(score, instrument.mono, native - REACH_SEMITONES, native + REACH_SEMITONES):
        velocity = min(1.0, gesture.velocity * SHADES.get(gesture.articulation, 1.0) / 127)
        gain = db_to_gain(PLAYED_DB + rng.uniform(-0.7, 0.7)) * velocity**1.4
        if energy is not None:
            gain *= 2.0 ** (energy[gesture.start // BLOCK % len(energy)] - 0.5)
        sound = shaped(glided(gesture, instrument, round(velocity * SHADES_OF_VELOCITY)), gesture, instrument)
        add_shot(loop, sound, gesture.start, gain, gain, len(sound))
    return loop


def shaped(sound: NDArray[np.float32], gesture: Gesture, instrument: SampleInstrument) -> NDArray[np.float32]:
    """Held as long as the gesture, with the instrument's attack and release: a copy, [M, C=2]."""
    release = int(instrument.release_s * STEM_SAMPLE_RATE)
    sound = faded(sound[: gesture.gate_samples + release], 0.0)
    ending = sound[gesture.gate_samples :]
    ending *= np.linspace(1.0, 0.0, release, dtype=np.float32)[: len(ending), None]
    attack = min(len(sound), max(ms_to_samples(1.0), int(instrument.attack_s * STEM_SAMPLE_RATE)))
    sound[:attack] *= np.linspace(0.0, 1.0, attack, dtype=np.float32)[:, None]
    return sound


def glided(gesture: Gesture, instrument: SampleInstrument, shade: int) -> NDArray[np.float32]:
    """The sound of a gesture before its envelope: at its first pitch, then on to the others, [M, C=2]."""
    base = at_pitch(instrument, gesture.pitches[0], shade)
    if len({gesture.from_pitch, *gesture.pitches}) == 1:
        return base
    speed = 2.0 ** ((pitch_path(gesture, len(base)) - gesture.pitches[0]) / 12.0)
    place = np.cumsum(speed) - speed[0]
    place = place[place < len(base) - 1]
    return np.stack(
        [np.interp(place, np.arange(len(base)), base[:, channel]) for channel in range(2)], axis=1
    ).astype(np.float32)


def pitch_path(gesture: Gesture, num_samples: int) -> NDArray[np.float64]:
    """The MIDI pitch at each sample from the gesture's start: [num_samples]."""
    points, before = [(0.0, gesture.from_pitch)], gesture.from_pitch
    for at, pitch, slides in zip(gesture.starts, gesture.pitches, gesture.sliding, strict=True):
        span = (GLIDE_S if slides else LEGATO_S) * STEM_SAMPLE_RATE
        points += [(float(at), before), (at + span, pitch)]
        before = pitch
    places, pitches = zip(*points, strict=True)
    return np.interp(np.arange(num_samples), np.maximum.accumulate(places), pitches)


@lru_cache(maxsize=256)
def at_pitch(instrument: SampleInstrument, pitch: float, shade: int) -> NDArray[np.float32]:
    """The one-shot at a pitch, the lower the shade (0..8) the darker: [M, C=2], not to be written to."""
    sound = repitched(read_shot(instrument.path), pitch - instrument.pitch)
    if instrument.decay_s:
        sound = damped(sound, instrument.decay_s)
    cutoff_hz = SOFT_HZ * (BRIGHT_HZ / SOFT_HZ) ** (shade / SHADES_OF_VELOCITY)
    sound = np.ascontiguousarray(darkened(sound, cutoff_hz))
    sound.flags.writeable = False
    return sound
