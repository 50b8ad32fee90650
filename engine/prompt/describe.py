"""A context told to people: one row a field, for `/rg/analysis/*` and the command line."""

from __future__ import annotations

from engine.music.blend import genre_of
from engine.prompt.moving import FEELS
from engine.prompt.music_context import MusicContext, TrackIntent

FIELDS = ("genre", "tempo_bpm", "key", "signature", "bars", *FEELS)
TRACKS = ("drums", "bass", "harmony", "melody")


def analyze_fields(context: MusicContext) -> list[tuple[str, str, bool]]:
    """(field, value as text, assumed) of everything there is something to say about."""
    texts = {
        "genre": context.genre, "tempo_bpm": f"{context.tempo_bpm:g}", "key": context.key.name,
        "signature": context.signature.name, "bars": str(context.bars),
        **{name: f"{getattr(context, name):.2f}" for name in FEELS},
    }  # fmt: skip
    rows = [(name, texts[name], name in context.assumed) for name in FIELDS]
    lists = {"genres": context.genres, "moods": context.moods, "structure": context.structure}
    rows += [(name, ", ".join(values), False) for name, values in lists.items() if values]
    rows += [("profile", context.profile, False)] if context.profile else []
    rows += [
        (f"{name}_instrument", palette, assumed) for name, (palette, assumed) in instruments(context).items()
    ]
    rows += [(name, text, False) for name in context.tracks if (text := intent_text(context.intent(name)))]
    rows += [("unknown", ", ".join(context.unknown), False)] if context.unknown else []
    return rows


def instruments(context: MusicContext) -> dict[str, tuple[str, bool]]:
    """Of every track that plays: the palette it sounds as, and whether that is the genre's own."""
    genre = genre_of(context)
    said = {name: context.intent(name) for name in TRACKS}
    return {
        name: (intent.palette or getattr(genre, name).palette, intent.palette is None)
        for name, intent in said.items()
        if not intent.silent
    }


def intent_text(intent: TrackIntent) -> str:
    """One line for what is asked of a track."""
    if intent.silent:
        return "silent"
    numbers = {name: getattr(intent, name) for name in FEELS[:4]}
    parts = [f"{name} {value:.2f}" for name, value in numbers.items() if value is not None]
    parts += [f"octave {intent.octave:+d}"] if intent.octave else []
    parts += [intent.palette] if intent.palette else []
    parts += [intent.manner.replace("_", " ")] if intent.manner else []
    parts += [intent.articulation] if intent.articulation else []
    parts += [f"with {voice}" for voice in intent.want]
    parts += [f"no {voice}" for voice in intent.avoid]
    parts += [f"{name} x{rate:g}" for name, rate in intent.rates.items()]
    parts += [f"{name} {value:.2f}" for name, value in intent.settings.items()]
    parts += [f"the same {intent.keep}"] if intent.keep else []
    parts += [f"like take {intent.like_take}"] if intent.like_take else []
    return ", ".join(parts)
