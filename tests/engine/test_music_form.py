"""Laws of the form: sections over the bars, and what each musician does in them."""

from __future__ import annotations

from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.context.track_context import TrackContext
from engine.music.compose import compose
from engine.music.genre import genres
from engine.music.score import SECTIONS, Hit, Note, Score
from engine.music.structure import LONG_BARS, form_of, laid_out
from engine.prompt.music_context import PROFILES
from tests.engine.musicians import TRACKS, plain, play

STRUCTURE = ("intro", "build", "drop", "break", "outro")
LOUD_GENRES = ("house", "techno", "trance", "drum_and_bass", "rock")


def bars_of(score: Score, name: str) -> list[int]:
    return [b for s in score.sections if s.name == name for b in range(s.start_bar, s.start_bar + s.bars)]


def voices_in(score: Score, bars: list[int]) -> set[str]:
    return {hit.voice for hit in score.hits if int(hit.start_beats / 4 + 1e-9) in bars}


def events_a_bar(score: Score, bars: list[int]) -> float:
    items: tuple[Note | Hit, ...] = (*score.notes, *score.hits)
    return sum(int(item.start_beats / 4 + 1e-9) in bars for item in items) / len(bars)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(SECTIONS), max_size=12), st.integers(1, 64), st.floats(0, 1))
def test_sections_follow_one_another_and_fill_the_bars(names: list[str], bars: int, energy: float) -> None:
    sections = laid_out(names, bars, energy)
    if not names or bars < 2:
        assert sections == ()
        return
    assert [section.name for section in sections] == names[:bars]
    place = 0
    for section in sections:
        assert section.start_bar == place and section.bars >= 1 and 0 <= section.energy <= 1
        place += section.bars
    assert place == bars


def test_sections_that_fit_are_powers_of_two() -> None:
    assert [s.bars for s in laid_out(("intro", "build", "drop"), 16, 0.5)] == [4, 4, 8]
    assert [s.bars for s in laid_out(("intro", "main", "outro"), 32, 0.5)] == [8, 16, 8]


def test_eight_bars_without_a_wish_are_one_loop() -> None:
    for score in play(plain("techno"), 1).values():
        assert score.sections == ()


@pytest.mark.parametrize("genre", sorted(genres()))
def test_a_long_loop_takes_a_form_of_its_genre(genre: str) -> None:
    form = form_of(plain(genre, bars=LONG_BARS), genres()[genre], {}, 3)
    forms = genres()[genre].forms
    assert bool(form.sections) == bool(forms)
    if forms:
        assert tuple(section.name for section in form.sections) in forms


def test_sections_asked_for_are_on_every_track_and_sections_heard_win() -> None:
    asked = plain("house", bars=16, structure=STRUCTURE)
    first = play(asked, 5)
    assert [section.name for section in first["drums"].sections] == list(STRUCTURE)
    assert all(score.sections == first["drums"].sections for score in first.values())
    heard = {"drums": TrackContext.from_score(first["drums"])}
    later = compose("bass", plain("house", bars=16, structure=("verse", "chorus")), heard, 9, {})
    assert later.sections == first["drums"].sections


@pytest.mark.parametrize("genre", LOUD_GENRES)
def test_an_intro_is_thinner_than_the_drop(genre: str) -> None:
    for seed in range(4):
        scores = play(plain(genre, bars=16, structure=STRUCTURE), seed)
        drums = scores["drums"]
        intro, drop = bars_of(drums, "intro"), bars_of(drums, "drop")
        assert voices_in(drums, intro) < voices_in(drums, drop) | {"crash"}
        assert "snare" not in voices_in(drums, intro) and "clap" not in voices_in(drums, intro)
        whole = [sum(events_a_bar(score, bars) for score in scores.values()) for bars in (intro, drop)]
        assert whole[0] < 0.6 * whole[1]


@pytest.mark.parametrize("genre", LOUD_GENRES)
def test_a_build_rolls_faster_and_louder_and_holds_its_breath(genre: str) -> None:
    for seed in range(4):
        drums = play(plain(genre, bars=16, structure=("intro", "build", "drop")), seed)["drums"]
        build = bars_of(drums, "build")
        roll = [h for h in drums.hits if h.voice == "snare" and int(h.start_beats / 4) in build]
        first = [h for h in roll if int(h.start_beats / 4) == build[0]]
        last = [h for h in roll if int(h.start_beats / 4) == build[-1]]
        # Single strokes may be told as rolls: what counts is on how many sixteenths something happens.
        assert len({int(h.start_beats * 4) for h in last}) >= 2 * len({int(h.start_beats * 4) for h in first})
        assert mean(h.velocity for h in last) > mean(h.velocity for h in first) + 15
        breath = (build[-1] + 0.5) * 4
        assert not [h for h in drums.hits if h.voice == "kick" and breath <= h.start_beats < breath + 2]
        drop = (build[-1] + 1) * 4.0
        opening = {h.voice for h in drums.hits if abs(h.start_beats - drop) < 1e-6}
        assert {"kick", "crash"} <= opening


def test_a_crash_answers_fills_and_nothing_else_inside_a_loop() -> None:
    """Crashes are on downbeats that a phrase of four bars leads to."""
    crashes = [
        hit.start_beats
        for genre in ("rock", "techno", "pop", "drum_and_bass")
        for seed in range(10)
        for hit in play(plain(genre, swing=0.0), seed, tracks=("drums",))["drums"].hits
        if hit.voice == "crash"
    ]
    assert set(crashes) == {0.0, 16.0}


@pytest.mark.parametrize("genre", sorted(genres()))
def test_a_break_has_no_kick_and_is_never_silence(genre: str) -> None:
    for seed in range(3):
        scores = play(plain(genre, bars=16, structure=("main", "break", "main")), seed)
        pause = bars_of(scores["drums"], "break")
        assert "kick" not in voices_in(scores["drums"], pause)
        for bar in pause:
            assert any(sounding(score, bar) for score in scores.values()), (seed, bar)


def sounding(score: Score, bar: int) -> bool:
    notes = any(n.start_beats < 4 * bar + 4 and n.start_beats + n.length_beats > 4 * bar for n in score.notes)
    return notes or any(4 * bar <= hit.start_beats < 4 * bar + 4 for hit in score.hits)


@pytest.mark.parametrize("track", TRACKS)
def test_energy_follows_the_sections(track: str) -> None:
    score = play(plain("house", bars=16, structure=STRUCTURE), 2)[track]
    (energy,) = (curve for curve in score.curves if curve.name == "energy")

    def in_section(name: str) -> float:
        bars = bars_of(score, name)
        return mean(value for beat, value in energy.points if int(beat / 4) in bars)

    assert in_section("intro") < in_section("build") < in_section("drop")
    assert in_section("break") < in_section("drop") - 0.3


@pytest.mark.parametrize("profile", [name for name in PROFILES if name])
def test_a_profile_moves_loudness_over_the_bars(profile: str) -> None:
    def quarters(wanted: str) -> list[float]:
        loud: list[list[int]] = [[], [], [], []]
        for seed in range(6):
            for hit in play(plain("house", profile=wanted), seed, tracks=("drums",))["drums"].hits:
                if hit.voice in ("kick", "clap", "closed_hat", "shaker"):
                    loud[int(hit.start_beats / 8)].append(hit.velocity)
        return [mean(row) for row in loud]

    one, two, three, four = quarters(profile)
    match profile:
        case "rise":
            assert one < two < three < four and four > one + 10
        case "fall":
            assert one > two > three > four and one > four + 10
        case "arch":
            assert max(two, three) > max(one, four) + 5
        case "wave":
            assert abs(one - three) < 6 and abs(two - four) < 6
        case _:
            assert max(one, two, three, four) - min(one, two, three, four) < 6
