"""Laws of reading prompts: any text, precedence, and what a relative prompt may change."""

import time
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.genre import genre_named, genres
from engine.music.key import MODES, Key, Signature
from engine.prompt.interpret import FIELDS, TRACKS, analyze_fields, interpret, warm
from engine.prompt.music_context import Frame, MusicContext
from engine.prompt.words import lexicon

keys = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(MODES)))
frames = st.builds(
    Frame, tempo_bpm=st.floats(40, 240), key=keys,
    signature=st.builds(Signature, st.integers(1, 32), st.sampled_from((1, 2, 4, 8, 16))),
    bars=st.integers(1, 64),
    pinned=st.frozensets(st.sampled_from(("tempo_bpm", "key", "signature", "bars"))),
)  # fmt: skip
known = st.sampled_from(
    sorted({" ".join(phrase) for rows in lexicon().phrases.values() for phrase, _ in rows})
)
numbers = st.from_regex(r"[0-9]{1,9}( ?bpm|/[0-9]{1,3}| bars)?", fullmatch=True)
prompts = st.one_of(
    st.text(max_size=300),
    st.lists(known, max_size=12).map(" ".join),
    st.lists(st.one_of(known, st.text(max_size=6), numbers), max_size=12).map(" ".join),
)
HOSTILE = (
    "", " ", "\x00", "\ud800", "a" * 100_000, "techno " * 20_000, "٣ bpm", "ﷺ" * 3000, "½ bpm",
    "128 " * 30_000,
)  # fmt: skip
tracks = st.sampled_from((None, *TRACKS, "vocal"))


def assert_legal(context: MusicContext) -> None:
    assert 40 <= context.tempo_bpm <= 240 and 1 <= context.bars <= 64
    assert context.genre in genres()
    assert set(context.assumed) <= set(FIELDS)
    for wishes in (context, *context.tracks.values()):
        for name in ("energy", "density", "brightness", "swing"):
            value = getattr(wishes, name)
            assert value is None or 0 <= value <= 1
    assert all(-3 <= intent.octave <= 3 for intent in context.tracks.values())
    assert MusicContext.from_json(context.to_json()) == context
    assert all(isinstance(value, str) and value for _, value, _ in analyze_fields(context))


@settings(max_examples=150, deadline=None)
@given(prompts, prompts, frames, tracks)
def test_any_text_is_understood_somehow(first: str, second: str, frame: Frame, track: str | None) -> None:
    base = interpret(first, frame)
    assert_legal(base)
    assert_legal(interpret(second, frame, base, track))
    assert interpret(first, frame) == base


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text(text: str) -> None:
    start = time.perf_counter()
    assert_legal(interpret(text, Frame()))
    assert time.perf_counter() - start < 0.5


@given(frames)
def test_what_is_pinned_stays_and_is_reported_as_assumed(frame: Frame) -> None:
    context = interpret("dark techno with happy pads", frame)
    for name in frame.pinned:
        assert getattr(context, name) == getattr(frame, name)
    assert {"tempo_bpm", "key", "signature", "bars"} <= context.assumed
    if "tempo_bpm" not in frame.pinned:
        assert context.tempo_bpm == genre_named("techno").typical_tempo_bpm
    assert (context.signature, context.bars) == (frame.signature, frame.bars)


@given(frames)
def test_what_is_said_outranks_what_is_pinned(frame: Frame) -> None:
    context = interpret("techno in F# minor, 7/8, 12 bars, 133 bpm", frame)
    assert (context.tempo_bpm, context.key, context.signature, context.bars) == (
        133.0, Key(6, "minor"), Signature(7, 8), 12,
    )  # fmt: skip
    assert not {"genre", "tempo_bpm", "key", "signature", "bars"} & context.assumed


def test_no_genre_is_house_at_the_frames_tempo() -> None:
    context = interpret("something nice", Frame(tempo_bpm=97.0, key=Key(2, "dorian")))
    assert (context.genre, context.tempo_bpm, context.key) == ("house", 97.0, Key(2, "dorian"))
    assert context.assumed == set(FIELDS) and not context.relative


BASE = interpret("dark techno in F# minor at 131 bpm with driving bass, 16 bars", Frame())
FRAME = Frame(tempo_bpm=90.0, bars=4)


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_prompt_is_the_base(text: str) -> None:
    assert interpret(text, FRAME, BASE, "bass") is BASE


# prompt, track, where ("" the whole), field, side
CHANGES = [
    ("more aggressive", None, "", "energy", 1),
    ("less aggressive", None, "", "energy", -1),
    ("more aggressive", "bass", "bass", "energy", 1),
    ("less busy", "drums", "drums", "density", -1),
    ("half as busy", "drums", "drums", "density", -1),
    ("twice as busy", "harmony", "harmony", "density", 1),
    ("busier", "melody", "melody", "density", 1),
    ("simpler", "melody", "melody", "density", -1),
    ("darker", None, "", "brightness", -1),
    ("brighter", "harmony", "harmony", "brightness", 1),
    ("softer", "drums", "drums", "energy", -1),
    ("an octave lower", "bass", "bass", "octave", -1),
    ("two octaves higher", "melody", "melody", "octave", 2),
    ("more swing", "drums", "drums", "swing", 1),
    ("more swing", None, "", "swing", 1),
    ("busier drums", None, "drums", "density", 1),
    ("louder bass", "bass", "bass", "energy", 1),
    ("fewer notes", "melody", "melody", "density", -1),
    ("more hats", None, "drums", "density", 1),
    ("much darker bass", None, "bass", "brightness", -1),
    ("faster", None, "", "tempo_bpm", 1),
    ("slower", None, "", "tempo_bpm", -1),
]


@pytest.mark.parametrize(("prompt", "track", "where", "name", "side"), CHANGES)
def test_a_relative_prompt_moves_its_field_there_and_nothing_else(prompt, track, where, name, side) -> None:
    context = interpret(prompt, FRAME, BASE, track)
    assert context.relative
    before = getattr(BASE.intent(where), name) if where else getattr(BASE, name)
    after = getattr(context.intent(where), name) if where else getattr(context, name)
    if before is None:
        before = getattr(BASE, name)
    assert (after - before) * side > 0
    for kept in ("genre", "key", "signature", "bars", *(() if name == "tempo_bpm" else ("tempo_bpm",))):
        assert getattr(context, kept) == getattr(BASE, kept)
    if where:
        assert all(context.intent(t) == BASE.intent(t) for t in TRACKS if t != where)
        same = {f.name for f in fields(MusicContext)} - {"prompt", "tracks", "relative"}
        assert all(getattr(context, field) == getattr(BASE, field) for field in same)


def test_how_much() -> None:
    less, more = (interpret(p, FRAME, BASE, "drums").intent("drums") for p in ("a bit busier", "much busier"))
    assert BASE.density < (less.density or 0) < (more.density or 0)
    assert interpret("half as busy", FRAME, BASE, "drums").intent("drums").density == BASE.density / 2


def test_again_and_again() -> None:
    once = interpret("less busy", FRAME, BASE, "bass")
    twice = interpret("less busy", FRAME, once, "bass")
    assert (
        (twice.intent("bass").density or 0)
        < (once.intent("bass").density or 0)
        < (BASE.intent("bass").density or 0)
    )


@pytest.mark.parametrize("track", ["bass", None])
def test_a_prompt_for_a_track_keeps_the_frame_and_the_genre(track: str | None) -> None:
    context = interpret("acid bass", FRAME, BASE, track)
    assert context.intent("bass").palette == "acid"
    assert (context.genre, context.tempo_bpm, context.key, context.bars) == (
        "techno",
        131.0,
        Key(6, "minor"),
        16,
    )
    assert context.relative


def test_a_whole_new_prompt_forgets_the_base() -> None:
    context = interpret("ambient with bells", FRAME, BASE)
    assert (context.genre, context.bars, context.relative) == ("ambient", 4, False)
    assert context.intent("bass").energy is None


def test_a_pin_outranks_the_base() -> None:
    pinned = Frame(tempo_bpm=90.0, pinned=frozenset({"tempo_bpm"}))
    assert interpret("busier", pinned, BASE).tempo_bpm == 90.0


def test_a_track_comes_back_when_it_is_asked_for() -> None:
    silent = interpret("no drums", FRAME, BASE)
    assert silent.intent("drums").silent and silent.genre == "techno"
    assert not interpret("sparse drums", FRAME, silent).intent("drums").silent
    bare = interpret("no hats", FRAME, BASE)
    assert interpret("more hats", FRAME, bare).intent("drums").avoid == ()


def test_analysis_names_every_field_and_what_was_assumed() -> None:
    rows = analyze_fields(interpret("dark techno at 128 bpm with driving bass", Frame()))
    found = {name: (value, assumed) for name, value, assumed in rows}
    assert found["genre"] == ("techno", False)
    assert found["tempo_bpm"] == ("128", False)
    assert found["key"] == ("Am", True)
    assert found["moods"] == ("dark", False)
    assert found["bass"][0].startswith("energy")


def test_a_prompt_is_read_in_under_two_milliseconds() -> None:
    """The whole way to the first preview is 100 ms; five tries, the best one counts on a busy machine."""
    warm()
    text = "dark techno with driving bass, no hi-hats, rhodes chords and a bell melody in F# minor at 128 bpm"

    def once() -> float:
        start = time.perf_counter()
        interpret(text, Frame())
        return time.perf_counter() - start

    assert min(once() for _ in range(5)) < 0.002


def test_what_was_said_of_one_take_is_not_said_of_the_next() -> None:
    context = interpret("keep the rhythm, new notes, like take 2", FRAME, BASE, "bass")
    faster = interpret("double-time hats", FRAME, context)
    assert context.intent("bass").keep == "rhythm" and context.intent("bass").like_take == 2
    assert faster.intent("drums").rates["closed_hat"] == 2.0
    for text in ("", "darker"):
        after = interpret(text, FRAME, faster)
        assert all(not (i.keep or i.like_take or i.rates) for i in after.tracks.values())


def test_words_that_nothing_knows_are_told_and_slips_are_not_among_them() -> None:
    assert interpret("a balearic tecno thing with drivng bass", FRAME).unknown == ("balearic",)


def test_everyday_words_are_never_put_right() -> None:
    for text in (
        "lighthouse",
        "holding hands",
        "my brother loves bread and other things",
        "please wait here",
    ):
        assert interpret(text, FRAME).tracks == {} and "genre" in interpret(text, FRAME).assumed, text


def test_analysis_tells_genres_instruments_shape_and_what_is_unknown() -> None:
    text = "jazzy house with slap bass, intro then drop, building up, balearic"
    found = {name: value for name, value, _ in analyze_fields(interpret(text, FRAME))}
    assert found["genres"] == "house, jazz" and found["structure"] == "intro, drop"
    assert (
        found["bass_instrument"] == "slap" and found["profile"] == "rise" and found["unknown"] == "balearic"
    )
