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

from engine.audio.finishing import finish, place
from engine.audio.processors import default_processors
from engine.errors import EngineError
from engine.instruments import effects
from engine.instruments.drums import render_hits
from engine.instruments.palette import PALETTES, Kit, Palette, palette_of
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
    if isinstance(palette, Kit):
        if score.notes:
            raise EngineError("range", f"palette {palette.name!r} plays drum hits, not notes")
        return render_hits(score, palette, step)
    if score.hits:
        raise EngineError("range", f"palette {palette.name!r} plays notes, not drum hits")
    return render_notes(score, palette, step)


def play_dry(score: Score, palette: Palette) -> NDArray[np.float32] | None:
    """The notes before chorus, tremolo, delay and reverb; None for a kit, whose room is part of its sound."""
    return None if isinstance(palette, Kit) else render_dry(score, palette, lambda _: None)


def finished(loop: NDArray[np.float32], score: Score) -> NDArray[np.float32]:
    """What `play_dry` gives, or plays like it, as `render` finishes it, but for the ducking: [N, C=2].

    The loop is written into.
    """
    loop = with_effects(loop, score)
    level(loop, score)
    return loop


def finished_stretch(stretch: NDArray[np.float32], score: Score) -> NDArray[np.float32]:
    """The same of a stretch of a loop, with what rings into it from before, at the level that it has."""
    stretch = with_effects(stretch, score)
    place(stretch, score.track)
    return stretch


def with_effects(loop: NDArray[np.float32], score: Score) -> NDArray[np.float32]:
    """Through what its palette and the score's settings name; of a palette that is not ours, the latter."""
    palette = PALETTES.get(score.palette)
    if palette is not None and not isinstance(palette, Kit):
        loop = in_space(score, palette, loop)
    return processed(loop, score)


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
