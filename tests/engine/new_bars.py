"""What new bars of a take are checked by: the samples of bars, and what of the score stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from engine.model.track.splicing import bar_samples
from engine.music.some_bars import in_bars
from engine.stem import Stem
from engine.track import Track
from tests.engine.outs import Bench

PROMPT = "funk at 140 bpm, 4 bars"


def track_of(bench: Bench, name: str) -> Track:
    return bench.engine.core.session.tracks[name]


def stem_of(bench: Bench, name: str) -> Stem:
    stem = track_of(bench, name).stem
    assert stem is not None
    return stem


def in_bar(stem: Stem, bar: int) -> NDArray[np.float32]:
    """The samples of a bar, from 1."""
    assert stem.score is not None
    return stem.audio[slice(*bar_samples(stem.score, bar - 1))]


def assert_only_new(before: Stem, after: Stem, new: set[int]) -> None:
    """Bars from 1: bit for bit but for the new ones, and these are others in sound and score."""
    assert before.score is not None and after.score is not None
    assert after.length_samples == before.length_samples and after.digest != before.digest
    for bar in set(range(1, before.bars + 1)) - new:
        assert np.array_equal(in_bar(after, bar), in_bar(before, bar)), bar
    bars = {bar - 1 for bar in new}
    others = set(range(before.bars)) - bars
    assert in_bars(after.score, bars) != in_bars(before.score, bars)
    assert in_bars(after.score, others).hits == in_bars(before.score, others).hits
    frame = ("tempo_bpm", "key", "signature", "bars", "palette", "settings", "genre", "sections", "track")
    for name in frame:
        assert getattr(after.score, name) == getattr(before.score, name), name
    bar_beats = before.signature.bar_beats
    for start, pitch in {(note.start_beats, note.pitch) for note in before.score.notes}:
        if int(start / bar_beats + 1e-9) in others:
            assert (start, pitch) in {(note.start_beats, note.pitch) for note in after.score.notes}


def refused(bench: Bench, command: c.Command) -> EngineError:
    """Before it is accepted; and nothing is touched."""
    digests, events = bench.digests(), len(bench.events)
    with pytest.raises(EngineError) as caught:
        bench.send(command)
    assert bench.digests() == digests
    assert not [event for event in bench.events[events:] if isinstance(event, e.Accepted | e.TrackState)]
    return caught.value
