"""What the control thread hands to the worker, and what it gets back. All of it frozen."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.context.track_context import TrackContext
from engine.events import Origin
from engine.models import Choice
from engine.music.past import Past
from engine.prompt.music_context import Frame, MusicContext
from engine.sound import Sound
from engine.stem import Stem

Bars = tuple[int, int]  # first and last, from 1


class CancelToken:
    """One flag a track; set by the control thread, polled by the worker."""

    def __init__(self, tracks: tuple[str, ...]) -> None:
        self.flags = {track: threading.Event() for track in tracks}

    def cancel(self, track: str) -> None:
        if track in self.flags:
            self.flags[track].set()

    def is_set(self, track: str) -> bool:
        return self.flags[track].is_set()


@dataclass(frozen=True)
class Request:
    """A generation that waits its turn: which tracks, from which words."""

    origin: Origin
    kind: str  # generate, preview, regenerate, import
    tracks: tuple[str, ...]
    prompt: str
    cancel: CancelToken
    bars: Bars | None = None  # of a regeneration: the only ones that are to be new; None: all


@dataclass(frozen=True)
class Job:
    """A request with the snapshot of the session taken when its turn came."""

    request: Request
    frame: Frame
    base: MusicContext | None  # what a relative prompt changes
    heard: Mapping[str, TrackContext]  # the tracks that stay, by name
    imposed: Frame | None  # the frame that those tracks impose, and a clock's tempo; None where nothing does
    digests: tuple[str, ...]  # the stems behind `heard`
    seeds: Mapping[str, int]
    params: Mapping[str, Mapping[str, float]]
    past: Mapping[str, Past] = field(default_factory=dict)  # of the tracks to be made
    fresh: frozenset[str] = (
        frozenset()
    )  # those whose seed is free: a take too like the last ones is written anew
    choices: Mapping[str, Choice] = field(default_factory=dict)  # who performs the tracks to be made
    stems: Mapping[str, Stem] = field(default_factory=dict)  # those behind `heard`, and the standing ones
    tempo_leader: str = ""  # of Core


@dataclass(frozen=True)
class Made:
    """One finished track of a job."""

    track: str
    stem: Stem
    says: TrackContext
    context: MusicContext | None
    loop: object = field(repr=False)  # what the outs prepared for playing
    preview: str = ""
    played: Stem | None = None  # what `loop` holds where that is not the stem: a rendering of it

    @property
    def sound(self) -> Sound:
        return Sound(self.stem, self.played or self.stem, self.loop, self.says.score)
