"""A case made into music, in process and as a job makes it: words, four scores, four stems, a mix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.audio.mixing import mix
from engine.context.track_context import TrackContext
from engine.evaluation.music.grid import Case
from engine.making import derive_seed
from engine.music.key import Signature
from engine.music.past import NOTHING
from engine.music.score import Score
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame, MusicContext
from engine.registry import BAND, default_registry
from engine.track import PARAMS
from engine.units import beats_to_seconds


@dataclass(frozen=True)
class Take:
    """The music of a case. stems: track -> [N, C=2] at 44.1 kHz; mix: [N, C=2]."""

    case: Case
    context: MusicContext
    scores: Mapping[str, Score]
    stems: Mapping[str, NDArray[np.float32]]
    mix: NDArray[np.float32]

    def seconds(self, beats: float) -> float:
        return beats_to_seconds(beats, self.context.tempo_bpm)

    @property
    def genre(self) -> str:
        return self.case.genre or self.context.genre


def make_take(case: Case) -> Take:
    """Composed and played; the locked track keeps what the base seed gave it, and the others hear it."""
    context = understood(case)
    scores: dict[str, Score] = {}
    if case.lock:
        base = composed(context, case.base_seed, {})
        scores[case.lock] = base[case.lock]
    scores = composed(context, case.seed, scores)
    registry = default_registry()
    stems = {name: registry[name].perform(scores[name], lambda _: None, lambda: False) for name in BAND}
    return Take(case, context, scores, stems, mix(list(stems.values()), [(1.0, 1.0)] * len(stems)))


def understood(case: Case) -> MusicContext:
    """What the prompt means, at the case's length and, where the prompt names none, in its meter."""
    context = interpret(case.prompt, Frame(bars=case.bars))
    if "signature" in context.assumed:
        beats, unit = (int(part) for part in case.signature.split("/"))
        context = replace(context, signature=Signature(beats, unit))
    return context


def composed(context: MusicContext, seed: int, kept: Mapping[str, Score]) -> dict[str, Score]:
    """Four scores; the kept ones are heard first, then each track hears those before it."""
    registry = default_registry()
    params = {name: param.default for name, param in PARAMS.items()}
    heard = {name: says_of(score) for name, score in kept.items()}
    scores = dict(kept)
    for name in BAND:
        if name not in kept:
            own_seed = derive_seed(seed, name, 0)
            scores[name] = registry[name].compose(name, context, heard, own_seed, params, NOTHING)
            heard[name] = TrackContext.from_score(scores[name])
    return {name: scores[name] for name in BAND}


def says_of(score: Score) -> TrackContext:
    """What a kept track tells the others: drums bind nobody to the chords they were once made with."""
    says = TrackContext.from_score(score)
    return replace(says, chords=()) if score.track == "drums" else says
