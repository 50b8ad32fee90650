"""The songs of a corpus without a disk: made while they are trained on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

from engine.training.corpus.processes import in_order
from engine.training.corpus.recipe import Recipe
from engine.training.corpus.shards import song_seed
from engine.training.corpus.song import Song, make_song


def live_songs(
    seed: int, recipe: Recipe, processes: int = 1, split: str = "train", first: int = 0
) -> Iterator[Song]:
    """Song after song without end, from number `first` on: those that `train corpus` writes for that seed.

    Two songs a process are made ahead, and no more; one process is the caller's own. `close()` of the
    iterator (or leaving the loop and dropping it) stops the processes.
    """
    return in_order(partial(_song, seed, recipe, split), count(first), processes)


def _song(seed: int, recipe: Recipe, split: str, number: int) -> Song:
    return make_song(song_seed(seed, split, number), recipe)
