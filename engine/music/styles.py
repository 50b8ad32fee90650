"""What a genre is: how each of the four musicians plays in it, and what they play over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.music.key import Key


@dataclass(frozen=True)
class DrumStyle:
    palette: str
    patterns: tuple[Mapping[str, str], ...]
    fills: tuple[Mapping[str, str], ...] = ()
    fill_chance: float = 0.5
    from_density: Mapping[str, float] = field(default_factory=dict)  # voices that enter with density
    late_ms: Mapping[str, float] = field(default_factory=dict)
    crash: float = 0.0  # chance of a crash on the first downbeat
    ghosts: float = 0.3  # how readily ghost notes join on weak places
    rolls: Mapping[str, float] = field(default_factory=dict)  # voice -> chance of a roll in a bar
    groove: str = ""  # of [grooves.*] in played.toml: whose accents the hats take; "": any
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BassStyle:
    palette: str
    patterns: tuple[str, ...]
    lock: float = 0.6  # how much it follows the kick it hears
    centre: int = 36
    gate: float = 0.85  # sounding share of a note's steps
    glide: float = 0.1
    sustain: bool = False  # one long note a chord
    approach: str = "diatonic"  # how it steps into the next root: diatonic, chromatic or mixed
    manners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # patterns for "walking" …
    curve: str = "flat"
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class HarmonyStyle:
    palette: str
    patterns: tuple[str, ...]
    centre: int = 63
    gate: float = 0.9
    spread: bool = False
    strum_ms: float = 0.0
    sustain: bool = False
    extensions: float = 0.2  # how readily plain triads become sevenths and ninths
    tension: float = 0.2  # how readily a phrase ends on a suspension or dominant that resolves
    manners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # patterns for "stab" …
    curve: str = "flat"
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MelodyStyle:
    palette: str
    patterns: tuple[str, ...]
    style: str = "motif"  # how it plays where the prompt does not say: of MANNERS
    centre: int = 76
    gate: float = 0.9
    rest: float = 0.2  # chance that a unit of the phrase is left empty
    leap: float = 0.15  # chance of a leap where a step would do
    scale: str = ""  # "pentatonic", "blues"; "": the key's own
    manners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # patterns for "hook" …
    curve: str = "flat"
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Progressions:
    """Chords as degrees (see `theory`), for keys with a minor and with a major third."""

    bars_per_chord: tuple[float, ...]
    minor: tuple[tuple[str, ...], ...]
    major: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Genre:
    name: str
    words: tuple[str, ...]
    tempo_bpm: tuple[float, float]
    key: Key
    progressions: Progressions
    drums: DrumStyle
    bass: BassStyle
    harmony: HarmonyStyle
    melody: MelodyStyle
    energy: float = 0.5
    density: float = 0.5
    brightness: float = 0.5
    swing: float = 0.0
    swing_unit: int = 16  # the note that swings: 8 or 16
    humanize: float = 0.3
    sidechain: float = 0.0  # how deep harmony, bass and melody give way to the kick
    forms: tuple[tuple[str, ...], ...] = ()  # orders of sections for long loops, of score.SECTIONS

    @property
    def typical_tempo_bpm(self) -> float:
        return float(round(sum(self.tempo_bpm) / 2))
