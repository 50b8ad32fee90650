"""What the MIDI ports say, frame by frame: the real callback without a server, against the law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.grid import loop_start
from bridge.player import Loop
from engine.audio.midi_live import CONTROL, OFF, ON, WHEEL, LiveMidi, MidiStyle, live_midi
from engine.music.score import Curve, Note, Score
from tests.bridge.offline_jack import OfflineJack, Said
from tests.engine.stems import score, scores

BLOCKS = st.lists(st.integers(1, 5000), min_size=1, max_size=20)
RATES = st.sampled_from([44_100, 48_000, 96_000])
STARTS = st.integers(0, 2**24)
SCORES = st.one_of(scores("drums"), scores("bass"))


def loop_of(made: Score) -> Loop:
    return Loop(np.zeros((made.length_samples, 2), np.float32), live_midi(made.track, made, MidiStyle()))


def started(loop: Loop, rate: int = 44_100) -> OfflineJack:
    jack = OfflineJack(1, rate)
    jack.order(0, loop, 0)
    jack.block(64, 0, rolling=False)
    return jack


def law(midi: LiveMidi, start: int, end: int, rate: int = 44_100) -> list[Said]:
    """Every event that is due from frame `start` to `end`: sample s of turn k at its turn's start + ceil."""
    said = []
    first = start * 44_100 // (midi.length_samples * rate)
    last = end * 44_100 // (midi.length_samples * rate)
    for turn in range(first, last + 1):
        begins, ends = (loop_start(turn + i, midi.length_samples, rate) for i in (0, 1))
        for event in midi.events[midi.events["sample"] >= 0]:
            due = min(begins + math.ceil(int(event["sample"]) * rate / 44_100), ends - 1)
            if start <= due < end:
                said.append((due, (int(event["status"]), int(event["data1"]), int(event["data2"]))))
    return said


def notes(said: list[Said], word: int = ON) -> list[tuple[int, int]]:
    """(frame, pitch)"""
    return [(frame, data1) for frame, (status, data1, _) in said if status & 0xF0 == word]


def hanging(said: list[Said]) -> set[int]:
    """What still sounds. A note is never struck while it sounds, nor ended while it does not."""
    sounding: set[int] = set()
    for _, (status, pitch, _) in said:
        if status & 0xF0 == ON:
            assert pitch not in sounding
            sounding.add(pitch)
        elif status & 0xF0 == OFF:
            sounding.remove(pitch)
    return sounding


@settings(max_examples=25)
@given(SCORES, BLOCKS, STARTS, RATES)
def test_every_event_is_said_on_its_frame_whatever_the_blocks(
    made: Score, sizes: list[int], start: int, rate: int
) -> None:
    loop = loop_of(made)
    jack = started(loop, rate)
    jack.roll(start, sizes)
    expected = law(loop.midi, start, start + sum(sizes), rate)
    later = [(frame, said) for frame, said in jack.said[0] if frame > start]
    # What ends without having begun here is left out.
    begun, kept = {p for f, p in notes(jack.said[0]) if f == start}, []
    for frame, (status, data1, data2) in expected:
        if status & 0xF0 == ON:
            begun.add(data1)
        elif status & 0xF0 == OFF:
            if data1 not in begun:
                continue
            begun.discard(data1)
        if frame > start:
            kept.append((frame, (status, data1, data2)))
    assert later == kept
    hanging(jack.said[0])


def test_a_turn_after_the_other_says_the_same() -> None:
    loop = loop_of(score("bass"))
    jack = started(loop)
    jack.roll(0, [1000] * 400)
    struck = notes(jack.said[0])
    per_turn = len(notes(law(loop.midi, 0, 88_200)))
    assert struck[:per_turn] == [(f - 88_200, p) for f, p in struck[per_turn : 2 * per_turn]]


@settings(max_examples=25)
@given(SCORES, SCORES, st.integers(1, 300_000), st.sampled_from([64, 1000, 4096]))
def test_at_a_swap_the_old_notes_end_and_the_new_ones_begin(
    old: Score, new: Score, at: int, block: int
) -> None:
    before, after = loop_of(old), loop_of(new)
    jack = started(before)
    jack.block(block, 0)
    at += block
    jack.order(0, after, at)
    count = (at + 88_200) // block
    jack.roll(block, [block] * count)
    end = (count + 1) * block
    said = jack.said[0]
    assert [n for n in notes(said) if 0 < n[0] < at] == list(notes(law(before.midi, 1, at)))
    assert [n for n in notes(said) if n[0] > at] == list(notes(law(after.midi, at + 1, end)))
    assert not hanging([entry for entry in said if entry[0] < at]) or notes(
        [entry for entry in said if entry[0] == at], OFF
    )
    hanging(said)


@pytest.mark.parametrize("stop", ["stop", "locate", "off", "silence"])
def test_nothing_hangs_after(stop: str) -> None:
    made = score("harmony", notes=tuple(Note(0.0, 4.0, pitch, 90) for pitch in (48, 52, 55)))
    jack = started(loop_of(made))
    jack.roll(0, [1024] * 10)
    assert hanging(jack.said[0]) == {48, 52, 55}
    if stop == "stop":
        jack.block(1024, 10_240, rolling=False)
        assert jack.said[0][-1] == (10_240, (CONTROL | 1, 123, 0))
    elif stop == "locate":
        jack.block(1024, 88_200 * 3 - 2048)  # the chord's last 46 ms: not worth to be struck
    elif stop == "off":
        jack.memory.midi_wanted[0] = 0
        jack.block(1024, 10_240)
    else:
        jack.order(0, None, 10_500)
        jack.block(1024, 10_240)
    assert hanging(jack.said[0]) == set()
    count = len(jack.said[0])
    if stop != "locate":
        jack.roll(11_264, [1024] * 3) if stop != "stop" else jack.block(1024, 10_240, rolling=False)
        assert len(jack.said[0]) == count


def test_switched_on_again_it_takes_up_what_is_held() -> None:
    made = score("harmony", notes=(Note(0.0, 4.0, 48, 90),))
    jack = started(loop_of(made))
    jack.roll(0, [1024] * 4)
    jack.memory.midi_wanted[0] = 0
    jack.roll(4096, [1024] * 4)
    jack.memory.midi_wanted[0] = 1
    jack.roll(8192, [1024] * 4)
    assert notes(jack.said[0]) == [(0, 48), (8192, 48)] and notes(jack.said[0], OFF) == [(4096, 48)]


def test_who_comes_in_amid_a_loop_is_told_what_is_held_and_where_the_controllers_stand() -> None:
    curve = Curve("filter", ((0.0, 0.0), (4.0, 1.0)))
    made = score("harmony", notes=(Note(0.0, 4.0, 48, 90), Note(1.0, 0.5, 60, 70)), curves=(curve,))
    jack = started(loop_of(made))
    jack.block(64, 44_100)
    at_once = [said for frame, said in jack.said[0] if frame == 44_100]
    assert (ON | 1, 48, 90) in at_once and all(said[1] != 60 for said in at_once if said[0] == ON | 1)
    assert next(said[2] for said in at_once if said[:2] == (CONTROL | 1, 74)) == pytest.approx(64, abs=1)
    assert at_once.index((CONTROL | 1, 11, 127)) < at_once.index((ON | 1, 48, 90))


def test_drums_are_not_struck_late() -> None:
    jack = started(loop_of(score("drums")))
    jack.block(64, 22_050 + 500)  # amid a snare
    assert notes(jack.said[0]) == []


def test_a_bend_that_is_cut_off_goes_back_to_its_centre() -> None:
    slides = (Note(0.0, 1.0, 40, 90), Note(1.0, 1.0, 52, 90, slide=True))
    jack = started(loop_of(score("bass", palette="acid", notes=slides)))
    jack.roll(0, [1000] * 23)
    bent = [said for _, said in jack.said[0] if said[0] & 0xF0 == WHEEL]
    assert bent[-1] != (WHEEL, 0, 64)
    jack.block(1000, 23_000, rolling=False)
    assert [said for _, said in jack.said[0] if said[0] & 0xF0 == WHEEL][-1] == (WHEEL, 0, 64)


def test_blocks_that_were_missed_are_caught_up_on_and_many_are_a_new_start() -> None:
    made = score("bass", notes=(Note(0.5, 0.25, 40, 90), Note(1.0, 1.0, 45, 90)))
    jack = started(loop_of(made))
    jack.roll(0, [1024] * 10)
    jack.block(1024, 10_240 + 2048)  # the note at 11,025 lay in the blocks between
    assert notes(jack.said[0]) == [(12_288, 40)]
    jack.block(1024, 30_000)  # its end and the next note lay in those
    assert notes(jack.said[0])[1:] == [(30_000, 45)] and hanging(jack.said[0]) == {45}


def test_the_same_words_over_other_audio_go_on_as_they_were() -> None:
    made = score("harmony", notes=(Note(0.0, 4.0, 48, 90),))
    preview, model = loop_of(made), loop_of(made)
    model.speak_like(preview)
    jack = started(preview)
    jack.roll(0, [1024] * 4)
    jack.order(0, model, 5000)
    jack.roll(4096, [1024] * 4)
    assert notes(jack.said[0]) == [(0, 48)] and notes(jack.said[0], OFF) == []


def test_a_loop_without_a_score_says_nothing() -> None:
    jack = OfflineJack(1)
    jack.order(0, Loop(np.zeros((5000, 2), np.float32)), 0)
    jack.roll(0, [512] * 30)
    assert jack.said[0] == []


# --- tempo changes and shifts ----------------------------------------------------------------------


def beats_struck(jack: OfflineJack) -> list[tuple[float, int]]:
    """(beat of the timeline, pitch) of every note that was struck."""
    return [(jack.timeline.beat_at(frame), pitch) for frame, pitch in notes(jack.said[0])]


STEADY = score("bass", notes=tuple(Note(i / 4, 0.2, 40 + i, 90) for i in range(16)))


def assert_every_note_once_in_time(jack: OfflineJack, end: int, within_beats: float) -> None:
    """A sixteenth after the other, each at its beat."""
    struck = beats_struck(jack)
    assert [pitch for _, pitch in struck] == [40 + i % 16 for i in range(len(struck))]
    assert all(abs(beat - i / 4) <= within_beats for i, (beat, _) in enumerate(struck))
    assert len(struck) == pytest.approx(4 * jack.timeline.beat_at(end), abs=1)
    hanging(jack.said[0])


@settings(max_examples=25)
@given(st.integers(1000, 60_000), st.floats(60, 240), st.sampled_from([64, 1000, 4096]))
def test_notes_keep_to_their_beats_when_the_tempo_changes(at: int, tempo_bpm: float, block: int) -> None:
    jack = started(loop_of(STEADY))
    jack.timeline = jack.timeline.with_tempo(at, tempo_bpm)
    jack.publish()
    blocks = 200_000 // block
    jack.roll(0, [block] * blocks)
    assert_every_note_once_in_time(
        jack, blocks * block, within_beats=3 * max(120.0, tempo_bpm) / (60 * 44_100)
    )


@settings(max_examples=25)
@given(st.integers(1000, 60_000), st.integers(-2000, 2000), st.sampled_from([64, 1000, 4096]))
def test_a_shift_of_the_music_neither_drops_nor_doubles_a_note(at: int, frames: int, block: int) -> None:
    jack = started(loop_of(STEADY))
    jack.timeline, _ = jack.timeline.with_slew(at, frames)
    jack.publish()
    blocks = 200_000 // block
    jack.roll(0, [block] * blocks)
    assert_every_note_once_in_time(jack, blocks * block, within_beats=3 * 120.0 / (60 * 44_100))
