"""Laws of the manners: what a prompt asks of one musician can be measured in what is played."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import mean

import pytest

from engine.music.genre import genres
from engine.music.key import Signature
from engine.music.score import DRUM_VOICES, Score
from engine.prompt.music_context import MANNERS
from tests.engine.musicians import asking, chord_at, plain, play, starts_in

GENRES = ("house", "techno", "jazz", "drum_and_bass", "reggae", "ambient")
SEEDS = range(4)


def bass(genre: str, seed: int, **wishes: object) -> Score:
    return play(asking(genre, "bass", **wishes), seed, tracks=("drums", "bass"))["bass"]


def alone(genre: str, track: str, seed: int, **wishes: object) -> Score:
    return play(asking(genre, track, **wishes), seed, tracks=(track,))[track]


def share(values: list[bool]) -> float:
    return sum(values) / max(1, len(values))


# --- bass -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("genre", GENRES)
def test_a_driving_bass_is_steady(genre: str) -> None:
    for seed in SEEDS:
        score = bass(genre, seed, manner="driving")
        assert all(len(starts_in(score, bar)) >= 6 for bar in range(8)), seed
        gaps = [after.start_beats - before.start_beats for before, after in pairwise(score.notes)]
        assert share([gap <= 0.5 + 1e-6 for gap in gaps]) > 0.8


@pytest.mark.parametrize("genre", GENRES)
def test_a_rolling_bass_rolls_after_the_beat(genre: str) -> None:
    for seed in SEEDS:
        starts = [note.start_beats % 1.0 for note in bass(genre, seed, manner="rolling").notes]
        assert share([start > 0.2 for start in starts]) >= 0.5
        assert len(starts) >= 8 * 5


@pytest.mark.parametrize("genre", GENRES)
def test_an_offbeat_bass_leaves_the_beat_to_the_kick(genre: str) -> None:
    for seed in SEEDS:
        starts = [note.start_beats % 1.0 for note in bass(genre, seed, manner="offbeat").notes]
        assert share([start == 0.5 for start in starts]) > 0.7, seed


@pytest.mark.parametrize("genre", GENRES)
def test_a_walking_bass_walks_in_quarters_into_the_next_root(genre: str) -> None:
    near = total = 0
    for seed in SEEDS:
        score = bass(genre, seed, manner="walking")
        on_beats = [note.start_beats % 1.0 == 0.0 for note in score.notes]
        assert share(on_beats) > 0.8 and len(score.notes) >= 24, seed
        for before, after in pairwise(score.notes):
            if any(abs(chord.start_beats - after.start_beats) < 1e-6 for chord in score.chords):
                total += 1
                near += abs(after.pitch - before.pitch) <= 4
    assert near / total > 0.7


@pytest.mark.parametrize("genre", GENRES)
def test_a_held_bass_holds(genre: str) -> None:
    for seed in SEEDS:
        assert mean(note.length_beats for note in bass(genre, seed, manner="held").notes) >= 1.4


@pytest.mark.parametrize("genre", GENRES)
def test_octaves_are_octaves(genre: str) -> None:
    for seed in SEEDS:
        notes = bass(genre, seed, manner="octaves").notes
        leaps = [abs(after.pitch - before.pitch) == 12 for before, after in pairwise(notes)]
        assert share(leaps) > 0.3, seed


@pytest.mark.parametrize("genre", GENRES)
def test_an_acid_line_accents_and_slides(genre: str) -> None:
    for seed in SEEDS:
        notes = bass(genre, seed, manner="acid").notes
        assert any(note.slide for note in notes) and any(note.articulation == "accent" for note in notes)
        assert len(notes) >= 8 * 4


@pytest.mark.parametrize("genre", GENRES)
def test_a_syncopated_bass_is_more_off_the_beat_than_on_it(genre: str) -> None:
    starts = [
        note.start_beats % 1.0 for seed in SEEDS for note in bass(genre, seed, manner="syncopated").notes
    ]
    assert share([start != 0.0 for start in starts]) > 0.5


def test_a_riff_repeats_itself() -> None:
    for genre in GENRES:
        for seed in SEEDS:
            score = bass(genre, seed, manner="riff")
            bars = [tuple(starts_in(score, bar)) for bar in range(8)]
            assert len(set(bars)) <= 5, (genre, seed)


@pytest.mark.parametrize("manner", MANNERS["bass"])
@pytest.mark.parametrize("genre", GENRES)
def test_a_bass_of_any_manner_plays_one_note_at_a_time(genre: str, manner: str) -> None:
    for seed in SEEDS:
        notes = bass(genre, seed, manner=manner).notes
        assert notes
        for before, after in pairwise(notes):
            assert before.start_beats + before.length_beats <= after.start_beats + 1e-9


@pytest.mark.parametrize("track", ["bass", "harmony", "melody"])
def test_staccato_is_short_and_legato_is_long(track: str) -> None:
    def mean_length(how: str | None) -> float:
        scores = (alone("pop", track, seed, articulation=how) for seed in SEEDS)
        return mean(note.length_beats for score in scores for note in score.notes)

    assert mean_length("staccato") < 0.75 * mean_length("legato")


@pytest.mark.parametrize("track", ["bass", "melody"])
def test_slides_slide(track: str) -> None:
    plain_slides = slides = 0
    for seed in SEEDS:
        plain_slides += sum(note.slide for note in alone("house", track, seed).notes)
        slides += sum(note.slide for note in alone("house", track, seed, articulation="slides").notes)
    assert slides > 2 * plain_slides + 8


# --- harmony ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("genre", GENRES)
def test_a_pad_lies(genre: str) -> None:
    """As long as its chord or its bar, but for the time its voices need to enter."""
    for seed in SEEDS:
        score = alone(genre, "harmony", seed, manner="pad")
        for note in score.notes:
            assert note.length_beats >= 0.45 * min(4.0, chord_at(score, note.start_beats).length_beats), seed


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("manner", ["stab", "skank"])
def test_stabs_and_skanks_are_short(genre: str, manner: str) -> None:
    for seed in SEEDS:
        score = alone(genre, "harmony", seed, manner=manner)
        assert score.notes and max(note.length_beats for note in score.notes) <= 0.6, seed


@pytest.mark.parametrize("genre", GENRES)
def test_a_skank_is_off_the_beat_it_hears(genre: str) -> None:
    """On the eighths between the beats, or on the second and fourth where the time is felt in halves."""
    for seed in SEEDS:
        starts = [note.start_beats % 2.0 for note in alone(genre, "harmony", seed, manner="skank").notes]
        assert share([start != 0.0 for start in starts]) > 0.85


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("track", ["harmony", "melody"])
def test_an_arpeggio_is_one_chord_tone_after_another(genre: str, track: str) -> None:
    for seed in SEEDS:
        score = alone(genre, track, seed, manner="arp")
        starts = [note.start_beats for note in score.notes]
        assert len(starts) == len(set(starts)) and len(starts) >= 8 * 4, seed
        tones = [n.pitch % 12 in chord_at(score, n.start_beats).pitch_classes for n in score.notes]
        assert all(tones)


@pytest.mark.parametrize("genre", GENRES)
def test_a_strum_spreads_the_strings_both_ways(genre: str) -> None:
    ways = set()
    for note_rows in chord_rows(alone(genre, "harmony", 1, manner="strum")):
        ways.add(note_rows[-1][1] > note_rows[0][1])
    assert ways == {True, False}


def chord_rows(score: Score) -> list[list[tuple[int, float]]]:
    """(pitch, offset) of the notes of every chord struck, from the lowest."""
    rows: dict[float, list[tuple[int, float]]] = {}
    for note in score.notes:
        rows.setdefault(note.start_beats, []).append((note.pitch, note.offset_ms))
    return [sorted(row) for row in rows.values() if len(row) > 2]


# --- melody -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("genre", GENRES)
def test_a_call_leaves_room_for_an_answer(genre: str) -> None:
    """In every two bars somebody else has a beat and a half to answer in."""
    for seed in SEEDS:
        score = alone(genre, "melody", seed, manner="call")
        edges = [(n.start_beats, n.start_beats + n.length_beats) for n in score.notes] + [(32.0, 32.0)]
        gaps = [(end, after[0] - end) for (_, end), after in pairwise(edges)]
        roomy = {int(end // 8) for end, gap in gaps if gap >= 1.5}
        assert len(roomy) >= 3, seed


@pytest.mark.parametrize("genre", GENRES)
def test_a_hook_says_the_same_again_and_a_solo_does_not(genre: str) -> None:
    def kinds(manner: str) -> float:
        found = []
        for seed in SEEDS:
            score = alone(genre, "melody", seed, manner=manner)
            found.append(len({tuple(starts_in(score, bar)) for bar in range(8)}))
        return mean(found)

    assert kinds("hook") <= kinds("solo") and kinds("hook") <= 5


@pytest.mark.parametrize("manner", [m for role in ("harmony", "melody") for m in MANNERS[role]])
def test_every_manner_plays_in_every_genre(manner: str) -> None:
    track = "harmony" if manner in MANNERS["harmony"] else "melody"
    for genre in genres():
        assert len(alone(genre, track, 7, manner=manner).notes) >= 4, genre


# --- drums ------------------------------------------------------------------------------------------


def drums(genre: str, seed: int, **wishes: object) -> Score:
    return alone(genre, "drums", seed, **wishes)


def strikes(score: Score, voice: str) -> list[float]:
    return [hit.start_beats for hit in score.hits if hit.voice == voice]


def has_no_fill(beat: float) -> bool:
    """Fills stand at the ends of phrases of four bars."""
    return beat // 4 % 4 != 3


@pytest.mark.parametrize("genre", GENRES)
def test_four_on_the_floor_and_one_drop(genre: str) -> None:
    for seed in SEEDS:
        floor = strikes(drums(genre, seed, manner="four_on_the_floor"), "kick")
        assert {float(beat) for beat in range(32) if has_no_fill(beat)} <= set(floor)
        dropped = strikes(drums(genre, seed, manner="one_drop"), "kick")
        assert share([beat % 4.0 == 2.0 for beat in dropped if has_no_fill(beat)]) > 0.8


@pytest.mark.parametrize("genre", GENRES)
def test_half_time_beats_back_once_a_bar(genre: str) -> None:
    for seed in SEEDS:
        score = drums(genre, seed, manner="half_time")
        loud = [h for h in score.hits if h.voice in ("snare", "clap") and h.velocity > 70]
        eighths = [int(hit.start_beats % 4.0 / 0.5) for hit in loud if has_no_fill(hit.start_beats)]
        assert share([eighth == 4 for eighth in eighths]) > 0.8  # a stroke may be told as a roll


@pytest.mark.parametrize("genre", GENRES)
def test_double_time_hats_are_twice_as_many_and_nothing_else_changes(genre: str) -> None:
    for seed in SEEDS:
        once = drums(genre, seed, want=("closed_hat",))
        twice = drums(genre, seed, want=("closed_hat",), rates={"closed_hat": 2.0})
        assert len(strikes(twice, "closed_hat")) >= 1.7 * len(strikes(once, "closed_hat"))
        others = [voice for voice in DRUM_VOICES if voice != "closed_hat"]
        assert all(strikes(once, voice) == strikes(twice, voice) for voice in others)


def test_half_rate_drums_are_half_as_many() -> None:
    for seed in SEEDS:
        once, half = (drums("house", seed, rates=rates) for rates in ({}, {"*": 0.5}))
        assert 0.35 * len(once.hits) < len(half.hits) < 0.65 * len(once.hits)


@pytest.mark.parametrize("voice", sorted(DRUM_VOICES))
def test_a_voice_wanted_sounds_in_every_genre(voice: str) -> None:
    for genre in genres():
        assert strikes(drums(genre, 3, want=(voice,)), voice), genre


@pytest.mark.parametrize("signature", [(3, 4), (4, 4), (5, 4), (6, 8), (7, 8), (12, 8)])
def test_wants_hold_in_any_meter(signature: tuple[int, int]) -> None:
    context = asking("techno", "drums", want=("cowbell",), avoid=("crash", "open_hat"))
    for seed in SEEDS:
        metered = replace(context, signature=Signature(*signature))
        score = play(metered, seed, tracks=("drums",))["drums"]
        assert strikes(score, "cowbell") and not strikes(score, "crash") and not strikes(score, "open_hat")


@pytest.mark.parametrize("manner", MANNERS["drums"])
@pytest.mark.parametrize("voice", ["clap", "high_tom", "snare"])
def test_a_voice_wanted_sounds_in_any_manner_at_any_density(manner: str, voice: str) -> None:
    for seed in SEEDS:
        for density in (0.0, 1.0):
            score = drums("ambient", seed, manner=manner, want=(voice,), density=density)
            assert strikes(score, voice), (seed, density)


def test_a_shuffle_swings() -> None:
    off = [
        hit.start_beats % 1.0
        for seed in SEEDS
        for hit in drums("rock", seed, manner="shuffle").hits
        if 0.3 < hit.start_beats % 1.0 < 0.8
    ]
    assert off and share([abs(place - 2 / 3) < 0.05 for place in off]) > 0.5


# --- the sound --------------------------------------------------------------------------------------


def test_settings_asked_for_are_in_the_score() -> None:
    for track in ("drums", "bass", "harmony", "melody"):
        score = alone("house", track, 1, settings={"reverb": 0.93, "vinyl": 0.4})
        assert score.settings["reverb"] == 0.93 and score.settings["vinyl"] == 0.4
    assert play(plain("house"), 1)["harmony"].settings["reverb"] != 0.93
