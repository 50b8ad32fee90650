"""Laws of the last stage of a stem: loudness, true peak, its place in the spectrum, no seam."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from engine.audio.finishing import OTHER_SHAPE, SHAPES, finish, shaped
from engine.audio.limiter import LOOK_BLOCKS, limit
from engine.audio.loudness import K_WEIGHTING, loudness
from engine.audio.mixing import OTHER_ROLE, ROLES, role_of
from engine.audio.true_peak import BLOCK, true_peak
from engine.instruments.render import PALETTES, render
from engine.music.score import Curve
from engine.units import STEM_SAMPLE_RATE, db_to_gain, gain_to_db
from tests.engine.instrument_scores import phrase

TRACKS = [*ROLES, "vocal"]


def noise(samples: int, seed: int = 0, level: float = 0.1) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal((samples, 2))).astype(np.float32)


def spiky(samples: int, seed: int, spikes: int) -> np.ndarray:
    """Soft noise with `spikes` samples that stand far out, anywhere, the seam included."""
    loop = noise(samples, seed, 0.05)
    rng = np.random.default_rng(seed + 1)
    loop[rng.integers(0, samples, spikes)] = rng.choice([-1.0, 1.0], (spikes, 2))
    return loop


def sines(*hz: float, seconds: float = 2.0) -> np.ndarray:
    """A loop of whole cycles: left and right alike."""
    samples = round(seconds * STEM_SAMPLE_RATE)
    turns = [2 * np.pi * round(f * seconds) * np.arange(samples) / samples for f in hz]
    wave = 0.2 * sum(np.sin(turn) for turn in turns)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def level_db(loop: np.ndarray, hz: float) -> float:
    """The amplitude of one partial of `sines` on the left."""
    spectrum = np.abs(np.fft.rfft(loop[:, 0])) / len(loop) * 2
    return gain_to_db(float(spectrum[round(hz * len(loop) / STEM_SAMPLE_RATE)]))


def heard_peak(loop: np.ndarray) -> float:
    """By another interpolator, eight times oversampled, over the seam."""
    played = resample_poly(np.tile(loop, (3, 1)), 8, 1, axis=0)
    return float(np.abs(played[8 * len(loop) : 16 * len(loop)]).max())


# --- limiter --------------------------------------------------------------------------------------


def test_below_the_ceiling_nothing_but_the_gain_happens():
    loop = noise(30_000)
    limited = loop.copy()
    assert limit(limited, 0.5, 0.9) == 1.0
    assert np.array_equal(limited, loop * np.float32(0.5))


@settings(max_examples=30, deadline=None)
@given(st.integers(2700, 40_000), st.integers(0, 99), st.integers(0, 30), st.floats(0.3, 4.0))
def test_no_true_peak_passes_the_ceiling(samples, seed, spikes, gain):
    loop = spiky(samples, seed, spikes)
    limit(loop, gain, 0.5)
    assert true_peak(loop) <= 0.5


@settings(max_examples=15, deadline=None)
@given(st.integers(100, 1200), st.integers(0, 99))
def test_the_limiter_knows_no_first_sample(blocks, seed):
    loop = spiky(blocks * BLOCK, seed, 12)
    turned = np.roll(loop, 37 * BLOCK, axis=0)
    limit(loop, 2.0, 0.5)
    limit(turned, 2.0, 0.5)
    assert turned == pytest.approx(np.roll(loop, 37 * BLOCK, axis=0), abs=2e-4)


def test_the_limiter_looks_ahead_over_the_seam_and_moves_gently():
    loop = np.where(np.arange(40_000) // 50 % 2, 0.1, -0.1).repeat(2).reshape(-1, 2).astype(np.float32)
    loop[0] = -1.0
    limited = loop.copy()
    limit(limited, 1.0, 0.3)
    gains = limited[:, 0] / loop[:, 0]
    steps = np.abs(np.diff(gains, append=gains[:1]))
    assert gains[-1] < 0.35 and gains[20_000] == pytest.approx(1.0, abs=1e-3)
    assert steps.max() < 1.0 / (BLOCK * LOOK_BLOCKS)  # no step: a slope at most


# --- finishing ------------------------------------------------------------------------------------


def test_four_finished_stems_stay_below_minus_one_dbtp_whatever_they_play():
    assert gain_to_db(sum(db_to_gain(role.true_peak_db) for role in ROLES.values())) < -1.0


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(TRACKS), st.integers(2700, 60_000), st.integers(0, 99), st.integers(0, 9),
       st.floats(0.5, 1.4))  # fmt: skip
def test_a_finished_stem_never_passes_its_true_peak(track, samples, seed, spikes, dynamics):
    loop = spiky(samples, seed, spikes)
    finish(loop, track, dynamics)
    assert np.isfinite(loop).all()
    assert gain_to_db(true_peak(loop)) <= role_of(track).true_peak_db
    assert gain_to_db(heard_peak(loop)) <= role_of(track).true_peak_db + 0.4


def test_worst_cases_of_all_four_add_up_below_minus_one_dbtp():
    total = np.zeros((44_100, 2), dtype=np.float32)
    for track in ROLES:
        loop = spiky(44_100, 7, 5)  # the same spikes in each
        finish(loop, track)
        total += loop
    assert gain_to_db(heard_peak(total)) < -1.0


@pytest.mark.parametrize("track", TRACKS)
def test_loud_and_soft_come_to_the_loudness_of_their_role(track):
    for level in (0.5, 0.001):
        loop = level * sines(300.0, 700.0, 1500.0)
        finish(loop, track)
        wanted = role_of(track).loudness_lufs
        assert wanted - 3.0 < loudness(loop) <= wanted + 0.1


def test_a_soft_score_stays_softer():
    usual, soft = sines(300.0, 900.0), sines(300.0, 900.0)
    finish(usual, "harmony")
    finish(soft, "harmony", 0.3)
    assert loudness(soft) < loudness(usual) - 3.0


@pytest.mark.parametrize("track", TRACKS)
def test_silence_stays_silent_and_nothing_is_too_short(track):
    silent = np.zeros((50_000, 2), dtype=np.float32)
    finish(silent, track)
    assert not silent.any()
    finish(np.zeros((0, 2), dtype=np.float32), track)
    click = np.zeros((2756, 2), dtype=np.float32)
    click[1000:1010] = 0.5
    finish(click, track)
    assert np.isfinite(click).all() and 0.0 < true_peak(click) <= db_to_gain(role_of(track).true_peak_db)


@pytest.mark.parametrize("track", TRACKS)
def test_no_dc_is_left(track):
    loop = noise(60_000) + np.float32(0.3)
    finish(loop, track)
    assert np.abs(loop.mean(axis=0)).max() < 1e-4


@pytest.mark.parametrize("shape", [*SHAPES.values(), OTHER_SHAPE])
def test_the_filters_have_no_first_sample(shape):
    loop = noise(50_000, 3)
    turned = np.roll(loop, 20_000, axis=0)
    for each in (loop, turned):
        shaped(each, *shape.mid, *shape.side, *K_WEIGHTING)
    assert np.abs(np.roll(turned, -20_000, axis=0) - loop).max() < 1e-5


@pytest.mark.parametrize("track", ["harmony", "melody"])
def test_harmony_and_melody_leave_the_low_end_to_the_bass(track):
    loop = sines(50.0, 500.0)
    finish(loop, track)
    assert level_db(loop, 50.0) < level_db(loop, 500.0) - 12.0


def test_the_bass_keeps_its_own_and_keeps_it_in_the_middle():
    loop = sines(50.0, 500.0)
    loop[:, 1] *= -1.0  # all of it on the sides
    loop += sines(80.0)
    finish(loop, "bass")
    side, mid = loop[:, 0] - loop[:, 1], loop[:, 0] + loop[:, 1]
    sides, mids = np.stack([side, side], axis=1), np.stack([mid, mid], axis=1)
    assert level_db(sides, 50.0) < level_db(sides, 500.0) - 12.0
    assert level_db(mids, 80.0) > level_db(sides, 50.0) + 12.0


def test_harmony_makes_room_for_the_presence_of_the_melody():
    loop = sines(500.0, 2600.0)
    finish(loop, "harmony")
    assert level_db(loop, 2600.0) == pytest.approx(level_db(loop, 500.0) - 2.0, abs=0.4)


def test_other_tracks_are_treated_like_a_melody_that_keeps_its_low_end():
    assert role_of("vocal") is OTHER_ROLE
    loop = sines(80.0, 500.0)
    finish(loop, "vocal")
    assert level_db(loop, 80.0) == pytest.approx(level_db(loop, 500.0), abs=0.5)


# --- whole stems ----------------------------------------------------------------------------------

PUMP = Curve(
    "duck", tuple((beat + part, value) for beat in range(4) for part, value in ((0.0, 0.9), (0.8, 0.0)))
)


@pytest.mark.parametrize("palette", ["sub", "pad", "supersaw", "lead"])
def test_a_ducked_stem_meets_the_same_targets(palette):
    plain, pumped = render(phrase(palette)), render(phrase(palette, curves=(PUMP,)))
    role = role_of(PALETTES[palette].role)
    for audio in (plain, pumped):
        assert gain_to_db(true_peak(audio)) <= role.true_peak_db
    assert loudness(pumped) > loudness(plain) - 3.0
    beat = np.abs(pumped[: 4 * 22_050]).reshape(4, 22_050, 2).mean(axis=(0, 2))
    assert beat[:2000].mean() < 0.75 * beat[16_000:20_000].mean()  # and still it pumps


@pytest.mark.parametrize("palette", ["909", "acid", "rhodes", "bell"])
def test_processors_are_heard_in_the_stem_and_keep_its_ceiling(palette):
    plain = render(phrase(palette))
    dusty = render(phrase(palette, settings={"vinyl": 0.8, "hall": 0.5}))
    assert np.std(dusty - plain) > 0.1 * np.std(plain)
    assert gain_to_db(true_peak(dusty)) <= role_of(PALETTES[palette].role).true_peak_db
    assert np.array_equal(render(phrase(palette, settings={"vinyl": 0.0})), plain)


COUNT_FORMS = """
import sys
from engine.instruments.render import render
from engine.instruments.warming import warm
from tests.engine.instrument_scores import phrase
from engine.audio.mastering import mastered
from engine.audio.processors import ORDER

def forms():
    modules = [m for name, m in sys.modules.items() if name.startswith("engine.audio")]
    kernels = {k for m in modules for k in vars(m).values() if hasattr(k, "nopython_signatures")}
    return sum(len(k.nopython_signatures) for k in kernels)

warm()
before = forms()
for palette in ("909", "sub", "pad", "lead"):
    mastered(render(phrase(palette, settings=dict.fromkeys(ORDER, 0.7))))
print(before, forms())
"""


def test_nothing_of_the_mix_compiles_after_warm():
    done = subprocess.run([sys.executable, "-c", COUNT_FORMS], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before == after and before >= 16
