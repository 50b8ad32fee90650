"""What one track is asked for: the prompt's wishes, its own intent and its knobs made into numbers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    want: frozenset[str] = frozenset()
    rates: Mapping[str, float] = field(default_factory=dict)
    manner: str | None = None
    articulation: str | None = None
    settings: Mapping[str, float] = field(default_factory=dict)  # of the sound, as the prompt has them


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
        avoid=frozenset(intent.avoid) - frozenset(intent.want),
        knobs=params,
        want=frozenset(intent.want),
        rates=intent.rates,
        manner=intent.manner,
        articulation=intent.articulation,
        settings=intent.settings,
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


class Hand:
    """Micro-timing of one player: a slow drift that the next stroke inherits, and a spread of its own.

    A hand that is late stays late for a while: strokes are correlated, as measured in played drumming,
    where white noise of the same size sounds nervous. At full humanize each part is about 6 ms.
    """

    MEMORY = 0.85

    def __init__(self, wishes: Wishes, rng: random.Random) -> None:
        self.spread_ms = 6.0 * wishes.humanize
        self.rng = rng
        self.drift_ms = 0.0

    def lateness_ms(self, late_ms: float = 0.0) -> float:
        """Where the next stroke falls: the habit `late_ms`, the drift, and the spread."""
        push = self.rng.gauss(0.0, self.spread_ms * (1.0 - self.MEMORY**2) ** 0.5)
        self.drift_ms = self.MEMORY * self.drift_ms + push
        return bounded_ms(late_ms + self.drift_ms + self.rng.gauss(0.0, self.spread_ms))


def bounded_ms(late_ms: float) -> float:
    return round(max(-MAX_OFFSET_MS, min(MAX_OFFSET_MS, late_ms)), 2)


def style_settings(base: Mapping[str, float], wishes: Wishes, usual_brightness: float) -> dict[str, float]:
    """Settings of the sound: the genre's, moved by what is wished and by the knobs."""
    settings = dict(base)
    lift = wishes.brightness - usual_brightness
    settings["brightness"] = min(1.0, max(0.0, settings.get("brightness", 0.5) + lift))
    settings["energy"] = wishes.energy
    drive = min(1.0, settings.get("drive", 0.1) + 0.25 * max(0.0, wishes.energy - 0.6))
    settings["drive"] = turned(drive, wishes.knobs.get("drive", 0.5))
    settings["glide"] = turned(settings.get("glide", 0.1), wishes.knobs.get("glide", 0.5))
    settings.update(wishes.settings)
    return {name: round(min(1.0, max(0.0, value)), 4) for name, value in settings.items()}
