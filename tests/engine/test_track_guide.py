"""The guide: what oscillators at the score's pitches have in the codec's low band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.instruments.palette import PALETTES
from engine.instruments.render import play
from engine.model.codec.config import CodecConfig, config_named
from engine.model.codec.grid import Grid, companded, to_mid_side
from engine.model.track.conditioning import score_frames
from engine.model.track.guide import CHANNELS, GUIDE_SIZE, GUIDE_VALUES
from engine.music.score import Hit, Note, Score
from tests.engine.instrument_scores import score, unmixed

PITCHED, DRUMS = config_named("pitched"), config_named("drums")
DRY = {"reverb": 0.0, "delay": 0.0, "drive": 0.0}


def tune(palette: str, **changes: object) -> Score:
    """2 s, 100 frames of codec `pitched`; pushes, a slide."""
    notes = (
        Note(0.0, 1.0, 57, 100), Note(1.0, 0.5, 64, 80, offset_ms=7.3), Note(1.5, 0.5, 60, 90, slide=True),
        Note(2.5, 1.0, 69, 110, offset_ms=-5.1),
    )  # fmt: skip
    return score(palette, *notes, settings=DRY, **changes)


def guide(made: Score, codec: str = "pitched", cents: float = 0.0, first: int = 0) -> np.ndarray:
    """[100 F, CHANNELS, GUIDE_VALUES]"""
    rows = score_frames(made, config_named(codec), first, 100, cents=cents)
    return rows[:, -GUIDE_SIZE:].reshape(100, CHANNELS, GUIDE_VALUES)


def low_band(audio: np.ndarray, codec: CodecConfig = PITCHED) -> np.ndarray:
    """[N, C=2] -> what the codec's encoder adds to its latents, [F, lows]."""
    grid = Grid(codec.hop, codec.latent_width, codec.settings)
    pieces = grid.pieces(to_mid_side(torch.from_numpy(audio.T.copy())[None]))[:, :1]
    return companded(grid.by_frame(grid.low_band(pieces)[..., None]))[0].numpy()


def explained(told: np.ndarray, heard: np.ndarray) -> float:
    """The share of the power of `heard` [F, lows] that `told` [F, channels, lows] has, place by place.

    Without the frames at either end, where the one knows what lies beyond and the other does not.
    """
    left = 0.0
    for place in range(heard.shape[1]):
        x, y = told[1:-1, :, place], heard[1:-1, place]
        weights, *_ = np.linalg.lstsq(x, y, rcond=None)
        left += float(((y - x @ weights) ** 2).sum())
    return 1.0 - left / float((heard[1:-1] ** 2).sum())


def sines(made: Score, quarter: float) -> np.ndarray:
    """Plain sines at its notes' onsets, held and let go at once: [N, C=2]."""
    audio = np.zeros((made.length_samples, 2), dtype=np.float32)
    for note in made.notes:
        start = round(note.start_beats * 22_050 + note.offset_ms * 44.1)
        seconds = np.arange(round(note.length_beats * 22_050)) / 44_100
        hz = 440.0 * 2.0 ** ((note.pitch - 69) / 12)
        audio[start : start + len(seconds)] += np.sin(2 * np.pi * (hz * seconds + quarter))[:, None]
    return audio


@pytest.mark.parametrize(("channel", "quarter"), [(0, 0.0), (1, 0.25)])
def test_the_fundamental_lies_in_the_places_of_the_encoder(channel: int, quarter: float) -> None:
    made = replace(tune("sine_lead"), palette="", notes=(Note(1.0, 2.0, 57, 127), Note(1.0, 2.0, 76, 127)))
    told, heard = guide(made)[27:74, channel], low_band(sines(made, quarter))[27:74]
    gain = (told * heard).sum() / (heard * heard).sum()
    assert gain > 0.0
    np.testing.assert_allclose(told, gain * heard, atol=0.05 * np.abs(told).max())


def test_a_phase_between_is_a_sum_of_both_before_companding() -> None:
    made = replace(tune("sine_lead"), palette="", notes=(Note(1.0, 2.0, 57, 127),))
    told, heard = guide(made)[27:74, :2], low_band(sines(made, 0.125))[27:74]
    told, heard = told * np.abs(told), heard * np.abs(heard)
    assert explained(told, heard) > 0.999


@pytest.mark.parametrize("palette", ["saw_lead", "supersaw", "lead", "chip", "trumpet"])
def test_the_guide_explains_what_the_palette_plays(palette: str) -> None:
    made = tune(palette)
    heard = low_band(play(made, PALETTES[palette], lambda share: None))
    left = 1.0 - explained(guide(made), heard)
    assert left < 0.15
    late = replace(made, notes=tuple(replace(note, offset_ms=note.offset_ms + 3.0) for note in made.notes))
    assert 1.0 - explained(guide(late), heard) > 1.7 * left  # notes 3 ms later do not


def test_a_unison_is_explained_by_its_own_waves_alone() -> None:
    heard = low_band(play(tune("supersaw"), PALETTES["supersaw"], lambda share: None))
    told = guide(tune("supersaw"))
    assert explained(told[:, :4], heard) < 0.5 < 0.85 < explained(told[:, 4:], heard)


def test_the_guide_follows_the_tuning() -> None:
    made = replace(tune("sine_lead"), palette="")
    sharp = replace(made, notes=tuple(replace(note, pitch=note.pitch + 1) for note in made.notes))
    np.testing.assert_allclose(guide(made, cents=100.0), guide(sharp), atol=1e-4)
    assert np.abs(guide(made, cents=8.0) - guide(made)).max() > 0.1


def test_a_note_over_the_seam_sounds_before_the_loop_begins() -> None:
    made = score("pad", Note(3.0, 1.0, 57, 100), settings=DRY)
    assert np.abs(guide(made)[:10]).max() > 0.05  # its release
    np.testing.assert_allclose(guide(made, first=-100), guide(made), atol=2e-3)


def beat(kit: str, **changes: object) -> Score:
    """A bar of all that has a body, one stroke on the way into the next turn."""
    voices = ("kick", "snare", "low_tom", "kick", "high_tom", "clap", "kick", "conga")
    hits = (Hit(0.5 * place, voice, 60 + 9 * place, 1.7 * place) for place, voice in enumerate(voices))
    return score(kit, *hits, settings=DRY, **changes)


def struck(made: Score, first: int = 0) -> np.ndarray:
    """[150 F, CHANNELS, lows of the codec]: two seconds."""
    rows = score_frames(made, DRUMS, first, 150)[:, -GUIDE_SIZE:]
    return rows.reshape(150, CHANNELS, GUIDE_VALUES)[
        :, :, : DRUMS.settings.sub_frames * DRUMS.settings.low_bins
    ]


@pytest.mark.parametrize("kit", ["909", "808", "acoustic", "jazz", "trap", "electro"])
def test_the_guide_explains_what_the_kit_plays(kit: str) -> None:
    made = beat(kit)
    heard = low_band(unmixed(made), DRUMS)
    left = 1.0 - explained(struck(made)[:, ::2], heard)
    assert left < 0.1
    late = replace(made, hits=tuple(replace(hit, offset_ms=hit.offset_ms + 2.0) for hit in made.hits))
    assert 1.0 - explained(struck(late)[:, ::2], heard) > 2.0 * left + 0.05  # strokes 2 ms later do not


def test_strokes_go_on_over_the_seam_in_every_turn() -> None:
    made = beat("808")
    assert np.abs(struck(made)[:5]).max() > 0.05  # what rings from the turn before
    np.testing.assert_allclose(struck(made, first=-150), struck(made), atol=1e-5)


def test_a_quarter_on_is_as_loud_as_the_stroke() -> None:
    told = struck(beat("808"))
    power = np.square(np.square(told)).sum(axis=(0, 2))  # of what was companded
    np.testing.assert_allclose(power[1::2], power[::2], rtol=0.15)


def test_a_kit_that_is_not_ours_has_an_acoustic_ones_strokes() -> None:
    np.testing.assert_array_equal(struck(replace(beat("808"), palette="")), struck(beat("acoustic")))


@pytest.mark.parametrize("codec", ["debug", "drums", "seanet_pitched"])
def test_every_codec_is_told_something(codec: str) -> None:
    told = guide(tune("lead"), codec)
    assert np.isfinite(told).all() and all(told[:, channel].any() for channel in range(CHANNELS))


def test_what_lies_above_the_band_is_silent() -> None:
    made = replace(score("chip", Note(0.0, 4.0, 105, 127)), palette="")  # 3.5 kHz; the octave below 1.8 kHz
    assert not guide(made).any()
