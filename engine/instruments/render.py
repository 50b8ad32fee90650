"""Score to audio, at once: the door to the instruments.

    score -+- hits  --> drums ---+-> processors -> duck -> its place in the mix -> [N, C=2], the loop
           +- notes --> pitched -+

Whatever rings past the end of the loop is found at its start. All of the sound is made in compiled
code that does not hold the interpreter; `cancelled` is asked between notes and effects.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.audio.finishing import finish, shape
from engine.audio.processors import default_processors
from engine.errors import EngineError
from engine.instruments import effects
from engine.instruments.drums import render_hits
from engine.instruments.palette import PALETTES, Instrument, Kit, Palette, palette_of
from engine.instruments.pitched import in_space, render_dry, render_notes
from engine.music.score import Score
from engine.units import STEM_SAMPLE_RATE, beats_to_seconds

__all__ = ["PALETTES", "Palette", "render"]

TYPICAL_VELOCITY = 88.0


def render(
    score: Score,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> NDArray[np.float32]:
    """The score played by its palette: [N, C=2] at 44.1 kHz, N == score.length_samples.

    The same score gives the same samples, in every process. `progress` hears shares 0..1.
    EngineError: `unknown` palette, `cancelled` once `cancelled()` says so, `range` where a kit is
    asked for notes or an instrument for hits.
    """
    palette = palette_of(score.palette)

    def step(share: float) -> None:
        if cancelled is not None and cancelled():
            raise EngineError("cancelled", f"rendering of {score.track} was cancelled")
        if progress is not None:
            progress(share)

    step(0.0)
    loop = play(score, palette, step)
    step(0.9)
    loop = processed(loop, score)
    step(0.95)
    duck(loop, score)
    level(loop, score)
    if progress is not None:
        progress(1.0)
    return loop


def play(score: Score, palette: Palette, step: Callable[[float], None]) -> NDArray[np.float32]:
    check_plays(palette, score)
    if isinstance(palette, Kit):
        return render_hits(score, palette, step)
    return render_notes(score, palette, step)


def play_dry(score: Score, palette: Instrument) -> NDArray[np.float32]:
    """The notes before the palette's chorus, tremolo, delay and reverb: [N, C=2]."""
    check_plays(palette, score)
    return render_dry(score, palette, lambda _: None)


def check_plays(palette: Palette, score: Score) -> None:
    """EngineError `range` where a kit is asked for notes or an instrument for hits."""
    if isinstance(palette, Kit) and score.notes:
        raise EngineError("range", f"palette {palette.name!r} plays drum hits, not notes")
    if not isinstance(palette, Kit) and score.hits:
        raise EngineError("range", f"palette {palette.name!r} plays notes, not drum hits")


def in_the_mix(loop: NDArray[np.float32], score: Score) -> NDArray[np.float32]:
    """What `play_dry` gives, or plays like it, with all that `render` does to it but ducking and level.

    A whole loop [N, C=2], which is written into. A palette that is not ours has no effects of its own.
    """
    palette = PALETTES.get(score.palette)
    if palette is not None and not isinstance(palette, Kit):
        loop = in_space(score, palette, loop)
    loop = processed(loop, score)
    shape(loop, score.track)
    return loop


def processed(loop: NDArray[np.float32], score: Score) -> NDArray[np.float32]:
    """Through the processors that the score's settings name; the dust of a record is each track's own."""
    seed = zlib.crc32(f"{score.track}/{score.palette}".encode())
    return default_processors().process(loop, score.settings, score.tempo_bpm, seed)


def duck(loop: NDArray[np.float32], score: Score) -> None:
    """Gives way as the score's `duck` curve says (0 = full level, 1 = silent), in place."""
    points = next((curve.points for curve in score.curves if curve.name == "duck"), ())
    if points:
        starts = np.array([beats_to_seconds(beat, score.tempo_bpm) for beat, _ in points]) * STEM_SAMPLE_RATE
        effects.duck_loop(loop, starts, np.array([value for _, value in points]))


def level(loop: NDArray[np.float32], score: Score) -> None:
    """In its place of the mix, in place: spectrum, loudness and true peak of its role."""
    finish(loop, score.track, dynamics(score))


def dynamics(score: Score) -> float:
    """How loud the score wants to be against a typical one: 0.5 .. 1.4."""
    velocities = [note.velocity for note in score.notes] + [hit.velocity for hit in score.hits]
    if not velocities:
        return 1.0
    return min(1.4, max(0.5, float(np.mean(velocities)) / TYPICAL_VELOCITY))
