"""A take made ready to be played."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.music.score import Score
from engine.stem import Stem
from engine.units import beats_to_samples


@dataclass(frozen=True, eq=False)
class Sound:
    """`stem` is the take's own, `played` that or a rendering of it at another tempo, which `loop` holds.

    `heard`: what was heard of a take that came in as audio, for its MIDI. Not `is_final`: something better
    than this rendering will come (a model performs more slowly than a loop is stretched).
    """

    stem: Stem
    played: Stem
    loop: object = field(repr=False)  # what the outs prepared
    heard: Score | None = field(default=None, repr=False)
    is_final: bool = True

    def keeps(self, tempo_bpm: float) -> bool:
        """Whether it plays sample for sample at this tempo."""
        return is_in_tempo(self.played, tempo_bpm)


def is_in_tempo(stem: Stem, tempo_bpm: float) -> bool:
    """Whether the stem is exactly as long as this tempo has it."""
    return beats_to_samples(stem.length_beats, tempo_bpm) == stem.length_samples
