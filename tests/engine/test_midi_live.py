"""A score's live MIDI: the notes of the audio on its samples, a ring in which nothing hangs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.midi_live import (
    BEND,
    CONTROL,
    FILTER,
    GLIDE,
    NOTE,
    OFF,
    ON,
    SETUP,
    WHEEL,
    LiveMidi,
    MidiStyle,
    live_midi,
)
from engine.instruments.palette import palette_of
from engine.instruments.render import play
from engine.music.score import DRUM_VOICES, Curve, Note, Score
from engine.units import beats_to_samples, ms_to_samples
from tests.engine.stems import score, scores

STYLE = MidiStyle()
ANY = st.one_of(scores("drums"), scores("bass"), scores("harmony"))
CENTRE = 8192


def live(made: Score, style: MidiStyle = STYLE) -> LiveMidi:
    return live_midi(made.track, made, style)


def of(midi: LiveMidi, status: int) -> list[tuple[int, int, int]]:
    """(sample, data1, data2) of each event of a kind."""
    events = midi.events[midi.events["status"] & 0xF0 == status]
    return [(int(e["sample"]), int(e["data1"]), int(e["data2"])) for e in events]


def wheel(midi: LiveMidi) -> list[tuple[int, int]]:
    return [(sample, low + (high << 7) - CENTRE) for sample, low, high in of(midi, WHEEL)]


def control(midi: LiveMidi, number: int) -> list[tuple[int, int]]:
    return [(sample, value) for sample, control, value in of(midi, CONTROL) if control == number]


def turns(midi: LiveMidi, count: int) -> list[tuple[int, int, int, int]]:
    """(sample, status, data1, data2) of so many turns, without what is said once."""
    events = midi.events[midi.events["sample"] >= 0]
    return [
        (
            turn * midi.length_samples + int(e["sample"]),
            int(e["status"]) & 0xF0,
            int(e["data1"]),
            int(e["data2"]),
        )
        for turn in range(count)
        for e in events
    ]


@given(ANY)
def test_notes_begin_on_the_samples_that_the_instruments_begin_them_on(made):
    onsets = {
        (beats_to_samples(item.start_beats, made.tempo_bpm) + ms_to_samples(item.offset_ms), pitch)
        for item in (*made.notes, *made.hits)
        for pitch in [item.pitch if isinstance(item, Note) else DRUM_VOICES[item.voice]]
    }
    assert {(sample, pitch) for sample, pitch, _ in of(live(made), ON)} == {
        (sample % made.length_samples, pitch) for sample, pitch in onsets
    }


@pytest.mark.parametrize(("beat", "offset_ms"), [(1.0, 0.0), (1.5, 7.3), (2.0, -4.0), (0.0, -3.0)])
def test_the_audio_of_a_note_begins_where_its_midi_does(beat, offset_ms):
    """As the instrument plays it, before the filters of the mix. Pushed before the loop, it is at its end."""
    made = score("bass", notes=(Note(beat, 0.5, 40, 120, offset_ms),))
    level = np.abs(play(made, palette_of("sub"), lambda _: None)).max(axis=1)
    heard = np.flatnonzero(level > 0.001 * level.max())
    gaps = np.diff(heard, prepend=heard[-1] - made.length_samples)
    ((sample, pitch, velocity),) = of(live(made), ON)
    assert (pitch, velocity) == (40, 120)
    assert 0 <= (heard[np.argmax(gaps)] - sample) % made.length_samples <= ms_to_samples(1.0)


@given(ANY)
def test_in_the_second_turn_and_ever_after_nothing_hangs_or_is_struck_twice(made):
    midi = live(made)
    sounding: set[int] = set()
    for sample, status, pitch, _ in turns(midi, 3):
        if status == ON:
            assert pitch not in sounding
            sounding.add(pitch)
        elif status == OFF:
            assert pitch in sounding or sample < midi.length_samples
            sounding.discard(pitch)
    assert len(of(midi, ON)) == len(of(midi, OFF)) >= 1


@given(ANY)
def test_events_lie_in_order_inside_the_loop_and_ends_come_first(made):
    midi = live(made)
    samples = midi.events["sample"]
    assert (np.diff(samples) >= 0).all() and samples.min() >= -1 and samples.max() < made.length_samples
    assert ((midi.events["sample"] < 0) == (midi.events["kind"] == SETUP)).all()
    for sample in set(samples[samples >= 0].tolist()):
        words = [int(e["status"]) & 0xF0 for e in midi.events[samples == sample]]
        order = [{OFF: 0, ON: 2}.get(word, 1) for word in words]
        assert order == sorted(order)


@given(scores("melody"))
def test_the_wheel_is_in_its_centre_wherever_a_note_begins_that_does_not_slide(made):
    midi = live(made)
    slides = {s.start for s in _slides(made)}
    bend = 0
    for sample, status, low, high in turns(midi, 2):
        if status == WHEEL:
            bend = low + (high << 7) - CENTRE
        elif status == ON and sample >= midi.length_samples:
            assert bend == 0 or sample % midi.length_samples in slides
    assert bend == 0 or wheel(midi)[-1][1] != 0


def _slides(made: Score):
    from engine.audio.midi_notes import played_notes

    return [note for note in played_notes(made) if note.from_pitch is not None]


def test_a_slide_starts_at_the_pitch_before_and_glides_as_the_instrument_does():
    notes = (Note(0.0, 1.0, 40, 90), Note(1.0, 1.0, 47, 90, slide=True), Note(2.0, 1.0, 40, 90))
    midi = live(score("bass", palette="acid", notes=notes))
    bends = wheel(midi)
    assert bends[0] == (22_050, round(-7 / 12 * CENTRE)) and bends[-1][1] == 0
    assert [value for _, value in bends] == sorted(value for _, value in bends)
    assert bends[-1][0] < 44_100 and control(midi, 6) == [(-1, 12)]
    assert [(sample, value) for sample, value in control(midi, 101)] == [(-1, 0), (-1, 127)]
    (first_end,) = [sample for sample, pitch, _ in of(midi, OFF) if pitch == 40 and sample < 44_100]
    assert first_end > 22_050  # overlapping: a synth of one voice does not strike anew


def test_a_glide_that_has_no_time_ends_where_the_next_note_begins():
    notes = (Note(0.0, 1.0, 40, 90), Note(1.0, 0.05, 52, 90, slide=True), Note(1.05, 1.0, 41, 90))
    bends = wheel(live(score("bass", palette="acid", notes=notes, tempo_bpm=240.0)))
    assert bends[-1] == (beats_to_samples(1.05, 240.0), 0)


def test_a_chord_that_slides_in_part_is_not_bent():
    notes = (Note(0.0, 2.0, 40, 90), Note(0.0, 2.0, 47, 90), Note(1.0, 1.0, 52, 90, slide=True))
    assert wheel(live(score("harmony", notes=notes))) == []


def test_portamento_instead_of_bends_for_synths_that_know_no_bend_range():
    notes = (Note(0.0, 1.0, 40, 90), Note(1.0, 1.0, 47, 90, slide=True), Note(2.0, 1.0, 40, 90))
    midi = live(score("bass", notes=notes), MidiStyle(glide="portamento"))
    assert control(midi, 65) == [(22_050, 127), (44_100, 0)] and control(midi, 5) == [(-1, 40)]
    assert wheel(midi) == [] and control(midi, 6) == []
    assert {int(kind) for kind in midi.events["kind"]} == {SETUP, NOTE, GLIDE}


def test_curves_are_controllers_that_move_where_the_value_does():
    curves = (
        Curve("filter", ((0.0, 0.0), (2.0, 1.0), (4.0, 1.0))),
        Curve("energy", ((0.0, 1.0), (4.0, 0.0))),
    )
    midi = live(score("bass", curves=curves))
    cutoff = control(midi, 74)
    assert cutoff[0] == (0, 0) and cutoff[-1][1] == 127 and cutoff[-1][0] <= 44_100
    assert all(abs(value - 127 * min(1.0, sample / 44_100)) <= 1.5 for sample, value in cutoff)
    level = control(midi, 11)
    assert level[0] == (0, 127) and level[-1][1] == 64  # the gain of the instruments: 2 ** (energy - 1)
    assert control(live(score("bass")), 11) == [(-1, 127)] and control(live(score("bass")), 74) == []


def test_channels_are_the_files_unless_they_are_set():
    assert [live(score(t)).channel for t in ("drums", "bass", "harmony", "melody", "vocal")] == [
        9,
        0,
        1,
        2,
        3,
    ]
    style = MidiStyle({"bass": 6})
    midi = live_midi("bass", score("melody"), style)
    assert midi.channel == 6 and {int(e["status"]) & 0x0F for e in midi.events} == {6}


def test_the_same_notes_sound_like_each_other_and_others_do_not():
    made = score("bass")
    assert live(made).sounds_like(live(replace(made)))
    assert not live(made).sounds_like(live(score("bass", tempo_bpm=121.0)))
    assert not live(made).sounds_like(None)


def test_every_kind_that_is_taken_up_has_its_number():
    curves = (Curve("filter", ((0.0, 0.0), (4.0, 1.0))),)
    notes = (Note(0.0, 1.0, 40, 90), Note(1.0, 1.0, 47, 90, slide=True))
    midi = live(score("bass", notes=notes, curves=curves))
    by_kind = {int(e["kind"]): int(e["status"]) & 0xF0 for e in midi.events if e["sample"] >= 0}
    assert by_kind[BEND] == WHEEL and by_kind[FILTER] == CONTROL and by_kind[NOTE] in (ON, OFF)
