"""How words move numbers: energy, density, brightness, swing, octaves, and the settings of a sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.instruments.palette import SETTINGS
from engine.prompt.clauses import SLIGHTLY, STRONGLY, Term
from engine.prompt.words import Quality

FEELS = ("energy", "density", "brightness", "swing", "humanize")
MORE_OF_A_TRACK = 0.15  # "more bass": energy and density
DENIED = -0.6  # "not dark" is somewhat bright
DENSITY_OF_SPEED = 0.2  # "fast hats" are many hats
SETTING_STEP = 0.2  # "more reverb"
SETTING_MIDDLE = 0.5  # a setting of a palette stands there unless told; a processor is off
OF_A_SETTING = {STRONGLY: 1.25, SLIGHTLY: 0.6}  # "lots of delay", "a touch of delay": of what plainly said is


def moved(values: Mapping[str, float], terms: Sequence[Term], of_track: bool = False) -> dict[str, Any]:
    """`values` with every term applied in turn, inside 0..1."""
    result = dict(values)
    for term in terms:
        for name, value in result.items():
            result[name] = min(1.0, max(0.0, _applied(name, value, term, of_track)))
    return {name: round(value, 4) for name, value in result.items()}


def _applied(name: str, value: float, term: Term, of_track: bool) -> float:
    if term.word.quality is None:
        counts = of_track and term.compared and name in ("energy", "density")
        counts = counts and term.word.kind in ("track", "voice", "sound")
        return value + (MORE_OF_A_TRACK * term.sign * term.strength if counts else 0.0)
    delta = _delta(name, term.word.quality, of_track)
    if not delta:
        return value
    if term.factor is not None:
        # "half as sparse" is twice as dense: a falling quality turns the factor over.
        return value * (term.factor if delta > 0 else 1.0 / term.factor)
    if term.negated:
        return 0.0 if name == "swing" and delta > 0 else value + DENIED * delta
    return value + delta * term.sign * term.strength


def _delta(name: str, quality: Quality, of_track: bool) -> float:
    delta = float(getattr(quality, name))
    if of_track and name == "density":
        delta += DENSITY_OF_SPEED * quality.tempo
    return delta


def touched(name: str, terms: Iterable[Term], of_track: bool = False) -> bool:
    return any(_applied(name, 0.5, term, of_track) != 0.5 for term in terms)


def octaves(terms: Iterable[Term]) -> int:
    """Octaves up or down; "an octave lower" says it once, though it has two words for it."""
    return sum(t.word.quality.octave * t.sign for t in terms if t.word.quality and not t.negated)


def bounded_octave(octave: int) -> int:
    return max(-3, min(3, octave))


def tuned(settings: Mapping[str, float], terms: Iterable[Term]) -> dict[str, float]:
    """The settings of a sound as the terms leave them; one that is denied is turned off."""
    result = dict(settings)
    for term in terms:
        for name, said in term.word.settings.items():
            result[name] = round(min(1.0, max(0.0, _set(name, result.get(name), said, term))), 4)
    return result


def _set(name: str, standing: float | None, said: float, term: Term) -> float:
    neutral = SETTING_MIDDLE if name in SETTINGS else 0.0
    if term.negated:
        return 0.0 if said >= neutral else 1.0 - said
    before = neutral if standing is None else standing
    if term.factor is not None:
        return before * term.factor
    if term.compared:
        way = 1.0 if said >= neutral else -1.0
        return before + way * SETTING_STEP * term.sign * term.strength
    share = OF_A_SETTING.get(term.strength, 1.0)
    if neutral and share != 1.0:
        return neutral + (said - neutral) * share
    return said * share
