"""Where what was asked for, or came in, disagrees with the tracks that stay."""

from __future__ import annotations

from dataclasses import dataclass

from engine.context.track_context import TrackContext
from engine.prompt.music_context import Frame, MusicContext

SAME_TEMPO = 0.005  # an imported loop's tempo is as exact as its length in samples
MIN_KEY_CONFIDENCE = 0.3


@dataclass(frozen=True)
class Conflict:
    """`field` of the frame was wanted as `asked`; the tracks that stay, or a clock, made it `kept`."""

    field: str  # tempo_bpm, key, signature
    asked: str
    kept: str
    text: str  # a line for the musician


def overruled(asked: MusicContext, settled: MusicContext, tempo_leader: str = "") -> tuple[Conflict, ...]:
    """One for each wish that the prompt spoke out and the tracks that stay, or a clock, overrule."""
    return tuple(
        Conflict(name, wish, fact, f"the prompt asks for {wish}, but {_why(name, fact, tempo_leader)}")
        for name, wish, fact in _pairs(asked, settled)
        if name not in asked.assumed
    )


def _why(field: str, fact: str, tempo_leader: str) -> str:
    if field == "tempo_bpm" and tempo_leader:
        return f"{tempo_leader} leads at {fact}"
    return f"the tracks that stay are in {fact}: {fact} it is"


def strangers(track: str, came: TrackContext, others: Frame | None) -> tuple[Conflict, ...]:
    """Where an imported track disagrees with the frame of those that stand; `others.pinned` names what
    they impose. Drums have no key, and one that was hardly heard is no claim. Its tempo gives way: it is
    played at theirs."""
    if others is None:
        return ()
    has_key = came.key is not None and came.sure_of("key") >= MIN_KEY_CONFIDENCE
    frame = Frame(came.tempo_bpm, came.key if has_key and came.key else others.key, came.signature)
    return tuple(
        Conflict(name, theirs, ours, f"{track} came in at {theirs}, {_outcome(name, ours)}")
        for name, theirs, ours in _pairs(frame, others)
        if name in others.pinned
    )


def _outcome(field: str, ours: str) -> str:
    if field == "tempo_bpm":
        return f"and plays at {ours} with the other tracks"
    return f"but the other tracks are in {ours}"


def _pairs(one: Frame | MusicContext, other: Frame | MusicContext) -> list[tuple[str, str, str]]:
    """(field, here, there) of the fields in which two frames differ."""
    found = []
    if abs(one.tempo_bpm - other.tempo_bpm) > SAME_TEMPO * other.tempo_bpm:
        found.append(("tempo_bpm", f"{one.tempo_bpm:g} bpm", f"{other.tempo_bpm:g} bpm"))
    if one.key != other.key:
        found.append(("key", one.key.name, other.key.name))
    if one.signature != other.signature:
        found.append(("signature", one.signature.name, other.signature.name))
    return found
