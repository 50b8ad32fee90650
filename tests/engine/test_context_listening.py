"""What was heard has the standing of a score: notes, groove, confidences; and conflicts are spoken out."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis_fields import listening_events
from engine.context.analysis import analyze_audio
from engine.context.conflicts import overruled, strangers
from engine.context.drum_voices import voices_of
from engine.context.groove import Groove, groove_of
from engine.context.harmony import hear_harmony
from engine.context.heard_score import slots_of
from engine.context.loop_length import bare_tempo_in_name
from engine.context.octave import Sign, octave_of
from engine.context.track_context import TrackContext
from engine.events import ContextConfidence, ContextGroove
from engine.music.grid import swung
from engine.music.key import Key, Signature
from engine.music.score import Hit, Note, Score
from engine.music.theory import chord_pitch_classes
from engine.prompt.music_context import Frame, MusicContext
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, pitch_to_hz

FRAME = Frame(tempo_bpm=120.0, key=Key.parse("Am"))
LINE = [(0.0, 40), (0.75, 40), (1.5, 43), (2.0, 45), (3.0, 38), (3.5, 47)]


def played(
    notes: list[tuple[float, int]], tempo_bpm: float = 120.0, bars: int = 4, octaves: int = 0
) -> np.ndarray:
    """[N, C=2] saw-like notes of 0.4 beats, the same bar again and again."""
    audio = np.zeros(beats_to_samples(bars * 4, tempo_bpm), np.float32)
    length = beats_to_samples(0.4, tempo_bpm)
    seconds = np.arange(length) / STEM_SAMPLE_RATE
    shape = np.minimum(1.0, np.minimum(seconds / 0.004, seconds[::-1] / 0.02)) * 0.2
    for bar in range(bars):
        for beat, pitch in notes:
            wave = sum(
                np.sin(2 * np.pi * n * pitch_to_hz(pitch + 12 * octaves) * seconds) / n for n in range(1, 9)
            )
            start = beats_to_samples(bar * 4 + beat, tempo_bpm)
            audio[start : start + length] += (wave * shape).astype(np.float32)[: len(audio) - start]
    return np.repeat(audio[:, None], 2, axis=1)


@pytest.mark.parametrize(("track", "octaves"), [("bass", 0), ("melody", 2)])
def test_a_single_voice_becomes_the_notes_that_were_played(track, octaves):
    says = analyze_audio(played(LINE, octaves=octaves), track, FRAME, 120.0)
    assert says.score is not None and says.heard
    found = [(note.start_beats % 4, note.pitch - 12 * octaves) for note in says.score.notes]
    assert found == LINE * 4
    assert all(abs(note.offset_ms) < 12 and 0.25 < note.length_beats < 0.55 for note in says.score.notes)
    assert says.confidences["notes"] > 0.8


def test_a_transcription_survives_being_stored():
    says = analyze_audio(played(LINE), "bass", FRAME)
    again = TrackContext.from_json(says.to_json())
    assert again == says and again.score == says.score and again.groove == says.groove


def test_a_context_stored_before_there_were_grooves_still_loads():
    says = analyze_audio(played(LINE), "bass", FRAME)
    data = json.loads(says.to_json())
    for late in ("score", "groove", "confidences", "heard"):
        del data[late]
    old = TrackContext.from_json(json.dumps(data))
    assert (old.onsets, old.key, old.groove, old.score, old.heard) == (
        says.onsets,
        says.key,
        None,
        None,
        True,
    )


# --- groove ---------------------------------------------------------------------------------------


@given(st.sampled_from([0.0, 0.4, 0.7, 1.0]), st.sampled_from([8, 16]), st.floats(80, 160), st.floats(0, 12))
def test_swing_and_lateness_of_hits_are_told_apart(swing, unit, tempo_bpm, late_ms):
    steps = range(0, 16, 16 // unit)
    hits = tuple(
        Hit(bar * 4 + swung(step / 4, 4.0, swing, 8 / unit), "snare" if step in (4, 12) else "closed_hat", 90,
            late_ms if step in (4, 12) else 0.0)
        for bar in range(2) for step in steps
    )  # fmt: skip
    groove = TrackContext.from_score(
        Score("drums", tempo_bpm, Key(), Signature(), 2, "x", "909", hits=hits)
    ).groove
    assert groove is not None
    if swing:
        assert (groove.swing, groove.swing_unit) == (pytest.approx(swing, abs=0.08), unit)
    assert groove.late_ms[4] == pytest.approx(late_ms, abs=4) and groove.late_ms[0] == pytest.approx(0, abs=2)


def test_too_few_onsets_have_no_groove():
    assert groove_of([0.0, 1.0, 2.0], [1.0] * 3, 120.0, Signature()) is None


def test_lateness_against_the_straight_grid_is_swing_and_micro_timing_together():
    groove = Groove((0.0,) * 16, swing=1.0, swing_unit=16)
    assert groove.lateness_ms(1, 4.0, 120.0) == pytest.approx(1000 / 24)  # a sixth of a pair of 250 ms
    assert groove.lateness_ms(2, 4.0, 120.0) == 0.0


# --- tempo ----------------------------------------------------------------------------------------


def test_a_backbeat_settles_the_octave_and_the_set_does_where_nothing_else_speaks():
    two_beats_at_174 = Sign(2 * 60 / 174, 2.0, 0.55)
    assert octave_of(87.0, 120.0, [two_beats_at_174])[0] == 174.0
    assert octave_of(174.0, 120.0, [Sign(2 * 60 / 87, 2.0, 0.55)])[0] == 87.0
    assert octave_of(87.0, 174.0, [])[0] == 174.0
    assert octave_of(174.0, 80.0, [])[0] == 87.0


@pytest.mark.parametrize(
    ("name", "tempo_bpm"), [("loop_174", 174), ("174 amen", 174), ("kick 909", None), ("take_120", None)]
)
def test_a_bare_number_is_a_tempo_where_it_makes_whole_bars(name, tempo_bpm):
    assert bare_tempo_in_name(name, beats_to_samples(8, 174.0), Signature()) == tempo_bpm


# --- drums ----------------------------------------------------------------------------------------


def test_voices_that_strike_together_are_both_named():
    kick, hat, snare, ghost = [10, 0.5, 0.0], [0, 0.1, 1.0], [0.2, 8, 4], [0.0, 1.2, 0.5]
    rises = np.array([kick, hat, snare, ghost, np.add(kick, snare), np.add(kick, hat)], float)
    assert voices_of(rises) == [
        ("kick",), ("closed_hat",), ("snare",), ("snare",), ("kick", "snare"), ("kick", "closed_hat"),
    ]  # fmt: skip


# --- harmony --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbols", "key"),
    [(("Am", "F", "C", "G"), "Am"), (("C", "G", "Am", "F"), "C"), (("Dm9", "G7", "Cmaj7", "Cmaj7"), "C"),
     (("Em9", "Cmaj7", "Gmaj7", "D"), "Em")],
)  # fmt: skip
def test_relatives_are_told_apart_and_ninths_keep_their_names(symbols, key):
    weights = np.zeros((8, 12))
    lowest = np.zeros((8, 12))
    for index, symbol in enumerate(symbols):
        classes = chord_pitch_classes(symbol)
        weights[2 * index : 2 * index + 2, list(classes)] = 1.0
        lowest[2 * index : 2 * index + 2, classes[0]] = 1.0
    found, _, chords, sure = hear_harmony(weights, lowest, Key.parse("F#"), 4.0, 2, "harmony")
    if symbols[0] != "Dm9":
        assert found == Key.parse(key)
    sounding = [s for index, s in enumerate(symbols) if index == 0 or symbols[index - 1] != s]
    assert [chord.symbol for chord in chords] == sounding and sure > 0.9
    assert sum(chord.length_beats for chord in chords) == 16.0


def test_chords_change_at_the_half_bar_where_they_do():
    weights = np.zeros((4, 12))
    for slot, symbol in enumerate(("Am", "F", "C", "C")):
        weights[slot, list(chord_pitch_classes(symbol))] = 1.0
    chords = hear_harmony(weights, weights, Key.parse("Am"), 4.0, 2, "harmony")[2]
    assert [(chord.symbol, chord.start_beats) for chord in chords] == [("Am", 0), ("F", 2), ("C", 4)]


@pytest.mark.parametrize(
    ("signature", "slots"), [((4, 4), 2), ((3, 4), 1), ((6, 8), 2), ((7, 8), 1), ((2, 4), 2)]
)
def test_a_bar_is_halved_only_where_its_half_is_a_beat(signature, slots):
    assert slots_of(Signature(*signature)) == slots


# --- conflicts and confidence ---------------------------------------------------------------------


def test_a_wish_that_locked_tracks_overrule_is_a_conflict_and_an_assumption_is_none():
    asked = MusicContext("", "techno", 140.0, Key(), Signature(), 8, assumed=frozenset({"key"}))
    settled = replace(asked, tempo_bpm=128.0, key=Key.parse("F#m"))
    (found,) = overruled(asked, settled)
    assert (found.field, found.asked, found.kept) == ("tempo_bpm", "140 bpm", "128 bpm")


def test_an_import_that_disagrees_with_what_stands_is_a_conflict():
    says = analyze_audio(played(LINE, tempo_bpm=100.0), "bass", FRAME, 100.0)
    others = Frame(174.0, Key.parse("C#"), Signature(), pinned=frozenset({"tempo_bpm", "key", "signature"}))
    assert [one.field for one in strangers("bass", says, others)] == ["tempo_bpm", "key"]
    assert strangers("bass", says, None) == ()
    same = replace(others, tempo_bpm=100.0, key=says.key)
    assert strangers("bass", says, same) == ()


def test_scores_are_sure_what_is_heard_less_and_nothing_is_not():
    notes = tuple(Note(beat, 0.5, 40, 90) for beat in range(4))
    exact = TrackContext.from_score(Score("bass", 120.0, Key(), Signature(), 1, "x", "sub", notes=notes))
    heard = analyze_audio(played(LINE), "bass", FRAME)
    assert listening_events([exact])[0] == ContextConfidence(1.0, 1.0, 0.0)
    sure = listening_events([heard])[0]
    assert 0 < sure.tempo < 1 and 0 < sure.key < 1
    assert listening_events([]) == [ContextConfidence(0.0, 0.0, 0.0), ContextGroove(0.0, 16, "")]
