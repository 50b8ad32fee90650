"""Laws of the voices: pitch, purity, articulation, and what settings and curves do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import EngineError
from engine.instruments import filters, layers, saturation
from engine.instruments.control import BLOCK
from engine.instruments.gestures import fold_pitch, gestures
from engine.instruments.palette import Layer, build, load
from engine.instruments.pitched import add_layer
from engine.instruments.render import PALETTES, render
from engine.instruments.wavetables import WAVES, wavetable
from engine.music.key import Key, Signature
from engine.music.score import Curve, Note, Score
from engine.units import STEM_SAMPLE_RATE, hz_to_pitch, pitch_to_hz
from tests.engine.instrument_scores import INSTRUMENTS, score

DRY = {"reverb": 0.0, "delay": 0.0}
# A unison of even voices and a vibrato have no single pitch; every palette else must hit its note.
EVEN = [p for p in INSTRUMENTS if any(layer.voices % 2 == 0 for layer in PALETTES[p].layers)]
STEADY = [p for p in INSTRUMENTS if not PALETTES[p].vibrato_semitones and p not in (*EVEN, "supersaw")]


def fundamental_hz(audio: np.ndarray, near_hz: float) -> float:
    """The strongest partial within a whole tone of `near_hz`, by a parabola over the log spectrum."""
    size = 1 << 19
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), size))
    low, high = (int(near_hz * size / STEM_SAMPLE_RATE * r) for r in (0.89, 1.12))
    peak = low + int(np.argmax(spectrum[low:high]))
    a, b, c = np.log(spectrum[peak - 1 : peak + 2])
    return (peak + 0.5 * (a - c) / (a - 2 * b + c)) * STEM_SAMPLE_RATE / size


def centroid_hz(audio: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(audio.mean(axis=1))) ** 2
    return float((power * np.fft.rfftfreq(len(audio), 1 / STEM_SAMPLE_RATE)).sum() / power.sum())


def share_above_2_khz(audio: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(audio.mean(axis=1))) ** 2
    return float(power[2000 * len(audio) // STEM_SAMPLE_RATE :].sum() / power.sum())


@pytest.mark.parametrize("palette", STEADY)
@pytest.mark.parametrize("pitch", [41, 57, 76])
def test_a_note_is_in_tune_within_five_cents(palette, pitch):
    pitch = fold_pitch(pitch, PALETTES[palette].low, PALETTES[palette].high)
    audio = render(score(palette, Note(0.0, 4.0, pitch, 100), settings=DRY)).mean(axis=1)
    assert abs(hz_to_pitch(fundamental_hz(audio, pitch_to_hz(pitch))) - pitch) < 0.05


@pytest.mark.parametrize("wave", WAVES)
@pytest.mark.parametrize("pitch", [60.37, 96.37, 104.37])
def test_oscillators_do_not_alias(wave, pitch):
    """All that lies between the partials is 60 dB below the sound."""
    note = np.zeros((1 << 16, 2), dtype=np.float32)
    layers.add_wave(
        note, np.full(len(note) // BLOCK, pitch), wavetable(wave), np.zeros(1),
        np.ones((1, 2), dtype=np.float32), np.zeros(1), 1000.0,
    )  # fmt: skip
    power = np.abs(np.fft.rfft(note[:, 0] * np.blackman(len(note)))) ** 2
    hz = np.fft.rfftfreq(len(note), 1 / STEM_SAMPLE_RATE)
    partial = np.rint(hz / pitch_to_hz(pitch))
    between = np.abs(hz - partial * pitch_to_hz(pitch)) > 6.0
    assert 10 * np.log10(power[between].sum() / power.sum()) < -60.0


@pytest.mark.parametrize("source", ["wave", "fm", "string", "breath", "modal"])
def test_every_source_sounds_and_adds_to_what_is_there(source):
    alone, twice = np.zeros((2, 4096, 2), dtype=np.float32)
    pitch = np.full(4096 // BLOCK, 60.0)
    add_layer(alone, pitch, Layer(source=source, modes=((1.0, 1.0, 1.0),)), seed=11)
    add_layer(twice, pitch, Layer(source=source, modes=((1.0, 1.0, 1.0),)), seed=11)
    add_layer(twice, pitch, Layer(source=source, modes=((1.0, 1.0, 1.0),)), seed=11)
    assert alone.std() > 0.01
    assert np.allclose(twice, 2.0 * alone, atol=1e-5)


def test_the_low_pass_is_the_analogue_one_bent_by_the_bilinear_transform():
    """Butterworth of second order: |H|^2 = 1 / (1 + (tan(pi f / fs) / tan(pi fc / fs))^4)."""
    loop = np.zeros((1 << 15, 2), dtype=np.float32)
    loop[0] = 1.0
    heard = np.abs(np.fft.rfft(filters.low_pass_loop(loop, np.full(len(loop) // BLOCK, 1000.0), 0)[:, 0]))
    hz = np.fft.rfftfreq(len(loop), 1 / STEM_SAMPLE_RATE)
    law = 1 / np.sqrt(
        1 + (np.tan(np.pi * hz / STEM_SAMPLE_RATE) / np.tan(np.pi * 1000 / STEM_SAMPLE_RATE)) ** 4
    )
    assert np.abs(heard - law).max() < 2e-3


def test_drive_folds_nine_db_less_than_the_bare_curve():
    n = np.arange(1 << 15)
    cycles = 2477  # 3.3 kHz, whole in the loop and prime: from the ninth partial on it folds below 15 kHz
    sine = np.sin(2 * np.pi * cycles * n / len(n))
    driven = np.stack([sine, sine], axis=1).astype(np.float32)
    saturation.drive_loop(driven, 6.0, 1.0, saturation.SHARP, saturation.WIDE)

    def folded_db(audio: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(audio)) ** 2
        folded = [abs((k * cycles + len(n) // 2) % len(n) - len(n) // 2) for k in range(9, 21, 2)]
        return float(10 * np.log10(power[folded].sum() / power.sum()))

    assert folded_db(driven[:, 0]) < folded_db(6 * sine / np.sqrt(1 + (6 * sine) ** 2)) - 9.0


@pytest.mark.parametrize("palette", [p for p in INSTRUMENTS if PALETTES[p].mono])
def test_legato_is_heard_on_mono_palettes(palette):
    first = Note(0, 1, 57, 90)
    apart, legato = (
        render(score(palette, replace(first, articulation=a), Note(1, 1, 60, 90)))
        for a in ("normal", "legato")
    )
    change = slice(22_050 - 441, 22_050 + 4410)
    assert np.abs(apart[change] - legato[change]).max() > 0.1 * np.abs(apart[change]).max()


@pytest.mark.parametrize("palette", [p for p in STEADY if PALETTES[p].role == "bass"])
@pytest.mark.parametrize("pitch", [28, 33, 40])
def test_short_low_notes_are_in_tune_too(palette, pitch):
    audio = render(score(palette, Note(0.0, 0.5, pitch, 100), settings=DRY)).mean(axis=1)[1500:14_000]
    assert abs(hz_to_pitch(fundamental_hz(audio, pitch_to_hz(pitch))) - pitch) < 0.05


def test_a_slide_glides_and_a_new_note_does_not():
    held = score("acid", Note(0, 1, 40, 90, articulation="legato"), Note(1, 1, 52, 90))
    tied = score("acid", Note(0, 1, 40, 90), Note(1, 1, 52, 90, slide=True))
    apart = score("acid", Note(0, 1, 40, 90), Note(1, 1, 52, 90))
    assert [g.pitches for g in gestures(tied, True, 24, 72)] == [(40.0, 52.0)]
    assert [(g.pitches, g.sliding) for g in gestures(held, True, 24, 72)] == [((40.0, 52.0), (False, False))]
    assert [g.sliding for g in gestures(tied, True, 24, 72)] == [(False, True)]
    assert [g.pitches for g in gestures(apart, True, 24, 72)] == [(40.0,), (52.0,)]


def test_a_mono_voice_plays_one_note_at_a_time_round_the_loop():
    made = gestures(
        score("lead", Note(1, 3, 60, 90), Note(2, 2, 64, 90), Note(3.5, 0.5, 62, 90)), True, 36, 96
    )
    ends = [g.start + g.gate_samples for g in made]
    assert ends == [made[1].start, made[2].start, 88_200]


def test_staccato_is_shorter_ghost_softer_accent_louder():
    def energy(articulation: str) -> float:
        return float(np.square(bare(Note(0, 1, 45, 80, articulation=articulation))).sum())

    def bare(note: Note) -> np.ndarray:
        # A loud reference at the end: levelling then treats all articulations alike.
        audio = render(score("sub", note, Note(2, 1, 45, 127), settings={**DRY, "drive": 0.0}))
        return audio[:44_100] / np.abs(audio[44_100:]).max()

    assert energy("staccato") < 0.7 * energy("normal")
    assert energy("ghost") < 0.6 * energy("normal") < energy("normal") < 0.8 * energy("accent")


@pytest.mark.parametrize("palette", INSTRUMENTS)
def test_brightness_brightens(palette):
    dark, bright = (
        render(score(palette, Note(0, 2, 57, 90), settings={"brightness": value})) for value in (0.1, 0.9)
    )
    assert centroid_hz(bright) > 1.005 * centroid_hz(dark)


def test_the_filter_curve_opens_the_sound():
    opening = Curve("filter", ((0.0, 0.0), (4.0, 1.0)))
    audio = render(score("supersaw", Note(0, 4, 57, 90), curves=(opening,), settings=DRY))
    assert share_above_2_khz(audio[60_000:80_000]) > 5.0 * share_above_2_khz(audio[8_000:28_000])


@pytest.mark.parametrize("palette", [p for p in INSTRUMENTS if PALETTES[p].role == "bass"])
def test_bass_is_mono(palette):
    audio = render(score(palette, Note(0, 2, 40, 90)))
    assert np.array_equal(audio[:, 0], audio[:, 1])


@pytest.mark.parametrize("palette", ["pad", "supersaw", "strings", "stab"])
def test_harmony_is_wide_and_balanced(palette):
    audio = render(score(palette, *(Note(0, 4, pitch, 90) for pitch in (57, 60, 64))))
    assert np.corrcoef(audio.T)[0, 1] < 0.8
    left, right = audio.std(axis=0)
    assert abs(20 * np.log10(left / right)) < 3.0


def test_a_palette_with_an_unknown_key_names_the_nearest():
    with pytest.raises(EngineError, match="cutoff_hz"):
        load('[bass.x]\nlayers = [{ wave = "saw" }]\ncutof_hz = 3.0\n')
    with pytest.raises(EngineError, match="'level'"):
        build(Layer, {"levl": 1.0}, "a test")


def test_a_plucked_line_that_is_tied_is_struck_again_before_it_has_died_away():
    notes = tuple(Note(beat, 1.0, 33 + beat % 5, 90, articulation="legato") for beat in range(16))
    line = Score("bass", 120.0, Key(), Signature(), 4, "jazz", "upright", notes=notes)
    energy = (render(line)[: line.length_samples].reshape(16, -1) ** 2).mean(axis=1)
    assert energy.min() > 0.01 * energy.max()
