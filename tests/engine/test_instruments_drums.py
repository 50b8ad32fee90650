"""Laws of the drums."""

from __future__ import annotations

import numpy as np
import pytest

from engine.instruments.drums import VARIATIONS, Shot, bucket_of
from engine.instruments.palette import Kit
from engine.instruments.render import PALETTES, render
from engine.music.key import Key, Signature
from engine.music.score import DRUM_VOICES, Curve, Hit, Score
from engine.units import STEM_SAMPLE_RATE
from tests.engine.instrument_scores import KITS, score, unmixed


def centroid_hz(shot: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(shot.reshape(len(shot), -1).mean(axis=1))) ** 2
    return float((power * np.fft.rfftfreq(len(shot), 1 / STEM_SAMPLE_RATE)).sum() / power.sum())


def drum_sound(kit: Kit, voice: str, velocity: int, variation: int, shade: int) -> np.ndarray:
    return Shot(voice, bucket_of(velocity), variation, shade).sound(kit)


@pytest.mark.parametrize("kit", KITS)
def test_every_voice_sounds_and_no_two_alike(kit):
    shots = {voice: drum_sound(PALETTES[kit], voice, 100, 0, 0) for voice in DRUM_VOICES}
    assert all(np.isfinite(shot).all() and 0.1 < np.abs(shot).max() < 4.0 for shot in shots.values())
    assert len({shot.tobytes() for shot in shots.values()}) == len(DRUM_VOICES)
    assert centroid_hz(shots["kick"]) < centroid_hz(shots["snare"]) < centroid_hz(shots["closed_hat"])


@pytest.mark.parametrize("voice", DRUM_VOICES)
def test_a_voice_ends_in_silence(voice):
    shot = drum_sound(PALETTES["909"], voice, 127, 0, 0)
    assert np.abs(shot[-32:]).max() < 0.002 * np.abs(shot).max()


@pytest.mark.parametrize("voice", ["snare", "closed_hat", "kick"])
def test_velocity_is_level_and_brightness(voice):
    soft, hard = (drum_sound(PALETTES["909"], voice, velocity, 0, 0) for velocity in (20, 120))
    assert centroid_hz(hard) > 1.05 * centroid_hz(soft)
    audio = unmixed(score("909", Hit(0, voice, 30), Hit(2, voice, 120)))
    assert np.abs(audio[:44_100]).max() < 0.4 * np.abs(audio[44_100:]).max()


def test_round_robin_shots_differ_by_a_hair():
    shots = [drum_sound(PALETTES["909"], "closed_hat", 100, n, 0) for n in range(VARIATIONS)]
    assert len({shot.tobytes() for shot in shots}) == VARIATIONS
    levels = [shot.std() for shot in shots]
    assert max(levels) < 1.2 * min(levels)


def test_a_closed_hat_chokes_the_open_one_round_the_loop():
    def tail(*more: Hit) -> float:
        audio = render(score("909", Hit(3.75, "open_hat", 100), Hit(2, "kick", 127), *more))
        return float(np.square(audio[6000:12_000]).sum())

    assert tail(Hit(0.0, "closed_hat", 1)) < 0.01 * tail()


@pytest.mark.parametrize("kit", KITS)
def test_the_kick_is_in_the_centre(kit):
    left, right = render(score(kit, Hit(0, "kick", 110))).T
    assert np.square(left - right).sum() < 0.02 * np.square(left + right).sum()


def test_hats_and_toms_have_their_places():
    def lean_db(voice: str) -> float:
        left, right = unmixed(score("909", Hit(0, voice, 110))).std(axis=0)
        return float(20 * np.log10(right / left))

    assert lean_db("closed_hat") > 1.0 and lean_db("high_tom") > 1.0 and lean_db("conga") < -1.0


def test_the_filter_curve_closes_the_drums():
    hits = [Hit(beat / 4, "snare", 100) for beat in range(16)]
    closed = Curve("filter", ((0.0, 0.1),))
    dull, open_ = (render(score("909", *hits, curves=curves)) for curves in ((closed,), ()))
    assert centroid_hz(dull.mean(axis=1)) < 0.2 * centroid_hz(open_.mean(axis=1))


def side_share(audio: np.ndarray, below_hz: float) -> float:
    """How much of the sound below a frequency is not the same on both sides."""
    spectra = np.abs(np.fft.rfft(audio, axis=0)[: int(below_hz * len(audio) / STEM_SAMPLE_RATE)])
    left, right = np.fft.rfft(audio, axis=0)[: len(spectra)].T
    return float(np.square(np.abs(left - right)).sum() / np.square(np.abs(left + right)).sum())


@pytest.mark.parametrize("kit", KITS)
def test_drums_are_mono_below_100_hz(kit):
    voices = ("kick", "low_tom", "snare", "high_tom")
    audio = render(score(kit, *(Hit(beat, voice, 110) for beat, voice in enumerate(voices))))
    assert side_share(audio, 100.0) < 0.01


@pytest.mark.parametrize("voice", ["snare", "ride", "crash"])
def test_overheads_are_wide_and_their_mono_sum_is_the_shot(voice):
    shot = drum_sound(PALETTES["acoustic"], voice, 100, 0, 0)
    assert np.square(shot[:, 0] - shot[:, 1]).sum() > 0.02 * np.square(shot.sum(axis=1)).sum()
    narrow = drum_sound(PALETTES["acoustic"], "kick", 100, 0, 0)
    assert np.array_equal(narrow[:, 0], narrow[:, 1])


@pytest.mark.parametrize("kit", KITS)
def test_hats_do_not_machine_gun(kit):
    """Eight equal hits: no two neighbours are the same sound."""
    audio = render(
        score(kit, *(Hit(beat / 2, "closed_hat", 90) for beat in range(8)), settings={"reverb": 0.0})
    )
    hits = audio[:, 0].reshape(8, -1)[:, :4000]
    for a, b in zip(hits, np.roll(hits, 1, axis=0), strict=True):
        assert np.abs(a - b).max() > 0.05 * np.abs(a).max()


@pytest.mark.parametrize("kit", ["808", "909", "acoustic"])
def test_brightness_is_heard_in_the_highs_of_every_kit(kit):
    def highs(brightness: float) -> float:
        hits = tuple(
            Hit(beat / 2, voice, 90)
            for beat in range(8)
            for voice in ("kick", "snare", "closed_hat")[: 1 + beat % 3]
        )
        settings = {"brightness": brightness}
        score = Score("drums", 120.0, Key(), Signature(), 1, "house", kit, hits=hits, settings=settings)
        spectrum = np.abs(np.fft.rfft(render(score).mean(axis=1))) ** 2
        return float(10.0 * np.log10(spectrum[len(spectrum) // 3 :].sum() / spectrum.sum()))

    assert highs(0.3) + 1.0 < highs(0.5) < highs(0.7) - 1.0
