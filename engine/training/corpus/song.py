"""A song for training: four tracks that hear each other, made from a seed.

seed -> plan -> scores -> sounds -> each alone -> together -> levels -> caption, tags
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import SILENCE_LUFS, loudness
from engine.audio.mixing import role_of
from engine.music.key import Key, Signature
from engine.music.score import Score
from engine.training.corpus.captions import caption_of, song_tags, track_tags
from engine.training.corpus.plan import Plan, plan_song, scores_of
from engine.training.corpus.recipe import Recipe
from engine.training.corpus.sounds import USUAL_PITCH_HZ, Sound, concert_pitch_hz, detune_cents, sound_of
from engine.training.corpus.together import carved_alike, together
from engine.training.corpus.treatment import treated
from engine.units import STEM_SAMPLE_RATE, db_to_gain, hz_to_pitch

__all__ = ["Recipe", "Song", "SongTrack", "make_song"]
LOUDEST_DB = -0.2
HIGHEST_DRY = 0.95  # of a dry stem: carving may raise a peak


@dataclass(frozen=True)
class SongTrack:
    """audio: [N, C=2] at 44.1 kHz, a loop, N == score.length_samples. `source`: what made the sound; `words`:
    what people call it; `effects`: name -> its numbers. `dry` [N, C=2]: the sound before its palette's
    effects and the mix (but for the room it makes), where the recipe asks for it."""

    audio: NDArray[np.float32]
    score: Score
    source: str
    words: tuple[str, ...]
    effects: Mapping[str, Any] = field(default_factory=dict)
    dry: NDArray[np.float32] | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        return track_tags(self.score.track, self)


@dataclass(frozen=True)
class Song:
    seed: int
    tempo_bpm: float
    key: Key
    signature: Signature
    bars: int
    genre: str
    caption: str
    tags: tuple[str, ...]
    tracks: Mapping[str, SongTrack]  # by role

    @property
    def stem_seconds(self) -> float:
        """Audio of all tracks together."""
        return sum(len(track.audio) for track in self.tracks.values()) / STEM_SAMPLE_RATE


def make_song(seed: int, recipe: Recipe) -> Song:
    """The same for the same arguments, in every process.

    EngineError `unknown` where the recipe names material that is not here, `not_available` without what
    plays it.
    """
    plan = plan_song(seed, recipe)
    tracks = tracks_of(plan, recipe)
    context = plan.context
    return Song(
        seed, context.tempo_bpm, context.key, context.signature, context.bars, context.genre,
        caption_of(plan, tracks), song_tags(plan, tracks), tracks,
    )  # fmt: skip


def tracks_of(plan: Plan, recipe: Recipe) -> dict[str, SongTrack]:
    pitch_hz = concert_pitch_hz(plan, recipe)
    sounds: dict[str, Sound] = {}
    loops: dict[str, NDArray[np.float32]] = {}
    effects: dict[str, dict[str, Any]] = {}
    for role, score in scores_of(plan).items():
        detuned = detune_cents(plan, role)
        cents = 100.0 * (hz_to_pitch(pitch_hz) - hz_to_pitch(USUAL_PITCH_HZ)) + detuned
        sounds[role] = sound_of(plan, score, recipe, cents)
        loops[role], effects[role] = treated(sounds[role].audio, sounds[role].score, plan, recipe)
        if role != "drums":
            effects[role] = {"concert_pitch_hz": pitch_hz, "detune_cents": detuned, **effects[role]}
    scores = {role: sound.score for role, sound in sounds.items()}
    mixed, done = together(loops, scores, plan, recipe)
    gain = song_gain(mixed, plan, recipe)
    return {
        role: SongTrack(
            mixed[role] * np.float32(gain), sound.score, sound.source, sound.words,
            {**effects[role], **done[role]}, dry_of(sound, loops, done) if recipe.dry else None,
        )
        for role, sound in sounds.items()
    }  # fmt: skip


def dry_of(
    sound: Sound, loops: Mapping[str, NDArray[np.float32]], done: Mapping[str, Mapping[str, Any]]
) -> NDArray[np.float32] | None:
    """The sound before its palette's effects, as loud as its role is, with room for the others as in the mix.

    Its peaks may keep it softer: nothing limits them. None where no part of the sound is dry.
    """
    if sound.dry is None:
        return None
    role = sound.score.track
    lufs, peak = loudness(sound.dry), float(np.abs(sound.dry).max(initial=0.0))
    wanted = db_to_gain(role_of(role).loudness_lufs - lufs) if lufs > SILENCE_LUFS else 1.0
    gain = min(wanted, HIGHEST_DRY / max(peak, 1e-6))
    return carved_alike(sound.dry * np.float32(gain), role, loops, done)


def song_gain(loops: Mapping[str, NDArray[np.float32]], plan: Plan, recipe: Recipe) -> float:
    """One fader for all tracks: the loudest's peak anywhere between the recipe's softest and full."""
    peak = max(float(np.abs(loop).max(initial=0.0)) for loop in loops.values())
    peak_db = plan.rng("level").uniform(recipe.softest_db, LOUDEST_DB)
    return db_to_gain(peak_db) / max(peak, 1e-6)
