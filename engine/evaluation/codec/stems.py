"""Stems that no codec was trained on: of a corpus, or made on the spot, always the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.evaluation.signal import is_silent
from engine.units import STEM_SAMPLE_RATE

SECONDS = 10.0  # of a stem: what ViSQOL is meant for
MOST, MOST_QUICK = 16, 2  # stems a role
SEED = 20_261_121  # of the songs made on the spot; none of it is a corpus's own seed


def held_out_stems(
    roles: Sequence[str], most: int, corpus: Path | None = None
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """(role, audio [N, C=2] of at most 10 s), `most` of each role; silent ones are passed over.

    Without a `corpus`, songs of the held-out split are composed and rendered as they are asked for, by the
    engine's own instruments alone: soundfonts and samples that some machines have would give other figures.
    EngineError: `not_found` or `file` for a corpus that cannot be read, `empty` where it holds out nothing.
    """
    source = made(roles) if corpus is None else of_corpus(corpus, roles)
    given: Counter[str] = Counter()
    for role, audio in source:
        if given[role] < most and not is_silent(audio):
            given[role] += 1
            yield role, audio
        if all(given[name] >= most for name in roles):
            return
    if not given:
        raise EngineError("empty", f"{corpus} holds out no stem of {', '.join(roles)} that sounds")


def of_corpus(folder: Path, roles: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The held-out split, song by song."""
    from engine.training.corpus.reading import Corpus

    for stem in Corpus.open(folder).stems("held_out", tuple(roles)):
        yield stem.role, stem.read(int(SECONDS * STEM_SAMPLE_RATE))


def made(roles: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Songs without end, at least as long as a stem is measured; the same on every machine."""
    from engine.training.corpus.live import live_songs
    from engine.training.corpus.recipe import Recipe

    for song in live_songs(SEED, Recipe(min_seconds=SECONDS), split="held_out"):
        for role in roles:
            if role in song.tracks:
                yield role, song.tracks[role].audio[: int(SECONDS * STEM_SAMPLE_RATE)]
