"""What of the standing take stays: "keep the rhythm, new notes", "like take 2".

Found in the text before the words are read, because "rhythm" alone is a word for the drums.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.prompt.words import LIKE_MARK

RHYTHM = r"rhythms?|groove|timing|pattern|rhythmus"
NOTES = r"notes|pitches|tones|noten|töne"
TRACK_WORDS = {
    "melody": "melody", "tune": "melody", "lead": "melody", "melodie": "melody", "riff": "melody",
    "chords": "harmony",
    "harmony": "harmony", "chord progression": "harmony", "progression": "harmony", "bassline": "bass",
    "bass line": "bass", "bass": "bass", "drums": "drums", "beat": "drums",
}  # fmt: skip
TRACK = "|".join(TRACK_WORDS)
LITTLE = r"(?:\s+(?:the|this|that|my|its|same|exact|exactly|some|a|all|with|over|of|den|die|das))*\s+"
WHOSE = rf"(?:\s+(?:in|of|for|on)\s+(?:the\s+|my\s+)?(?P<whose>{TRACK})\b)?"  # "the rhythm of the bass"
KEPT = re.compile(
    rf"\b(?:keep(?:ing)?|same|hold|retain|preserve|leave|don'?t (?:change|touch)|behalte|gleiche[rn]?)"
    rf"{LITTLE}"
    rf"(?:(?P<of>{TRACK})(?:'?s)?\s+)?(?:(?P<rhythm>{RHYTHM})|(?P<notes>{NOTES})|(?P<track>{TRACK}))\b{WHOSE}",
    re.I,
)  # fmt: skip
CHANGED = re.compile(
    rf"\b(?:new|different|other|another|change|vary|fresh|rewrite|replace|neue[rns]?|andere[rns]?){LITTLE}"
    rf"(?:(?P<of>{TRACK})(?:'?s)?\s+)?(?:(?P<rhythm>{RHYTHM})|(?P<notes>{NOTES})|(?P<track>{TRACK}))\b{WHOSE}",
    re.I,
)  # fmt: skip
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "original": 1}
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
LED = (
    r"(?:\b(?:(?:much\s+|a\s+(?:bit|little)\s+)?(?:more\s+|closer\s+|back\s+|similar\s+)?"
    r"(?:like|to|towards?|from))\s+)?"
)
NUMBERED = rf"(?:no\.?\s*|number\s+|#\s*)?(?P<number>[0-9]{{1,3}}|{'|'.join(NUMBERS)})\b"
LIKE = re.compile(
    rf"{LED}(?:\bthe\s+)?(?:\b(?:take|version|idea)\s*{NUMBERED}"
    rf"|\b(?P<nth>{'|'.join(ORDINALS)})\s+(?:take|version|idea|try|attempt)\b"
    r"|(?<=like the )(?P<bare>first|second|third)\s+one\b)", re.I,
)  # fmt: skip


@dataclass
class Kept:
    """`keeps`: track -> "rhythm" or "notes", the track "" for whatever the prompt is about."""

    rest: str
    keeps: Mapping[str, str] = field(default_factory=dict)


def kept_in(text: str, changes: bool) -> Kept:
    """What stays, cut out of the text; `changes`: whether a take stands, so that "new notes" says it."""
    keeps = list(KEPT.finditer(text))
    news = list(CHANGED.finditer(text))
    found = _meant(keeps, news, changes)
    if found is None:
        return Kept(_marked(text))
    rest = text
    for match in sorted((*keeps, *news), key=lambda m: -m.start()):
        rest = rest[: match.start()] + " " + rest[match.end() :]
    return Kept(_marked(rest), found)


def _meant(keeps: list[re.Match[str]], news: list[re.Match[str]], changes: bool) -> dict[str, str] | None:
    whose = [_track(m) for m in (*news, *keeps)]
    track = next((name for name in whose if name), "")
    if any(m["rhythm"] for m in keeps):
        # "same groove, different bassline": a track that is new keeps what was named.
        return {track: "rhythm"} if news or track or changes else None
    if any(m["notes"] for m in keeps):
        return {track: "notes"}
    kept = next((name for name in map(_track, keeps) if name), "")
    if kept and any(m["rhythm"] for m in news):
        return {kept: "notes"}
    if kept and any(m["notes"] for m in news):
        return {kept: "rhythm"}
    if not kept and changes and any(m["rhythm"] for m in news):
        return {track: "notes"}
    if not kept and changes and any(m["notes"] for m in news):
        return {track: "rhythm"}
    return None


def _track(match: re.Match[str]) -> str:
    word = match["of"] or match["whose"] or match["track"]
    return TRACK_WORDS[word.lower()] if word else ""


def _marked(text: str) -> str:
    """A take spoken of by number becomes one word, which belongs to a track as other words do."""

    def mark(match: re.Match[str]) -> str:
        word = (match["number"] or match["nth"] or match["bare"]).lower()
        return f" {LIKE_MARK}{int(word) if word.isdecimal() else {**ORDINALS, **NUMBERS}[word]} "

    return LIKE.sub(mark, text)
