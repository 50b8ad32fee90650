"""What the sound of every palette must measure like: no aliasing, no clicks, no two alike, one loudness."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest

from engine.instruments.palette import NAMES, PALETTES, Instrument, Layer
from engine.instruments.pitched import render_notes
from engine.instruments.render import render
from engine.music.score import Hit, Note, Score
from engine.units import STEM_SAMPLE_RATE, pitch_to_hz
from tests.engine.instrument_scores import INSTRUMENTS, score, unmixed

DRY = {"reverb": 0.0, "delay": 0.0}
TONAL = [p for p in INSTRUMENTS if any(layer.source in ("wave", "fm") for layer in PALETTES[p].layers)]
# A note near the top of what each role plays, where aliasing is worst.
TOPS = {"bass": 60, "harmony": 84, "melody": 96}
SPREAD_LU = 2.0


def steady(layer: Layer) -> Layer:
    """The layer as one oscillator that holds, its FM ratios whole, so that its partials are known."""
    layer = replace(layer, voices=1, detune_cents=0.0, decay_s=1000.0, formant_to="")
    if layer.source != "fm":
        return layer
    whole = {"ratio": round(layer.ratio), "modulator_ratio": round(layer.modulator_ratio)}
    return replace(layer, index_decay_s=1000.0, index_floor=1.0, **whole)


def unmoving(palette: str) -> Instrument:
    """The palette's oscillators, wide open filter and drive, without all that moves or blurs."""
    known = PALETTES[palette]
    return replace(
        known,
        layers=tuple(steady(layer) for layer in known.layers if layer.source in ("wave", "fm")),
        cutoff_hz=min(18_000.0, known.cutoff_hz * 2.0**known.envelope_octaves),
        decay_s=1000.0, sustain=1.0, envelope_octaves=0.0, lfo_octaves=0.0, bend_semitones=0.0,
        vibrato_semitones=0.0, squeeze=0.0, tremolo=0.0, chorus=0.0, delay=0.0, reverb=0.0,
    )  # fmt: skip


@pytest.mark.parametrize("palette", TONAL)
@pytest.mark.parametrize("below_top", [0, 5, 12])
def test_a_palette_with_its_drive_does_not_alias(palette, below_top):
    """What is heard between the partials (of two octaves below, too) is under -60 dB."""
    known = PALETTES[palette]
    pitch = min(known.high, TOPS[known.role]) - below_top
    note = score(palette, Note(0, 4, pitch, 100))
    audio = render_notes(note, unmoving(palette), lambda share: None)[20_000:52_768, 0].astype(float)
    power = np.abs(np.fft.rfft(audio * np.blackman(len(audio)))) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / STEM_SAMPLE_RATE)
    partial_hz = pitch_to_hz(pitch) / 4
    between = np.abs(hz - np.rint(hz / partial_hz) * partial_hz) > 14.0
    assert 10 * np.log10(power[between & (hz < 20_000)].sum() / power.sum()) < -60.0


@pytest.mark.parametrize("palette", INSTRUMENTS)
def test_a_note_ends_without_a_click(palette):
    """No first difference after the key is let go is larger than those while it was held."""
    pitch = {"bass": 40, "harmony": 60, "melody": 72}[PALETTES[palette].role]
    audio = unmixed(score(palette, Note(0, 1, pitch, 100), settings=DRY))
    steps = np.abs(np.diff(audio, axis=0)).max(axis=1)
    assert steps[22_050 - 100 :].max() <= 1.25 * steps[:22_050].max()
    held = steps[22_050 - 4410 : 22_050 - 100].max()
    assert steps[22_050 - 100 : 22_050 + 2205].max() <= max(1.5 * held, 1e-4 * np.abs(audio).max())


# --- no two alike -----------------------------------------------------------------------------------


@cache
def portrait(palette: str) -> np.ndarray:
    """Decibels of 10 bands in 6 stretches of time, and of the side against the middle: [61]."""
    if PALETTES[palette].role == "drums":
        hits = [
            ("kick", 0),
            ("snare", 1),
            ("closed_hat", 2),
            ("open_hat", 2.5),
            ("high_tom", 3),
            ("clap", 3.5),
        ]
        audio = unmixed(score(palette, *(Hit(beat, voice, 100) for voice, beat in hits)))
    else:
        pitch = {"bass": 40, "harmony": 60, "melody": 72}[PALETTES[palette].role]
        audio = unmixed(score(palette, Note(0, 2, pitch, 95)))
    rows = []
    edges = np.geomspace(30.0, 18_000.0, 11)
    for part in np.split(audio.mean(axis=1)[: 6 * 14_700], 6):
        power = np.abs(np.fft.rfft(part)) ** 2
        hz = np.fft.rfftfreq(len(part), 1 / STEM_SAMPLE_RATE)
        rows.append([power[(hz >= a) & (hz < b)].sum() for a, b in pairwise(edges)])
    bands = np.array(rows).ravel()
    width = np.square(audio[:, 0] - audio[:, 1]).sum() / np.square(audio.sum(axis=1)).sum()
    return np.append(10 * np.log10(bands / bands.sum() + 1e-5), 10 * np.log10(width + 1e-3))


@pytest.mark.parametrize("role", NAMES)
def test_no_two_palettes_of_a_role_sound_alike(role):
    apart_db = {
        pair: float(np.abs(portrait(pair[0]) - portrait(pair[1])).mean())
        for pair in combinations(NAMES[role], 2)
    }
    assert min(apart_db.values()) > 1.0, min(apart_db, key=apart_db.__getitem__)


# --- one loudness -----------------------------------------------------------------------------------


def eight_beats(palette: str) -> Score:
    """The same two bars for every palette of a role."""
    role = PALETTES[palette].role
    if role == "drums":
        kicks = [Hit(beat, "kick", 110) for beat in range(8)]
        hats = [Hit(step / 4, "closed_hat", 95 if step % 4 == 2 else 70) for step in range(32)]
        snares = [Hit(beat, "snare", 105) for beat in range(1, 8, 2)]
        return score(palette, *kicks, *snares, *hats, bars=2)
    if role == "harmony":
        chords = [(beat, pitch) for beat in range(0, 8, 2) for pitch in (57, 60, 64, 67)]
        return score(palette, *(Note(beat, 1.7, pitch - beat // 4, 90) for beat, pitch in chords), bars=2)
    line = (33, 33, 45, 40, 36, 36, 43, 38) if role == "bass" else (69, 72, 76, 74, 81, 79, 76, 72)
    notes = [Note(step / 2, 0.42, line[step % 8], 90) for step in range(16)]
    return score(palette, *notes, bars=2)


@pytest.mark.parametrize("role", NAMES)
def test_palettes_of_a_role_are_equally_loud(role):
    pyloudnorm = pytest.importorskip("pyloudnorm")
    meter = pyloudnorm.Meter(STEM_SAMPLE_RATE)
    lufs = {p: meter.integrated_loudness(render(eight_beats(p)).astype(float)) for p in NAMES[role]}
    middle = float(np.median(list(lufs.values())))
    assert {p: round(value - middle, 1) for p, value in lufs.items() if abs(value - middle) > SPREAD_LU} == {}
