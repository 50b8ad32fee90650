"""The estimators on sounds whose truth is known: none of it is the engine's music."""

import numpy as np
import pytest

from engine.evaluation.music import across, levels, pulse, seam, spectrum, tonality
from engine.music.key import Key
from engine.music.score import Chord
from tests.engine.evaluation_signals import PITCH_CLASSES, band_noise, chords, clicks

for name in ("mir_eval", "sonara", "sklearn", "pyloudnorm"):
    pytest.importorskip(name)

MAJOR, MINOR, MINOR_7, MAJOR_7 = (0, 4, 7), (0, 3, 7), (0, 3, 7, 10), (0, 4, 7, 11)


# --- pulse ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tempo_bpm", [93.0, 120.0, 128.5, 137.0])
@pytest.mark.parametrize("tracker", pulse.TRACKERS.values())
def test_the_tempo_of_clicks_is_right_to_a_thousandth(tracker, tempo_bpm):
    loop = clicks(tempo_bpm, 32 * 60 / tempo_bpm)
    assert pulse.tempo_of(tracker(loop)) == pytest.approx(tempo_bpm, rel=0.001)


@pytest.mark.parametrize("tracker", pulse.TRACKERS.values())
def test_a_range_settles_which_octave_the_tempo_is_in(tracker):
    loop = clicks(174.0, 32 * 60 / 174.0)
    assert pulse.is_tempo(pulse.tempo_of(tracker(loop, (123.0, 246.0))), 174.0)
    assert pulse.is_tempo(pulse.tempo_of(tracker(loop, (61.5, 123.0))), 87.0)


def test_a_tempo_is_right_within_one_percent_and_no_further():
    assert pulse.is_tempo(121.1, 120.0) and not pulse.is_tempo(121.3, 120.0)
    assert pulse.is_tempo(60.0, 120.0, pulse.OCTAVES) and not pulse.is_tempo(60.0, 120.0)
    assert not pulse.is_tempo(100.0, 120.0, pulse.OCTAVES)


def test_a_tempo_survives_beats_that_were_missed():
    beats = np.arange(0.0, 30.0, 0.5)
    assert pulse.tempo_of(np.delete(beats, [5, 17, 18, 40])) == pytest.approx(120.0)
    assert pulse.tempo_of(beats[:3]) == 0.0


@pytest.mark.parametrize("tracker", pulse.TRACKERS.values())
def test_beats_of_the_same_pulse_agree_and_others_do_not(tracker):
    seconds = 32 * 60 / 120.0
    one = tracker(clicks(120.0, seconds))
    assert pulse.beat_f1(one, tracker(clicks(120.0, seconds) * 0.1)) > 0.95
    assert pulse.beat_f1(one, tracker(clicks(101.0, seconds))) < 0.5
    off = tracker(clicks(120.0, seconds, phase=0.5))
    assert pulse.beat_f1(one, off) < 0.1 and pulse.beat_f1(one, off, levels=True) > 0.9


# --- keys and chords --------------------------------------------------------------------------------


@pytest.mark.parametrize("tonic", range(0, 12, 3))
@pytest.mark.parametrize(("is_minor", "degrees"), [
    (False, ((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR))),
    (True, ((0, MINOR), (5, MINOR), (7, MINOR), (0, MINOR))),
])  # fmt: skip
def test_the_key_of_a_cadence(tonic, is_minor, degrees):
    audio = chords([((tonic + degree) % 12, steps) for degree, steps in degrees], 1.0)
    assert tonality.key_of(tonality.notes_of(audio)) == (tonic, is_minor)


def test_keys_are_scored_as_mir_eval_does():
    assert tonality.weighted_key_score((9, True), (9, True)) == 1.0
    assert tonality.weighted_key_score((9, True), (0, False)) == pytest.approx(0.3)
    assert tonality.key_truth(Key.parse("D dorian")) == (2, True)


@pytest.mark.parametrize("rows", [
    [(9, MINOR), (5, MAJOR), (0, MAJOR), (7, MAJOR)],
    [(2, MINOR_7), (7, MAJOR), (0, MAJOR_7), (9, MINOR_7)],
    [(6, MINOR), (1, MAJOR), (8, MAJOR), (3, MINOR_7)],
])  # fmt: skip
def test_chords_are_heard_as_they_were_played(rows):
    intervals = np.array([(i * 1.5, (i + 1) * 1.5) for i in range(len(rows))])
    labels = [f"{PITCH_CLASSES[root]}:{'min' if 3 in steps else 'maj'}" for root, steps in rows]
    heard = tonality.heard_chords(tonality.notes_of(chords(rows)))
    assert tonality.chord_scores((intervals, labels), heard)["majmin"] > 0.85
    wrong = [f"{PITCH_CLASSES[(root + 1) % 12]}:maj" for root, _ in rows]
    assert tonality.chord_scores((intervals, wrong), heard)["majmin"] < 0.15


def test_a_neighbouring_semitone_is_not_heard_in_a_triad():
    chroma = tonality.chroma_of(tonality.notes_of(chords([(10, MINOR)], 3.0))).sum(axis=1)
    assert {int(i) for i in np.argsort(chroma)[-3:]} == {10, 1, 5}
    assert chroma[6] < 0.25 * chroma[5]


@pytest.mark.parametrize(("pitch_classes", "label"), [
    ((0, 4, 7, 11), "C:maj"), ((9, 0, 4, 7, 11), "A:min"), ((11, 2, 5), "B:dim"), ((2, 7, 9), "D:sus4"),
    ((4, 11), "E:5"), ((0, 4, 8), "C:aug"),
])  # fmt: skip
def test_chords_of_a_score_are_named_by_their_steps(pitch_classes, label):
    assert tonality.chord_label(Chord(0.0, 4.0, "", pitch_classes)) == label


def test_silence_has_no_chords():
    times, labels = tonality.heard_chords(np.zeros((tonality.NOTES, 20)))
    assert labels == ["N"] and times.shape == (1, 2)


# --- levels, seams, spectra -------------------------------------------------------------------------


def sine(hz: float, amplitude: float, seconds: float = 4.0) -> np.ndarray:
    """[N, C=2] at 44.1 kHz."""
    wave = amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * 44_100)) / 44_100)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def test_loudness_is_that_of_the_standard():
    # ITU-R BS.1770: a 997 Hz sine at full scale in one channel is -3.01 LUFS, in two channels 0.
    assert levels.loudness_lufs(sine(997.0, 1.0)) == pytest.approx(0.0, abs=0.1)
    assert levels.loudness_lufs(sine(997.0, 0.1)) == pytest.approx(-20.0, abs=0.1)
    assert np.isnan(levels.loudness_lufs(np.zeros((44_100, 2), np.float32)))


def test_a_true_peak_is_found_between_samples():
    quarter = np.sin(np.pi / 4 + np.pi / 2 * np.arange(44_100))
    audio = np.repeat(quarter[:, None], 2, axis=1).astype(np.float32)
    assert np.abs(audio).max() == pytest.approx(0.7071, abs=1e-3)
    assert levels.true_peak_db(audio) == pytest.approx(0.0, abs=0.15)


def test_a_seam_is_silent_where_the_loop_closes_and_loud_where_it_does_not():
    closed, broken = sine(441.0, 0.3, 2.0), sine(441.0, 0.3, 2.0 + 0.25 / 441.0)
    assert seam.seam_jump(closed) <= 1.05 and seam.seam_jump(broken) > 10
    assert seam.seam_flux(broken) > 5 * max(1.0, seam.seam_flux(closed))


def test_two_bands_of_noise_overlap_where_they_meet():
    low, also_low = (spectrum.spectrogram(band_noise(100, 400, 3.0, seed)) for seed in (1, 2))
    high = spectrum.spectrogram(band_noise(3000, 6000, 3.0, 3))
    assert spectrum.overlap(low, low) == pytest.approx(1.0)
    assert spectrum.overlap(low, also_low) > 0.7
    assert spectrum.overlap(low, high) < 0.02


def test_the_classifier_tells_sounds_apart_and_finds_nothing_in_shuffled_names():
    rng = np.random.default_rng(5)
    labels, groups = np.repeat(["a", "b", "c"], 8), np.tile(np.arange(8) % 4, 3)
    rows = rng.standard_normal((24, 10)) + 3.0 * (labels[:, None] == np.array(["a", "b"])).repeat(5, axis=1)
    assert (across.classified(rows, labels, groups) == labels).mean() > 0.9
    noise = rng.standard_normal((24, 10))
    assert (across.classified(noise, labels, groups) == labels).mean() < 0.7


def test_features_tell_low_noise_from_high_and_not_loud_from_soft():
    one = spectrum.features_of(band_noise(100, 400, 3.0, 1))
    soft = spectrum.features_of(0.5 * band_noise(100, 400, 3.0, 1))
    high = spectrum.features_of(band_noise(3000, 6000, 3.0, 1))
    assert np.linalg.norm(one - soft) < 0.2 * np.linalg.norm(one - high)
