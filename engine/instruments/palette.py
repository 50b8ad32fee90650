"""The named instruments: `palettes/{role}.toml` as frozen data; unknown keys are errors with the nearest.

This is the one place that knows which palettes there are (`PALETTES`, `NAMES`) and what can be set on
them (`SETTINGS`); it imports no compiled code, so that whoever only needs names starts at once.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeVar

from engine.errors import EngineError, unknown
from engine.music.score import DRUM_VOICES

ROLES = ("drums", "bass", "harmony", "melody")
# What a score can set on a palette, each 0..1 with the palette as it is at 0.5.
SETTINGS = (
    "brightness", "energy", "drive", "glide", "reverb", "delay", "resonance", "attack", "release",
)  # fmt: skip
CARRIES = 0.27  # of the time to -60 dB: 16 dB down, a string has to be plucked again
SOURCES = ("wave", "fm", "string", "breath", "modal")


@dataclass(frozen=True)
class Layer:
    """One source of a voice. Which fields count depends on `source`."""

    source: str = "wave"
    level: float = 1.0
    wave: str = "saw"
    semitones: float = 0.0
    voices: int = 1
    detune_cents: float = 0.0
    width: float = 0.0
    ratio: float = 1.0  # fm: carrier over pitch; breath: centre over pitch
    modulator_ratio: float = 1.0
    index: float = 1.0
    index_decay_s: float = 1.0
    index_floor: float = 0.0
    decay_s: float = 1000.0  # to -60 dB; the default holds
    floor: float = 0.0
    brightness: float = 0.5
    pick: float = 0.2
    damping: float = 0.7
    pan: float = 0.0  # -1 left .. 1 right, of every source that is not a unison
    modes: tuple[tuple[float, float, float], ...] = ()  # modal: ratio, decay_s at C4, level of each
    formant: str = ""  # a name of `formants.FORMANTS` that this layer is heard through
    formant_to: str = ""  # where it moves to within `morph_s` of each note
    morph_s: float = 0.2
    dry: float = 0.0  # how much of the layer goes past its formants


@dataclass(frozen=True)
class Instrument:
    """A pitched palette. Decays and releases are to -60 dB; `low`, `high` bound the pitches it plays."""

    name: str
    role: str
    layers: tuple[Layer, ...]
    words: tuple[str, ...] = ()  # what people call it
    program: int = 0  # the nearest of General MIDI, from 0
    squeeze: float = 0.0  # how much its peaks are pressed, so that it is as loud as the others of its role
    mono: bool = False
    low: int = 24
    high: int = 108
    attack_s: float = 0.002
    decay_s: float = 1.0
    sustain: float = 1.0
    release_s: float = 0.1
    cutoff_hz: float = 18_000.0
    key_tracking: float = 0.5
    envelope_octaves: float = 0.0
    envelope_attack_s: float = 0.001
    envelope_decay_s: float = 0.5
    velocity_octaves: float = 1.0
    resonance: float = 0.1
    four_pole: bool = False
    lfo_octaves: float = 0.0
    lfo_hz: float = 0.2
    lfo_beats: float = 0.0  # a period in beats instead of `lfo_hz`
    curve_octaves: float = 4.0  # what the score's filter curve moves from 0 to 1
    bend_semitones: float = 0.0  # each note starts this much higher (lower) and arrives within bend_s
    bend_s: float = 0.05
    glide_s: float = 0.06
    vibrato_semitones: float = 0.0
    vibrato_hz: float = 5.2
    tremolo: float = 0.0
    tremolo_hz: float = 5.0
    drive: float = 0.0
    chorus: float = 0.0
    chorus_hz: float = 0.6
    chorus_ms: float = 2.0
    delay: float = 0.0
    delay_beats: float = 0.75
    delay_feedback: float = 0.35
    reverb: float = 0.0
    reverb_s: float = 1.5
    reverb_size: float = 1.0

    @property
    def holds_s(self) -> float:
        """How long one stroke carries a line: a plucked string is soon gone, a voice that is held is not."""
        strings = [layer.decay_s for layer in self.layers if layer.source == "string"]
        return CARRIES * max(strings) if strings else math.inf


@dataclass(frozen=True)
class Tone:
    """A sine at `hz` that starts `sweep` times higher than that and falls within `sweep_s`."""

    hz: float
    decay_s: float
    level: float = 1.0
    sweep: float = 0.0
    sweep_s: float = 0.05


@dataclass(frozen=True)
class Noise:
    hz: float
    decay_s: float
    level: float = 1.0
    attack_s: float = 0.0005
    damping: float = 1.0
    mode: str = "high"
    bursts: int = 1
    gap_s: float = 0.01


@dataclass(frozen=True)
class Metal:
    """Squares of a cymbal circuit (`bank` 0) or of a cowbell (1) through a filter."""

    hz: float
    decay_s: float
    level: float = 1.0
    bank: int = 0
    filter_hz: float = 7000.0
    damping: float = 1.0
    mode: str = "high"


@dataclass(frozen=True)
class DrumVoice:
    """`pan` -1 left .. 1 right, `chokes` the voices that fall silent when it is hit."""

    seconds: float
    level: float = 1.0
    pan: float = 0.0
    width: float = 0.0  # of its noise: 0 one microphone, 1 two overheads
    tones: tuple[Tone, ...] = ()
    noises: tuple[Noise, ...] = ()
    metals: tuple[Metal, ...] = ()
    chokes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kit:
    """A drum palette: every voice of DRUM_VOICES, and the bus they go through."""

    name: str
    role: str
    voices: Mapping[str, DrumVoice] = field(hash=False)
    words: tuple[str, ...] = ()  # what people call it
    program: int = 0  # the nearest GS kit
    squeeze: float = 0.0  # how much its peaks are pressed, so that it is as loud as the other kits
    drive: float = 0.1
    reverb: float = 0.0
    reverb_s: float = 0.5
    reverb_size: float = 0.5
    tone_hz: float = 20_000.0
    crush_hz: float = 0.0  # 0 = none


Palette = Instrument | Kit
T = TypeVar("T")


def build(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    """`kind(**table)`, or EngineError naming the key that is unknown or missing."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            raise unknown(f"key in {where}", key, known)
    for name, f in known.items():
        if name not in table and f.default is MISSING and f.default_factory is MISSING:
            raise EngineError("file", f"{where} lacks {name!r}")
    return kind(**table)


def build_voice(table: Mapping[str, Any], where: str) -> DrumVoice:
    parts = {"tones": Tone, "noises": Noise, "metals": Metal}
    built = {
        key: tuple(build(parts[key], row, f"{where}.{key}") for row in value)
        if key in parts
        else tuple(value)
        if isinstance(value, list)
        else value
        for key, value in table.items()
    }
    return build(DrumVoice, built, where)


def build_kit(name: str, table: Mapping[str, Any], kits: Mapping[str, Palette]) -> Kit:
    """A kit; `base` names the kit that its unlisted voices come from."""
    settings = {key: value for key, value in table.items() if key not in ("base", "voices")}
    base = kits.get(table.get("base", ""))
    voices = dict(base.voices) if isinstance(base, Kit) else {}
    for voice, row in table["voices"].items():
        if voice not in DRUM_VOICES:
            raise unknown(f"voice of {name}", voice, DRUM_VOICES)
        voices[voice] = build_voice(row, f"{name}.{voice}")
    missing = sorted(set(DRUM_VOICES) - set(voices))
    if missing:
        raise EngineError("file", f"kit {name} lacks {', '.join(missing)}")
    settings["words"] = tuple(settings.get("words", ()))
    return build(Kit, {**settings, "name": name, "role": "drums", "voices": MappingProxyType(voices)}, name)


def build_layer(table: Mapping[str, Any], where: str) -> Layer:
    modes = tuple((ratio, decay_s, level) for ratio, decay_s, level in table.get("modes", ()))
    return build(Layer, {**table, "modes": modes}, where)


def build_instrument(name: str, role: str, table: Mapping[str, Any]) -> Instrument:
    layers = tuple(build_layer(row, f"{name}.layers") for row in table["layers"])
    for layer in layers:
        if layer.source not in SOURCES:
            raise unknown(f"source of {name}", layer.source, SOURCES)
    words = tuple(table.get("words", ()))
    return build(Instrument, {**table, "name": name, "role": role, "layers": layers, "words": words}, name)


def load(text: str) -> Mapping[str, Palette]:
    """All palettes of a TOML text: tables `[role.name]`."""
    palettes: dict[str, Palette] = {}
    for role, tables in tomllib.loads(text).items():
        if role not in ROLES:
            raise unknown("role of a palette", role, ROLES)
        for name, table in tables.items():
            palettes[name] = (
                build_kit(name, table, palettes) if role == "drums" else build_instrument(name, role, table)
            )
    return MappingProxyType(palettes)


def bundled() -> Mapping[str, Palette]:
    """Every palette that ships, of every role."""
    folder = resources.files("engine.instruments") / "palettes"
    return load("\n".join((folder / f"{role}.toml").read_text("utf-8") for role in ROLES))


PALETTES = bundled()
NAMES = {role: tuple(name for name, p in PALETTES.items() if p.role == role) for role in ROLES}


def palette_of(name: str) -> Palette:
    """The palette of that name, or EngineError `unknown` with the nearest one."""
    if name not in PALETTES:
        raise unknown("palette", name, PALETTES)
    return PALETTES[name]
