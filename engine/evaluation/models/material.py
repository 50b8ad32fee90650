"""Scores that no model was trained on, with what the instruments make of them: always the same ones.

plan -> scores -> the instruments' own rendering -> every other song: pitched tracks give way to the kick

No strange settings, no equaliser by lot, no foreign sound: only what a score, its words and the other tracks
can tell a model, so that what it misses is its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.instruments.palette import NAMES, palette_of
from engine.instruments.render import render
from engine.model.track.style import DEEPEST_DB
from engine.music.score import Score
from engine.registry import BAND
from engine.training.corpus.plan import Plan, plan_song, scores_of
from engine.training.corpus.recipe import Recipe
from engine.training.corpus.shards import song_seed
from engine.training.corpus.sounds import PALETTE_WORDS
from engine.training.corpus.together import ducked, kicks_of
from engine.units import beats_to_seconds

Audio = NDArray[np.float32]  # [N, C=2] at 44.1 kHz

SEED = 20_261_122  # none of it is a corpus's own seed, nor the codecs' held-out stems'
DUCKED = "duck"  # what a corpus calls a track that gives way
SHORTEST_S, LONGEST_S = 7.0, 10.0  # what ViSQOL is meant for
DEPTH_DB, ATTACK_MS, HOLD_MS, RELEASE_BEATS = (6.0, 18.0), (1.0, 12.0), (20.0, 60.0), (0.15, 0.5)


@dataclass(frozen=True)
class Piece:
    """A track of a held-out song: its score, what the instruments make of it, what people call its sound.

    `gain` [N]: by how much it gives way to the kick, moment by moment; None where it does not.
    """

    score: Score
    audio: Audio
    words: tuple[str, ...]
    gain: NDArray[np.float32] | None = None

    @property
    def role(self) -> str:
        return self.score.track


@dataclass(frozen=True)
class Song:
    number: int
    pieces: Mapping[str, Piece]

    def others(self, role: str) -> dict[str, Audio]:
        """What is heard beside a track."""
        return {name: piece.audio for name, piece in self.pieces.items() if name != role}


@lru_cache(maxsize=4)
def held_out(number: int, seed: int = SEED, seconds: tuple[float, float] = (SHORTEST_S, LONGEST_S)) -> Song:
    """Song `number`; the odd ones duck."""
    recipe = Recipe(min_seconds=seconds[0], max_seconds=seconds[1], blend_share=0.0)
    plan = plan_song(song_seed(seed, "held_out", number), recipe)
    scores = {role: _without_duck(score) for role, score in scores_of(plan).items()}
    pieces = {role: piece_of(score) for role, score in scores.items()}
    return Song(number, ducking(plan, pieces) if number % 2 else pieces)


def songs(count: int, seed: int = SEED) -> Iterator[Song]:
    return (held_out(number, seed) for number in range(count))


def check_measured(role: str) -> None:
    """EngineError `unknown` for a role that no held-out song has."""
    if role not in BAND:
        raise EngineError(
            "unknown",
            f"no scores are held out for {role!r}; roles that can be measured: {', '.join(BAND)} (--role)",
        )


def piece_of(score: Score) -> Piece:
    """The score as the instruments play it, alone."""
    words = (score.palette, *palette_of(score.palette).words[:PALETTE_WORDS])
    return Piece(score, render(score), words)


def other_sound(piece: Piece, number: int) -> Piece:
    """The same notes by another instrument of the role; which one, `number` says."""
    names = [name for name in NAMES[piece.role] if name != piece.score.palette]
    other = piece_of(replace(piece.score, palette=names[number % len(names)]))
    return other if piece.gain is None else _ducked(other, piece.gain)


def ducking(plan: Plan, pieces: Mapping[str, Piece]) -> dict[str, Piece]:
    """Every pitched track gives way to the kick, as deep as the lot says; told as a corpus tells it."""
    drums = pieces["drums"].score
    kicks, rng = kicks_of(drums), plan.rng("held out/duck")
    told = {
        "depth_db": rng.uniform(*DEPTH_DB),
        "attack_ms": rng.uniform(*ATTACK_MS),
        "hold_ms": rng.uniform(*HOLD_MS),
        "release_ms": 1000.0 * beats_to_seconds(rng.uniform(*RELEASE_BEATS), drums.tempo_bpm),
    }
    told = {name: round(value, 2) for name, value in told.items()}
    if not kicks:
        return dict(pieces)
    gain = ducked(np.ones((drums.length_samples, 1), np.float32), kicks, **told)[:, 0]
    depth = told["depth_db"] / DEEPEST_DB
    return {
        role: piece if role == "drums" else _ducked(_told(piece, depth), gain)
        for role, piece in pieces.items()
    }


def _told(piece: Piece, depth: float) -> Piece:
    """How deep is told; when, is to be heard from the kick."""
    return replace(piece, score=replace(piece.score, settings={**piece.score.settings, DUCKED: depth}))


def _ducked(piece: Piece, gain: NDArray[np.float32]) -> Piece:
    return replace(piece, audio=piece.audio * gain[:, None], words=(*piece.words, DUCKED), gain=gain)


def _without_duck(score: Score) -> Score:
    """Who gives way, and how far, is to be heard from the others, as in a corpus."""
    return replace(score, curves=tuple(curve for curve in score.curves if curve.name != "duck"))
