"""What the MIDI ports say while the tempo changes: every note once, none left hanging, all on the beat."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.player import Loop
from engine.audio.midi_live import OFF, ON, MidiStyle, live_midi
from engine.music.score import Note, Score
from tests.bridge.offline_jack import OfflineJack, Said
from tests.engine.stems import score

RATE = 44_100
BLOCKS = st.lists(st.integers(1, 5000), min_size=20, max_size=60)
CHANGES = st.lists(st.tuples(st.integers(1, 40_000), st.floats(50, 230)), max_size=5)
SLEWS = st.lists(st.tuples(st.integers(1, 100_000), st.floats(-400, 400)), max_size=3)


def made(tempo_bpm: float = 120.0) -> Score:
    """A bar of sixteenths, each with a pitch of its own, and a note that is held over them."""
    notes = tuple(Note(step / 4, 0.2, 50 + step, 90) for step in range(16))
    return score("melody", tempo_bpm=tempo_bpm, notes=(*notes, Note(0.0, 3.9, 30, 100)))


def loop_of(one: Score) -> Loop:
    midi = live_midi(one.track, one, MidiStyle())
    return Loop(np.zeros((one.length_samples, 2), np.float32), midi, one.length_beats)


def started(loop: Loop, rate: int = RATE) -> OfflineJack:
    jack = OfflineJack(1, rate)
    jack.order(0, loop, 0)
    jack.block(64, 0, rolling=False)
    return jack


def struck(said: list[Said]) -> list[tuple[int, int]]:
    """(frame, pitch) of the notes that begin. None begins while it sounds, or ends while it does not."""
    sounding, begun = set(), []
    for frame, (status, pitch, _) in said:
        if status & 0xF0 == ON:
            assert pitch not in sounding
            sounding.add(pitch)
            begun.append((frame, pitch))
        elif status & 0xF0 == OFF:
            sounding.remove(pitch)
    return begun


@settings(max_examples=40)
@given(BLOCKS, CHANGES, SLEWS, st.sampled_from([44_100, 48_000]))
def test_every_note_comes_once_and_on_its_beat(
    sizes: list[int], changes: list[tuple[int, float]], slews: list[tuple[int, float]], rate: int
) -> None:
    jack = started(loop_of(made()), rate)
    frame = 0
    for gap, tempo_bpm in changes:
        frame += gap
        jack.timeline = jack.timeline.with_tempo(frame, tempo_bpm)
    for at, shift in slews:
        jack.timeline, _ = jack.timeline.with_slew(at, shift)
    jack.publish()
    jack.roll(0, sizes)
    begun = [(frame, pitch) for frame, pitch in struck(jack.said[0]) if pitch >= 50]
    assert [pitch - 50 for _, pitch in begun] == [index % 16 for index in range(len(begun))]
    for index, (frame, _) in enumerate(begun):
        tempo_bpm = jack.timeline.tempo_at(frame)
        late = (jack.timeline.beat_at(frame) - index / 4) * 60 * rate / tempo_bpm
        assert abs(late) <= 2.0 + 120.0 / tempo_bpm  # frames; an event hangs on a whole sample at 120 bpm


@pytest.mark.parametrize("tempo_bpm", [90.0, 133.0])
def test_a_rendering_for_another_tempo_goes_on_with_what_is_held(tempo_bpm: float) -> None:
    old, new = loop_of(made()), loop_of(made(tempo_bpm))
    new.speak_like(old)
    jack = started(old)
    jack.timeline = jack.timeline.with_tempo(30_000, tempo_bpm)
    jack.publish()
    jack.roll(0, [512] * 80)
    jack.order(0, new, 45_000)
    jack.roll(512 * 80, [512] * 160)
    begun = struck(jack.said[0])
    line = [pitch - 50 for _, pitch in begun if pitch >= 50]
    assert line == [index % 16 for index in range(len(line))]
    held = [frame for frame, pitch in begun if pitch == 30]
    assert len(held) == 2  # once a bar: the rendering's coming in does not strike it again
    assert abs(jack.timeline.beat_at(held[1]) - 4.0) < 0.001


def test_another_take_does_not_go_on_with_what_is_held() -> None:
    old = loop_of(made())
    other = made()
    new = loop_of(replace(other, notes=(replace(other.notes[0], pitch=90), *other.notes[1:])))
    new.speak_like(old)
    jack = started(old)
    jack.roll(0, [512] * 40)
    jack.order(0, new, 25_000)
    jack.roll(512 * 40, [512] * 20)
    assert [frame for frame, pitch in struck(jack.said[0]) if pitch == 30] == [0, 25_000]
