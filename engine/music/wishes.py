"""What one track is asked for: the prompt's wishes, its own intent and its knobs made into numbers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from engine.music.genre import Genre
from engine.prompt.music_context import MusicContext, TrackIntent

MAX_OFFSET_MS = 45.0  # a hit further off its step is heard as wrong, not as human


@dataclass(frozen=True)
class Wishes:
    """All 0..1; `density` 0.5 = as the genre's patterns are written. `knobs` are the track's parameters."""

    energy: float
    density: float
    brightness: float
    swing: float
    humanize: float
    octave: int
    palette: str | None
    avoid: frozenset[str]
    knobs: Mapping[str, float]


def wishes_of(track: str, context: MusicContext, genre: Genre, params: Mapping[str, float]) -> Wishes:
    intent = context.intent(track)
    return Wishes(
        energy=_wish("energy", context, intent, params),
        density=turned(centred(_said("density", context, intent), genre.density), params.get("density", 0.5)),
        brightness=_wish("brightness", context, intent, params),
        swing=_wish("swing", context, intent, params),
        humanize=turned(context.humanize, params.get("humanize", 0.5)),
        octave=max(-3, min(3, intent.octave + round(params.get("octave", 0.0)))),
        palette=intent.palette,
        avoid=frozenset(intent.avoid),
        knobs=params,
    )


def _said(name: str, context: MusicContext, intent: TrackIntent) -> float:
    own = getattr(intent, name)
    return float(getattr(context, name) if own is None else own)


def _wish(name: str, context: MusicContext, intent: TrackIntent, params: Mapping[str, float]) -> float:
    return turned(_said(name, context, intent), params.get(name, 0.5))


def turned(value: float, knob: float) -> float:
    """`value` as a knob moves it: 0.5 leaves it, 0 and 1 are the ends."""
    knob = min(1.0, max(0.0, knob))
    moved = value * 2.0 * knob if knob <= 0.5 else value + (1.0 - value) * (2.0 * knob - 1.0)
    return min(1.0, max(0.0, moved))


def centred(value: float, centre: float) -> float:
    """0..1 bent so that `centre`, what is usual in the genre, becomes 0.5."""
    if value <= centre:
        return 0.5 * value / centre if centre else 0.5
    return 0.5 + 0.5 * (value - centre) / (1.0 - centre)


# --- loudness and timing of a hand ------------------------------------------------------------------


def velocity(level: float, wishes: Wishes, rng: random.Random) -> int:
    """MIDI velocity of a pattern's level 0..1: energy lifts it, the hand spreads it."""
    lifted = 127.0 * level * (0.68 + 0.32 * wishes.energy)
    return max(1, min(127, round(lifted + rng.gauss(0.0, 7.0 * wishes.humanize))))


def lateness_ms(wishes: Wishes, rng: random.Random, late_ms: float = 0.0) -> float:
    """Micro-timing: the genre's habit plus the hand's spread (about 9 ms at full humanize)."""
    drift = rng.gauss(0.0, 9.0 * wishes.humanize)
    return round(max(-MAX_OFFSET_MS, min(MAX_OFFSET_MS, late_ms + drift)), 2)


def style_settings(base: Mapping[str, float], wishes: Wishes, usual_brightness: float) -> dict[str, float]:
    """Settings of the sound: the genre's, moved by what is wished and by the knobs."""
    settings = dict(base)
    lift = wishes.brightness - usual_brightness
    settings["brightness"] = min(1.0, max(0.0, settings.get("brightness", 0.5) + lift))
    settings["energy"] = wishes.energy
    drive = min(1.0, settings.get("drive", 0.1) + 0.25 * max(0.0, wishes.energy - 0.6))
    settings["drive"] = turned(drive, wishes.knobs.get("drive", 0.5))
    settings["glide"] = turned(settings.get("glide", 0.1), wishes.knobs.get("glide", 0.5))
    return {name: round(value, 4) for name, value in settings.items()}
