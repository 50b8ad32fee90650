"""An example of a package that adds a track type: hand percussion, performed by the drums' model.

[project.entry-points."resonantgen.tracks"]
percussion = "resonantgen_percussion:percussion"
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from engine.context.track_context import TrackContext
from engine.music.blend import genre_of
from engine.music.past import NOTHING, Past
from engine.music.patterns import bar_characters, chance_and_level
from engine.music.plan import Time
from engine.music.score import Hit, Score
from engine.prompt.music_context import MusicContext
from engine.registry import TrackType

TIGHT_MS = 8.0  # how far a hand strays


@cache
def patterns() -> dict[str, dict[str, str]]:
    """Genre -> voice -> sixteen steps, `other` for genres without patterns of their own."""
    table: dict[str, Any] = tomllib.loads(resources.files(__name__).joinpath("patterns.toml").read_text())
    return table


def compose(
    track: str, context: MusicContext, heard: Mapping[str, TrackContext], seed: int,
    params: Mapping[str, float], past: Past = NOTHING,
) -> Score:  # fmt: skip
    """Shaker, conga and tambourine in the drums' own swing; another seed leaves out other strokes."""
    genre = genre_of(context)
    time = Time.heard(context, context.swing, genre.swing_unit, heard)
    rng = random.Random(f"{seed}/{track}/{genre.name}")
    share = min(1.0, 2.0 * params.get("density", 0.5))
    voices = patterns().get(genre.name, patterns()["other"])
    hits = [
        _stroke(time, bar, step, voice, level, rng)
        for bar in range(context.bars)
        for voice, pattern in voices.items()
        for step, character in enumerate(bar_characters(pattern, bar, time.grid))
        for chance, level in [chance_and_level(character)]
        if rng.random() < chance * share
    ]
    return Score(
        track=track, tempo_bpm=context.tempo_bpm, key=context.key, signature=context.signature,
        bars=context.bars, genre=genre.name, palette=genre.drums.palette,
        hits=tuple(sorted(hits, key=lambda hit: hit.start_beats)),
    ).validate()  # fmt: skip


def _stroke(time: Time, bar: int, step: int, voice: str, level: float, rng: random.Random) -> Hit:
    start = round(bar * time.grid.bar_beats + time.places[step], 6)
    strength = max(1, round(127 * level * rng.uniform(0.75, 0.95)))
    return Hit(start, voice, strength, round(rng.gauss(0.0, TIGHT_MS / 3), 3))


percussion = TrackType("percussion", compose=compose, model="drums")
