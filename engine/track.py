"""A track of the session: its settings, its lock and its takes.

takes    1   2   3   4
                 ^ current     undo -> 2, redo -> 4; a new take is added at the end: 5
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.context.track_context import TrackContext
from engine.errors import EngineError, check_range, unknown
from engine.prompt.music_context import MusicContext
from engine.stem import Stem


@dataclass(frozen=True)
class Param:
    """A knob of a track: 0.5 of the relative ones leaves the prompt's wish as it is."""

    low: float
    high: float
    default: float
    meaning: str


PARAMS: dict[str, Param] = {
    "density": Param(0, 1, 0.5, "notes per bar; 0.5 = as the prompt says"),
    "energy": Param(0, 1, 0.5, "velocity, accents and drive; 0.5 = as the prompt says"),
    "brightness": Param(0, 1, 0.5, "filter and timbre; 0.5 = as the prompt says"),
    "swing": Param(0, 1, 0.5, "delay of the off-beats; 0.5 = as the prompt says"),
    "humanize": Param(0, 1, 0.5, "spread of timing and velocity; 0.5 = as the genre has it"),
    "octave": Param(-2, 2, 0, "octaves up or down (bass, harmony, melody)"),
    "glide": Param(0, 1, 0.5, "share of notes that slide into the next; 0.5 = as the genre has it"),
    "drive": Param(0, 1, 0.5, "saturation of the sound; 0.5 = as the genre has it"),
}


@dataclass(frozen=True)
class Take:
    """One stem in the history of a track.

    `file` is its name in `stems/` without a folder, "" until it is on the disk; `context` the wishes it
    was made from (None: it came in from outside); `says` what it tells the other musicians.
    """

    number: int
    stem: Stem
    says: TrackContext
    context: MusicContext | None = None
    file: str = ""


@dataclass
class Track:
    """State of one track. Changed by the session, on the control thread, only."""

    name: str
    locked: bool = False
    prompt: str = ""
    seed: int = -1
    volume_db: float = 0.0
    pan: float = 0.0
    muted: bool = False
    soloed: bool = False
    midi: bool = True  # its score plays on its MIDI port
    params: dict[str, float] = field(default_factory=lambda: {name: p.default for name, p in PARAMS.items()})
    takes: list[Take] = field(default_factory=list)
    current: int = 0  # take number; 0 = none
    state: str = "empty"

    @property
    def take(self) -> Take | None:
        return self.takes[self.current - 1] if self.current else None

    @property
    def stem(self) -> Stem | None:
        return self.take.stem if self.take else None

    def set_param(self, name: str, value: float) -> None:
        """EngineError `unknown` or `range` where the table of PARAMS does not hold it."""
        if name not in PARAMS:
            raise unknown("parameter", name, PARAMS)
        self.params[name] = check_range(name, value, PARAMS[name].low, PARAMS[name].high)

    def select(self, number: int) -> None:
        """Make a take current; EngineError `locked`, `empty` or `range`."""
        self.check_take(number)
        self.current = number

    def check_take(self, number: int) -> None:
        """Whether `select` would do it."""
        self.check_unlocked()
        if not self.takes:
            raise EngineError("empty", f"{self.name} has no takes yet")
        if not 1 <= number <= len(self.takes):
            raise EngineError("range", f"{self.name} has takes 1 to {len(self.takes)}, not {number}")

    def check_unlocked(self) -> None:
        if self.locked:
            raise EngineError("locked", f"{self.name} is locked; unlock it first")

    def add(self, stem: Stem, says: TrackContext, context: MusicContext | None) -> Take:
        """Append a take to the history; it becomes current only while the track is unlocked."""
        take = Take(len(self.takes) + 1, stem, says, context)
        self.takes.append(take)
        if not self.locked:
            self.current = take.number
        return take

    def written(self, number: int, file: str) -> Take:
        """Note the file that a take was written to."""
        self.takes[number - 1] = replace(self.takes[number - 1], file=file)
        return self.takes[number - 1]

    def settings(self) -> dict[str, Any]:
        """Everything but the takes, as plain data for the store and for scenes."""
        return {
            "locked": self.locked, "prompt": self.prompt, "seed": self.seed, "volume_db": self.volume_db,
            "pan": self.pan, "muted": self.muted, "soloed": self.soloed, "midi": self.midi,
            "params": dict(self.params), "current": self.current,
        }  # fmt: skip

    def restore(self, values: Mapping[str, Any]) -> None:
        """The inverse of `settings`, with the takes that are there."""
        for name in ("locked", "prompt", "seed", "volume_db", "pan", "muted", "soloed"):
            setattr(self, name, values[name])
        self.midi = values.get("midi", True)
        self.params = {name: values["params"].get(name, param.default) for name, param in PARAMS.items()}
        self.current = min(values["current"], len(self.takes))
        self.state = "ready" if self.current else "empty"
