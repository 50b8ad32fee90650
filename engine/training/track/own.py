"""A musician's own stems as training material for a model that plays already: what is needed of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from engine.errors import EngineError
from engine.training.corpus.own import Heard, make_own_corpus
from engine.training.corpus.reading import HEAD, SPLITS, Corpus
from engine.units import STEM_SAMPLE_RATE

HELD_OUT = 0.1
LEAST_SECONDS = 30.0  # of the role; below it a model learns these very bars by heart
MINUTES = 10.0  # of training where nobody says: under 15 minutes with everything around it


def own_corpus(
    stems: Path, folder: Path, role: str, processes: int, told: Callable[[Heard], None] = lambda _: None
) -> Corpus:
    """Heard into `folder`; of few songs nothing is held out, where too little would be left to learn from.
    A corpus that is there already is never removed: other roles may have learnt from it.

    EngineError `empty` where there is too little of the role; others as `make_own_corpus`.
    """
    stood = (folder / HEAD).exists()
    for held_out in shares_held_out(folder):
        make_own_corpus(stems, folder, held_out, processes, told)
        corpus = Corpus.open(folder)
        seconds = {split: seconds_of(corpus, split, role) for split in SPLITS}
        if seconds["train"] >= LEAST_SECONDS:
            return corpus
        if stood:
            raise EngineError(
                "empty",
                f"{folder} has {seconds['train']:.0f} s of {role} to learn from, heard from {stems} before; "
                f"it takes {LEAST_SECONDS:.0f} s or more: name another folder for other stems",
            )
        shutil.rmtree(folder)  # of other stems, or split otherwise, it is another corpus
        if sum(seconds.values()) < LEAST_SECONDS:
            break
    raise EngineError(
        "empty",
        f"{stems} has {sum(seconds.values()):.0f} s of {role} to learn from; it takes "
        f"{LEAST_SECONDS:.0f} s or more, in files or folders whose names say {role}",
    )


def shares_held_out(folder: Path) -> tuple[float, ...]:
    """What to try; a corpus that is there keeps its split."""
    if (folder / HEAD).exists():
        held_out = Corpus.open(folder).head.get("recipe", {}).get("held_out")
        if held_out is not None:
            return (float(held_out),)
    return (HELD_OUT, 0.0)


def seconds_of(corpus: Corpus, split: str, role: str) -> float:
    return sum(stem.samples for stem in corpus.stems(split, (role,))) / STEM_SAMPLE_RATE
