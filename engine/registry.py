"""Track types by name: what composes a track, and what performs its score.

    registry.register(TrackType("vocal", compose=..., perform=...))
    registry.register(TrackType("percussion", compose=..., model="drums"))   performed by the drums' model

or an entry point of an installed package, group `resonantgen.tracks`, naming a TrackType. Neither
needs a change in the core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.context.track_context import TrackContext
from engine.errors import EngineError, unknown
from engine.instruments.render import render
from engine.music.past import Past
from engine.music.score import Score
from engine.music.write import write
from engine.performing import INSTRUMENTS
from engine.plugins import load_entry_points
from engine.prompt.music_context import MusicContext

# (track, context, the tracks heard, seed, knobs, what the track played before)
Composer = Callable[[str, MusicContext, Mapping[str, TrackContext], int, Mapping[str, float], Past], Score]
# (score, progress, cancelled) -> audio [N, C=2] at 44.1 kHz, exactly the score's length
Performer = Callable[[Score, Callable[[float], None], Callable[[], bool]], NDArray[np.float32]]
GROUP = "resonantgen.tracks"
BAND = ("drums", "bass", "harmony", "melody")


@dataclass(frozen=True)
class TrackType:
    """`perform_name` is what a stem's metadata calls `perform`. `model`: the role, in the family of models
    of that name, whose model plays this track where it may (`engine.models`); "": none does."""

    name: str
    compose: Composer = write
    perform: Performer = render
    perform_name: str = INSTRUMENTS
    model: str = ""
    family: str = "model"


def roles_named(text: str) -> tuple[str, ...]:
    """`drums, bass` -> the roles of the band; EngineError `unknown`."""
    roles = tuple(name.strip() for name in text.split(","))
    for role in roles:
        if role not in BAND:
            raise unknown("role", role, BAND)
    return roles


class Registry:
    """Track types in the order they play: each hears the ones before it."""

    def __init__(self, types: Mapping[str, TrackType] | None = None) -> None:
        self.types = dict(types or {})

    def __iter__(self) -> Iterator[str]:
        return iter(self.types)

    def __getitem__(self, name: str) -> TrackType:
        if name not in self.types:
            raise unknown("track", name, self.types)
        return self.types[name]

    def register(self, track_type: TrackType) -> None:
        """Add a type; EngineError `range` for a name that an OSC address could not carry."""
        name = track_type.name
        if not name.isascii() or not name.replace("_", "").isalnum() or not name[0].isalpha():
            raise EngineError("range", f"track name {name!r} is not letters, digits and _")
        self.types[name] = track_type

    def choose(self, names: Sequence[str]) -> Registry:
        """Those tracks in that order, then what installed packages added; EngineError `unknown`."""
        added = [name for name in self.types if name not in BAND and name not in names]
        return Registry({name: self[name] for name in (*names, *added)})

    def load_entry_points(self) -> list[str]:
        """Register what installed packages offer; returns what could not be loaded, and why."""
        return load_entry_points(GROUP, self.register)


def default_registry() -> Registry:
    return Registry({name: TrackType(name, model=name) for name in BAND})
