"""A relative prompt changes the take that stands, and only in what it speaks of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.context.track_context import TrackContext
from engine.music.compose import compose
from engine.music.distance import distance
from engine.music.key import Key, Signature
from engine.music.past import Past
from engine.music.revise import RANGES
from engine.music.score import Score
from engine.music.theory import Ladder
from engine.music.write import write
from engine.prompt.music_context import MusicContext, TrackIntent

TRACKS = ("drums", "bass", "harmony", "melody")
PITCHED = TRACKS[1:]
GENRES = ("house", "drum_and_bass", "funk", "ambient", "rock")


def context(genre: str = "house", **fields: object) -> MusicContext:
    plain = MusicContext(
        "", genre, 120.0, Key(9, "minor"), Signature(), 8, energy=0.6, density=0.55, brightness=0.5
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def band(genre: str = "house", seed: int = 3) -> dict[str, Score]:
    heard: dict[str, TrackContext] = {}
    scores = {}
    for track in TRACKS:
        scores[track] = compose(track, context(genre), heard, seed, {})
        heard[track] = TrackContext.from_score(scores[track])
    return scores


def others(scores: dict[str, Score], track: str) -> dict[str, TrackContext]:
    return {name: TrackContext.from_score(score) for name, score in scores.items() if name != track}


def revised(
    scores: dict[str, Score], track: str, intent: TrackIntent | None = None, seed: int = 77, **fields: object
) -> Score:
    before = context(scores[track].genre)
    tracks = {track: intent} if intent else {}
    after = replace(before, tracks=tracks, relative=True, **fields)  # type: ignore[arg-type]
    past = Past(scores[track], before, (scores[track],))
    return write(track, after, others(scores, track), seed, {}, past)


def starts(score: Score) -> list[tuple[float, str]]:
    return sorted({(n.start_beats, "") for n in score.notes} | {(h.start_beats, h.voice) for h in score.hits})


def pitches(score: Score) -> list[tuple[float, int]]:
    return sorted((note.start_beats, note.pitch) for note in score.notes)


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("track", TRACKS)
def test_less_busy_keeps_a_part_of_what_was_there(genre: str, track: str) -> None:
    scores = band(genre)
    after = revised(scores, track, TrackIntent(density=0.25))
    assert set(starts(after)) <= set(starts(scores[track]))
    assert len(starts(after)) < len(starts(scores[track])) or len(starts(after)) <= 2


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("track", TRACKS)
def test_busier_keeps_everything_and_adds_to_it(genre: str, track: str) -> None:
    scores = band(genre)
    after = revised(scores, track, TrackIntent(density=0.95))
    assert set(starts(after)) > set(starts(scores[track]))


@pytest.mark.parametrize("track", PITCHED)
def test_an_octave_lower_is_the_same_line_an_octave_lower_as_far_as_loudspeakers_follow(track: str) -> None:
    scores = band()
    after = revised(scores, track, TrackIntent(octave=-1))
    lowest = RANGES[track][0]
    down = [(start, pitch - 12 if pitch - 12 >= lowest else pitch) for start, pitch in pitches(scores[track])]
    assert pitches(after) == down
    assert down != pitches(scores[track])


@pytest.mark.parametrize("octave", [-3, 3])
@pytest.mark.parametrize("track", PITCHED)
def test_no_octave_leads_out_of_a_roles_range(track: str, octave: int) -> None:
    lowest, highest = RANGES[track]
    after = revised(band("funk"), track, TrackIntent(octave=octave))
    assert all(lowest <= note.pitch <= highest for note in after.notes)


def test_words_about_another_track_leave_this_one_note_for_note() -> None:
    scores = band()
    before = context()
    after = replace(before, tracks={"drums": TrackIntent(density=0.9)}, relative=True)
    past = Past(scores["melody"], before, (scores["melody"],))
    assert write("melody", after, others(scores, "melody"), 77, {}, past).notes == scores["melody"].notes


@pytest.mark.parametrize("track", ["bass", "melody"])
@pytest.mark.parametrize("genre", GENRES)
def test_staccato_shortens_a_line_that_is_short_already(genre: str, track: str) -> None:
    scores = band(genre)
    after = revised(scores, track, TrackIntent(articulation="staccato"))
    lengths = [sum(note.length_beats for note in score.notes) for score in (scores[track], after)]
    assert lengths[1] < 0.75 * lengths[0]


def test_new_drums_around_the_same_backbeat_are_about_as_busy() -> None:
    scores = band()
    sparse = revised(scores, "drums", TrackIntent(density=0.15))
    before = context(tracks={"drums": TrackIntent(density=0.15)})
    after = replace(before, tracks={"drums": TrackIntent(density=0.15, keep="rhythm")}, relative=True)
    new = write("drums", after, {}, 5, {}, Past(sparse, before, (sparse,)))
    assert len(new.hits) <= max(1.3 * len(sparse.hits), len(sparse.hits) + 2.6 * sparse.bars)


@pytest.mark.parametrize("track", TRACKS)
def test_darker_changes_the_sound_and_no_note(track: str) -> None:
    scores = band()
    after = revised(scores, track, TrackIntent(brightness=0.2))
    assert after.settings["brightness"] < scores[track].settings["brightness"]
    assert (after.notes, after.hits) == (scores[track].notes, scores[track].hits)


@pytest.mark.parametrize("track", TRACKS)
def test_more_aggressive_is_the_same_part_played_harder(track: str) -> None:
    scores = band()
    after = revised(scores, track, TrackIntent(energy=0.95))
    assert starts(after) == starts(scores[track]) and pitches(after) == pitches(scores[track])
    assert loudness(after) > 1.05 * loudness(scores[track])


def loudness(score: Score) -> float:
    velocities = [item.velocity for item in (*score.notes, *score.hits)]
    return sum(velocities) / len(velocities)


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("track", PITCHED)
def test_keep_the_rhythm_new_notes(genre: str, track: str) -> None:
    scores = band(genre)
    after = revised(scores, track, TrackIntent(keep="rhythm"))
    assert starts(after) == starts(scores[track])
    assert pitches(after) != pitches(scores[track])


def test_keep_the_rhythm_of_drums_keeps_kick_and_backbeat() -> None:
    scores = band()

    def backbone(score: Score) -> list[tuple[float, str]]:
        return [place for place in starts(score) if place[1] in ("kick", "snare", "clap")]

    after = revised(scores, "drums", TrackIntent(keep="rhythm"))
    assert backbone(after) == backbone(scores["drums"])


@pytest.mark.parametrize("track", ["bass", "melody"])
def test_keep_the_notes_new_rhythm(track: str) -> None:
    scores = band("funk")
    after = revised(scores, track, TrackIntent(keep="notes"))
    assert starts(after) != starts(scores[track])
    assert {note.pitch for note in after.notes} <= {note.pitch for note in scores[track].notes}


def test_double_time_hats_are_twice_as_many_and_nothing_else_moves() -> None:
    scores = band()
    after = revised(scores, "drums", TrackIntent(rates={"closed_hat": 2.0}))

    def count(score: Score, voice: str) -> int:
        return sum(hit.voice == voice for hit in score.hits)

    assert count(after, "closed_hat") == 2 * count(scores["drums"], "closed_hat")
    assert count(after, "kick") == count(scores["drums"], "kick")


def test_half_time_tells_half_as_much_in_the_same_bars() -> None:
    scores = band()
    after = revised(scores, "drums", TrackIntent(rates={"*": 0.5}))
    assert abs(len(after.hits) - len(scores["drums"].hits) / 2) <= 0.15 * len(scores["drums"].hits)


@pytest.mark.parametrize("track", TRACKS)
def test_more_like_a_take_is_nearer_to_it_than_another_idea_is(track: str) -> None:
    scores = band("funk")
    second = compose(track, context("funk"), others(scores, track), 1234, {})
    third = compose(track, context("funk"), others(scores, track), 555, {})
    past = Past(third, context("funk"), (scores[track], second, third))
    wish = replace(context("funk"), relative=True, tracks={track: TrackIntent(like_take=2)})
    after = write(track, wish, others(scores, track), 9, {}, past)
    assert 0.0 < distance(after, second) < 0.6
    assert distance(after, second) < distance(after, third)


@pytest.mark.parametrize("track", PITCHED)
def test_another_key_of_the_same_mode_is_a_transposition(track: str) -> None:
    scores = band()
    before = context()
    past = Past(scores[track], before, (scores[track],))
    after = write(track, replace(before, relative=True, key=Key(11, "minor")), {}, 5, {}, past)
    moved = [b[1] - a[1] for a, b in zip(pitches(scores[track]), pitches(after), strict=True)]
    assert set(moved) == {2}
    assert [c.pitch_classes[0] for c in after.chords] == [
        (c.pitch_classes[0] + 2) % 12 for c in scores[track].chords
    ]


def test_a_revised_line_fits_the_chords_it_hears() -> None:
    scores = band()
    elsewhere = compose("harmony", context(key=Key(2, "dorian")), {}, 8, {})
    past = Past(scores["bass"], context(), (scores["bass"],))
    wish = replace(context(), relative=True, key=Key(2, "dorian"), tracks={"bass": TrackIntent(energy=0.9)})
    after = write("bass", wish, {"harmony": TrackContext.from_score(elsewhere)}, 5, {}, past)
    assert starts(after) == starts(scores["bass"])
    rungs = Ladder(Key(2, "dorian").scale).classes
    assert all(note.pitch % 12 in rungs for note in after.notes)


@pytest.mark.parametrize("bars", [4, 16])
def test_another_length_repeats_or_cuts_the_take(bars: int) -> None:
    scores = band()
    after = revised(scores, "bass", bars=bars)
    assert after.bars == bars
    first = [place for place in pitches(after) if place[0] < 16.0]
    assert first == [place for place in pitches(scores["bass"]) if place[0] < 16.0]


def test_another_tempo_keeps_every_beat() -> None:
    scores = band()
    after = revised(scores, "drums", tempo_bpm=140.0)
    assert after.tempo_bpm == 140.0 and starts(after) == starts(scores["drums"])


def test_swing_moves_the_off_beats_only() -> None:
    scores = band()
    after = revised(scores, "drums", TrackIntent(swing=0.9))
    on_beats = [place for place in starts(scores["drums"]) if place[0] % 1.0 == 0.0]
    assert [place for place in starts(after) if place[0] % 1.0 == 0.0] == on_beats
    assert len(after.hits) == len(scores["drums"].hits)
    assert starts(after) != starts(scores["drums"])


def test_voices_asked_for_join_and_voices_denied_leave() -> None:
    scores = band()
    after = revised(scores, "drums", TrackIntent(want=("cowbell",), avoid=("closed_hat",)))
    voices = {hit.voice for hit in after.hits}
    assert "closed_hat" not in voices


def test_staccato_shortens_and_legato_joins() -> None:
    scores = band("funk")
    short = revised(scores, "bass", TrackIntent(articulation="staccato"))
    long = revised(scores, "bass", TrackIntent(articulation="legato"))
    total = sum(note.length_beats for note in scores["bass"].notes)
    assert sum(n.length_beats for n in short.notes) < total < sum(n.length_beats for n in long.notes)


def test_another_genre_starts_over() -> None:
    scores = band()
    before = context()
    past = Past(scores["drums"], before, (scores["drums"],))
    after = write("drums", replace(before, relative=True, genre="funk"), {}, 5, {}, past)
    assert after.genre == "funk" and distance(after, scores["drums"]) > 0.3


def test_the_same_arguments_give_the_same_score() -> None:
    scores = band()
    assert revised(scores, "melody", TrackIntent(density=0.9)) == revised(
        scores, "melody", TrackIntent(density=0.9)
    )
