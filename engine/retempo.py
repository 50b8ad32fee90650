"""A take at another tempo: performed again from its score, or stretched.

    score, by instruments    performed again: sounds and attacks are what they are at that tempo, and on our
                             stems it takes a quarter of the time that stretching does
    score, by a model        stretched first, then performed again by the same model when nothing else is made
    audio that came in       stretched

At the take's own tempo it is the take itself, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.audio.stretcher import Stretcher
from engine.model_takes import checked, words_of
from engine.models import Models
from engine.performing import Family, Part, Watch
from engine.registry import Registry
from engine.report import cancelled
from engine.sound import is_in_tempo
from engine.stem import Stem, audio_digest, quantise_24
from engine.track import Take
from engine.units import beats_to_samples

# Beyond it a stretched loop is heard to be one.
FAR = 2.0
PERFORMED_AT_ONCE = "import"  # a MIDI file that came in: the track's instruments played it


@dataclass(frozen=True)
class Renderer:
    """What renders takes anew. Its methods run on any thread."""

    registry: Registry
    models: Models
    stretcher: Stretcher

    def is_stretched(self, stem: Stem) -> bool:
        """Whether the first rendering at another tempo is a stretched one."""
        kind = self.registry[stem.track]
        return stem.score is None or stem.render not in (kind.perform_name, PERFORMED_AT_ONCE)

    def family(self, stem: Stem) -> Family | None:
        """The models that performed the stem, where they are here and its score is."""
        family = self.models.families.get(stem.render) if stem.score is not None else None
        is_here = family is not None and family.offer(self.registry[stem.track].model).available
        return family if is_here else None

    def quick(self, stem: Stem, tempo_bpm: float, is_cancelled: Callable[[], bool] = lambda: False) -> Stem:
        """The take at a tempo, soon; EngineError `cancelled` and what a performer or the stretcher raises."""
        if is_in_tempo(stem, tempo_bpm):
            return stem
        if is_cancelled():
            raise cancelled(stem.track)
        if self.is_stretched(stem):
            length = beats_to_samples(stem.length_beats, tempo_bpm)
            return _at(stem, tempo_bpm, self.stretcher.stretched(stem.audio, length, stem.track == "drums"))
        assert stem.score is not None
        score = replace(stem.score, tempo_bpm=tempo_bpm)
        return _at(stem, tempo_bpm, self.registry[stem.track].perform(score, lambda _: None, is_cancelled))

    def best(
        self, take: Take, tempo_bpm: float, others: Mapping[str, Stem], is_cancelled: Callable[[], bool]
    ) -> Stem:
        """The take performed by its own model at a tempo, hearing `others`, by track, as it did its band."""
        stem, family = take.stem, self.family(take.stem)
        assert family is not None and stem.score is not None
        score = replace(stem.score, tempo_bpm=tempo_bpm)
        words = words_of(take.context, stem.track) if take.context else ()
        heard = {name: other.audio for name, other in others.items()}
        part = Part(self.registry[stem.track].model, score, words, heard, stem.seed)
        audio = family.perform(part, Watch(lambda _: None, is_cancelled, lambda _: None))
        return _at(stem, tempo_bpm, checked(audio, score, family.name))


def _at(stem: Stem, tempo_bpm: float, audio: NDArray[np.float32]) -> Stem:
    """The stem with other samples at another tempo."""
    exact = quantise_24(audio)
    assert len(exact) == beats_to_samples(stem.length_beats, tempo_bpm), (len(exact), stem.bars, tempo_bpm)
    score = replace(stem.score, tempo_bpm=tempo_bpm) if stem.score else None
    return replace(stem, audio=exact, tempo_bpm=tempo_bpm, score=score, digest=audio_digest(exact))
