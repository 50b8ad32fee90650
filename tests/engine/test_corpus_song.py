"""Laws of a song for training: the same from its seed, of every genre, far from the palettes, told truly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest

from engine.errors import EngineError
from engine.instruments.palette import PALETTES, Instrument, Kit, Layer
from engine.instruments.render import play
from engine.music.genre import bundled_genres
from engine.music.key import Key, Signature
from engine.music.score import Note, Score
from engine.registry import BAND
from engine.training.corpus.captions import caption_of, song_tags
from engine.training.corpus.plan import dice, plan_song
from engine.training.corpus.recipe import DEBUG, Recipe
from engine.training.corpus.song import make_song
from engine.training.corpus.sounds import resampled
from engine.training.corpus.variety import drawn_curve, foreign_palette, moved, table, tuned
from engine.units import beats_to_seconds

PLANS = [plan_song(seed, Recipe()) for seed in range(250)]
LEVELS = {"mastered", "balance_db"}


@dataclass(frozen=True)
class Told:
    words: tuple[str, ...] = ("organ",)
    effects: dict = field(default_factory=dict)


def held_note(seconds: float = 1.0) -> Score:
    """A4 over a loop of whole seconds."""
    beats = seconds * 2.0
    note = Note(0.0, beats, 69, 90)
    return Score("melody", 120.0, Key(), Signature(int(beats), 4), 1, "house", "lead", notes=(note,))


def loudest_hz(loop: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(loop[:, 0] * np.hanning(len(loop)), 1 << 20))
    return float(np.argmax(spectrum)) * 44_100 / (1 << 20)


def test_a_song_is_the_same_from_its_seed_and_another_from_another():
    first, again, other = (make_song(seed, DEBUG) for seed in (7, 7, 8))
    assert (first.caption, first.tags) == (again.caption, again.tags)
    for role in BAND:
        one, two = first.tracks[role], again.tracks[role]
        assert np.array_equal(one.audio, two.audio)
        assert (one.score, one.source, one.tags, one.effects) == (
            two.score,
            two.source,
            two.tags,
            two.effects,
        )
        assert one.score != other.tracks[role].score


@pytest.mark.parametrize("seed", range(4))
def test_every_track_is_as_long_as_its_score_and_none_is_cut_or_silent(seed):
    song = make_song(seed, DEBUG)
    assert tuple(song.tracks) == BAND
    for track in song.tracks.values():
        assert track.audio.shape == (track.score.length_samples, 2) and track.audio.dtype == np.float32
        assert np.isfinite(track.audio).all() and np.abs(track.audio).max() < 1.0
        assert np.sqrt(np.mean(np.square(track.audio))) > 1e-4
        assert not any(curve.name == "duck" for curve in track.score.curves)
        assert json.loads(json.dumps(track.effects)) == track.effects
    assert len({len(track.audio) for track in song.tracks.values()}) == 1
    peak_db = 20.0 * np.log10(max(np.abs(track.audio).max() for track in song.tracks.values()))
    assert DEBUG.softest_db - 0.01 <= peak_db <= 0.0


def test_plans_are_of_every_genre_many_keys_tempos_and_meters_and_as_long_as_asked():
    assert {genre for plan in PLANS for genre in plan.genres} == set(bundled_genres())
    assert len({plan.context.key for plan in PLANS}) > 40
    assert len({plan.context.signature for plan in PLANS}) >= 5
    assert len({plan.context.tempo_bpm for plan in PLANS}) > 80
    assert len({mood for plan in PLANS for mood in plan.moods}) > 40
    for plan in PLANS:
        context = plan.context
        seconds = beats_to_seconds(context.bars * context.signature.bar_beats, context.tempo_bpm)
        assert 8.0 <= seconds <= 24.0, context


def test_a_corpus_of_some_genres_has_no_others():
    plans = [plan_song(seed, Recipe(genres=("lofi", "jazz"), blend_share=0.5)) for seed in range(20)]
    assert {genre for plan in plans for genre in plan.genres} == {"lofi", "jazz"}
    assert plan_song(3, Recipe(genres=("lofi",), blend_share=1.0)).genres == ("lofi",)
    with pytest.raises(EngineError, match="lofi"):
        Recipe(genres=("lofy",))
    assert "genres" not in Recipe().as_dict()  # corpora begun before there was a choice are gone on with


def test_captions_are_seldom_alike_and_never_tell_another_tempo_or_key():
    captions = [caption_of(plan, dict.fromkeys(BAND, Told())) for plan in PLANS]
    assert len(set(captions)) > 0.9 * len(captions)
    told = 0
    for plan, caption in zip(PLANS, captions, strict=True):
        for number in re.findall(r"([\d.]+) bpm|bpm ([\d.]+)", caption, re.IGNORECASE):
            assert float("".join(number)) == plan.context.tempo_bpm
            told += 1
        assert "  " not in caption and "{" not in caption and caption.strip() == caption
    assert told > 40


def test_only_effects_that_people_have_words_for_are_told():
    plan = PLANS[0]
    told = song_tags(plan, {"melody": Told(effects={"echo": 0.5, "balance_db": 3.0, "duck": {}})})
    assert {"echo", "duck"} <= set(told) and "balance_db" not in told


@pytest.mark.parametrize("name", sorted(PALETTES))
def test_a_moved_palette_stays_within_its_ranges_and_is_another_one(name):
    palette = PALETTES[name]
    made = moved(palette, dice(3, name))
    kind = "kit" if isinstance(palette, Kit) else "instrument"
    for field_name, span in table()[kind].items():
        value = getattr(made, field_name)
        assert value == 0.0 or span["low"] <= value <= span["high"], field_name
    assert made.name != name and made != replace(palette, name=made.name)
    assert made == moved(palette, dice(3, name))


def test_another_sound_is_of_the_role_or_plays_chords_where_chords_are_asked():
    rng = dice(1, "palettes")
    found = {role: {foreign_palette(role, "909", rng) for _ in range(120)} for role in BAND}
    assert all(isinstance(PALETTES[name], Kit) for name in found["drums"]) and "909" not in found["drums"]
    for role in BAND[1:]:
        assert all(isinstance(PALETTES[name], Instrument) for name in found[role])
        assert {PALETTES[name].role for name in found[role]} > {role}
    assert not any(PALETTES[name].mono for name in found["harmony"] if PALETTES[name].role != "harmony")


def test_drawn_curves_are_valid_and_close_over_the_seam_or_step():
    for seed in range(40):
        curve = drawn_curve("filter", 16.0, dice(seed, "curve"))
        replace(held_note(), curves=(curve,)).validate()
        assert curve.points[-1][0] == 16.0
        assert all(before <= after for (before, _), (after, _) in pairwise(curve.points))


@pytest.mark.parametrize(
    "layer",
    [Layer("wave", wave="sine"), Layer("fm"), Layer("modal", modes=((1.0, 4.0, 1.0),))],
    ids=lambda layer: layer.source,
)
def test_a_tuned_instrument_sounds_so_many_cents_higher(layer):
    instrument = Instrument("tone", "melody", (layer,), sustain=1.0, velocity_octaves=0.0)
    heard = [loudest_hz(play(held_note(), tuned(instrument, cents), lambda _: None)) for cents in (0.0, 39.0)]
    assert 1200.0 * np.log2(heard[1] / heard[0]) == pytest.approx(39.0, abs=2.0)


def test_a_resampled_loop_is_as_much_higher_as_it_is_shorter():
    ratio = 2.0 ** (30.0 / 1200.0)
    cycles = 440
    long = round(44_100 * ratio)
    loop = np.sin(2 * np.pi * cycles * np.arange(long) / long).astype(np.float32)[:, None].repeat(2, axis=1)
    made = resampled(loop, 44_100, ratio)
    wanted = np.sin(2 * np.pi * cycles * np.arange(44_100) / 44_100)
    assert made.shape == (44_100, 2) and np.abs(made[:, 1] - wanted).max() < 1e-4


def test_a_raw_song_is_left_as_the_instruments_made_it_and_a_worn_one_is_worn_alike():
    raw = make_song(5, replace(DEBUG, raw_share=1.0, lofi_share=0.0))
    for track in raw.tracks.values():
        assert set(track.effects) <= {"raw", "concert_pitch_hz", "detune_cents", *LEVELS}
    worn = make_song(5, replace(DEBUG, raw_share=0.0, lofi_share=1.0, processed_share=0.0))
    assert all(track.effects["lofi"] for track in worn.tracks.values())
    media = [{name: track.effects.get(name) for name in table()["worn"]} for track in worn.tracks.values()]
    assert any(media[0].values()) and all(each == media[0] for each in media)


@pytest.mark.parametrize(
    "settings",
    [{"duck_share": 1.5}, {"room_share": float("nan")}, {"min_seconds": 0.0}, {"min_seconds": 30.0},
     {"highest_pitch_hz": 500.0}, {"softest_db": 3.0}],
    ids=str,
)  # fmt: skip
def test_a_recipe_out_of_range_is_refused_by_name(settings):
    with pytest.raises(EngineError) as refused:
        Recipe(**settings)
    assert refused.value.code == "range" and next(iter(settings)) in refused.value.text


def test_material_that_is_not_here_is_refused_by_name():
    recipe = replace(DEBUG, packs=("nobody-has-this",), sample_share=1.0)
    with pytest.raises(EngineError) as refused:
        make_song(0, recipe)
    assert refused.value.code == "unknown" and "nobody-has-this" in refused.value.text
