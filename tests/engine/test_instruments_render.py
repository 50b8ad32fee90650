"""Laws of rendering, for every palette."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.instruments.palette import Instrument
from engine.instruments.render import PALETTES, duck, render
from engine.music.key import Key, Signature
from engine.music.score import ARTICULATIONS, DRUM_VOICES, Curve, Hit, Note, Score
from engine.units import ms_to_samples
from tests.engine.instrument_scores import INSTRUMENTS, KITS, phrase, score, unmixed


# What belongs to the loop rather than to the note: these turn with the loop, not with its notes.
def is_still(p: Instrument) -> bool:
    return not (p.chorus or p.lfo_octaves or p.tremolo)


STILL = [p for p in INSTRUMENTS if is_still(PALETTES[p])]


@pytest.mark.parametrize("palette", PALETTES)
def test_a_loop_is_exactly_its_length_finite_in_bounds_and_free_of_dc(palette):
    audio = render(phrase(palette, tempo_bpm=127.3, signature=Signature(7, 8)))
    assert audio.shape == (phrase(palette, tempo_bpm=127.3, signature=Signature(7, 8)).length_samples, 2)
    assert audio.dtype == np.float32 and np.isfinite(audio).all()
    assert 0.02 < np.abs(audio).max() <= 0.7
    assert np.abs(audio.mean(axis=0)).max() < 1e-4


@pytest.mark.parametrize("palette", PALETTES)
def test_the_same_score_gives_the_same_samples(palette):
    assert np.array_equal(render(phrase(palette)), render(phrase(palette)))


def test_another_process_renders_the_same_samples():
    program = (
        "import hashlib; from engine.instruments.render import render;"
        "from tests.engine.instrument_scores import phrase;"
        "print(*(hashlib.sha256(render(phrase(p)).tobytes()).hexdigest() for p in ('lofi', 'keys')))"
    )
    there = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert there == [hashlib.sha256(render(phrase(p)).tobytes()).hexdigest() for p in ("lofi", "keys")]


@pytest.mark.parametrize("palette", PALETTES)
def test_the_seam_is_no_step(palette):
    audio = render(phrase(palette))
    steps = np.abs(np.diff(audio, axis=0, append=audio[:1])).max(axis=1)
    # Beat 0 is an attack: what a click would add to it is seen just before the first sample.
    assert steps[-1] <= np.quantile(steps, 0.995)


@pytest.mark.parametrize("palette", STILL)
def test_a_loop_has_no_beginning(palette):
    """A note moved by three beats is the loop turned by three beats: tails, room and echo included."""
    early = unmixed(score(palette, Note(0.0, 0.9, 60, 100)))
    late = unmixed(score(palette, Note(3.0, 0.9, 60, 100)))
    error = np.abs(np.roll(early, 3 * 22_050, axis=0) - late).max()
    assert error < 0.01 * np.abs(early).max()


@pytest.mark.parametrize("palette", ["pad", "bell", "rhodes", "supersaw"])
def test_the_end_of_the_last_note_is_heard_at_the_start(palette):
    audio = render(score(palette, Note(3.0, 1.0, 60, 100)))
    start, middle = audio[:4410], audio[35_280:39_690]
    assert np.square(start).sum() > 20.0 * np.square(middle).sum()
    assert np.abs(start).max() > 0.02


def test_a_hit_pushed_before_the_loop_sounds_at_its_end():
    audio = render(score("808", Hit(0.0, "kick", 120, offset_ms=-40.0), settings={"reverb": 0.0}))
    first = int(np.argmax(np.abs(audio).max(axis=1) > 1e-3 * np.abs(audio).max()))
    quiet = 2 * 22_050
    assert first == 0  # the kick still rings here
    onset = quiet + int(np.argmax(np.abs(audio[quiet:]).max(axis=1) > 0.05 * np.abs(audio).max()))
    assert abs(onset - (88_200 - ms_to_samples(40.0))) < 100


@pytest.mark.parametrize("palette", PALETTES)
def test_no_notes_are_silence(palette):
    audio = render(score(palette))
    assert audio.shape == (88_200, 2) and not audio.any()


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Any legal score of a few seconds."""
    palette = draw(st.sampled_from(list(PALETTES)))
    bars, tempo_bpm = draw(st.integers(1, 3)), draw(st.floats(40.0, 240.0))
    signature = Signature(draw(st.integers(1, 9)), draw(st.sampled_from([4, 8, 16])))
    length = bars * signature.bar_beats
    velocity, offset = st.integers(1, 127), st.floats(-60.0, 60.0)
    start = st.floats(0.0, length, exclude_max=True)
    if palette in KITS:
        items = st.builds(Hit, start, st.sampled_from(list(DRUM_VOICES)), velocity, offset)
    else:
        items = st.builds(
            lambda at, share, *rest: Note(at, max((length - at) * share, 1e-6), *rest),
            start, st.floats(0.0, 1.0), st.integers(0, 127), velocity, offset,
            st.sampled_from(ARTICULATIONS), st.booleans(),
        )  # fmt: skip
    value = st.floats(0.0, 1.0)
    curves = [
        Curve(name, ((0.0, draw(value)), (length, draw(value)))) for name in ("energy", "filter", "duck")
    ]
    return Score(
        PALETTES[palette].role, tempo_bpm, Key(), signature, bars, "techno", palette,
        **{"hits" if palette in KITS else "notes": tuple(draw(st.lists(items, max_size=6)))},
        curves=tuple(draw(st.lists(st.sampled_from(curves), unique=True))),
        settings=draw(st.dictionaries(st.sampled_from(["brightness", "energy", "drive", "glide", "reverb",
                                                       "delay", "resonance", "attack", "release"]), value)),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(scores())
def test_any_legal_score_renders(any_score):
    audio = render(any_score.validate())
    assert audio.shape == (any_score.length_samples, 2)
    assert np.isfinite(audio).all() and np.abs(audio).max() <= 0.7
    if any_score.hits or any_score.notes:
        assert audio.any()


def ducked_over_plain(points: tuple[tuple[float, float], ...]) -> np.ndarray:
    """What a duck curve does to the gain of each sample, before levelling: [N]."""
    loop = np.ones((88_200, 2), dtype=np.float32)
    duck(loop, score("pad", curves=(Curve("duck", points),)))
    assert np.array_equal(loop[:, 0], loop[:, 1])
    return loop[:, 0]


def test_ducking_is_linear_between_its_points_at_every_sample():
    points = ((0.0, 1.0), (0.5, 0.2), (1.0, 0.0), (3.0, 0.0), (4.0, 1.0))
    law = 1.0 - np.interp(np.arange(88_200), [beat * 22_050 for beat, _ in points], [v for _, v in points])
    assert np.abs(ducked_over_plain(points) - law).max() < 1e-4


def test_ducking_never_steps_even_where_its_points_do():
    gain = ducked_over_plain(((0.0, 1.0), (0.5, 0.0), (2.0, 0.0), (2.0, 0.9), (2.25, 0.0)))
    assert np.abs(np.diff(gain, append=gain[:1])).max() < 0.008
    assert gain[2 * 22_050 + 200] < 0.15 and gain[2 * 22_050 - 1] == 1.0 and gain[:50].min() < 0.7


@pytest.mark.parametrize("palette", ["909", "sub", "pad"])
def test_a_ducked_track_is_silent_where_its_curve_says_so(palette):
    items = (Hit(1.0, "open_hat", 100),) if palette in KITS else (Note(0.0, 4.0, 48, 100),)
    away = Curve("duck", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (2.0, 1.0), (2.0, 0.0)))
    audio = render(score(palette, *items, curves=(away,)))
    silent = audio[22_050 + 2000 : 44_000]  # the DC filter after it takes so long to forget the step
    assert np.abs(silent).max() < 0.03 * np.abs(render(score(palette, *items))).max()


def test_an_unknown_palette_names_the_nearest():
    with pytest.raises(EngineError, match="supersaw"):
        render(Score("harmony", 120.0, Key(), Signature(), 1, "techno", "super_saw"))


@pytest.mark.parametrize(("palette", "item"), [("909", Note(0, 1, 60, 90)), ("pad", Hit(0, "kick", 90))])
def test_what_a_palette_cannot_play_is_refused(palette, item):
    with pytest.raises(EngineError, match="plays"):
        render(score(palette, item))


@pytest.mark.parametrize("palette", ["909", "acid", "pad"])
def test_cancelling_stops_between_notes(palette):
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3

    with pytest.raises(EngineError) as error:
        render(phrase(palette), cancelled=cancelled)
    assert error.value.code == "cancelled" and asked == 3


@pytest.mark.parametrize("palette", ["acoustic", "keys"])
def test_progress_rises_from_nothing_to_all(palette):
    shares: list[float] = []
    render(phrase(palette), progress=shares.append)
    assert shares[0] == 0.0 and shares[-1] == 1.0 and shares == sorted(shares)


COUNT_FORMS = """
import sys
from engine.instruments.render import PALETTES, render
from engine.instruments.warming import warm
from tests.engine.instrument_scores import phrase

def forms():
    modules = [m for name, m in sys.modules.items() if name.startswith("engine.")]
    kernels = {k for m in modules for k in vars(m).values() if hasattr(k, "nopython_signatures")}
    return sum(len(k.nopython_signatures) for k in kernels)

warm()
before = forms()
for palette in PALETTES:
    render(phrase(palette))
    render(phrase(palette, settings=dict.fromkeys(("drive", "reverb", "delay", "energy"), 0.0)))
print(before, forms())
"""


def test_nothing_compiles_after_warm():
    """In a process of its own: elsewhere another test may have met a form that `warm` does not."""
    done = subprocess.run([sys.executable, "-c", COUNT_FORMS], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before == after and before >= 35  # as many kernels as render calls


def test_the_second_process_of_a_first_start_takes_what_the_first_needs_last():
    """Instruments and processors, and none of the effects that a kit compiles anyway."""
    code = """
from engine.instruments import drum_shot, effects, layers, saturation, warming
warming.warm_others()
mine = (layers.add_wave, layers.add_string, effects.chorus_loop, effects.delay_loop)
others = (drum_shot.drum_shot, effects.reverb_loop, effects.squeeze_loop, saturation.drive_loop)
print([len(k.nopython_signatures) for k in (*mine, *others)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[1, 1, 1, 1, 0, 0, 0, 0]"
