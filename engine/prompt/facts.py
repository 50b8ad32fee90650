"""What a prompt says in numbers and letters: tempo, key, signature, bars. Found, and cut out of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.music.key import MODES, Key, Signature
from engine.units import MAX_BARS, MAX_TEMPO_BPM, MIN_BARS, MIN_TEMPO_BPM

NUMBER = r"([0-9]{1,6}(?:[.,][0-9]{1,3})?)"
RANGE = re.compile(rf"{NUMBER}\s*(?:-|–|to|and)\s*{NUMBER}\s*-?\s*(?:bpm|beats per minute)\b", re.I)
TEMPO = re.compile(rf"(?:\b(?:at|around|about)\s+|[@~]\s*)?{NUMBER}\s*-?\s*(?:bpm|beats per minute)\b", re.I)
NAMED_TEMPO = re.compile(
    rf"\b(?:bpm|tempo)(?:\s*(?:of|at|is|:|=|to|around|about))*\s*{NUMBER}(?![0-9/])", re.I
)
BARE_TEMPO = re.compile(
    r"(?:\b(?:at|around|about|approximately|roughly)\s+|[@~]\s*)([0-9]{2,3}(?:[.,][0-9]{1,3})?)"
    r"(?![0-9/]|\s*-?\s*(?:bars?\b|measures?\b|%))", re.I,
)  # fmt: skip
# A number by itself, as in "techno 128".
LONE_TEMPO = re.compile(r"(?<![\w./,#-])([0-9]{2,3})(?![\w/%]|[.,][0-9])")
LONE_LOW_BPM, LONE_HIGH_BPM = 60.0, 200.0  # 303, 808 and 909 are instruments
SIGNATURE = re.compile(r"(?<![0-9/])([0-9]{1,2})\s*/\s*([0-9]{1,2})(?![0-9/])(?:\s+(?:time|meter|metre)\b)?")
WALTZ = re.compile(r"\bwaltz\b", re.I)
COUNTS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "sixteen": 16, "twenty": 20, "thirty two": 32, "sixty four": 64,
}  # fmt: skip
BARS = re.compile(rf"\b([0-9]{{1,6}}|{'|'.join(COUNTS)})[\s-]*(?:bars?|measures?)\b", re.I)

ACCIDENTAL = r"\s?(?:#|♯|b(?![a-z])|♭|-?sharp\b|-?flat\b)"
MODE = (
    r"harmonic[\s-]minor|natural[\s-]minor|major|minor|maj|min|moll|dur|dorian|phrygian|lydian|mixolydian"
    r"|locrian|aeolian|ionian"
)
MODE_SYNONYMS = {
    "maj": "major", "ionian": "major", "dur": "major", "min": "minor", "moll": "minor", "aeolian": "minor",
    "natural minor": "minor",
}  # fmt: skip
# "F# minor", "a dorian", "in A": the letter, its sign, its mode.
FULL_KEY = re.compile(
    rf"(?:\b(?:in|key)\s+(?:the\s+key\s+)?(?:of\s+)?)?(?<![\w#])"
    rf"(?P<note>[A-Ga-g])(?P<sign>{ACCIDENTAL})?[\s-]*(?P<mode>{MODE})\b",
    re.I,
)
# "F#m", "Am", "bbm"
SHORT_KEY = re.compile(r"(?<![\w#])(?P<note>[A-Ga-g])(?P<sign>#|♯|b|♭)?m(?![\w#'’])")
# "in A", "in Bb", "key of d": the letter alone, where it cannot be an article
BARE_KEY = re.compile(
    rf"\b(?:in|key|key\s+of)\s+(?P<note>[A-Ga-g])(?P<sign>{ACCIDENTAL})?(?=\s*(?:$|[,.;:!?)]|at\b|with\b|and\b|[0-9]))",
    re.I,
)
MODE_ONLY = re.compile(
    rf"(?:\b(?:in|a)\s+)?(?:\ba\s+)?\b(?P<mode>{MODE})\b(?:\s+(?:key|mode|scale|feel|mood|tonality))?", re.I
)
ARTICLE = re.compile(r"\s+(?:key|mode|scale|feel|mood|tonality|vibe|sound|chords?)\b", re.I)


@dataclass
class Facts:
    """What was said; None where nothing was. `tonic` may come without `mode`, and the other way round."""

    tempo_bpm: float | None = None
    tonic: int | None = None
    mode: str | None = None
    signature: Signature | None = None
    bars: int | None = None
    rest: str = field(default="", repr=False)  # the text without them


def facts_of(text: str) -> Facts:
    """Facts with the values clamped to what is legal; `rest` is what the words are looked for in."""
    facts = Facts(rest=text)
    _find_bars(facts)
    _find_tempo(facts)
    _find_signature(facts)
    _find_key(facts)
    return facts


def _cut(facts: Facts, match: re.Match[str]) -> None:
    facts.rest = facts.rest[: match.start()] + " " + facts.rest[match.end() :]


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _find_bars(facts: Facts) -> None:
    match = BARS.search(facts.rest)
    if match:
        word = match.group(1).lower()
        bars = int(word) if word.isdecimal() else COUNTS[word]
        facts.bars = max(MIN_BARS, min(MAX_BARS, bars))
        _cut(facts, match)


def _find_tempo(facts: Facts) -> None:
    span = RANGE.search(facts.rest)
    patterns = (TEMPO, NAMED_TEMPO, BARE_TEMPO, LONE_TEMPO)
    match = span or next((found for found in (p.search(facts.rest) for p in patterns) if found), None)
    if match is None:
        return
    numbers = [_number(group) for group in match.groups()]
    tempo_bpm = sum(numbers) / len(numbers)
    if match.re is BARE_TEMPO and not MIN_TEMPO_BPM <= tempo_bpm <= MAX_TEMPO_BPM:
        return  # a bare number that is no tempo is something else
    if match.re is LONE_TEMPO and not LONE_LOW_BPM <= tempo_bpm <= LONE_HIGH_BPM:
        return
    facts.tempo_bpm = max(MIN_TEMPO_BPM, min(MAX_TEMPO_BPM, tempo_bpm))
    _cut(facts, match)


def _find_signature(facts: Facts) -> None:
    for match in SIGNATURE.finditer(facts.rest):
        try:
            facts.signature = Signature(int(match.group(1)), int(match.group(2)))
        except EngineError:
            continue
        _cut(facts, match)
        return
    match_word = WALTZ.search(facts.rest)
    if match_word:
        facts.signature = Signature(3, 4)
        _cut(facts, match_word)


def _find_key(facts: Facts) -> None:
    for pattern in (FULL_KEY, SHORT_KEY, BARE_KEY):
        for match in pattern.finditer(facts.rest):
            if _is_article(match, facts.rest):
                continue
            found = match.groupdict()
            if (
                pattern is SHORT_KEY
                and not found["sign"]
                and found["note"].islower()
                and not _led(match, facts.rest)
            ):
                continue  # "i am": only "Am", "in am"
            facts.tonic = Key.parse(found["note"] + _sign(found.get("sign"))).tonic
            facts.mode = "minor" if pattern is SHORT_KEY else _mode(found.get("mode"))
            _cut(facts, match)
            return
    only = MODE_ONLY.search(facts.rest)
    if only:
        facts.mode = _mode(only.group("mode"))
        _cut(facts, only)


def _is_article(match: re.Match[str], text: str) -> bool:
    """Whether the `a` of "a minor key", "in a minor mood" is an article."""
    return match.group("note") == "a" and not match.group("sign") and bool(ARTICLE.match(text, match.end()))


def _led(match: re.Match[str], text: str) -> bool:
    return bool(re.search(r"\b(?:in|key|key of)\s+$", text[max(0, match.start() - 12) : match.start()], re.I))


def _sign(text: str | None) -> str:
    if not text:
        return ""
    return "#" if text.strip(" -").lower() in ("#", "♯", "sharp") else "b"


def _mode(text: str | None) -> str | None:
    if text is None:
        return None
    words = " ".join(text.lower().replace("-", " ").split())
    mode = MODE_SYNONYMS.get(words, words)
    assert mode in MODES, mode
    return mode
