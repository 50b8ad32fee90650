"""What a corpus is made to: shares of songs or tracks, 0..1, and ranges. The same recipe, the same songs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from engine.errors import EngineError, check_range, unknown
from engine.music.genre import bundled_genres

SHORTEST_S, LONGEST_S = 0.5, 120.0
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 415.0, 466.0  # a semitone either way: further is another key
SOFTEST_DB = -60.0


@dataclass(frozen=True)
class Recipe:
    """Shares ending in `_share` are chances. `soundfonts` and `packs` name the material of other people that
    may be used: part of the recipe, since another machine with other material makes other songs."""

    min_seconds: float = 8.0  # of a song
    max_seconds: float = 24.0
    blend_share: float = 0.25  # of songs: two genres mixed
    foreign_share: float = 0.5  # of tracks: a sound that the genre would not choose
    jitter_share: float = 0.75  # of tracks: every number of the palette moved
    strange_share: float = 0.4  # of tracks: settings and curves anywhere in their range
    processed_share: float = 0.6  # of tracks: through a chain of processors
    shaped_share: float = 1.0  # of tracks: equaliser, width, place and balance drawn by lot
    raw_share: float = 0.1  # of songs: neither processors nor filters, as the instruments leave it
    lofi_share: float = 0.12  # of songs: every track from one worn medium
    tuned_share: float = 0.5  # of songs: another concert pitch than 440 Hz
    lowest_pitch_hz: float = 430.0
    highest_pitch_hz: float = 450.0
    duck_share: float = 0.4  # of songs: tracks give way to the kick
    carve_share: float = 0.3  # of songs: tracks make room for each other's frequencies
    room_share: float = 0.4  # of songs: one room around all tracks
    glue_share: float = 0.3  # of songs: a bus compressor
    dry: bool = False  # pitched stems also as they are before their palette's effects and the mix
    softest_db: float = -24.0  # the highest peak of a song's loudest track lies between this and 0 dB
    soundfont_share: float = 0.25  # of tracks, where there are soundfonts
    sample_share: float = 0.25  # of tracks that samples can play, where there are packs
    genres: tuple[str, ...] = ()  # that songs are of, each once and by name; none: all
    soundfonts: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    sources: Path | None = field(default=None, compare=False)  # where they lie, beside the usual places

    def __post_init__(self) -> None:
        for name in shares():
            check_range(name, getattr(self, name), 0.0, 1.0)
        # Said twice or in another order they are the same genres: songs must not blend one with itself.
        object.__setattr__(self, "genres", tuple(sorted(set(self.genres))))
        for genre in self.genres:
            if genre not in bundled_genres():
                raise unknown("genre", genre, bundled_genres())
        for name in ("min_seconds", "max_seconds"):
            check_range(name, getattr(self, name), SHORTEST_S, LONGEST_S)
        for name in ("lowest_pitch_hz", "highest_pitch_hz"):
            check_range(name, getattr(self, name), LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ)
        check_range("softest_db", self.softest_db, SOFTEST_DB, 0.0)
        for low, high in (("min_seconds", "max_seconds"), ("lowest_pitch_hz", "highest_pitch_hz")):
            if getattr(self, low) > getattr(self, high):
                raise EngineError(
                    "range",
                    f"{low} {getattr(self, low):g} is above {high} {getattr(self, high):g}; it must not be",
                )

    @property
    def mean_song_s(self) -> float:
        return (self.min_seconds + self.max_seconds) / 2.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON: all but where the sources lie; genres and dry stems only where they are asked for."""
        data = {name: value for name, value in asdict(self).items() if name != "sources"}
        for name in ("genres", "dry"):
            if not data[name]:
                del data[name]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}

    def changed(self, settings: Mapping[str, Any]) -> Recipe:
        """This one with other values; EngineError `unknown` or `range`."""
        known = {f.name for f in fields(self)}
        for name in settings:
            if name not in known:
                raise unknown("setting of a recipe", name, known)
        return replace(self, **settings)


def shares() -> tuple[str, ...]:
    return tuple(f.name for f in fields(Recipe) if f.name.endswith("_share"))


# One or two bars: the whole pipeline in a fraction of a second.
DEBUG = Recipe(min_seconds=1.0, max_seconds=2.5)
