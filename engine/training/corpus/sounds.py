"""What plays a track of a song: an instrument of ours made strange, a soundfont, or samples.

Soundfonts and samples know no tuning but their own: they play as many samples more or fewer as the pitch
is to be higher or lower, and the loop is resampled to its length.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.instruments.palette import Kit, palette_of
from engine.instruments.pitched import in_space
from engine.instruments.render import play, play_dry
from engine.music.score import Score
from engine.training.corpus import variety
from engine.training.corpus.captions import program_word
from engine.training.corpus.plan import Plan
from engine.training.corpus.recipe import Recipe
from engine.training.corpus.sources import Soundfont, Sources, find_sources

USUAL_PITCH_HZ = 440.0
DETUNE_CENTS, MOST_DETUNE_CENTS = 3.0, 12.0  # of one track against the others: deviation, and the most
PALETTE_WORDS = 4
MOST_TRIES = 8  # to find a pack or program that suits


@dataclass(frozen=True)
class Sound:
    """audio: [N, C=2], neither levelled nor ducked; `score` as played; `words`: what people call it.

    `dry` [N, C=2]: before the palette's chorus, tremolo, delay and reverb; None for drums.
    """

    audio: NDArray[np.float32]
    score: Score
    source: str
    words: tuple[str, ...]
    dry: NDArray[np.float32] | None = None


def concert_pitch_hz(plan: Plan, recipe: Recipe) -> float:
    """That of A4 for the whole song."""
    rng = plan.rng("tuning")
    if rng.random() >= recipe.tuned_share:
        return USUAL_PITCH_HZ
    return round(rng.uniform(recipe.lowest_pitch_hz, recipe.highest_pitch_hz), 2)


def detune_cents(plan: Plan, role: str) -> float:
    return round(
        min(MOST_DETUNE_CENTS, max(-MOST_DETUNE_CENTS, plan.rng(f"{role}/detune").gauss(0.0, DETUNE_CENTS))),
        2,
    )


def sound_of(plan: Plan, score: Score, recipe: Recipe, cents: float) -> Sound:
    """The score played by something, `cents` above 440 Hz."""
    rng = plan.rng(f"{score.track}/sound")
    score = replace(score, curves=tuple(curve for curve in score.curves if curve.name != "duck"))
    if rng.random() < recipe.strange_share:
        score = variety.varied_settings(score, rng)
    kind = rng.random()
    if recipe.soundfonts and kind < recipe.soundfont_share:
        return _by_soundfont(score, recipe, cents, rng)
    if recipe.packs and kind > 1.0 - recipe.sample_share:
        sound = _by_samples(score, recipe, cents, rng)
        if sound is not None:
            return sound
    return by_instrument(score, recipe, cents, rng)


def by_instrument(score: Score, recipe: Recipe, cents: float, rng: random.Random) -> Sound:
    if rng.random() < recipe.foreign_share:
        score = replace(score, palette=variety.foreign_palette(score.track, score.palette, rng))
    palette = palette_of(score.palette)
    if rng.random() < recipe.jitter_share:
        palette = variety.moved(palette, rng)
    source, words = f"instruments:{score.palette}", (score.palette, *palette.words[:PALETTE_WORDS])
    palette = variety.tuned(palette, cents)
    if isinstance(palette, Kit):
        return Sound(play(score, palette, lambda _: None), score, source, words)
    dry = play_dry(score, palette)
    return Sound(in_space(score, palette, dry.copy()), score, source, words, dry)


def _by_soundfont(score: Score, recipe: Recipe, cents: float, rng: random.Random) -> Sound:
    from engine.training.corpus import soundfonts

    font = sources_of(recipe).soundfont(rng.choice(recipe.soundfonts))
    program = rng.choice(_programs(score.track, font))
    seed = rng.getrandbits(31)
    stretched, ratio = _stretched(score, cents)
    audio = resampled(soundfonts.render_score(stretched, font, program, seed), score.length_samples, ratio)
    words = (program_word(score.track, program),)
    dry = None if score.track == "drums" else audio
    return Sound(audio, score, f"soundfont:{font.name}:{program}", words, dry)


def _by_samples(score: Score, recipe: Recipe, cents: float, rng: random.Random) -> Sound | None:
    """None where no pack has what the track needs."""
    from engine.training.corpus import sampled_notes, samples

    for _ in range(MOST_TRIES):
        pack, seed = sources_of(recipe).pack(rng.choice(recipe.packs)), rng.getrandbits(31)
        stretched, ratio = _stretched(score, cents)
        try:
            if score.track == "drums":
                kit = samples.load_kit(pack, seed)
                audio, name = samples.render_hits(stretched, kit, seed), kit.name
            else:
                instrument = sampled_notes.load_instrument(pack, score.track, seed)
                audio, name = sampled_notes.render_notes(stretched, instrument, seed), instrument.name
        except EngineError as error:
            if error.code != "not_found":
                raise
            continue
        made = resampled(audio, score.length_samples, ratio)
        dry = None if score.track == "drums" else made
        return Sound(made, score, f"samples:{name}", ("samples", f"sampled {score.track}"), dry)
    return None


def _stretched(score: Score, cents: float) -> tuple[Score, float]:
    """The score so much slower that, played in its own time again, it is `cents` higher; and that ratio."""
    ratio = 2.0 ** (cents / 1200.0) if score.track != "drums" else 1.0
    return replace(score, tempo_bpm=score.tempo_bpm / ratio), ratio


def resampled(loop: NDArray[np.float32], num_samples: int, ratio: float) -> NDArray[np.float32]:
    """A loop as one of `num_samples`: a ring has its spectrum at whole numbers of cycles, which stay."""
    if len(loop) == num_samples:
        return loop
    from scipy.fft import irfft, rfft

    assert math.isclose(len(loop) / num_samples, ratio, rel_tol=1e-3), (len(loop), num_samples, ratio)
    spectrum = rfft(np.ascontiguousarray(loop.T))
    made = irfft(spectrum, num_samples) * np.float32(num_samples / len(loop))
    return np.ascontiguousarray(made.T, dtype=np.float32)


def sources_of(recipe: Recipe) -> Sources:
    """EngineError `unknown` where the recipe names material that is not on this machine."""
    return _sources(recipe.sources)


@lru_cache(maxsize=4)
def _sources(folder: Path | None) -> Sources:
    return find_sources(folder)


@lru_cache(maxsize=64)
def _programs(role: str, font: Soundfont) -> tuple[int, ...]:
    from engine.training.corpus.soundfonts import programs_for

    return programs_for(role, font)
