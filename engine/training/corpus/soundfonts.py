"""A score played by a General MIDI soundfont, through TinySoundFont.

    score -> gestures -> strokes: what is pressed, bent and let go when -> rendered -> [N, C=2], the loop

The loop is one turn of something endless: what ends late or rings on is found at its start. So playing
begins before the loop, as long as its end rings, and what was played before it is thrown away:

             |<--- LEAD_S --->|<------------ the loop ------------>|
    ... bar 3     bar 4       |  bar 1     bar 2    bar 3    bar 4 |
                  thrown away |  kept
"""

from __future__ import annotations

import random
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError, check_range, unknown
from engine.instruments.control import BLOCK
from engine.instruments.gestures import Gesture, gestures
from engine.instruments.settings import curve_blocks
from engine.music.score import DRUM_VOICES, Score
from engine.training.corpus.sources import INSTALL_PLAYER, Soundfont
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, ms_to_samples

__all__ = ["programs_for", "render_score"]

DRUM_BANK = 128
LEAD_S = 6.0  # a crash cymbal rings about as long
HIT_GATE_S = 0.4  # a stick leaves; what has a release of its own rings on
CHANNELS = 16  # gestures take turns: the bend of one must not reach the tail of another
VOICES = 256
BEND_SEMITONES = 24.0  # the wheel's range, 8192 either way
BEND_STEP_SAMPLES = 128
GLIDE_S, LEGATO_S = 0.06, 0.012
MOST_VELOCITY = 4  # how far a stroke is harder or softer than written, by the seed
SHADES = {"ghost": 0.65, "accent": 1.15}  # of the written velocity
HEADROOM_DB = -6.0


@dataclass(frozen=True)
class Family:
    """Programs that are played alike; a table of programs.toml."""

    roles: tuple[str, ...]
    programs: tuple[int, ...]
    low: int
    high: int
    mono: bool = False
    struck: bool = False


@dataclass(frozen=True, order=True)
class Event:
    """At a sample from the start of playing: off before bend before on, that a note struck anew sounds."""

    sample: int
    order: int
    channel: int
    key: int
    value: float  # off: nothing; bend: semitones; on: velocity 0..1


OFF, BEND, ON = 0, 1, 2


@dataclass(frozen=True)
class Stroke:
    """A key held for `gate` samples from `start` (may be negative); `bends` are (sample, semitones)."""

    start: int
    gate: int
    channel: int
    key: int
    velocity: float  # 0..1
    bends: tuple[tuple[int, float], ...] = ()


def render_score(score: Score, font: Soundfont, program: int, seed: int) -> NDArray[np.float32]:
    """The score by a program (0..127) of a font: [N, C=2] at 44.1 kHz, N == score.length_samples.

    Drums are played by the kit of that number (bank 128). Neither levelled nor ducked, A4 at 440 Hz. The seed
    moves velocities a little; the same arguments give the same samples. EngineError: `not_available` without
    tinysoundfont, `not_found` without the font, `file` where it is none, `range` for a program that is no
    MIDI number, `unknown` for one the font lacks.
    """
    check_range("program", program, 0, 127)
    synth = _fresh(str(font.path))
    bank = DRUM_BANK if score.track == "drums" else 0
    if preset_name(synth, bank, program) is None:
        raise EngineError("unknown", f"soundfont {font.name!r} has no program {program} in bank {bank}")
    rng = random.Random(seed)
    strokes = hit_strokes(score, rng) if score.track == "drums" else note_strokes(score, program, rng)
    for channel in range(CHANNELS):
        synth.channel_set_bank(channel, bank)
        synth.channel_set_preset_number(channel, program, score.track == "drums")
        synth.channel_set_pitch_range(channel, BEND_SEMITONES)
    return _played(synth, strokes, score.length_samples)


def programs_for(role: str, font: Soundfont | None = None) -> tuple[int, ...]:
    """The General MIDI programs (0..127) that suit a role, for drums the kits; of `font` only what it has."""
    fitting = kits() if role == "drums" else _melodic(role)
    if font is None:
        return fitting
    synth, bank = _fresh(str(font.path)), DRUM_BANK if role == "drums" else 0
    return tuple(program for program in fitting if preset_name(synth, bank, program) is not None)


def _melodic(role: str) -> tuple[int, ...]:
    fitting = [family.programs for family in families() if role in family.roles]
    if not fitting:
        raise unknown("role", role, {"drums", *(role for family in families() for role in family.roles)})
    return tuple(sorted(program for programs in fitting for program in programs))


@cache
def families() -> tuple[Family, ...]:
    tables: list[dict[str, Any]] = _table()["family"]
    return tuple(
        Family(**{**entry, "roles": tuple(entry["roles"]), "programs": tuple(entry["programs"])})
        for entry in tables
    )


@cache
def kits() -> tuple[int, ...]:
    return tuple(_table()["kits"]["programs"])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("programs.toml").read_text(encoding="utf-8"))


def family_of(program: int) -> Family:
    """How a program is played; one of no family as a polyphonic instrument of every pitch."""
    found = next((family for family in families() if program in family.programs), None)
    return found or Family((), (program,), 0, 127)


# --- what is pressed when ---------------------------------------------------------------------------


def hit_strokes(score: Score, rng: random.Random) -> list[Stroke]:
    """Hits by the General MIDI drum map; the kit's own exclusive classes choke its hats."""
    energy = _energy(score)
    return [
        Stroke(
            start := beats_to_samples(hit.start_beats, score.tempo_bpm) + ms_to_samples(hit.offset_ms),
            int(HIT_GATE_S * STEM_SAMPLE_RATE),
            0,
            DRUM_VOICES[hit.voice],
            _velocity(hit.velocity, rng, energy, start),
        )
        for hit in score.hits
    ]


def note_strokes(score: Score, program: int, rng: random.Random) -> list[Stroke]:
    """Notes as gestures of the program's family; slides and bound notes bend the key that is held."""
    family, energy = family_of(program), _energy(score)
    holds_samples = 0.0 if family.struck else float("inf")
    played = gestures(score, family.mono, family.low, family.high, holds_samples)
    return [
        Stroke(
            gesture.start,
            gesture.gate_samples,
            gesture.index % CHANNELS,
            int(gesture.pitches[0]),
            _velocity(gesture.velocity * SHADES.get(gesture.articulation, 1.0), rng, energy, gesture.start),
            tuple(bends(gesture)),
        )
        for gesture in played
    ]


def bends(gesture: Gesture) -> Iterator[tuple[int, float]]:
    """(samples from its start, semitones from its first pitch) of the way through a gesture's pitches."""
    before = gesture.from_pitch
    for at, pitch, slides in zip(gesture.starts, gesture.pitches, gesture.sliding, strict=True):
        span = int((GLIDE_S if slides else LEGATO_S) * STEM_SAMPLE_RATE)
        steps = max(1, span // BEND_STEP_SAMPLES) if pitch != before else 0
        if steps and at == 0:
            yield 0, before - gesture.pitches[0]
        for step in range(1, steps + 1):
            yield at + step * span // steps, before + (pitch - before) * step / steps - gesture.pitches[0]
        before = pitch


def _energy(score: Score) -> NDArray[np.float64] | None:
    return curve_blocks(score, "energy")


def _velocity(written: float, rng: random.Random, energy: NDArray[np.float64] | None, start: int) -> float:
    """0..1: as written, nearly, and as hard as the score's energy there asks."""
    velocity = written + rng.randint(-MOST_VELOCITY, MOST_VELOCITY)
    if energy is not None:
        velocity = round(velocity * 2.0 ** (energy[start // BLOCK % len(energy)] - 0.5))
    return min(127, max(1, velocity)) / 127.0


# --- the synthesiser --------------------------------------------------------------------------------


def _played(synth: Any, strokes: list[Stroke], loop_samples: int) -> NDArray[np.float32]:
    """One turn of the endless loop: [N, C=2]."""
    events, lead = timeline(strokes, loop_samples)
    sound = np.zeros((lead + loop_samples, 2), dtype=np.float32)
    done = 0
    for event in events:
        if event.sample > done:
            synth.render(sound[done : event.sample].reshape(-1).view(np.uint8), False)
            done = event.sample
        _do(synth, event)
    if done < len(sound):
        synth.render(sound[done:].reshape(-1).view(np.uint8), False)
    return sound[lead:]


def timeline(strokes: list[Stroke], loop_samples: int) -> tuple[list[Event], int]:
    """(events in order, samples of playing before the loop begins).

    A stroke is played before the loop, once for each turn, where it is held or may ring into it.
    """
    ring = int(LEAD_S * STEM_SAMPLE_RATE)
    turned = [
        (stroke, stroke.start + turn * loop_samples)
        for stroke in strokes
        for turn in range(-2 - (ring + stroke.gate) // loop_samples, 2)
        if -ring < stroke.start + turn * loop_samples + stroke.gate
        and stroke.start + turn * loop_samples < loop_samples
    ]
    lead = max([0, *(-start for _, start in turned)])
    last = lead + loop_samples
    events = [event for stroke, start in turned for event in _events(stroke, lead + start)]
    return sorted(event for event in events if event.sample < last), lead


def _events(stroke: Stroke, start: int) -> Iterator[Event]:
    if not stroke.bends or stroke.bends[0][0] > 0:
        yield Event(start, BEND, stroke.channel, stroke.key, 0.0)
    for at, semitones in stroke.bends:
        yield Event(start + at, BEND, stroke.channel, stroke.key, semitones)
    yield Event(start, ON, stroke.channel, stroke.key, stroke.velocity)
    yield Event(start + stroke.gate, OFF, stroke.channel, stroke.key, 0.0)


def _do(synth: Any, event: Event) -> None:
    match event.order:
        case 0:
            synth.channel_note_off(event.channel, event.key)
        case 1:
            wheel = 8192 + round(8192 * event.value / BEND_SEMITONES)
            synth.channel_set_pitch_wheel(event.channel, min(16383, max(0, wheel)))
        case _:
            synth.channel_note_on(event.channel, event.key, event.value)


def preset_name(synth: Any, bank: int, program: int) -> str | None:
    """What the font calls it; None where it has no such preset."""
    name = str(synth.get_preset_name(bank, program))
    return None if name == "<None>" else name


def _fresh(path: str) -> Any:
    """A synthesiser that has never sounded, on the font's samples, which are read once a process."""
    with _loading:
        font = _font(path)
    synth = type(font)(font)
    synth.set_max_voices(VOICES)  # a copy has none of its own, and is silent without
    return synth


_loading = threading.Lock()


@lru_cache(maxsize=4)
def _font(path: str) -> Any:
    """A font as TinySoundFont holds it: 400 MB for a full General MIDI set, read in 0.4 s (sf2) to 3 s (sf3).

    Read before a process forks, it is there once for all of them.
    """
    module = _tinysoundfont()
    if not Path(path).is_file():
        raise EngineError(
            "not_found", f"no soundfont at {path}; resonantgen train sources says which are here"
        )
    try:
        synth = module.Synth(gain=HEADROOM_DB, samplerate=STEM_SAMPLE_RATE)
        return synth.soundfonts[synth.sfload(path)]
    except Exception as error:
        raise EngineError("file", f"{path}: not a soundfont: {error}") from error


def _tinysoundfont() -> ModuleType:
    try:
        import tinysoundfont
    except ImportError as error:
        raise EngineError(
            "not_available", f"soundfonts need tinysoundfont ({error}); install it with: {INSTALL_PLAYER}"
        ) from error
    return tinysoundfont
