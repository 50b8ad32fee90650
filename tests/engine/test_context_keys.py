"""Keys, downbeats and drums in the way: what was heard does not hang on the pitch, the place or the noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.context.analysis import analyze_audio
from engine.context.downbeat import SURE, turned
from engine.context.harmony import hear_harmony
from engine.context.keys import KEYS, LOG_ODDS, chances_of, evidence, frame_mode
from engine.context.octave import drum_signs, octave_of
from engine.context.tones import pitch_classes_of
from engine.context.track_context import Onset, TrackContext
from engine.music.key import Key
from engine.music.score import Chord
from engine.prompt.music_context import Frame
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, pitch_to_hz

FAR = Key(6, "major")
AM_F_C_G = [(45, 57, 60, 64), (41, 57, 60, 65), (48, 55, 60, 64), (43, 55, 59, 62)]
C_F_G_C = [(48, 60, 64, 67), (41, 60, 65, 69), (43, 59, 62, 67), (48, 60, 64, 67)]


def slots_of_chords(chords: list[tuple[int, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Weights [slot, 12] of everything and of the lowest voice, two slots a chord."""
    every, lowest = np.zeros((2 * len(chords), 12)), np.zeros((2 * len(chords), 12))
    for index, chord in enumerate(chords):
        for pitch in chord:
            every[2 * index : 2 * index + 2, pitch % 12] += 1.0
        lowest[2 * index : 2 * index + 2, chord[0] % 12] = 1.0
    return every, lowest


def played(chords: list[tuple[int, ...]], bar_beats: int = 4, tempo_bpm: float = 120.0) -> np.ndarray:
    """[N] chords of a bar each, saw-like, each struck anew."""
    length = beats_to_samples(bar_beats, tempo_bpm)
    seconds = np.arange(length) / STEM_SAMPLE_RATE
    shape = np.minimum(1.0, np.minimum(seconds / 0.01, seconds[::-1] / 0.05)) * np.exp(-0.5 * seconds)
    tones = [
        sum(np.sin(2 * np.pi * n * pitch_to_hz(pitch) * seconds) / n for pitch in chord for n in range(1, 7))
        for chord in chords
    ]
    return np.concatenate([0.05 * tone * shape for tone in tones]).astype(np.float32)


def stereo(mono: np.ndarray) -> np.ndarray:
    return np.repeat(mono[:, None], 2, axis=1)


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("track", ["harmony", "bass", "melody"])
@given(steps=st.integers(0, 11), chords=st.sampled_from([AM_F_C_G, C_F_G_C]))
def test_a_key_moves_with_the_music(track, steps, chords):
    every, lowest = slots_of_chords(chords)
    found, sure, *_ = hear_harmony(every, lowest, FAR, 4.0, 2, track)
    moved = [np.roll(part, steps, axis=1) for part in (every, lowest)]
    again, as_sure, *_ = hear_harmony(*moved, Key((FAR.tonic + steps) % 12, FAR.mode), 4.0, 2, track)
    assert found is not None and again == Key((found.tonic + steps) % 12, found.mode)
    assert as_sure == pytest.approx(sure)


def test_the_chord_that_comes_first_tells_a_minor_from_its_relative_major():
    """All four rows hold the same notes; only where they begin differs."""
    keys = [
        hear_harmony(*slots_of_chords(AM_F_C_G[n:] + AM_F_C_G[:n]), FAR, 4.0, 2, "harmony")[0] for n in (0, 2)
    ]
    assert keys == [Key.parse("Am"), Key.parse("C")]


@given(st.lists(st.floats(0, 1), min_size=12, max_size=12), st.sampled_from(["harmony", "bass", "melody"]))
def test_the_chances_of_all_keys_are_one_together(weights, track):
    rows = np.tile(np.array(weights), (4, 1))
    chances = chances_of(rows, rows, [()] * 24, 2, track, FAR)
    assert chances.sum() == pytest.approx(1.0) and (chances >= 0).all()
    assert evidence(rows, rows, [()] * 24, 2).shape == (len(KEYS), len(LOG_ODDS))


def test_the_key_of_the_set_weighs_where_the_music_leaves_it_open():
    open_fifth = np.zeros((8, 12))
    open_fifth[:, [9, 4]] = 1.0
    for name in ("A", "Am"):
        assert hear_harmony(open_fifth, open_fifth, Key.parse(name), 4.0, 2, "melody")[0] == Key.parse(name)


def test_a_set_in_dorian_stays_in_dorian_only_where_the_sixth_allows_it():
    dorian = Key(9, "dorian")
    held = {name: np.zeros(12) for name in ("raised", "lowered")}
    held["raised"][list(dorian.scale)] = 1.0
    held["lowered"][list(Key(9, "minor").scale)] = 1.0
    assert frame_mode(Key(9, "minor"), held["raised"], dorian) == dorian
    assert frame_mode(Key(9, "minor"), held["lowered"], dorian) == Key(9, "minor")
    assert frame_mode(Key(0, "major"), held["raised"], dorian) == Key(0, "major")


# --- drums in the way -----------------------------------------------------------------------------


def test_strokes_are_no_notes():
    """Bursts of noise louder than the chords change hardly anything of what is heard of them."""
    mono = played(C_F_G_C)
    burst = np.random.default_rng(1).standard_normal(4000) * np.exp(-np.arange(4000) / 900) * 2.0
    drummed = mono.copy()
    for start in range(0, len(mono) - 4000, beats_to_samples(0.5, 120.0)):
        drummed[start : start + 4000] += burst.astype(np.float32)
    clean, heard = (pitch_classes_of(part, 8)[0].sum(axis=0) for part in (mono, drummed))
    assert np.corrcoef(clean, heard)[0, 1] > 0.95  # 0.81 where they are not masked


# --- downbeat -------------------------------------------------------------------------------------


@pytest.mark.parametrize("beats", [1, 2, 3])
def test_a_loop_that_begins_in_the_middle_of_a_bar_has_its_bar_lines_where_chords_change(beats):
    chords = [*AM_F_C_G, *AM_F_C_G]
    whole, frame = played(chords), Frame(tempo_bpm=120.0, key=FAR)
    late = np.roll(whole, beats_to_samples(beats, 120.0))
    straight, says = (analyze_audio(stereo(mono), "harmony", frame, 120.0) for mono in (whole, late))
    assert (straight.downbeat_beats, says.downbeat_beats) == (0.0, beats)
    assert says.confidences["downbeat"] >= SURE and says.key == straight.key
    assert {c.start_beats % 4 for c in says.chords if c.start_beats} == {float(beats)}
    assert sum(c.length_beats for c in says.chords) == 32.0
    assert TrackContext.from_json(says.to_json()) == says


def test_a_loop_begins_on_its_first_beat_where_nothing_tells_another():
    seconds = np.arange(beats_to_samples(16, 120.0)) / STEM_SAMPLE_RATE
    drone = (0.3 * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32)
    says = analyze_audio(stereo(drone), "harmony", Frame(tempo_bpm=120.0), 120.0)
    assert says.downbeat_beats == 0.0 and says.confidences["downbeat"] < SURE


@given(st.integers(0, 15), st.lists(st.integers(1, 8), min_size=1, max_size=6))
def test_turned_chords_fill_the_loop_as_before(beats, lengths):
    starts = np.cumsum([0, *lengths])
    chords = tuple(
        Chord(float(start), float(length), str(index), (index,))
        for index, (start, length) in enumerate(zip(starts, lengths, strict=False))
    )
    total = float(starts[-1])
    found = turned(chords, float(beats), total)
    ends = [chord.start_beats + chord.length_beats for chord in found]
    assert found[0].start_beats == 0.0 and ends[-1] == total
    assert [chord.start_beats for chord in found[1:]] == ends[:-1]
    for place in np.arange(0.5, total):
        of = [
            c.symbol
            for c in found
            if c.start_beats <= (place + beats) % total < c.start_beats + c.length_beats
        ]
        assert of == [c.symbol for c in chords if c.start_beats <= place < c.start_beats + c.length_beats]


# --- octave ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("tempo_bpm", [87.0, 174.0])
def test_fast_breaks_are_fast_at_either_octave_they_were_heard_in(tempo_bpm):
    """Kicks a beat apart at 174, hats between them."""
    beat = tempo_bpm / 174.0
    onsets = [Onset(n * beat, 1.0, "kick") for n in range(16)]
    onsets += [Onset((n + 0.5) * beat, 0.6, "closed_hat") for n in range(16)]
    signs = drum_signs(onsets, 60.0 / tempo_bpm)
    assert octave_of(tempo_bpm, 140.0, signs)[0] == 174.0


def test_however_sparse_drums_are_the_set_decides():
    onsets = [Onset(8.0 * n, 1.0, "kick") for n in range(8)]
    assert octave_of(90.0, 95.0, drum_signs(onsets, 60.0 / 90.0))[0] == 90.0
