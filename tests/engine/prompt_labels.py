"""The labels of `prompts.toml` against what the reading answers.

    genre, mix, key, mode, signature, bars, structure, profile, relative, moods (those, at least), unknown
    tempo                 a number, [low, high], or "up" / "down" against the base or the genre's middle
    energy density brightness swing humanize   "up" / "down", or a number
    drums.X bass.X harmony.X melody.X all.X    of TrackIntent: silent avoid want palette manner articulation
                          octave keep like_take rates settings (up, down, off), and the feels
    "any"                 either answer will do; "!pad": whatever but that

A field that a row does not name must not have been found: what was found all the same is a field wrong.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.instruments.palette import SETTINGS
from engine.music.genre import genre_named, genres
from engine.music.key import Key
from engine.prompt.interpret import TRACKS, interpret
from engine.prompt.music_context import Frame, MusicContext, TrackIntent

FRAME = Frame(tempo_bpm=111.0)
FEELS = ("energy", "density", "brightness", "swing", "humanize")
PLAIN = TrackIntent()
SOUND_MANNERS = {
    "any": ("acid", "pad", "arp", "stab"),
    "warm_pad": ("pad",),
    "glass_pad": ("pad",),
    "juno": ("pad",),
}
OF_A_TRACK = (
    "silent",
    "avoid",
    "want",
    "palette",
    "manner",
    "articulation",
    "octave",
    "keep",
    "like_take",
    "rates",
)


@dataclass(frozen=True)
class Row:
    say: str
    means: Mapping[str, Any]
    base: str | None = None
    track: str | None = None
    held_out: bool = False


@dataclass(frozen=True)
class Field:
    """One field of one row: what was meant, what was found."""

    row: Row
    name: str
    meant: Any
    found: Any
    right: bool


def rows() -> list[Row]:
    data = tomllib.loads((Path(__file__).parent / "prompts.toml").read_text(encoding="utf-8"))
    return [Row(**row) for row in (*data["tuned"], *data["prompt"])]


def checked(row: Row) -> list[Field]:
    base = interpret(row.base, FRAME) if row.base is not None else None
    context = interpret(row.say, FRAME, base, row.track)
    return list(_fields(row, context, base))


def _fields(row: Row, context: MusicContext, base: MusicContext | None) -> Iterator[Field]:
    found = dict(_whole(row.means, context, base))
    for track in TRACKS:
        every, own = row.means.get("all", {}), row.means.get(track, {})
        meant = {**every, **own, "settings": {**every.get("settings", {}), **own.get("settings", {})}}
        found |= {f"{track}.{name}": pair for name, pair in _track(meant, track, context, base)}
    for name, (meant, answer, right) in found.items():
        if meant != "any" and not (meant is None and right):
            yield Field(row, name, meant, answer, right)


Pair = tuple[str, tuple[Any, Any, bool]]


def _whole(means: Mapping[str, Any], context: MusicContext, base: MusicContext | None) -> Iterator[Pair]:
    said = {
        name for name in ("genre", "tempo_bpm", "key", "signature", "bars") if name not in context.assumed
    }
    said -= {name for name in said if base is not None and getattr(context, name) == getattr(base, name)}

    def pair(name: str, answer: Any, right: bool, spoken: bool) -> Pair:
        meant = means.get(name)
        return name, (meant, answer, right if meant is not None else not spoken)

    yield pair("genre", context.genre, context.genre == means.get("genre"), "genre" in said)
    mix = [name for name in context.genres if name != context.genre]
    before = [name for name in base.genres if name != base.genre] if base else []
    yield pair("mix", mix, mix == means.get("mix"), mix != before)
    yield pair(
        "tempo", context.tempo_bpm, _tempo_right(means.get("tempo"), context, base), "tempo_bpm" in said
    )
    if "mode" in means:
        yield "mode", (means["mode"], context.key.mode, context.key.mode == means["mode"])
    else:
        meant = means.get("key")
        right = meant not in (None, "any") and context.key == Key.parse(meant)
        yield pair("key", context.key.name, right, "key" in said)
    yield pair(
        "signature",
        context.signature.name,
        context.signature.name == means.get("signature"),
        "signature" in said,
    )
    yield pair("bars", context.bars, context.bars == means.get("bars"), "bars" in said)
    structure = list(context.structure)
    yield pair(
        "structure",
        structure,
        structure == means.get("structure"),
        bool(structure) and (base is None or base.structure != context.structure),
    )
    yield pair(
        "profile",
        context.profile,
        context.profile == means.get("profile"),
        context.profile != (base.profile if base else ""),
    )
    if "relative" in means:
        yield "relative", (True, context.relative, context.relative == means["relative"])
    if "moods" in means:
        wanted = means["moods"]
        yield "moods", (wanted, context.moods, wanted == "any" or set(wanted) <= set(context.moods))
    if "unknown" in means:
        yield "unknown", (means["unknown"], context.unknown, set(means["unknown"]) <= set(context.unknown))
    for name in FEELS:
        if name in means:
            usual = getattr(base if base else genre_named(context.genre), name)
            yield (
                name,
                (means[name], getattr(context, name), _moved(means[name], getattr(context, name), usual)),
            )


def _tempo_right(meant: Any, context: MusicContext, base: MusicContext | None) -> bool:
    if isinstance(meant, list):
        return bool(meant[0] <= context.tempo_bpm <= meant[1])
    usual = base.tempo_bpm if base else genre_named(context.genre).typical_tempo_bpm
    return _moved(meant, context.tempo_bpm, usual)


def _moved(meant: Any, value: Any, usual: float) -> bool:
    if value is None or meant is None:
        return False
    if meant in ("up", "down"):
        return bool(value > usual if meant == "up" else value < usual)
    return bool(meant == "any" or abs(value - meant) < 0.011)


def _track(
    means: Mapping[str, Any], track: str, context: MusicContext, base: MusicContext | None
) -> Iterator[Pair]:
    intent = context.intent(track)
    before = base.intent(track) if base else PLAIN
    for name in OF_A_TRACK:
        meant, value, plain = means.get(name), getattr(intent, name), getattr(before, name)
        yield (
            name,
            (
                meant,
                value,
                _same(name, meant, value, track)
                if meant is not None
                else _unasked(name, value, plain, means),
            ),
        )
    for name in FEELS[:4]:
        if name in means:
            own = getattr(before, name)
            usual = own if own is not None else getattr(base if base else genre_named(context.genre), name)
            yield (
                name,
                (means[name], getattr(intent, name), _moved(means[name], getattr(intent, name), usual)),
            )
    settings = means.get("settings", {})
    for name in sorted({*settings, *intent.settings}):
        meant, value = settings.get(name), intent.settings.get(name)
        usual = before.settings.get(name, 0.5 if name in SETTINGS else 0.0)
        right = value == 0.0 if meant == "off" else _moved(meant, value, usual)
        yield (
            f"settings.{name}",
            (meant, value, right if meant is not None else value == before.settings.get(name)),
        )


def _unasked(name: str, value: Any, plain: Any, means: Mapping[str, Any]) -> bool:
    """Whether a field that no label names is as it was; a manner may come with the sound of its name."""
    if name == "manner" and value in (means.get("palette"), *SOUND_MANNERS.get(means.get("palette", ""), ())):
        return True
    return set(value) <= set(plain) if name == "avoid" else bool(value == plain)


def _same(name: str, meant: Any, value: Any, track: str) -> bool:
    if meant == "any":
        return True
    match name:
        case "avoid" | "want":
            return set(meant) == set(value)
        case "rates":
            return {("*" if key == "all" else key): rate for key, rate in meant.items()} == dict(value)
        case "articulation":
            return bool(value == meant or (track == "drums" and value is None))
        case _:
            return bool(value != meant[1:] if str(meant).startswith("!") else value == meant)


def strange_genres() -> set[str]:
    """Genres that labels name and no file has."""
    named = {row.means["genre"] for row in rows() if row.means.get("genre", "any") != "any"}
    return named - set(genres())
