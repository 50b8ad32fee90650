"""A score as rows of numbers, one a codec frame: laws of time, and that it tells what is played."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import EngineError
from engine.instruments.drums import timed
from engine.instruments.gestures import gestures
from engine.instruments.palette import PALETTES
from engine.model.codec.config import CodecConfig, config_named
from engine.model.track.conditioning import (
    COMMON,
    LOWEST_PITCH,
    MANNER,
    NUM_PITCHES,
    PITCH_ROWS,
    SLOTS,
    VOICE_ROWS,
    VOICES,
    score_frames,
    score_width,
)
from engine.model.track.played import as_played
from engine.music.score import ARTICULATIONS, Chord, Curve, Hit, Note, Score, Section
from tests.engine.instrument_scores import score

PITCHED, DRUMS = config_named("pitched"), config_named("drums")
HELD, ONSET, PLACE, FADING = range(4)


def busy(palette: str = "lead", **changes: object) -> Score:
    """Slides, ties, chords, pushes, a note over the loop's end; 2 s, 100 frames of `pitched`."""
    notes = (
        Note(0.0, 0.5, 57, 100, offset_ms=-11.3), Note(0.5, 0.5, 64, 70, slide=True),
        Note(1.25, 0.25, 60, 40, articulation="staccato"), Note(1.5, 0.5, 60, 127, articulation="legato"),
        Note(2.0, 1.0, 62, 90), Note(2.0, 1.0, 69, 90), Note(3.5, 0.5, 50, 110, offset_ms=35.0),
    )  # fmt: skip
    return score(palette, *notes, **changes)


def beaten(**changes: object) -> Score:
    hits = [
        Hit(0.0, "kick", 120, -4.0),
        Hit(1.0, "snare", 90, 7.7),
        Hit(1.02, "kick", 60),
        Hit(3.99, "crash", 100),
    ]
    return score("909", *hits, *(Hit(0.25 * i, "closed_hat", 60 + i) for i in range(16)), **changes)


def frames_of(made: Score, codec: CodecConfig) -> int:
    return -(-made.length_samples // codec.hop)


def voices(rows: np.ndarray) -> np.ndarray:
    """[F, 4, voices]"""
    return rows[:, : VOICE_ROWS * len(VOICES)].reshape(len(rows), VOICE_ROWS, -1)


def pitches(rows: np.ndarray) -> np.ndarray:
    """[F, 4, pitches]"""
    return rows[:, : PITCH_ROWS * NUM_PITCHES].reshape(len(rows), PITCH_ROWS, -1)


def manner(rows: np.ndarray) -> np.ndarray:
    return rows[:, PITCH_ROWS * NUM_PITCHES :][:, :MANNER]


def common(rows: np.ndarray, kind: str) -> np.ndarray:
    start = VOICE_ROWS * len(VOICES) if kind == "drums" else PITCH_ROWS * NUM_PITCHES + MANNER
    return rows[:, start : start + COMMON]


@pytest.mark.parametrize("codec", ["debug", "drums", "pitched", "seanet_pitched"])
@pytest.mark.parametrize(("made", "kind"), [(busy(), "pitched"), (beaten(), "drums")])
def test_rows_are_as_wide_as_told_whatever_the_codec(made: Score, kind: str, codec: str) -> None:
    rows = score_frames(made, config_named(codec), -3, 20)
    assert rows.shape == (20, score_width(kind)) and rows.dtype == np.float32
    assert np.isfinite(rows).all() and np.abs(rows).max() < 10.0 and rows.any()


@pytest.mark.parametrize("tempo_bpm", [120.0, 127.3])
@pytest.mark.parametrize(("palette", "codec"), [("lead", PITCHED), ("pad", PITCHED), ("909", DRUMS)])
def test_rows_of_a_window_are_those_of_the_whole(palette: str, codec: CodecConfig, tempo_bpm: float) -> None:
    made = beaten(tempo_bpm=tempo_bpm) if palette == "909" else busy(palette, tempo_bpm=tempo_bpm)
    whole = score_frames(made, codec, -130, 400)
    for first, count in ((-130, 7), (-1, 2), (0, 100), (93, 40), (200, 70), (269, 1)):
        window = score_frames(made, codec, first, count)
        np.testing.assert_allclose(window, whole[first + 130 :][:count], atol=2e-3)


@pytest.mark.parametrize(("made", "codec"), [(busy(), PITCHED), (beaten(), DRUMS)])
def test_a_loop_of_whole_frames_comes_back_with_the_same_rows(made: Score, codec: CodecConfig) -> None:
    frames = frames_of(made, codec)
    assert frames * codec.hop == made.length_samples
    rows = score_frames(made, codec, 0, 2 * frames)
    np.testing.assert_allclose(rows[:frames], rows[frames:], atol=2e-3)
    np.testing.assert_allclose(score_frames(made, codec, -5 * frames, frames), rows[:frames], atol=2e-3)


def test_every_hit_stands_in_its_frame_at_its_place() -> None:
    made = beaten()
    rows = voices(score_frames(made, DRUMS, -1, frames_of(made, DRUMS) + 1))
    for start, hit in timed(made):
        frame, inside = divmod(start, DRUMS.hop)
        row = rows[frame + 1, :, VOICES.index(hit.voice)]
        assert row[HELD] == pytest.approx(hit.velocity / 127)  # its onset: drums are not held
        assert row[ONSET] * DRUMS.hop == pytest.approx(inside, abs=1e-3)
    assert (rows[1:, HELD] > 0).sum() == len(made.hits)  # the first frame is the last one's as well


def test_what_was_struck_fades_until_it_is_struck_again() -> None:
    made = score("909", Hit(0.0, "crash", 127), Hit(2.0, "crash", 64))
    fading = voices(score_frames(made, DRUMS, 0, 150))[:, 3, VOICES.index("crash")]
    assert (np.diff(fading[:75]) < 0).all() and (np.diff(fading[75:]) < 0).all()
    assert fading[75] > fading[74]
    assert fading[30] / fading[0] == pytest.approx(np.exp(-0.4 / 0.4), rel=1e-4)  # 30 frames are 0.4 s


def test_slots_tell_an_onset_linearly() -> None:
    made = score("909", Hit(0.0, "kick", 127, offset_ms=6.0))
    slots = common(score_frames(made, DRUMS, 0, 1), "drums")[0, :SLOTS]
    assert slots.sum() == pytest.approx(1.0)
    place = (slots * (np.arange(SLOTS) + 0.5)).sum() / SLOTS
    assert place * DRUMS.hop == pytest.approx(0.006 * 44_100, abs=1.0)


@pytest.mark.parametrize("palette", ["lead", "pad", "electric_bass"])
def test_every_stroke_stands_where_the_instrument_plays_it(palette: str) -> None:
    made = busy(palette)
    instrument = PALETTES[palette]
    played = gestures(made, instrument.mono, instrument.low, instrument.high, instrument.holds_s * 44_100)
    rows = pitches(score_frames(made, PITCHED, -1, 101))
    for gesture in played:
        frame, inside = divmod(gesture.start, PITCHED.hop)
        row = rows[frame + 1, :, int(gesture.pitches[0]) - LOWEST_PITCH]
        assert row[ONSET] == pytest.approx(gesture.velocity / 127)
        assert row[PLACE] * PITCHED.hop == pytest.approx(inside, abs=1e-3)
    assert (rows[1:, ONSET] > 0).sum() == len(played)  # the first frame is the last one's as well


def test_a_note_is_held_as_long_as_its_key() -> None:
    made = score("pad", Note(1.0, 1.0, 60, 127), Note(3.0, 0.5, 62, 127, articulation="staccato"))
    held = pitches(score_frames(made, PITCHED, 0, 100))[:, HELD]
    assert held[:, 60 - LOWEST_PITCH].sum() * PITCHED.hop == pytest.approx(22_050, abs=1)
    assert held[:, 62 - LOWEST_PITCH].sum() * PITCHED.hop == pytest.approx(22_050 / 4, abs=1)
    assert held[25:50, 60 - LOWEST_PITCH] == pytest.approx(1.0)


def test_a_slide_and_an_articulation_are_told_while_they_sound() -> None:
    made = busy("lead")
    told = manner(score_frames(made, PITCHED, 0, 100))
    slide, bend = told[:, len(ARTICULATIONS)], told[:, len(ARTICULATIONS) + 1]
    assert slide[14] == 1.0 and slide[80] == 0.0
    assert bend[12] < -0.05  # it still comes from seven semitones below
    assert told[32, ARTICULATIONS.index("staccato")] > 0.0
    assert told[40, ARTICULATIONS.index("legato")] == 1.0


def test_pitches_beyond_a_piano_are_written_an_octave_nearer() -> None:
    made = replace(score("pad", Note(0.0, 1.0, 5, 100), Note(2.0, 1.0, 125, 100)), palette="")
    onset = pitches(score_frames(made, PITCHED, 0, 100))[:, ONSET]
    assert [int(i) + LOWEST_PITCH for i in np.flatnonzero(onset.any(axis=0))] == [29, 101]


def test_curves_chords_and_sections_are_told_when_they_are() -> None:
    plain = busy()
    full = replace(
        plain,
        curves=(Curve("filter", ((0.0, 0.0), (4.0, 1.0))), Curve("duck", ((0.0, 1.0), (0.5, 0.0)))),
        chords=(Chord(0.0, 2.0, "Am", (9, 0, 4)), Chord(2.0, 2.0, "F", (5, 9, 0))),
        sections=(Section("drop", 0, 1, energy=0.9),),
    )
    before, rows = (common(score_frames(s, PITCHED, 0, 100), "pitched")[:, SLOTS:] for s in (plain, full))
    assert rows[:, 2] == pytest.approx((np.arange(100) + 0.25) / 100)  # filter
    assert (rows[13:, 4:6] == 0.0).all() and (rows[:12, 4:6] > 0.0).all()  # duck
    assert (before[:, 0:4] == 0.5).all() and (before[:, 4:6] == 0.0).all()
    assert (rows[:, 12] == np.float32(0.9)).all() and rows[:, 13:21].sum() == 100
    chords = rows[:, 21:45]
    assert np.flatnonzero(chords[10]).tolist() == [0, 4, 9, 12 + 9]
    assert np.flatnonzero(chords[60]).tolist() == [0, 5, 9, 12 + 5]
    assert not before[:, 13:].any()


def test_beat_and_bar_go_round_with_the_loop() -> None:
    rows = common(score_frames(busy(bars=2), PITCHED, 0, 200), "pitched")[:, SLOTS + 6 :]
    beat, bar = (np.arctan2(rows[:, i], rows[:, i + 1]) / (2 * np.pi) % 1.0 for i in (0, 2))
    assert beat == pytest.approx((np.arange(200) + 0.5) / 25 % 1.0, abs=1e-4)
    assert bar == pytest.approx((np.arange(200) + 0.5) / 100 % 1.0, abs=1e-4)


def test_a_score_played_by_another_source_has_no_palette() -> None:
    assert as_played(busy("moog"), "instruments:moog").palette == "moog"
    assert as_played(busy("moog"), "soundfont:some:33").palette == ""
    low = replace(busy("moog"), notes=(Note(0.0, 1.0, 100, 100),))
    high = pitches(score_frames(as_played(low, "soundfont:some:33"), PITCHED, 0, 100))
    assert np.flatnonzero(high[:, ONSET].any(axis=0)).tolist() == [100 - LOWEST_PITCH]


def test_an_empty_score_has_rows_as_well() -> None:
    for palette, codec in (("lead", PITCHED), ("909", DRUMS)):
        rows = score_frames(score(palette), codec, -2, 9)
        assert len(rows) == 9 and np.isfinite(rows).all()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(EngineError, match="drums, pitched"):
        score_width("choir")
    with pytest.raises(EngineError, match="drums, pitched"):
        score_frames(busy(), PITCHED, 0, 1, kind="choir")
