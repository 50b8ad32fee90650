"""The measures of a track model, on performances whose faults are known."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from engine.evaluation.models import goals
from engine.evaluation.models.card import card_of, verdict
from engine.evaluation.models.chroma import chroma_likeness
from engine.evaluation.models.duck import duck_depth_db, duck_error_db
from engine.evaluation.models.goals import clears, least_scores, role_goals
from engine.evaluation.models.material import Piece, held_out, other_sound, piece_of
from engine.evaluation.models.measures import measure
from engine.evaluation.models.pitch import pitch_to_reference, pitch_to_score
from engine.evaluation.models.run import evaluate_model, fitted_context, with_next
from engine.evaluation.models.style import likeness_of_moves, signature_of
from engine.instruments.render import render
from engine.music.score import Hit, Note
from engine.training.corpus.together import ducked as corpus_ducked
from tests.engine.corpus_sounds import score

for name in ("librosa", "mir_eval"):
    pytest.importorskip(name)

SHORT = (1.0, 2.0)


def line(*pitches: int, track="bass", palette="pluck_bass", beats=1.0) -> Piece:
    notes = (Note(i * 1.0, beats, pitch, 100) for i, pitch in enumerate(pitches))
    return piece_of(replace(score(track, *notes), palette=palette))


BASS = line(33, 33, 40, 36, 33, 33, 40, 36)
LEAD = line(69, 71, 72, 76, 69, 71, 72, 76, track="melody", palette="square")
KICKS = corpus_ducked(
    np.ones((176_400, 1), np.float32),
    [(22_050 * beat + 300, 1.0) for beat in range(8)],
    12.0,
    5.0,
    100.0,
    80.0,
)[:, 0]


def ducked(piece: Piece) -> Piece:
    return replace(piece, audio=piece.audio * KICKS[:, None], gain=KICKS)


def transposed(piece: Piece, semitones: int, which=lambda i: True):
    notes = tuple(
        replace(note, pitch=note.pitch + semitones * which(i)) for i, note in enumerate(piece.score.notes)
    )
    return render(replace(piece.score, notes=notes))


# --- single measures --------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [BASS, LEAD], ids=["bass", "melody"])
def test_a_perfect_performance_meets_every_goal(piece):
    piece = ducked(piece)
    found = measure(piece, piece.audio, quick=True)
    assert found["onset.f1"] == found["pitch.score"] == found["pitch.reference"] == 1.0
    assert found["mel"] == found["stft"] == found["loudness"] == found["duck.error"] == 0.0
    for goal in goals.goals_of_role(piece.role):
        assert goal.measure not in found or goal.met(found[goal.measure]) is not False, goal.measure


def test_the_fader_is_no_fault_but_is_told():
    found = measure(LEAD, LEAD.audio * np.float32(10 ** (-12 / 20)), quick=True)
    assert found["loudness"] == pytest.approx(12.0, abs=0.01) and found["mel"] < 0.01
    assert found["onset.f1"] == found["pitch.score"] == 1.0


def test_silence_is_no_performance():
    found = measure(LEAD, 0 * LEAD.audio, quick=True)
    assert found["onset.f1"] == found["pitch.score"] == found["pitch.reference"] == 0.0
    assert found["loudness"] >= 60.0


@pytest.mark.parametrize("piece", [BASS, LEAD], ids=["bass", "melody"])
def test_one_wrong_note_in_four_costs_a_quarter_of_the_pitch(piece):
    wrong = transposed(piece, 1, lambda i: i % 4 == 1)
    assert pitch_to_score(piece.score, piece.audio, wrong) == pytest.approx(0.75, abs=0.1)
    assert pitch_to_reference(piece.score, piece.audio, wrong) == pytest.approx(0.75, abs=0.1)
    assert pitch_to_score(piece.score, piece.audio, transposed(piece, 12)) < 0.05, "an octave is wrong too"


def test_hiss_over_a_bass_takes_none_of_its_pitch():
    hiss = 0.02 * np.random.default_rng(1).standard_normal(BASS.audio.shape).astype(np.float32)
    assert pitch_to_score(BASS.score, BASS.audio, BASS.audio + hiss) > 0.97


def test_onsets_that_come_late_are_missed():
    hits = (Hit(float(beat), "snare", 100) for beat in range(8))
    struck = piece_of(replace(score("drums", *hits), palette="909"))
    for late_ms, f1 in ((30, 1.0), (80, 0.0)):
        shifted = np.roll(struck.audio, round(44.1 * late_ms), axis=0)
        assert measure(struck, shifted, quick=True)["onset.f1"] == pytest.approx(f1, abs=0.13), late_ms


def test_other_chords_are_other_pitch_classes():
    notes = [Note(beat, 1.9, pitch, 90) for beat in (0.0, 2.0, 4.0, 6.0) for pitch in (60, 64, 67)]
    chords = piece_of(replace(score("harmony", *notes), palette="organ"))
    assert chroma_likeness(chords.audio, chords.audio) == pytest.approx(1.0)
    assert chroma_likeness(chords.audio, 0.1 * chords.audio) == pytest.approx(1.0, abs=1e-3)
    assert chroma_likeness(chords.audio, transposed(chords, 1)) < 0.5
    minor = tuple(replace(note, pitch=note.pitch - (note.pitch == 64)) for note in chords.score.notes)
    assert chroma_likeness(chords.audio, render(replace(chords.score, notes=minor))) < 0.9
    assert np.isnan(chroma_likeness(0 * chords.audio, chords.audio))


@pytest.mark.parametrize("piece", [BASS, LEAD], ids=["bass", "melody"])
def test_a_duck_that_was_left_out_is_missed_by_its_depth(piece):
    reference = ducked(piece).audio
    assert duck_depth_db(reference, reference, KICKS) == pytest.approx(12.0, abs=0.1)
    assert duck_error_db(reference, piece.audio, KICKS) == pytest.approx(12.0, abs=0.1)
    shallower = piece.audio * np.sqrt(KICKS)[:, None]
    assert duck_error_db(reference, shallower, KICKS) == pytest.approx(6.0, abs=0.1)
    assert np.isnan(duck_depth_db(reference, reference, np.ones_like(KICKS)))


def test_a_sound_that_gets_brighter_where_the_reference_does_follows_it():
    dark, bright = LEAD.audio, np.diff(LEAD.audio, axis=0, prepend=0) * 4
    assert signature_of(bright).centroid > signature_of(dark).centroid + 0.25
    assert likeness_of_moves((dark, bright), (0.5 * dark, bright)) == (pytest.approx(1.0), 1.0)
    assert likeness_of_moves((dark, bright), (bright, dark))[1] == 0.0
    assert likeness_of_moves((dark, bright), (dark, dark))[1] == 0.0, "what stays as it is does not follow"
    assert np.isnan(likeness_of_moves((dark, dark), (dark, bright))[0])


# --- the bar ----------------------------------------------------------------------------------------

GOOD = {
    "scores": 64, "onset.f1": 0.97, "pitch.score": 0.97, "chroma": 0.95, "duck.error": 1.0,
    "context.shuffled": 4.0, "context.without": 4.0, "style.follows": 0.9, "mel.above": 0.05,
}  # fmt: skip


@pytest.mark.parametrize("role", ["drums", "bass", "harmony", "melody"])
def test_good_figures_clear_the_bar_and_each_bad_one_is_told(role):
    assert clears(role, GOOD) == (True, ())
    for goal in role_goals():
        if goal.is_bar_of(role):
            bad = GOOD | {goal.goal.measure: 99.0 if goal.goal.at_least is None else -99.0}
            is_clear, reasons = clears(role, bad)
            assert not is_clear and goal.goal.measure in reasons[0] and goal.goal.wanted in reasons[0]


def test_what_was_not_measured_or_on_too_little_is_not_cleared():
    assert clears("bass", {}) == (False, ("it was never measured",))
    without = {name: value for name, value in GOOD.items() if name != "duck.error"}
    assert not clears("bass", without)[0] and clears("drums", without)[0], (
        "drums do not give way to themselves"
    )
    is_clear, reasons = clears("drums", GOOD | {"scores": 63})
    assert not is_clear and "63" in reasons[0] and str(least_scores()) in reasons[0]


def test_the_bar_is_read_without_what_computes_models():
    import subprocess
    import sys

    code = (
        "import sys, engine.evaluation.models.goals; print({'torch', 'librosa', 'numba'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "set()"


# --- the whole --------------------------------------------------------------------------------------


def short_songs(count=3):
    return [held_out(number, seconds=SHORT) for number in range(count)]


def instruments(part):
    """A model that could not be better: it gives way exactly where its own song's drums are heard."""
    audio = render(part.score)
    for song in short_songs():
        piece = song.pieces[part.role]
        drums = song.pieces["drums"].audio
        if piece.gain is not None and np.array_equal(part.context.get("drums", 0), drums):
            return audio * piece.gain[:, None]
    return audio


def deaf(part):
    """One that plays its score and hears nobody, and knows one sound."""
    return render(replace(part.score, palette="sub"))


def test_held_out_songs_are_the_same_ones_and_the_odd_ones_duck():
    one, again = held_out(1, seconds=SHORT), held_out.__wrapped__(1, seconds=SHORT)
    for role, piece in one.pieces.items():
        assert (
            np.array_equal(piece.audio, again.pieces[role].audio) and piece.words == again.pieces[role].words
        )
        assert (piece.gain is None) == (role == "drums")
        assert not any(curve.name == "duck" for curve in piece.score.curves), "it is to be heard, not read"
    assert all(piece.gain is None for piece in held_out(0, seconds=SHORT).pieces.values())
    bass = one.pieces["bass"]
    other = other_sound(bass, 1)
    assert other.score.palette != bass.score.palette and other.score.notes == bass.score.notes
    assert other.gain is bass.gain and set(other.words) != set(bass.words)


def test_each_song_is_given_another_ones_tracks_to_be_confused_by():
    assert list(with_next("abc")) == [("a", "b"), ("b", "c"), ("c", "a")] and list(with_next("a")) == []
    fitted = fitted_context({"drums": np.ones((5, 2), np.float32)}, 12)
    assert fitted["drums"].shape == (12, 2)


def test_a_model_that_plays_as_the_instruments_do_misses_only_that_it_was_measured_on_few():
    heard = []
    result = evaluate_model(
        "bass", instruments, None, short_songs(), quick=True, name="ideal",
        heard=lambda piece, audio: heard.append(piece),
    )  # fmt: skip
    values = {row.goal.measure: row for row in result.rows}
    assert result.scores == len(heard) == 3 and values["onset.f1"].value == 1.0
    assert values["duck.error"].value == pytest.approx(0.0, abs=0.01) and values["duck.error"].count == 1
    assert values["context.shuffled"].value > 3.0 and values["context.without"].value > 3.0
    assert values["style.follows"].value == 1.0
    without_codec, on_few = result.cleared[1]
    assert "mel.above was not measured" in without_codec and on_few == "measured on 3 scores; 64 are needed"


def test_a_model_that_hears_nothing_and_knows_one_sound_is_found_out():
    result = evaluate_model("bass", deaf, None, short_songs(), quick=True, name="deaf")
    reasons = " ".join(result.cleared[1])
    assert all(name in reasons for name in ("duck.error", "context.shuffled", "style.follows"))
    values = {row.goal.measure: row.value for row in result.rows}
    assert values["context.shuffled"] == values["context.mel"] == 0.0


def test_the_ceiling_stands_beside_in_figures_and_card():
    import torch

    from engine.model.codec.codec import build_codec
    from engine.model.codec.config import config_named

    torch.manual_seed(0)
    codec = build_codec(config_named("debug")).eval()
    result = evaluate_model("drums", instruments, codec, islice(short_songs(), 2), quick=True, name="ideal")
    assert result.ceilings["mel"] > 0.3 > {row.goal.measure: row.value for row in result.rows}["mel"]
    assert result.card["ceiling.mel"] == pytest.approx(result.ceilings["mel"], abs=1e-4)
    card = card_of(result)
    assert "## ideal: drums" in card and verdict(result) in card and "**bar**" in card
    assert all(f"`{row.goal.measure}`" in card for row in result.rows)
