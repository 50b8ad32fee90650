"""Prompts with what they mean: one row a prompt, the fields that it says."""

import pytest

from engine.music.key import Key, Signature
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame

FRAME = Frame(tempo_bpm=111.0, key=Key(9, "minor"), signature=Signature(4, 4), bars=8)
# prompt -> genre, tempo, key, signature, bars: None where the prompt leaves it to the genre or the frame.
FRAMES = [
    ("dark techno with driving bass at 128 bpm", "techno", 128, None, None, None),
    ("128bpm techno", "techno", 128, None, None, None),
    ("techno around 130", "techno", 130, None, None, None),
    ("techno 132", "techno", 132, None, None, None),
    ("house in A minor", "house", None, "Am", None, None),
    ("deep house, 120-124 bpm, F#m", "deep_house", 122, "F#m", None, None),
    ("slow house", "house", 120, None, None, None),
    ("fast techno", "techno", 138, None, None, None),
    ("liquid drum and bass in Eb major, 174 BPM", "drum_and_bass", 174, "D#", None, None),
    ("Drum & Bass roller", "drum_and_bass", None, None, None, None),
    ("dnb with reese bass", "drum_and_bass", None, None, None, None),
    ("lo-fi hip hop, key of D dorian", "lofi", None, "Ddor", None, None),
    ("lofi beats at 82.5 bpm", "lofi", 82.5, None, None, None),
    ("boom bap in c# minor 16 bars", "boom_bap", None, "C#m", None, 16),
    ("hip-hop, tempo 90, four bars", "boom_bap", 90, None, None, 4),
    ("80s synthwave in E minor, eight bar loop", "synthwave", None, "Em", None, 8),
    ("80s rock", "rock", None, None, None, None),
    ("ambient in C lydian, 6/8", "ambient", None, "Clyd", "6/8", None),
    ("ambient waltz in Bb", "ambient", None, "A#", "3/4", None),
    ("funk in E dorian at 104", "funk", 104, "Edor", None, None),
    ("funk in 7/8", "funk", None, None, "7/8", None),
    ("hard rock 5/4 time G flat major", "rock", None, "F#", "5/4", None),
    ("indie rock, B minor, 140 bpm, 12 bars", "rock", 140, "Bm", None, 12),
    ("techno in G phrygian", "techno", None, "Gphr", None, None),
    ("synthwave in C harmonic minor", "synthwave", None, "Chm", None, None),
    ("sad ambient in D", "ambient", None, "Dm", None, None),
    ("happy house", "house", None, "A", None, None),
    ("house in a minor key", "house", None, "Am", None, None),
    ("techno for a dark club", "techno", None, None, None, None),
    ("i am looking for house", "house", None, None, None, None),
    ("techno at 9999 bpm and 500 bars", "techno", 240, None, None, 64),
    ("rock at 3 bpm", "rock", 40, None, None, None),
    ("not techno but house", "house", None, None, None, None),
    ("house in 99/4", "house", None, None, None, None),
]


@pytest.mark.parametrize(("prompt", "genre", "tempo", "key", "signature", "bars"), FRAMES)
def test_frames(
    prompt: str, genre: str, tempo: float | None, key: str | None, signature: str | None, bars: int | None
) -> None:
    context = interpret(prompt, FRAME)
    assert context.genre == genre and "genre" not in context.assumed
    found = (context.tempo_bpm, context.key.name, context.signature.name, context.bars)
    for value, is_value in zip((tempo, key, signature, bars), found, strict=True):
        assert value is None or is_value == value
    # A mood may choose the mode ("happy"), a plain fact is never assumed.
    said = {"tempo_bpm": tempo, "signature": signature, "bars": bars}
    for name, value in said.items():
        assert (name in context.assumed) == (value is None), name


# prompt -> track -> what its intent holds
INTENTS = [
    ("techno with driving bass", {"bass": {"energy": ">", "density": ">"}}),
    ("house, sparse drums", {"drums": {"density": "<", "energy": None}}),
    ("house with sparse drums and busy bass", {"drums": {"density": "<"}, "bass": {"density": ">"}}),
    ("techno, no hi-hats", {"drums": {"avoid": ("closed_hat", "open_hat"), "silent": False}}),
    ("techno without hats or claps", {"drums": {"avoid": ("closed_hat", "open_hat", "clap")}}),
    ("ambient, no drums", {"drums": {"silent": True}}),
    ("ambient without drums or bass", {"drums": {"silent": True}, "bass": {"silent": True}}),
    ("no drums and soft pads", {"drums": {"silent": True}, "harmony": {"energy": "<", "silent": False}}),
    (
        "no drums soft pads",
        {"drums": {"silent": True}, "harmony": {"palette": "pad", "silent": False, "energy": "<"}},
    ),
    ("acid bass", {"bass": {"palette": "acid"}}),
    ("acid techno", {"bass": {"palette": "acid"}}),
    ("rhodes chords", {"harmony": {"palette": "rhodes"}}),
    ("house with a rhodes melody", {"melody": {"palette": "keys"}}),
    ("soft pads", {"harmony": {"palette": "pad", "energy": "<"}}),
    ("bell melody", {"melody": {"palette": "bell"}}),
    ("808 drums and an 808 bass", {"drums": {"palette": "808"}, "bass": {"palette": "808_bass"}}),
    ("pluck bass and plucks", {"bass": {"palette": "pluck_bass"}, "melody": {"palette": "pluck"}}),
    ("funk, slap bass an octave lower", {"bass": {"palette": "slap", "octave": -1}}),
    (
        "soft pads driving bass dusty drums",
        {"harmony": {"palette": "pad", "energy": "<"}, "bass": {"energy": ">"}, "drums": {"palette": "lofi"}},
    ),
    (
        "techno, only drums",
        {"bass": {"silent": True}, "harmony": {"silent": True}, "drums": {"silent": False}},
    ),
    ("not too busy drums", {"drums": {"density": "<"}}),
    ("very bright lead", {"melody": {"brightness": ">"}}),
    ("house with swung drums", {"drums": {"swing": ">"}}),
    ("muffled bass drum", {"drums": {"brightness": "<"}}),
]


@pytest.mark.parametrize(("prompt", "wishes"), INTENTS)
def test_intents(prompt: str, wishes: dict[str, dict[str, object]]) -> None:
    context = interpret(prompt, FRAME)
    for track, fields in wishes.items():
        for name, value in fields.items():
            found = getattr(context.intent(track), name)
            if value in ("<", ">"):
                whole = getattr(context, name)
                assert found is not None and (found < whole if value == "<" else found > whole), (name, found)
            else:
                assert found == value, (name, found)
    plain = {t for t in ("drums", "bass", "harmony", "melody") if t not in wishes and "only" not in prompt}
    assert all(context.intent(track).words == () for track in plain)


FEELS = [
    ("dark techno", "brightness", -1, ("dark",)),
    ("bright house", "brightness", 1, ("bright",)),
    ("aggressive rock", "energy", 1, ("aggressive",)),
    ("calm, dreamy ambient", "energy", -1, ("calm", "dreamy")),
    ("minimal techno", "density", -1, ()),
    ("busy funk", "density", 1, ()),
    ("house with swing", "swing", 1, ()),
    ("boom bap without swing", "swing", -1, ()),
    ("not dark techno", "brightness", 1, ()),
    ("loose house", "humanize", 1, ()),
]


@pytest.mark.parametrize(("prompt", "name", "side", "moods"), FEELS)
def test_feels(prompt: str, name: str, side: int, moods: tuple[str, ...]) -> None:
    context = interpret(prompt, FRAME)
    usual = getattr(interpret(context.genre.replace("_", " "), FRAME), name)
    assert (getattr(context, name) - usual) * side > 0
    assert context.moods == moods
    assert name not in context.assumed
