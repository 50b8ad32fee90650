"""Performing: loops close, bars that were given come back, the first bars come first, cancelling is heard."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.model.codec.config import config_named as codec_named
from engine.model.track.hearing import Codecs, Hearing
from engine.model.track.loop import Loop, closed
from engine.model.track.performing import PerformOptions, perform, planned
from engine.model.track.splicing import kept_share
from engine.model.track.weights import read_track_file
from engine.model.track.windows import Stitching, Window, windows
from engine.performing import Given
from tests.engine.track_parts import debug_codec, debug_model, hearing, score, tone

BAR = 44_100  # samples of a bar of 4/4 at 240 bpm


@pytest.fixture(scope="module")
def codec():
    return debug_codec()


@pytest.fixture(scope="module")
def model(codec):
    return debug_model(codec)


@pytest.fixture(scope="module")
def ears(codec):
    return hearing(codec)


@pytest.fixture(scope="module")
def played(model, codec, ears):
    """(the take, the stretches that were told)"""
    told = []
    audio = perform(
        model, codec, score(), seed=5, first=lambda *stretch: told.append(stretch), hearing=ears,
    )  # fmt: skip
    return audio, told


# --- windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [10, 24, 25, 90, 601])
@pytest.mark.parametrize("opening", [0, 12, 20])
def test_windows_cover_everything_and_share_enough(stop, opening):
    plan = windows(-4, stop, 24, 6, opening)
    assert plan[0].first == -4 and plan[-1].stop == stop
    assert max(window.num_frames for window in plan) <= 24
    assert all(one.stop - other.first >= 6 for one, other in pairwise(plan))
    assert all(one.stop < other.stop for one, other in pairwise(plan))


@pytest.mark.parametrize("fade", [0, 1, 4, 6])
def test_windows_that_agree_are_put_together_without_a_seam(fade):
    whole = torch.randn(1, 3, 70)
    plan = windows(-4, 66, 24, 6)
    stitching = Stitching(plan, fade)
    parts = [stitching.add(whole[..., window.first + 4 : window.stop + 4]) for window in plan]
    assert torch.allclose(torch.cat(parts, -1), whole, atol=1e-6)


def test_windows_that_differ_are_faded_over_in_the_middle_of_what_they_share():
    plan = (Window(0, 10), Window(4, 14))
    stitching = Stitching(plan, 4)
    frames = torch.cat([stitching.add(torch.zeros(1, 1, 10)), stitching.add(torch.ones(1, 1, 10))], -1)[0, 0]
    assert frames.tolist() == [0.0] * 5 + [0.125, 0.375, 0.625, 0.875] + [1.0] * 5


def test_an_opening_window_holds_the_first_bars(model, codec):
    loop = Loop(score(bars=8).length_samples, codec.config.hop, model.config.margin_frames)
    tall = replace(model.config, window_frames=200)
    twin = debug_model(codec)
    twin.config = tall
    first = planned(twin, score(bars=8), loop, PerformOptions(first_bars=1))[0]
    assert BAR / codec.config.hop <= first.stop < planned(twin, score(bars=8), loop, PerformOptions())[0].stop


@pytest.mark.parametrize("role", ["drums", "bass", "harmony", "melody"])
@pytest.mark.parametrize("bars", [1, 2, 4, 8])
def test_windows_as_short_as_a_bar_are_as_many_as_without_an_opening(role, bars):
    """So what is bundled, two seconds a window, is as fast as before."""
    bundled = read_track_file(role)
    model = SimpleNamespace(config=bundled.config)
    hop = codec_named(bundled.config.codec).hop
    for tempo_bpm in range(60, 201, 5):
        asked = score(bars=bars, tempo_bpm=float(tempo_bpm))
        loop = Loop(asked.length_samples, hop, model.config.margin_frames)
        plans = [planned(model, asked, loop, PerformOptions(first_bars=first)) for first in (0, 1)]
        assert plans[0] == plans[1]


# --- loops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_samples", [5880, 5881, 6467])
def test_a_loop_is_read_round_its_seam(num_samples):
    loop = Loop(num_samples, 588, 3)
    audio = np.arange(num_samples, dtype=np.float32)[:, None]
    around = loop.around(audio)
    assert around[0, 0] == num_samples - 3 * 588
    assert around[3 * 588, 0] == 0.0
    assert len(around) == (loop.num_frames + 6) * 588 and loop.num_frames * 588 >= num_samples


def test_another_tracks_shorter_loop_repeats():
    around = Loop(1000, 100, 1).around(np.arange(500, dtype=np.float32)[:, None])[:, 0]
    assert (around[100:600] == np.arange(500)).all() and (around[600:1100] == np.arange(500)).all()


def test_frames_that_stay_lie_wholly_in_what_stays():
    stays = Loop(1000, 100, 2).whole_frames([(150, 400)])
    assert np.flatnonzero(stays).tolist() == [4, 5]  # after two of the margin: 200..300, 300..400


def test_the_end_becomes_the_way_into_the_beginning():
    end, before = np.zeros((100, 2), np.float32), np.ones((100, 2), np.float32)
    faded = closed(end, before)[:, 0]
    assert faded[0] < 0.01 and faded[-1] > 0.99 and (np.diff(faded) > 0).all()


@pytest.mark.parametrize("tempo_bpm", [240.0, 233.7])
def test_a_take_is_its_bars_long_and_its_end_meets_its_beginning(model, codec, ears, tempo_bpm):
    asked = score(tempo_bpm=tempo_bpm)
    audio = perform(model, codec, asked, hearing=ears)
    assert audio.shape == (asked.length_samples, 2) and audio.dtype == np.float32
    steps = np.abs(np.diff(audio, axis=0))
    assert np.abs(audio[0] - audio[-1]).max() <= np.quantile(steps, 0.999) + 1e-4
    assert 0.001 < np.abs(audio).max() < 1.0


def test_the_same_seed_gives_the_same_samples_and_another_one_others(model, codec, ears):
    options = PerformOptions(passes=(2, 1), temperature=2.0)
    one, same, other = (
        perform(model, codec, score(bars=1), seed=seed, options=options, hearing=ears) for seed in (3, 3, 4)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


# --- the first bars first -------------------------------------------------------------------------


def test_the_first_bars_come_first_and_are_those_of_the_take(played):
    audio, told = played
    starts, ends = [start for _, start, _ in told], [end for _, _, end in told]
    assert len(told) > 2 and starts == [0, *ends[:-1]] and len(audio) / 2 < ends[-1] < len(audio)
    heard = np.concatenate([stretch for stretch, _, _ in told])
    # But for what a limiter does, which hears the whole take only at its end.
    assert np.corrcoef(heard.ravel(), audio[: len(heard)].ravel())[0, 1] > 0.95


def test_progress_goes_up_to_all(model, codec, ears):
    shares = []
    perform(model, codec, score(bars=1), progress=shares.append, hearing=ears)
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] == 1.0 and len(shares) > 3


def test_nothing_is_done_once_it_is_cancelled(model, codec, ears):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(EngineError, match="cancelled") as caught:
        perform(model, codec, score(), cancelled=cancelled, hearing=ears)
    assert caught.value.code == "cancelled" and len(asked) == 4


# --- bars that stay -------------------------------------------------------------------------------


def test_given_bars_come_back_bit_for_bit_and_others_do_not(model, codec, ears):
    standing = np.random.default_rng(1).normal(0, 0.1, (3 * BAR, 2)).astype(np.float32)
    audio = perform(
        model, codec, score(bars=3), given=Given(standing, frozenset({0, 2})), seed=1, hearing=ears
    )
    assert np.array_equal(audio[:BAR], standing[:BAR]) and np.array_equal(
        audio[2 * BAR :], standing[2 * BAR :]
    )
    middle = slice(BAR + 2000, 2 * BAR - 2000)
    assert np.mean(np.all(audio[middle] == standing[middle], axis=1)) < 0.01


def test_the_model_hears_the_bars_that_stay(model, codec, ears):
    def middle(standing):
        kept = Given(standing, frozenset({0, 2}))
        return perform(model, codec, score(bars=3), given=kept, hearing=ears)[BAR + 1000 : 2 * BAR - 1000]

    assert not np.array_equal(middle(tone(3 * BAR, 110.0)), middle(tone(3 * BAR, 3000.0)))


def test_fades_lie_beside_what_stays_and_go_round_the_seam():
    share = kept_share(100, [(90, 100), (40, 60)], 8)
    assert (share == 1.0).sum() == 30 and (share[40:60] == 1.0).all() and (share[90:] == 1.0).all()
    assert 0 < share[7] < share[0] < 1 and share[20] == 0 and 0 < share[32] < share[39] < 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Given(np.zeros((7, 2), np.float32), frozenset({0})), "standing take of shape"),
        (Given(np.zeros((2 * BAR, 2), np.float32), frozenset({2})), r"bars \[2\].*0\.\.1"),
    ],
)
def test_bars_of_another_loop_are_refused(model, codec, ears, given, words):
    with pytest.raises(EngineError, match=words) as caught:
        perform(model, codec, score(), given=given, hearing=ears)
    assert caught.value.code == "range"


# --- what is heard --------------------------------------------------------------------------------


def test_another_locked_track_makes_another_take_and_a_missing_one_none_that_breaks(
    model, codec, ears, played
):
    low = perform(model, codec, score(), context={"bass": tone(2 * BAR)}, seed=5, hearing=ears)
    high = perform(model, codec, score(), context={"bass": tone(2 * BAR, 2000.0)}, seed=5, hearing=ears)
    assert not np.array_equal(low, high)
    assert not np.array_equal(low, played[0])


def test_a_track_of_another_length_or_of_an_unknown_kind_is_heard(model, codec, ears):
    context = {"texture": tone(BAR // 2 + 17), "bass": tone(5 * BAR)}
    assert perform(model, codec, score(bars=1), context=context, hearing=ears).shape == (BAR, 2)


def test_a_locked_stem_is_encoded_once(codec):
    ears = Hearing(Codecs(lambda name: codec), kept_loops=2)
    under = Loop(BAR, codec.config.hop, 4)
    one, same = (ears.heard("bass", tone(BAR), under, codec.config) for _ in range(2))
    assert ears.encoded == 1 and one.latents is same.latents
    for hz in (200.0, 300.0):
        ears.heard("bass", tone(BAR, hz), under, codec.config)
    assert len(ears.kept) == 2
    ears.heard("bass", tone(BAR), under, codec.config)
    assert ears.encoded == 4


def test_tracks_that_are_performed_at_once_share_what_they_hear(codec):
    ears = Hearing(Codecs(lambda name: codec))
    under, together = Loop(BAR, codec.config.hop, 4), threading.Barrier(4)

    def heard(_: int) -> torch.Tensor:
        together.wait()
        return ears.heard("drums", tone(BAR), under, codec.config).latents

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(heard, range(4)))
    assert ears.encoded == 1 and all(latents is found[0] for latents in found)


def test_a_stem_that_could_not_be_encoded_is_tried_again(codec):
    ears, under = Hearing(Codecs(lambda name: codec)), Loop(BAR, codec.config.hop, 4)
    for _ in range(2):
        with pytest.raises(EngineError):
            ears.heard("drums", np.zeros((BAR, 7), np.float32), under, codec.config)
    assert not ears.kept


def test_what_is_heard_goes_round_the_seam(codec):
    """The same loop begun half-way says the same latents half a loop later."""
    hop = codec.config.hop
    audio = tone(40 * hop, 44_100 / (4 * hop))
    audio[: 3 * hop] *= 3.0
    heard = hearing(codec).heard("bass", audio, Loop(40 * hop, hop, 4), codec.config)
    turned = hearing(codec).heard("bass", np.roll(audio, 20 * hop, 0), Loop(40 * hop, hop, 4), codec.config)
    start = -heard.first_frame
    one, other = heard.latents[:, start : start + 20], turned.latents[:, start + 20 : start + 40]
    assert torch.allclose(one, other, atol=1e-4)


def test_another_precision_is_refused(model, codec, ears):
    with pytest.raises(EngineError, match="float32, bfloat16"):
        perform(model, codec, score(), options=PerformOptions(precision="half"), hearing=ears)
