"""Sounds that no palette has: their numbers moved, their parts exchanged, their settings anywhere.

palette -> another of its role, or of another role -> every number moved -> tuned
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeVar

from engine.instruments.palette import NAMES, PALETTES, SETTINGS, DrumVoice, Instrument, Kit, Layer, Palette
from engine.instruments.wavetables import WAVES
from engine.music.score import Curve, Score

T = TypeVar("T")
GUEST_SHARE = 0.15  # of foreign sounds: an instrument of another role
WAVE_SHARE, LAYER_SHARE, POLES_SHARE = 0.15, 0.15, 0.12
BORROWED_VOICE_SHARE = 0.3  # of the voices of a moved kit
CRUSHED_SHARE = 0.06
KIT_OCTAVES, RING_OCTAVES = 0.25, 0.4  # deviation of a drum's pitch and of how long it rings
SETTING_SHARE, CURVE_SHARE = 0.6, 0.5
MOST_CURVE_POINTS = 64
TIMED = ("energy", "filter")


def foreign_palette(role: str, own: str, rng: random.Random) -> str:
    """Another sound: of the role, or seldom one that plays another role elsewhere (never drums)."""
    names = [name for name in NAMES[role] if name != own]
    if role != "drums" and rng.random() < GUEST_SHARE:
        names = [name for name in PALETTES if _fits(PALETTES[name], role)]
    return rng.choice(names)


def _fits(palette: Palette, role: str) -> bool:
    """An instrument of another role; one of one voice cannot play chords."""
    return (
        isinstance(palette, Instrument) and palette.role != role and not (role == "harmony" and palette.mono)
    )


def moved(palette: Palette, rng: random.Random) -> Palette:
    """Every number of it elsewhere, as variety.toml says; a name of its own, as caches go by names."""
    name = f"{palette.name}~{rng.getrandbits(40):010x}"
    if isinstance(palette, Kit):
        return replace(_moved_kit(palette, rng), name=name)
    return replace(_moved_instrument(palette, rng), name=name)


def tuned(palette: Palette, cents: float) -> Palette:
    """An instrument `cents` higher; drums have no tuning."""
    if isinstance(palette, Kit) or not cents:
        return palette
    return replace(palette, layers=tuple(_tuned_layer(layer, cents) for layer in palette.layers))


def varied_settings(score: Score, rng: random.Random) -> Score:
    """Settings anywhere, curves of other shapes."""
    settings = dict(score.settings)
    for name in SETTINGS:
        if rng.random() < SETTING_SHARE:
            settings[name] = round(rng.triangular(0.0, 1.0, settings.get(name, 0.5)), 4)
    curves = {curve.name: curve for curve in score.curves}
    for name in TIMED:
        if rng.random() < CURVE_SHARE:
            curves[name] = drawn_curve(name, score.length_beats, rng)
    return replace(score, settings=settings, curves=tuple(curves.values()))


def drawn_curve(name: str, length_beats: float, rng: random.Random) -> Curve:
    """A ramp, a wave or steps over the loop."""
    count = min(MOST_CURVE_POINTS, rng.choice((2, 3, 4, 8, 16, 32)))
    middle, depth = rng.uniform(0.3, 0.7), rng.uniform(0.05, 0.3)
    values = [min(1.0, max(0.0, middle + depth * rng.uniform(-1.0, 1.0))) for _ in range(count)]
    beats = [length_beats * n / count for n in range(count)]
    points = list(zip(beats, values, strict=True))
    if rng.random() < 0.4:  # steps: a value holds until the next
        points += [(beat - 1e-3, value) for beat, value in zip(beats[1:], values[:-1], strict=True)]
        points.append((length_beats, values[-1]))
    else:
        points.append((length_beats, values[0]))
    return Curve(name, tuple((round(beat, 6), round(value, 4)) for beat, value in sorted(points)))


@cache
def table() -> dict[str, Any]:
    """variety.toml."""
    return tomllib.loads(resources.files(__package__).joinpath("variety.toml").read_text(encoding="utf-8"))


def jittered(thing: T, ranges: Mapping[str, Mapping[str, float]], rng: random.Random) -> T:
    """A dataclass with each field that has a range moved within it."""
    values = {name: _moved_number(getattr(thing, name), span, rng) for name, span in ranges.items()}
    return replace(thing, **values)  # type: ignore[type-var]


def _moved_number(value: float, span: Mapping[str, float], rng: random.Random) -> float:
    if value == 0.0 and "octaves" in span:
        return value
    move = rng.gauss(0.0, 1.0)
    value = value * 2.0 ** (span["octaves"] * move) if "octaves" in span else value + span["plus"] * move
    return float(min(span["high"], max(span["low"], value)))


# --- instruments ------------------------------------------------------------------------------------


def _moved_instrument(instrument: Instrument, rng: random.Random) -> Instrument:
    layers = [_moved_layer(layer, rng) for layer in instrument.layers]
    if rng.random() < LAYER_SHARE:
        layers.append(_new_layer(rng))
    elif len(layers) > 1 and rng.random() < LAYER_SHARE:
        layers.pop(rng.randrange(len(layers)))
    made = jittered(instrument, table()["instrument"], rng)
    poles = made.four_pole if rng.random() >= POLES_SHARE else not made.four_pole
    return replace(made, layers=tuple(layers), four_pole=poles)


def _moved_layer(layer: Layer, rng: random.Random) -> Layer:
    layer = jittered(layer, table()["layer"], rng)
    if layer.source == "wave" and layer.wave != "sine" and rng.random() < WAVE_SHARE:
        layer = replace(layer, wave=rng.choice(WAVES))
    if layer.source == "wave" and layer.voices > 1:
        layer = replace(layer, voices=min(9, max(1, layer.voices + rng.choice((-1, 0, 0, 1)))))
    return layer


def _new_layer(rng: random.Random) -> Layer:
    """A softer voice beside: another wave in unison or an octave away, or breath."""
    level = rng.uniform(0.1, 0.6)
    if rng.random() < 0.3:
        return Layer("breath", level=level, ratio=rng.choice((1.0, 2.0, 3.0)), damping=rng.uniform(0.3, 1.0))
    semitones = rng.choice((-12.0, 0.0, 0.0, 7.0, 12.0))
    detune = rng.uniform(3.0, 25.0)
    return Layer("wave", level, rng.choice(WAVES), semitones, rng.choice((1, 2, 3)), detune, rng.random())


def _tuned_layer(layer: Layer, cents: float) -> Layer:
    ratio = 2.0 ** (cents / 1200.0)
    if layer.source in ("fm", "breath"):
        return replace(layer, ratio=layer.ratio * ratio, modulator_ratio=layer.modulator_ratio * ratio)
    return replace(layer, semitones=layer.semitones + cents / 100.0)


# --- kits -------------------------------------------------------------------------------------------


def _moved_kit(kit: Kit, rng: random.Random) -> Kit:
    voices = {}
    for name, own in kit.voices.items():
        voice = own
        if rng.random() < BORROWED_VOICE_SHARE:
            other = PALETTES[rng.choice(NAMES["drums"])]
            assert isinstance(other, Kit)
            voice = replace(other.voices[name], chokes=own.chokes)
        voices[name] = _moved_voice(voice, rng)
    made = replace(jittered(kit, table()["kit"], rng), voices=MappingProxyType(voices))
    if not made.crush_hz and rng.random() < CRUSHED_SHARE:
        made = replace(made, crush_hz=rng.uniform(8_000.0, 30_000.0))
    return made


def _moved_voice(voice: DrumVoice, rng: random.Random) -> DrumVoice:
    """Each of its sources moved; the whole of it higher or lower, ringing longer or shorter."""
    pitch, ring = 2.0 ** rng.gauss(0.0, KIT_OCTAVES), 2.0 ** rng.gauss(0.0, RING_OCTAVES)
    ranges = table()
    tones = [
        jittered(replace(t, hz=t.hz * pitch, decay_s=t.decay_s * ring), ranges["tone"], rng)
        for t in voice.tones
    ]
    noises = [jittered(replace(n, decay_s=n.decay_s * ring), ranges["noise"], rng) for n in voice.noises]
    metals = [jittered(replace(m, decay_s=m.decay_s * ring), ranges["metal"], rng) for m in voice.metals]
    seconds = min(2.5, voice.seconds * max(0.7, 1.3 * ring))
    made = jittered(voice, ranges["voice"], rng)
    return replace(made, seconds=seconds, tones=tuple(tones), noises=tuple(noises), metals=tuple(metals))
