"""Laws of rolls: they stand in an eighth that the voice plays, come again, and leave the rest alone."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.music.genre import genre_named, genres
from engine.music.key import Signature
from engine.music.plan import Time
from engine.music.rolls import CELL_BARS, STROKES, rolled
from engine.music.score import Hit
from engine.prompt.music_context import MusicContext
from tests.engine.musicians import plain, play

seeds = st.integers(0, 2**31)
signatures = st.sampled_from(
    [Signature(4, 4), Signature(7, 8), Signature(3, 4), Signature(5, 16), Signature(1, 16)]
)


def time_of(signature: Signature, swing: float = 0.0) -> Time:
    context = MusicContext("", "trap", 140.0, genre_named("trap").key, signature, 8)
    return Time.of(context, swing, 16)


def eighths(time: Time, voice: str) -> tuple[Hit, ...]:
    return tuple(
        Hit(time.beat(bar, step), voice, 90, 0.0)
        for bar in range(time.bars) for step in range(0, time.grid.steps, 2)
    )  # fmt: skip


@given(signatures, seeds, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_roll_fills_an_eighth_and_nothing_else_changes(signature, seed, density, swing):
    time = time_of(signature, swing)
    before = (*eighths(time, "closed_hat"), *eighths(time, "kick"))
    after = rolled(before, {"closed_hat": 1.0}, density, time, random.Random(seed))
    assert [h for h in after if h.voice == "kick"] == [h for h in before if h.voice == "kick"]
    starts = [hit.start_beats for hit in after]
    assert starts == sorted(starts) and all(0.0 <= start < time.length_beats for start in starts)
    made = set(after) - set(before)
    more = len(after) - len(before)
    assert all(1 <= hit.velocity <= 90 for hit in made)
    assert more % (8 // CELL_BARS) == 0 and more <= time.bars * (max(STROKES) - 1)


@given(seeds)
def test_rolls_come_again_with_the_cell(seed):
    time = time_of(Signature())
    hits = rolled(eighths(time, "closed_hat"), {"closed_hat": 1.0}, 0.5, time, random.Random(seed))
    cell = CELL_BARS * time.grid.bar_beats
    shape = {round(hit.start_beats, 4) for hit in hits if hit.start_beats < cell}
    again = {round(hit.start_beats - cell, 4) for hit in hits if cell <= hit.start_beats < 2 * cell}
    assert shape == again and len(shape) > 8 * CELL_BARS


@given(seeds)
def test_a_voice_that_rests_does_not_roll(seed):
    time = time_of(Signature())
    assert rolled((), {"closed_hat": 1.0, "snare": 1.0}, 1.0, time, random.Random(seed)) == ()


@given(seeds)
def test_a_build_has_no_rolls_but_its_own(seed):
    time = time_of(Signature())
    before = eighths(time, "closed_hat")
    after = rolled(before, {"closed_hat": 1.0}, 0.5, time, random.Random(seed), without=[2, 3])
    assert {hit for hit in after if 8.0 <= hit.start_beats < 16.0} <= set(before)
    assert len(after) > len(before)


def test_trap_rolls_its_hats_and_house_does_not():
    def shortest_beats(genre: str) -> float:
        gaps = []
        for seed in range(6):
            hats = [
                h.start_beats
                for h in play(plain(genre), seed, tracks=("drums",))["drums"].hits
                if h.voice == "closed_hat"
            ]
            gaps += [b - a for a, b in pairwise(hats)]
        return min(gaps)

    assert shortest_beats("trap") < 0.13 < shortest_beats("house")
    assert not genre_named("house").drums.rolls
    assert {name for name, genre in genres().items() if genre.drums.rolls} >= {"trap", "idm", "jungle"}
