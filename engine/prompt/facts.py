"""What a prompt says in numbers and letters: tempo, key, signature, bars. Found, and cut out of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.music.key import Signature
from engine.prompt.keys import key_in, transposed_by
from engine.prompt.tempos import tempo_in
from engine.prompt.words import LASTS_MARK
from engine.units import MAX_BARS, MIN_BARS

SIGNATURE = re.compile(
    r"(?<![0-9/])([0-9]{1,2})\s*/\s*([0-9]{1,2})(?![0-9/])(?:[\s-]+(?:time|meter|metre|takt|feel)\b)?", re.I
)
COUNTS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "sixteen": 16, "twenty": 20, "twenty four": 24,
    "thirty two": 32, "sixty four": 64,
    "vier": 4, "acht": 8, "zwei": 2, "sechzehn": 16,
}  # fmt: skip
SPOKEN_SIGNATURE = re.compile(
    r"(?<!two )(?<!\w)(two|three|four|five|six|seven|nine|eleven|twelve)[\s-]"
    r"(four|eight|sixteen|quarter)s?(?:[\s-]time)?\b"
    r"(?!\s*-?\s*(?:bars?|measures?|on)\b)", re.I,
)  # fmt: skip
UNITS = {"four": 4, "quarter": 4, "eight": 8, "sixteen": 16}
# "in 7": what such a count of beats usually is.
IN_COUNT = re.compile(
    r"\bin\s+(3|4|5|6|7|9|11|12|13|15|three|four|five|six|seven|nine|eleven|twelve|thirteen)"
    r"(?=\s*(?:$|[,.;:!?)]|(?:at|with|and|but|time|meter|feel|please)\b))(?:\s+(?:time|meter|feel)\b)?", re.I,
)  # fmt: skip
USUAL = {
    3: Signature(3, 4), 4: Signature(4, 4), 5: Signature(5, 4), 6: Signature(6, 8), 7: Signature(7, 8),
    9: Signature(9, 8), 11: Signature(11, 8), 12: Signature(12, 8),
    13: Signature(13, 8), 15: Signature(15, 8),
}  # fmt: skip
WALTZ = re.compile(
    r"\b(?:(?:jazz\s+)?waltz(?:es)?(?:[\s-]time)?|(?:jazz)?walzer|valse|vals|valzer|dreivierteltakt|three[\s-]quarter[\s-]time"
    r"|triple[\s-](?:meter|time))\b", re.I,
)  # fmt: skip
ODD = re.compile(
    r"\b(?:odd|asymmetric|irregular|weird)[\s-](?:met(?:er|re)s?|time(?:[\s-]signatures?)?|signatures?)\b",
    re.I,
)
NAMED_SIGNATURES = (
    (WALTZ, Signature(3, 4)),
    (ODD, Signature(7, 8)),
    (re.compile(r"\bcommon time\b", re.I), Signature(4, 4)),
    (re.compile(r"\bcompound (?:meter|time)\b|\bsechsachteltakt\b", re.I), Signature(6, 8)),
)  # fmt: skip
MOST_SECTION_WORDS = (
    "intro", "introduction", "verse", "build", "buildup", "build-up", "build up", "drop", "break",
    "breakdown",
    "chorus", "refrain", "outro", "riser", "bridge", "coda", "ending", "pre-chorus", "main part", "interlude",
)  # fmt: skip
COUNTED = "|".join(sorted(COUNTS, key=len, reverse=True))
SECTION = r"(?:intro|verse|build|drop|break|chorus|outro|riser|bridge|breakdown|fill|phrase)"
BARS = re.compile(
    rf"(?<![\w.])(?<!first )(?<!last )(?<!after )(?<!every )([0-9]{{1,6}}|{COUNTED})"
    rf"[\s-]*(?:bars?|measures?|takte?n?)\b(?![\s-]+(?:long\s+)?{SECTION})", re.I,
)  # fmt: skip
NAMED_BARS = re.compile(r"\b(?:bars|length|takte)\s*[:=]\s*([0-9]{1,6})\b", re.I)
NAMED_SECTION = rf"(?P<section>{'|'.join(sorted(MOST_SECTION_WORDS, key=len, reverse=True))})\b"
COUNT_OF_BARS = rf"(?<![\w.])(?P<count>[0-9]{{1,2}}|{COUNTED})[\s-]*(?:bars?|measures?|takte?n?)\b"
# "8 bar build", "16 bars of dark intro"
BARS_OF_SECTION = re.compile(
    rf"{COUNT_OF_BARS}[\s-]+(?:(?:long|of|a|the)\s+)*(?P<between>(?!with\b|and\b|then\b|plus\b)[\w'-]+\s+)?"
    rf"{NAMED_SECTION}", re.I,
)  # fmt: skip
# "intro: 8 bars", "drop for 16 bars"; "intro 4 bars, drop 8 bars" where there are several
SECTION_OF_BARS = re.compile(
    rf"\b{NAMED_SECTION}(?P<said>\s*[:(=]\s*|\s+(?:of|for|lasting|lasts|over|is|takes)\s+)?\s*{COUNT_OF_BARS}\)?",
    re.I,
)
SECTION_BARS = re.compile(rf"(?<!\w)(?:[0-9]{{1,3}}|{'|'.join(COUNTS)})[\s-]*(?:bars?|measures?)\b", re.I)
SWING = re.compile(
    r"\b(?:swing|swung|swing\s+(?:of|at)|shuffle)\s*(?:at|of|by|to|:|=|about|around)?\s*(?:([0-9]{1,3})\s*%|(0?\.[0-9]{1,2}))"
    r"|(?<![\w.])([0-9]{1,3})\s*(?:%|percent)\s*(?:of\s+)?(?:swing|swung|shuffle)\b", re.I,
)  # fmt: skip
STRAIGHT_PERCENT, TRIPLET_PERCENT = 50.0, 200.0 / 3.0  # where samplers put the second sixteenth


@dataclass
class Facts:
    """What was said; None where nothing was. `tonic` may come without `mode`, and the other way round."""

    tempo_bpm: float | None = None
    tempo_step_bpm: float = 0.0  # "5 bpm faster"
    tempo_factor: float = 1.0  # "half the tempo"
    tonic: int | None = None
    mode: str | None = None
    semitones: int = 0  # "up a fifth"
    signature: Signature | None = None
    bars: int | None = None
    swing: float | None = None
    rest: str = field(default="", repr=False)  # the text without them

    @property
    def changes(self) -> bool:
        """Whether something that stands is changed by an amount."""
        return bool(self.tempo_step_bpm or self.tempo_factor != 1.0 or self.semitones)


def facts_of(text: str) -> Facts:
    """Facts with the values clamped to what is legal; `rest` is what the words are looked for in."""
    facts = Facts(rest=text)
    _find_bars(facts)
    _find_swing(facts)
    _find_tempo(facts)
    _find_signature(facts)
    _find_key(facts)
    return facts


def _cut(facts: Facts, span: tuple[int, int], put: str = " ") -> None:
    facts.rest = facts.rest[: span[0]] + put + facts.rest[span[1] :]


def _marked_sections(text: str) -> str:
    """The text with a mark before every section whose bars are said, in place of their count."""

    def marked(match: re.Match[str]) -> str:
        word = match["count"].lower()
        bars = int(word) if word.isdecimal() else COUNTS[word]
        return f" {match.groupdict().get('between') or ''}{LASTS_MARK}{bars} {match['section']}"

    several = len(SECTION_OF_BARS.findall(text)) > 1
    text = SECTION_OF_BARS.sub(lambda m: marked(m) if m["said"] or several else m.group(), text)
    return BARS_OF_SECTION.sub(marked, text)


COUNTS_BARS = re.compile(r"bar|measure|takt", re.I)


def _find_bars(facts: Facts) -> None:
    if not COUNTS_BARS.search(facts.rest):
        return
    facts.rest = _marked_sections(facts.rest)
    match = BARS.search(facts.rest) or NAMED_BARS.search(facts.rest)
    if match:
        word = match.group(1).lower()
        bars = int(word) if word.isdecimal() else COUNTS[word]
        facts.bars = max(MIN_BARS, min(MAX_BARS, bars))
        _cut(facts, match.span())
    facts.rest = SECTION_BARS.sub(" ", facts.rest)


def _find_swing(facts: Facts) -> None:
    match = SWING.search(facts.rest)
    if match is None:
        return
    percent = match.group(1) or match.group(3)
    if percent is None:
        facts.swing = float(match.group(2))
    elif float(percent) >= STRAIGHT_PERCENT:
        facts.swing = (float(percent) - STRAIGHT_PERCENT) / (TRIPLET_PERCENT - STRAIGHT_PERCENT)
    else:
        facts.swing = float(percent) / 100.0
    facts.swing = round(max(0.0, min(1.0, facts.swing)), 4)
    _cut(facts, match.span())


def _find_tempo(facts: Facts) -> None:
    found = tempo_in(facts.rest)
    if found is not None:
        facts.tempo_bpm, facts.tempo_step_bpm = found.tempo_bpm, found.step_bpm
        facts.tempo_factor = found.factor
        _cut(facts, found.span)


def _find_signature(facts: Facts) -> None:
    for match in SIGNATURE.finditer(facts.rest):
        try:
            facts.signature = Signature(int(match.group(1)), int(match.group(2)))
        except EngineError:
            continue
        return _cut(facts, match.span())
    for pattern, signature in NAMED_SIGNATURES:
        named = pattern.search(facts.rest)
        if named:
            facts.signature = signature
            return _cut(facts, named.span(), " jazz " if "jazz" in named[0].lower() else " ")
    spoken = SPOKEN_SIGNATURE.search(facts.rest)
    if spoken:
        facts.signature = Signature(COUNTS.get(spoken[1].lower(), 11), UNITS[spoken[2].lower()])
        return _cut(facts, spoken.span())
    counted = IN_COUNT.search(facts.rest)
    if counted:
        word = counted[1].lower()
        count = int(word) if word.isdecimal() else {**COUNTS, "eleven": 11, "thirteen": 13}[word]
        facts.signature = USUAL[count]
        _cut(facts, counted.span())
    return None


def _find_key(facts: Facts) -> None:
    moved = transposed_by(facts.rest)
    if moved is not None:
        _cut(facts, moved[0])
        facts.semitones = moved[1]
    found = key_in(facts.rest)
    if found is not None:
        facts.tonic, facts.mode = found.tonic, found.mode
        _cut(facts, found.span)
