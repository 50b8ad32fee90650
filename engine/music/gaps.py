"""The gaps that the others leave: on which steps of the bar they already play, and what falls between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.context.track_context import TrackContext
from engine.music.patterns import bar_events, bars_in
from engine.music.plan import Time

SPEAKERS = ("harmony", "bass")  # whom a melody answers; the bass counts less, an octave or two away
WEIGHTS = {"harmony": 1.0, "bass": 0.2}


def busy_steps(heard: Mapping[str, TrackContext], time: Time) -> tuple[float, ...]:
    """How much is said on each step of the bar: 0 nobody ever, 1 the chords in every bar; () alone."""
    steps = [0.0] * time.grid.steps
    for name in SPEAKERS:
        says = heard.get(name)
        if says is None or not says.onsets or says.signature.bar_beats != time.grid.bar_beats:
            continue
        # Notes of a chord are one word.
        places = {time.nearest(onset.beat) for onset in says.onsets}
        for _, step in places:
            steps[step % time.grid.steps] += WEIGHTS[name] / max(1, says.bars)
    return tuple(min(1.0, value) for value in steps) if any(steps) else ()


def overlap(pattern: str, busy: Sequence[float], time: Time) -> float:
    """How much of a pattern falls where others speak, 0..1; the first step of a bar is everybody's."""
    if not busy:
        return 0.0
    said = [
        busy[event.step]
        for bar in range(bars_in(pattern))
        for event in bar_events(pattern, bar, time.grid)
        if event.step
    ]
    return sum(said) / len(said) if said else 0.0
