"""Laws of the processors: loops stay loops, nothing is left to chance, nothing comes unasked."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.processors import ORDER, Processor, Processors, default_processors, processor_names
from engine.errors import EngineError

TEMPO_BPM = 120.0
BEAT = 22_050
BAR = 4 * BEAT
WHOLE = 88_192  # a bar but 8 samples: whole blocks of 32, whole sixteenths
SYNCED = {"tremolo", "gate"}
STILL = {"lowpass", "highpass", "telephone", "saturate", "compress", "widen", "echo", "room", "hall"}
NOISY = {"vinyl", "tape"}


def music(samples: int = BAR, seed: int = 0) -> np.ndarray:
    """A chord that swells once in the loop, over soft noise, free of DC: it closes over its seam."""
    turn = 2 * np.pi * np.arange(samples) / samples
    chord = sum(np.sin(round(hz * samples / 44_100) * turn + hz) for hz in (110.0, 277.0, 659.0))
    noise = 0.01 * np.random.default_rng(seed).standard_normal((samples, 2))
    loop = 0.1 * (1.2 - np.cos(turn))[:, None] * np.stack([chord, np.roll(chord, 90)], axis=1) + noise
    return (loop - loop.mean(axis=0)).astype(np.float32)


def run(name: str, loop: np.ndarray, amount: float = 0.7, seed: int = 5) -> np.ndarray:
    return default_processors().process(loop, {name: amount}, TEMPO_BPM, seed)


def spectrum_db(loop: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = np.square(np.abs(np.fft.rfft(loop, axis=0))).sum(axis=1)
    first, last = (round(hz * len(loop) / 44_100) for hz in (low_hz, high_hz))
    return float(10 * np.log10(power[first:last].sum() / len(loop) ** 2 + 1e-20))


def test_the_built_in_ones_stand_in_their_order_and_are_known_without_loading():
    assert tuple(processor.name for processor in default_processors())[: len(ORDER)] == ORDER
    assert processor_names()[: len(ORDER)] == ORDER
    assert all(processor.doc for processor in default_processors())
    code = (
        "import sys; from engine.audio.processors import processor_names; processor_names();"
        "print([m for m in ('numba', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_asked_is_the_very_same_loop():
    loop = music()
    for settings_ in ({}, dict.fromkeys(ORDER, 0.0), {"brightness": 0.9, "reverb": 1.0}):
        assert default_processors().process(loop, settings_, TEMPO_BPM, 1) is loop


@pytest.mark.parametrize("name", ORDER)
@settings(max_examples=5, deadline=None)
@given(st.integers(2756, 60_000), st.floats(0.01, 1.0), st.floats(40.0, 240.0), st.integers(0, 2**32 - 1))
def test_any_loop_keeps_its_length_and_gets_no_dc(name, samples, amount, tempo_bpm, seed):
    loop = music(samples, seed)
    before = loop.copy()
    made = default_processors().process(loop, {name: amount}, tempo_bpm, seed)
    assert made.shape == loop.shape and made.dtype == np.float32 and np.isfinite(made).all()
    assert np.abs(made.mean(axis=0)).max() < 1e-5
    assert np.array_equal(loop, before)
    assert np.abs(made).max() < 6.0 * np.abs(loop).max()


@pytest.mark.parametrize("name", ORDER)
def test_each_does_something_and_more_of_it_with_more(name):
    loop = music(4 * BAR)
    little, much = (float(np.std(run(name, loop, amount) - loop)) for amount in (0.15, 0.9))
    assert 1e-5 < little < much


@pytest.mark.parametrize("name", ORDER)
def test_silence_stays_silent(name):
    assert not run(name, np.zeros((BAR, 2), dtype=np.float32)).any()


@pytest.mark.parametrize("name", ORDER)
def test_the_same_seed_gives_the_same_samples(name):
    assert np.array_equal(run(name, music()), run(name, music()))


def test_another_process_gives_the_same_samples():
    program = (
        "import hashlib; from tests.engine.test_processors import *;"
        "names = ('vinyl', 'tape', 'hall');"
        "print(*(hashlib.sha256(run(name, music()).tobytes()).hexdigest() for name in names))"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = [hashlib.sha256(run(name, music()).tobytes()).hexdigest() for name in ("vinyl", "tape", "hall")]
    assert there.stdout.split() == here


@pytest.mark.parametrize("name", [*sorted(NOISY), "stutter", "gate"])
def test_another_seed_gives_another_one(name):
    loop = music(4 * BAR)
    made = {run(name, loop, seed=seed).tobytes() for seed in range(8)}
    assert len(made) > 1


@pytest.mark.parametrize("name", sorted(STILL | SYNCED))
def test_the_loop_played_twice_is_the_same_twice(name):
    loop = music(WHOLE)
    once, twice = run(name, loop), run(name, np.tile(loop, (2, 1)))
    assert np.abs(twice - np.tile(once, (2, 1))).max() < 2e-3 * np.abs(once).max()


@pytest.mark.parametrize("name", sorted(STILL))
def test_a_loop_has_no_beginning(name):
    loop = music(WHOLE)
    turned = run(name, np.roll(loop, 32 * 1000, axis=0))
    there = np.roll(run(name, loop), 32 * 1000, axis=0)
    assert np.abs(turned - there).max() < 2e-3 * np.abs(there).max()


@pytest.mark.parametrize("name", [name for name in ORDER if name != "bitcrush"])
def test_the_seam_is_no_step(name):
    loop = music()
    made = run(name, loop, 1.0)
    steps = np.abs(np.diff(made, axis=0, append=made[:1])).max(axis=1)
    assert steps[-1] <= np.quantile(steps, 0.999)


def test_filters_take_away_what_they_say():
    loop = np.random.default_rng(1).standard_normal((BAR, 2)).astype(np.float32)
    was = spectrum_db(loop, 4000.0, 16_000.0)
    assert spectrum_db(run("lowpass", loop), 4000.0, 16_000.0) < was - 30.0
    assert spectrum_db(run("highpass", loop), 20.0, 100.0) < spectrum_db(loop, 20.0, 100.0) - 20.0
    phone = run("telephone", loop, 1.0)
    assert spectrum_db(phone, 6400.0, 16_000.0) < was - 20.0
    assert np.abs(phone[:, 0] - phone[:, 1]).max() < 1e-3


def test_bitcrush_leaves_few_levels_that_are_held():
    made = run("bitcrush", music(), 1.0)
    assert len(np.unique(np.round(made[:, 0], 5))) <= 2**4 + 1
    assert np.mean(np.diff(made[:, 0]) == 0.0) > 0.85  # eleven samples a value


def test_widen_keeps_the_sum_of_both_sides_and_room_keeps_the_low_end():
    loop = music()
    wide = run("widen", loop, 1.0)
    assert np.abs(wide.sum(axis=1) - loop.sum(axis=1)).max() < 1e-5
    assert np.std(wide[:, 0] - wide[:, 1]) > 1.2 * np.std(loop[:, 0] - loop[:, 1])
    low = np.stack([np.sin(2 * np.pi * 100 * np.arange(BAR) / BAR)] * 2, axis=1).astype(np.float32)  # 50 Hz
    assert np.abs(run("hall", low, 1.0) - low).max() < 0.15


def test_an_echo_is_heard_a_dotted_eighth_later_over_the_seam_as_well():
    loop = np.zeros((BAR, 2), dtype=np.float32)
    loop[BAR - 1000 : BAR - 900] = 0.5
    loop[BAR - 900 : BAR - 800] = -0.5
    added = np.abs(run("echo", loop) - loop)
    start = (BAR - 1000 + round(0.75 * BEAT)) % BAR
    assert added[start : start + 300].max() > 0.1
    assert added[start - 2000 : start - 100].max() < 0.02


def test_gate_and_tremolo_keep_time():
    loop = np.where(np.arange(WHOLE) % 100 < 50, 0.5, -0.5).repeat(2).reshape(-1, 2).astype(np.float32)
    heard = np.abs(run("gate", loop, 1.0, seed=0)[:, 0]).reshape(16, -1).mean(axis=1) > 0.25
    assert "".join("x" if is_open else "." for is_open in heard) == "x.xx.x.x" * 2
    swell = np.abs(run("tremolo", loop, 1.0)[:, 0])
    for eighth in range(8):
        top = eighth * BEAT // 2
        assert swell[top + 10] > 0.45 and swell[top + BEAT // 4] < 0.05


def test_stutter_repeats_the_first_part_of_the_last_beat():
    loop = np.random.default_rng(3).standard_normal((BAR, 2)).astype(np.float32) * 0.1
    made = run("stutter", loop, 0.5)
    changed = np.abs(made - loop).max(axis=1) > 1e-3
    assert not changed[300 : 3 * BEAT].any() and changed[3 * BEAT :].any()


def test_compress_makes_the_loud_and_the_soft_alike():
    loop = music()
    made = run("compress", loop, 1.0)
    assert np.abs(made).max() / np.std(made) < 0.8 * np.abs(loop).max() / np.std(loop)


def test_vinyl_crackles_and_wows_and_tape_hisses():
    tone = (
        np.stack([np.sin(2 * np.pi * 880 * np.arange(4 * BAR) / 44_100)] * 2, axis=1).astype(np.float32) * 0.2
    )
    for name, hiss_hz in (("vinyl", 3000.0), ("tape", 6000.0)):
        made = run(name, tone, 0.8)
        assert spectrum_db(made, hiss_hz, hiss_hz + 2000) > spectrum_db(tone, hiss_hz, hiss_hz + 2000) + 10.0
        sides = spectrum_db(made, 800.0, 879.0), spectrum_db(tone, 800.0, 879.0)
        assert sides[0] > sides[1] + 20.0  # the pitch moves


# --- plug-ins -------------------------------------------------------------------------------------


def negate(audio, amount, tempo_bpm, seed):
    return audio * np.float32(1.0 - 2.0 * amount)


def test_another_processor_needs_no_change_in_the_core():
    processors = Processors()
    processors.register(Processor("negate", negate, "upside down"))
    loop = music()
    assert processors.process(loop, {"negate": 1.0}, TEMPO_BPM, 0) == pytest.approx(-loop, abs=1e-6)
    assert processors.process(loop, {}, TEMPO_BPM, 0) is loop


def test_an_installed_package_may_bring_one(tmp_path):
    (tmp_path / "shouting.py").write_text(
        "from engine.audio.processors import Processor\n"
        "shout = Processor('shout', lambda audio, amount, tempo_bpm, seed: audio * 2, 'louder')\n"
    )
    package = tmp_path / "shouting-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        "[resonantgen.processors]\nshout = shouting:shout\nbroken = shouting:nothing\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from engine.audio.processors import default_processors, processor_names\n"
        "print([p.name for p in default_processors()][-1], processor_names()[-2:])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "shout ('broken', 'shout')"
    assert "broken" in done.stderr


@pytest.mark.parametrize("made", [np.zeros((3, 2), np.float32), np.full((BAR, 2), np.nan, np.float32)])
def test_one_that_breaks_its_promise_is_named(made):
    processors = Processors()
    processors.register(Processor("bad", lambda *_: made, "wrong"))
    with pytest.raises(EngineError, match="processor bad"):
        processors.process(music(), {"bad": 1.0}, TEMPO_BPM, 0)


@pytest.mark.parametrize("name", ["", "über", "a b", "1st"])
def test_a_name_that_could_be_no_setting_is_refused(name):
    with pytest.raises(EngineError, match="range"):
        Processors().register(Processor(name, negate, ""))


def test_an_unknown_one_names_the_nearest():
    with pytest.raises(EngineError, match="vinyl"):
        default_processors()["vynil"]
