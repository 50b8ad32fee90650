"""A musician's own stems as training material for a model that plays already: what is needed of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.errors import EngineError
from engine.training.corpus.own import Heard, make_own_corpus
from engine.training.corpus.reading import Corpus

HELD_OUT = 0.1
LEAST_SECONDS = 30.0  # of the role; below it a model learns these very bars by heart
MINUTES = 10.0  # of training where nobody says: under 15 minutes with everything around it


def own_corpus(
    stems: Path, folder: Path, role: str, processes: int, told: Callable[[Heard], None] = lambda _: None
) -> Corpus:
    """Heard into `folder`. EngineError `empty` where there is too little of the role; others as
    `make_own_corpus`."""
    make_own_corpus(stems, folder, HELD_OUT, processes, told)
    corpus = Corpus.open(folder)
    found = {split: corpus.stems(split, (role,)) for split in ("train", "held_out")}
    rate = int(corpus.head.get("sample_rate", 44_100))
    seconds = sum(stem.samples for stem in found["train"]) / rate
    if seconds < LEAST_SECONDS:
        kept = sum(stem.samples for stem in found["held_out"]) / rate
        raise EngineError(
            "empty",
            f"{stems} has {seconds:.0f} s of {role} to learn from, and {kept:.0f} s held out; it takes "
            f"{LEAST_SECONDS:.0f} s or more, in files or folders whose names say {role}",
        )
    return corpus
