"""Laws of the four musicians: whatever the frame, the score is whole, in key, and listens."""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.audio.processors import processor_names
from engine.context.track_context import Onset, TrackContext
from engine.music.compose import compose
from engine.music.genre import PALETTES, SETTINGS, genre_named, genres
from engine.music.key import MODES, Key, Signature
from engine.music.melodist import ladder_of
from engine.music.score import Chord, Score
from engine.music.theory import chord_pitch_classes
from engine.prompt.music_context import MusicContext, TrackIntent
from engine.track import PARAMS
from tests.engine.musicians import TRACKS, band, plain, play

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
unit = st.floats(0, 1)
keys = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(MODES)))
signatures = st.one_of(
    st.sampled_from((Signature(4, 4), Signature(3, 4), Signature(7, 8), Signature(6, 8), Signature(5, 4))),
    st.builds(Signature, st.integers(1, 32), st.sampled_from((1, 2, 4, 8, 16))),
)
intents = st.builds(
    TrackIntent, energy=st.none() | unit, density=st.none() | unit, swing=st.none() | unit,
    octave=st.integers(-3, 3),
    palette=st.sampled_from((None, "acid", "808", "pad", "stab", "bell", "nonsense")),
    avoid=st.sampled_from(((), ("kick",), ("closed_hat", "open_hat"))),
)  # fmt: skip
contexts = st.builds(
    MusicContext, prompt=st.just(""), genre=st.sampled_from((*genres(), "polka")),
    tempo_bpm=st.floats(40, 240),
    key=keys, signature=signatures, bars=st.sampled_from((1, 2, 3, 4, 5, 8, 16)),
    energy=unit, density=unit, brightness=unit, swing=unit, humanize=unit,
    tracks=st.dictionaries(st.sampled_from(TRACKS), intents, max_size=4),
)  # fmt: skip
knobs = st.fixed_dictionaries({}, optional={name: st.floats(p.low, p.high) for name, p in PARAMS.items()})
seeds = st.integers(0, 2**31 - 1)


@lru_cache(maxsize=32)
def turned(genre: str, seed: int, knob: str, value: float) -> Mapping[str, Score]:
    """The band with one knob turned; kept for as long as one genre's four tracks are looked at."""
    return play(plain(genre), seed, {knob: value})


def allowed(score: Score, beat: float) -> set[int]:
    """The key's scale and the chord that sounds."""
    sounding = [chord for chord in score.chords if chord.start_beats <= beat + 1e-6]
    return set(score.key.scale) | set((sounding or score.chords)[-1 if sounding else 0].pitch_classes)


def coloured(score: Score, context: MusicContext) -> set[int]:
    """A melody of a genre with a scale of its own may take that scale's notes."""
    scale = genre_named(context.genre).melody.scale if score.track == "melody" else ""
    return set(ladder_of(context.key, scale).classes)


def steps_into_the_next(score: Score, index: int) -> bool:
    """A bass may approach its next note, over the loop's seam too, by a semitone."""
    following = score.notes[(index + 1) % len(score.notes)].pitch
    return score.track == "bass" and (following - score.notes[index].pitch) % 12 in (1, 11)


def assert_whole(score: Score, context: MusicContext) -> None:
    score.validate()
    assert (score.tempo_bpm, score.key, score.signature, score.bars) == (
        context.tempo_bpm, context.key, context.signature, context.bars,
    )  # fmt: skip
    assert score.palette in PALETTES.get(score.track, PALETTES["melody"])
    assert set(score.settings) <= {*SETTINGS, *processor_names()} and all(
        0 <= v <= 1 for v in score.settings.values()
    )
    assert score.chords
    for curve in score.curves:
        assert curve.points[-1][0] == pytest.approx(score.length_beats)


@quick
@given(contexts, seeds, knobs)
def test_any_frame_gives_whole_scores_that_share_their_chords(context, seed, params) -> None:
    scores = play(context, seed, params)
    for track, score in scores.items():
        assert_whole(score, context)
        assert score.chords == scores["drums"].chords
        for index, note in enumerate(score.notes):
            inside = note.pitch % 12 in allowed(score, note.start_beats) | coloured(score, context)
            assert inside or steps_into_the_next(score, index), (track, note)
        avoid = context.intent(track).avoid
        assert not {hit.voice for hit in score.hits} & set(avoid)
    ends = [chord.start_beats + chord.length_beats for chord in scores["drums"].chords]
    assert ends[-1] == pytest.approx(scores["drums"].length_beats)


@quick
@given(contexts, seeds)
def test_bass_and_melody_play_one_note_at_a_time(context, seed) -> None:
    scores = play(context, seed)
    for track in ("bass", "melody"):
        notes = scores[track].notes
        for before, after in pairwise(notes):
            assert before.start_beats + before.length_beats <= after.start_beats + 1e-9


@quick
@given(contexts, seeds)
def test_a_chord_is_let_go_where_the_next_begins(context, seed) -> None:
    score = play(context, seed)["harmony"]
    for note in score.notes:
        later = [c.start_beats for c in score.chords if c.start_beats > note.start_beats + 1e-6]
        assert note.start_beats + note.length_beats <= min(later, default=score.length_beats) + 1e-6


@quick
@given(contexts, seeds)
def test_nothing_muddy_under_the_harmony(context, seed) -> None:
    lowest_c3 = 48
    assert all(note.pitch >= lowest_c3 for note in play(context, seed)["harmony"].notes)


@pytest.mark.parametrize("genre", sorted(genres()))
@pytest.mark.parametrize("bars", [1, 64])
def test_the_shortest_and_the_longest_loop(genre: str, bars: int) -> None:
    for signature in (Signature(4, 4), Signature(1, 16), Signature(13, 8)):
        context = plain(genre, bars=bars, signature=signature)
        for score in play(context, 3).values():
            assert_whole(score, context)


@pytest.mark.parametrize("genre", sorted(genres()))
def test_the_same_seed_is_the_same_score_and_another_is_another(genre: str) -> None:
    first, again, other = band(genre, 5), play(plain(genre), 5), band(genre, 6)
    assert first == again
    for track in TRACKS:
        assert (first[track].notes, first[track].hits) != (other[track].notes, other[track].hits)


@pytest.mark.parametrize("genre", sorted(genres()))
@pytest.mark.parametrize("track", TRACKS)
def test_a_new_take_beside_the_same_tracks_is_a_new_idea(genre: str, track: str) -> None:
    """Regenerating one track while the others stay: at least six of eight seeds differ in their notes."""
    others = [name for name in TRACKS if name != track]
    heard = {
        name: TrackContext.from_score(score) for name, score in play(plain(genre), 1, tracks=others).items()
    }
    takes = set()
    for seed in range(8):
        score = compose(track, plain(genre), heard, seed, {})
        notes = [(note.start_beats, note.length_beats, note.pitch) for note in score.notes]
        takes.add((*notes, *((hit.start_beats, hit.voice) for hit in score.hits)))
    assert len(takes) >= 6


def test_another_process_writes_the_same_score() -> None:
    """Nothing may hang on the salt of hash(), which differs between processes."""
    code = (
        "from tests.engine.musicians import play, plain\n"
        "print('|'.join(score.to_json() for score in play(plain('techno'), 9).values()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = "|".join(score.to_json() for score in play(plain("techno"), 9).values())
    assert [json.loads(a) for a in run.stdout.split("|")] == [json.loads(b) for b in here.split("|")]


@pytest.mark.parametrize("genre", sorted(genres()))
def test_every_musician_plays_and_the_form_repeats(genre: str) -> None:
    """A part is heard again: some bar of it has the rhythm of another bar."""
    for seed in range(4):
        for track, score in band(genre, seed).items():
            starts = [item.start_beats for item in (*score.notes, *score.hits)]
            assert len(starts) >= 2, (track, seed)
            bars = [frozenset(round(s % 4 * 12) for s in starts if s // 4 == bar) for bar in range(8)]
            assert len(set(bars)) < 8, (track, seed)


@pytest.mark.parametrize("genre", sorted(genres()))
def test_what_must_not_sound_does_not_in_fills_either(genre: str) -> None:
    avoid = ("snare", "clap", "crash", "open_hat", "high_tom", "mid_tom", "low_tom")
    context = plain(genre, tracks={"drums": TrackIntent(avoid=avoid, energy=1.0)})
    for seed in range(8):
        assert not {hit.voice for hit in play(context, seed, tracks=("drums",))["drums"].hits} & set(avoid)


@pytest.mark.parametrize("track", TRACKS)
def test_silent_is_silent_but_knows_the_chords(track: str) -> None:
    context = plain("house", tracks={track: TrackIntent(silent=True)})
    score = play(context, 1)[track]
    assert not score.notes and not score.hits and score.chords


@pytest.mark.parametrize("genre", ["boom_bap", "funk", "rock", "drum_and_bass"])
def test_the_bass_is_on_the_kick(genre: str) -> None:
    """It meets more of the kicks it hears than of the same kicks three sixteenths later."""
    met = shifted = total = 0
    for seed in range(8):
        scores = band(genre, seed)
        kicks = {round(hit.start_beats, 4) for hit in scores["drums"].hits if hit.voice == "kick"}
        starts = {round(note.start_beats, 4) for note in scores["bass"].notes}
        met += len(kicks & starts)
        shifted += len({round((k + 0.75) % scores["bass"].length_beats, 4) for k in kicks} & starts)
        total += len(kicks)
    assert met / total > 0.6
    assert met > 1.5 * shifted


def test_the_bass_takes_the_timing_of_the_kick_it_meets() -> None:
    scores = play(plain("funk"), 2)
    kicks = {hit.start_beats: hit.offset_ms for hit in scores["drums"].hits if hit.voice == "kick"}
    together = [note for note in scores["bass"].notes if note.start_beats in kicks]
    assert together
    for note in together:
        assert note.offset_ms == pytest.approx(kicks[note.start_beats], abs=0.1) or note.start_beats == 0.0


def audio_drums(beats: list[float]) -> TrackContext:
    """What the analysis of a drum loop of two bars says: onsets without voices, no chords."""
    onsets = tuple(Onset(beat, 0.9) for beat in beats)
    return TrackContext("drums", 100.0, None, Signature(), 2, (), onsets, (), 0.6, None)


def test_the_bass_hears_a_drum_loop_that_came_in_as_audio() -> None:
    beats = [0.0, 0.77, 2.51, 4.02, 5.25, 6.5]
    context = plain("funk", tempo_bpm=100.0, swing=0.0)
    met = []
    for seed in range(6):
        score = compose("bass", context, {"drums": audio_drums(beats)}, seed, {})
        starts = {note.start_beats % 8 for note in score.notes}
        met.append(sum(round(beat * 4) / 4 in starts for beat in beats))
    assert sum(met) / len(met) > 4


def test_chords_heard_are_the_chords_played() -> None:
    """Chords of another key, from audio, in a loop of half the length: they count, and are repeated."""
    chords = tuple(
        Chord(start, 4.0, symbol, chord_pitch_classes(symbol))
        for start, symbol in ((0.0, "Cm7"), (4.0, "F7"), (8.0, "Bbmaj7"), (12.0, "Ebmaj7"))
    )
    heard = {"harmony": TrackContext("harmony", 120.0, None, Signature(), 4, chords)}
    context = plain("house")
    bass = compose("bass", context, heard, 1, {})
    assert [chord.symbol for chord in bass.chords] == ["Cm7", "F7", "Bbmaj7", "Ebmaj7"] * 2
    for note in bass.notes:
        assert note.pitch % 12 in allowed(bass, note.start_beats)


def test_drums_in_another_key_do_not_impose_their_chords() -> None:
    drums = compose("drums", plain("house", key=Key(9, "minor")), {}, 1, {})
    score = compose(
        "bass", plain("house", key=Key(1, "major")), {"drums": TrackContext.from_score(drums)}, 1, {}
    )
    assert {pc for chord in score.chords for pc in chord.pitch_classes} <= set(Key(1, "major").scale)


@pytest.mark.parametrize("genre", sorted(genres()))
def test_strong_notes_of_the_melody_are_chord_tones(genre: str) -> None:
    strong = hit = 0
    for seed in range(6):
        melody = band(genre, seed)["melody"]
        for note in melody.notes:
            if note.start_beats % 1.0 == 0.0:
                chord = [c for c in melody.chords if c.start_beats <= note.start_beats][-1]
                strong += 1
                hit += note.pitch % 12 in chord.pitch_classes
    assert strong and hit / strong > 0.95


@pytest.mark.parametrize("genre", sorted(genres()))
def test_the_melody_lies_above_the_chords(genre: str) -> None:
    for seed in range(6):
        scores = band(genre, seed)
        melody = [note.pitch for note in scores["melody"].notes]
        chords = [note.pitch for note in scores["harmony"].notes]
        assert sum(melody) / len(melody) > sum(chords) / len(chords) + 5


def events(score: Score) -> int:
    return len(score.notes) + len(score.hits)


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("genre", sorted(genres()))
def test_density_makes_more_and_energy_makes_louder(genre: str, track: str) -> None:
    def over_seeds(knob: str, value: float) -> list[Score]:
        return [turned(genre, seed, knob, value)[track] for seed in range(3)]

    sparse, full = over_seeds("density", 0.1), over_seeds("density", 0.9)
    sustained = getattr(getattr(genres()[genre], track), "sustain", False)
    if not sustained:
        assert sum(map(events, sparse)) < sum(map(events, full))
    soft, loud = over_seeds("energy", 0.1), over_seeds("energy", 0.95)
    assert mean_velocity(soft) < mean_velocity(loud) - 5


def mean_velocity(scores: list[Score]) -> float:
    found = [item.velocity for score in scores for item in (*score.notes, *score.hits)]
    return sum(found) / len(found)


@pytest.mark.parametrize("track", ["bass", "harmony", "melody"])
def test_an_octave_lower_is_lower(track: str) -> None:
    def mean_pitch(octave: int) -> float:
        notes = play(plain("house"), 4, {"octave": octave})[track].notes
        return sum(note.pitch for note in notes) / len(notes)

    assert mean_pitch(-1) < mean_pitch(0) - 4
    assert mean_pitch(1) > mean_pitch(0) + 4


def test_swing_delays_only_the_off_beats() -> None:
    straight, swinging = (play(plain("house", swing=swing, humanize=0.0), 3)["drums"] for swing in (0.0, 1.0))
    assert len(straight.hits) == len(swinging.hits)
    for a, b in zip(straight.hits, swinging.hits, strict=True):
        off = (a.start_beats / 0.25) % 2 == 1
        assert b.start_beats - a.start_beats == pytest.approx(0.25 / 3 if off else 0.0, abs=1e-6)


def test_without_humanize_time_is_a_machine() -> None:
    for score in play(plain("techno", humanize=0.0), 3).values():
        assert all(item.offset_ms == 0.0 for item in (*score.notes, *score.hits))


def test_acid_slides_and_accents() -> None:
    context = plain("techno", tracks={"bass": TrackIntent(palette="acid")})
    bass = play(context, 3)["bass"]
    assert bass.palette == "acid"
    assert any(note.slide for note in bass.notes)
    assert any(note.articulation == "accent" for note in bass.notes)
    for before, after in pairwise(bass.notes):
        if after.slide:
            assert before.start_beats + before.length_beats == pytest.approx(after.start_beats)


def test_a_track_no_role_is_named_after_sings() -> None:
    assert play(plain("house"), 1, tracks=("drums", "vocal"))["vocal"].notes
