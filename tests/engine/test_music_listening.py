"""Laws of listening: kicks are given way to, grooves are taken over, what is heard leaves its mark."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.context.groove import Groove
from engine.context.track_context import Onset, TrackContext
from engine.music.compose import compose
from engine.music.ducking import ATTACK_S, duck_curve
from engine.music.gaps import busy_steps, overlap
from engine.music.genre import genres
from engine.music.key import Signature
from engine.music.plan import Time
from engine.music.score import Curve, Hit, Score
from engine.prompt.music_context import MusicContext
from tests.engine.musicians import TRACKS, band, plain, play

PITCHED = ("bass", "harmony", "melody")
PUMPING = sorted(name for name, genre in genres().items() if genre.sidechain >= 0.2)


def at(curve: Curve, beat: float) -> float:
    """The curve's value at a beat."""
    before = curve.points[0]
    for point in curve.points:
        if point[0] >= beat:
            width = point[0] - before[0]
            share = (beat - before[0]) / width if width else 1.0
            return before[1] + (point[1] - before[1]) * share
        before = point
    return before[1]


def named(score: Score, name: str) -> Curve | None:
    return next((curve for curve in score.curves if curve.name == name), None)


# --- giving way to the kick -------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(0, 15.99), min_size=1, max_size=24), st.floats(0.05, 0.9), st.floats(60, 200))
def test_a_duck_is_deepest_on_every_kick_and_the_seam_is_whole(
    kicks: list[float], depth: float, tempo_bpm: float
) -> None:
    curve = duck_curve(kicks, depth, 16.0, tempo_bpm)
    assert curve is not None
    beats = [beat for beat, _ in curve.points]
    assert beats == sorted(beats) and beats[0] == 0.0 and beats[-1] == 16.0
    assert all(0.0 <= value <= depth + 1e-4 for _, value in curve.points)
    assert curve.points[0][1] == pytest.approx(curve.points[-1][1])
    apart = [k for k in kicks if all(k == o or min(abs(k - o), 16 - abs(k - o)) > 0.2 for o in kicks)]
    for kick in apart:
        if 0.05 < kick < 15.9:
            assert at(curve, kick) == pytest.approx(depth, abs=0.01)


def test_the_level_is_whole_before_a_kick_and_again_an_eighth_or_a_quarter_later() -> None:
    curve = duck_curve([0.0, 1.0, 2.0, 3.0], 0.5, 4.0, 120.0)
    assert curve is not None
    attack_beats = ATTACK_S * 120.0 / 60.0
    assert at(curve, 1.0 - 2.0 * attack_beats) == pytest.approx(0.0, abs=1e-6)
    assert at(curve, 1.0) == pytest.approx(0.5)
    assert 0.0 < at(curve, 1.25) < 0.5
    assert at(curve, 1.6) == pytest.approx(0.0, abs=1e-6)


def test_nothing_ducks_without_a_kick_or_a_sidechain() -> None:
    assert duck_curve([], 0.5, 4.0, 120.0) is None
    assert duck_curve([0.0], 0.0, 4.0, 120.0) is None
    assert named(compose("harmony", plain("house"), {}, 1, {}), "duck") is None


@pytest.mark.parametrize("genre", PUMPING)
def test_tracks_give_way_to_the_kicks_they_hear(genre: str) -> None:
    scores = play(plain(genre), 2)
    kicks = [hit for hit in scores["drums"].hits if hit.voice == "kick"]
    harmony = named(scores["harmony"], "duck")
    assert harmony is not None and kicks
    for kick in kicks[1:]:
        beat = kick.start_beats + kick.offset_ms * scores["drums"].tempo_bpm / 60_000.0
        assert at(harmony, beat) > 0.5 * max(value for _, value in harmony.points)
    assert named(scores["drums"], "duck") is None


def test_more_energy_pumps_deeper() -> None:
    def deepest(energy: float) -> float:
        curve = named(play(plain("house", energy=energy), 2)["harmony"], "duck")
        assert curve is not None
        return max(value for _, value in curve.points)

    assert deepest(0.1) < deepest(0.9) - 0.1


def test_kicks_of_audio_are_given_way_to_as_well() -> None:
    onsets = tuple(Onset(float(beat) + 0.02, 0.9) for beat in range(8))
    drums = TrackContext("drums", 124.0, None, Signature(), 2, (), onsets, (), 0.6)
    curve = named(compose("harmony", plain("house", tempo_bpm=124.0), {"drums": drums}, 1, {}), "duck")
    assert curve is not None
    for beat in range(1, 32):
        assert at(curve, beat + 0.02) > 0.8 * max(value for _, value in curve.points)


# --- the groove heard -------------------------------------------------------------------------------


def loop_with(groove: Groove) -> dict[str, TrackContext]:
    onsets = tuple(Onset(beat / 2.0, 0.9, "kick" if beat % 2 == 0 else "closed_hat") for beat in range(16))
    return {"drums": TrackContext("drums", 100.0, None, Signature(), 2, (), onsets, groove=groove)}


def mechanical(genre: str) -> MusicContext:
    return plain(genre, tempo_bpm=100.0, humanize=0.0, swing=0.0)


@pytest.mark.parametrize("track", PITCHED)
def test_the_swing_heard_is_the_swing_played(track: str) -> None:
    """Over seeds: off-beat sixteenths fall later beside a drum loop that swings."""

    def off_beats(swing: float) -> set[float]:
        groove = Groove((0.0,) * 16, swing, 16)
        found = set()
        for seed in range(6):
            score = compose(track, mechanical("funk"), loop_with(groove), seed, {})
            found |= {round(note.start_beats % 0.5, 3) for note in score.notes} - {0.0}
        return found

    straight, swung = off_beats(0.0), off_beats(1.0)
    assert straight == {0.25}
    assert swung and min(swung) > 0.3


@pytest.mark.parametrize("track", PITCHED)
def test_a_drummer_who_drags_is_followed(track: str) -> None:
    late = tuple(20.0 if step % 4 == 2 else 0.0 for step in range(16))

    def lateness(habit: tuple[float, ...]) -> float:
        notes = [
            note.offset_ms
            for seed in range(6)
            for note in compose(track, mechanical("funk"), loop_with(Groove(habit, 0.0, 16)), seed, {}).notes
            if note.start_beats % 1.0 == 0.5
        ]
        return mean(notes)

    # Strummed strings are late by themselves.
    assert lateness(late) > lateness((0.0,) * 16) + 15.0


def test_hands_drift_and_do_not_jitter() -> None:
    """Offsets of one voice that follow each other are alike: their correlation is clearly positive."""
    pairs: list[tuple[float, float]] = []
    for seed in range(10):
        hits = play(plain("rock", humanize=1.0), seed, tracks=("drums",))["drums"].hits
        hats = [hit.offset_ms for hit in hits if hit.voice == "closed_hat"]
        pairs += pairwise(hats)
    middle = mean(x for x, _ in pairs)
    together = mean((x - middle) * (y - middle) for x, y in pairs)
    spread = mean((x - middle) ** 2 for x, _ in pairs)
    assert together / spread > 0.25


def test_a_melody_speaks_where_the_chords_it_hears_are_silent() -> None:
    """Off the downbeat it meets fewer of their onsets than a melody that plays as if alone."""

    def met(listens: bool) -> float:
        together = total = 0
        for genre in ("house", "disco", "latin", "funk", "reggae", "pop"):
            for seed in range(6):
                scores = play(plain(genre, swing=0.0), seed, tracks=("drums", "bass", "harmony"))
                names = scores if listens else ("drums",)
                heard = {name: TrackContext.from_score(scores[name]) for name in names}
                melody = compose("melody", plain(genre, swing=0.0), heard, seed, {})
                chords = {round(note.start_beats, 3) for note in scores["harmony"].notes}
                off = [round(note.start_beats, 3) for note in melody.notes if note.start_beats % 4.0 > 0.01]
                together += sum(start in chords for start in off)
                total += len(off)
        return together / total

    assert met(True) < 0.85 * met(False)


def test_without_anybody_there_are_no_gaps_to_seek() -> None:
    time = Time.of(plain("house"), 0.0, 16)
    assert busy_steps({}, time) == () and overlap("xxxx xxxx xxxx xxxx", (), time) == 0.0


# --- drums of one kit -------------------------------------------------------------------------------


@pytest.mark.parametrize("genre", sorted(genres()))
def test_a_hi_hat_is_open_or_closed(genre: str) -> None:
    for seed in range(4):
        hits = band(genre, seed)["drums"].hits
        opened = places(hits, "open_hat")
        assert not opened & places(hits, "closed_hat"), seed


def places(hits: tuple[Hit, ...], voice: str) -> set[float]:
    return {hit.start_beats for hit in hits if hit.voice == voice}


def test_ghosts_are_softer_than_the_backbeat() -> None:
    ghosts: list[int] = []
    backs: list[int] = []
    for seed in range(6):
        for hit in play(plain("funk", swing=0.0), seed, tracks=("drums",))["drums"].hits:
            if hit.voice == "snare":
                (backs if hit.start_beats % 2.0 == 1.0 else ghosts).append(hit.velocity)
    assert ghosts and mean(ghosts) < 0.65 * mean(backs)


# --- any frame --------------------------------------------------------------------------------------

meters = st.sampled_from(((3, 4), (4, 4), (5, 4), (6, 8), (7, 8), (12, 8)))
knobs = st.fixed_dictionaries(
    {name: st.sampled_from((0.0, 0.5, 1.0)) for name in ("energy", "density", "swing", "humanize")}
)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(genres())), meters, st.sampled_from((1, 2, 3, 8, 16, 32)), knobs,
    st.sampled_from((("intro", "build", "drop", "break", "outro"), ("drop",), ())), st.integers(0, 999),
)  # fmt: skip
def test_any_genre_meter_length_and_knob_gives_valid_scores_twice(
    genre: str, meter: tuple[int, int], bars: int, params: dict[str, float],
    structure: tuple[str, ...], seed: int,
) -> None:  # fmt: skip
    context = replace(plain(genre, structure=structure), signature=Signature(*meter), bars=bars)
    first, again = play(context, seed, params), play(context, seed, params)
    assert first == again
    for track in TRACKS:
        score = first[track].validate()
        assert score.notes or score.hits, track
