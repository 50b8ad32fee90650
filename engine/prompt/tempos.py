"""Tempi as people write them: 128bpm, around 120, 120-125, 170ish, one twenty, Andante, 5 bpm faster."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

NUMBER = r"([0-9]{1,6}(?:[.,][0-9]{1,3})?)"
BPM = r"(?:bpm|bmp|pbm|b\.p\.m\.?|beats\s+(?:per|a)\s+minute|schläge)"
ABOUT = r"(?:at|around|about|approximately|roughly|circa|ca\.?|near|nearly|almost|um|bei|etwa|say|maybe)"
UPWARDS = r"up|raise|increase|bump|push|nudge|speed"
DOWNWARDS = r"down|lower|drop|reduce|decrease|slow|pull|cut"
STEP = re.compile(
    rf"(?:(?<![0-9a-z])(?P<sign>[+-])\s*(?P<signed>[0-9]{{1,3}})\s*{BPM}\b)|\b(?P<count>[0-9]{{1,3}})\s*(?P<unit>{BPM}|%|percent)?\s*"
    rf"(?P<way>faster|slower|quicker|schneller|langsamer)\b"
    rf"|\b(?P<way2>up|down|raise|lower)\s+(?:the\s+tempo\s+)?(?:by\s+)?"
    rf"(?P<count2>[0-9]{{1,2}})\s*{BPM}\b"
    rf"|\b(?P<way3>{UPWARDS}|{DOWNWARDS})\s+(?:the\s+)?(?:tempo|speed|{BPM})\s+(?:up\s+|down\s+)?by\s+"
    rf"(?P<count3>[0-9]{{1,2}})\s*(?P<unit3>{BPM}|%|percent)?", re.I,
)  # fmt: skip
FACTOR = re.compile(
    r"\b(?:at\s+|to\s+)?(?P<way>half|double|twice)(?:\s+of)?(?:\s+the)?\s+(?:tempo|bpm)\b|\b(?P<verb>double|halve)\s+the\s+(?:tempo|bpm|speed)\b",
    re.I,
)
RANGE = re.compile(rf"{NUMBER}\s*(?:-|–|—|to|and|bis|or)\s*{NUMBER}\s*-?\s*{BPM}\b", re.I)
BETWEEN = re.compile(
    r"\b(?:between|from|zwischen|von)\s+([0-9]{2,3})\s*(?:-|–|to|and|und|bis)\s*([0-9]{2,3})(?![\w/])", re.I
)
BARE_RANGE = re.compile(
    r"(?<![\w./,#-])([0-9]{2,3})\s?(?:-|–|—| to )\s?([0-9]{2,3})(?![\w/%]|[.,][0-9])", re.I
)
TEMPO = re.compile(rf"(?:\b{ABOUT}\s+|[@~]\s*)?(?<![0-9]){NUMBER}\s*-?\s*{BPM}(?![a-z])", re.I)
NAMED = re.compile(
    rf"\b(?:bpm|tempo)(?:\s*(?:of|at|is|:|=|to|around|about|um|~))*\s*{NUMBER}(?![0-9/])", re.I
)
BARE = re.compile(rf"(?:\b{ABOUT}\s+|[@~]\s*)([0-9]{{2,3}}(?:[.,][0-9]{{1,3}})?)(?![\w/]|\s*%)", re.I)
ISH = re.compile(r"(?<![\w/])([0-9]{2,3})\s?-?ish\b", re.I)
DECADE = re.compile(
    r"\b(?:in\s+the\s+)?(?:(low|mid|high|upper)[\s-]+)(1[0-9]0)s\b|\bin\s+the\s+(?:)(1[0-7]0)s\b", re.I
)
# A number by itself, as in "techno 128".
LONE = re.compile(r"(?<![\w./,#+-])([0-9]{2,3})(?![\w/%#]|[.,][0-9])")
LONE_LOW_BPM, LONE_HIGH_BPM = 60.0, 240.0  # 303, 808 and 909 are instruments
# What makes a number something else: counts of things, and machines named by numbers.
COUNTED = re.compile(
    r"\s*-?\s*(?:bars?|measures?|takte?n?|beats?|steps?|notes?|chords?|voices?|hits?|takes?|k?hz|ms|s|secs?|seconds?|min"
    r"|minutes?|mins|hours?|years?|times|degrees|db|cents?|percent|tracks?|layers?|people|semitones?|octaves?|"
    r"bits?|o'?clock|key|juno|string|stripes|miles|km|days?|nights?|words?|%)\b|\s*%", re.I,
)  # fmt: skip
MACHINE = re.compile(
    r"\b(?:juno|jupiter|sh|tr|tb|mpc|sp|dx|cs|ob|prophet|korg|poly|jp|jx|ms|op|take|version|nr|no|number|scene|mark|mk"
    r"|moog|model|mc|rz|k|esq|vl|xv|jd|chapter|part|area|route|highway|year|vol|volume)\.?[\s-]?$", re.I,
)  # fmt: skip
UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
ONES = "|".join(UNITS)
SPOKEN = re.compile(
    rf"\b(?:(?P<hundred>one|two|a)[\s-]+(?:hundred(?:\s+and)?[\s-]*)?|hundred(?:\s+and)?[\s-]+)?"
    rf"(?:(?P<tens>{'|'.join(TENS)})(?:[\s-]+(?P<units>{ONES}))?)(?=\s+{BPM}\b)"
    rf"|\b(?P<flat>one|a|two)\s+hundred(?=\s+{BPM}\b)"
    rf"|(?<=\bat )(?P<at>one)[\s-](?P<attens>{'|'.join(TENS)})(?:[\s-](?P<atunits>{ONES}))?\b",
    re.I,
)
TERMS_BPM = {
    "larghissimo": 42, "grave": 45, "largo": 50, "lento": 54, "larghetto": 62, "adagio": 70, "adagietto": 74,
    "andante": 84, "andantino": 90, "moderato": 108, "allegretto": 116, "allegro": 132, "vivace": 160,
    "presto": 180, "prestissimo": 200,
}  # fmt: skip
TERM = re.compile(rf"\b(?<!más )(?<!mas )(?<!plus )({'|'.join(TERMS_BPM)})\b", re.I)


@dataclass
class TempoFound:
    """A tempo, or how the standing one is changed: `step` added to, `factor` times."""

    span: tuple[int, int]
    tempo_bpm: float | None = None
    step_bpm: float = 0.0
    factor: float = 1.0


DIGIT = re.compile(r"[0-9]")


def tempo_in(text: str) -> TempoFound | None:
    small, numbers = text.lower(), bool(DIGIT.search(text))
    spoken = "hundred" in small or any(word in small for word in TENS)
    return (
        _change(text, numbers) or (_spoken(text) if spoken else None)
        or (_numbered(text) if numbers else None) or _term(text)
    )  # fmt: skip


def _change(text: str, numbers: bool) -> TempoFound | None:
    match = FACTOR.search(text)
    if match:
        half = (match["way"] or match["verb"]).lower() in ("half", "halve")
        return TempoFound(match.span(), factor=0.5 if half else 2.0)
    match = STEP.search(text) if numbers else None
    if match is None:
        return None
    if match["sign"]:
        return TempoFound(match.span(), step_bpm=float(match["sign"] + match["signed"]))
    way = (match["way"] or match["way2"] or match["way3"]).lower()
    falls = way in ("slower", "langsamer", *DOWNWARDS.split("|"))
    amount = float(match["count"] or match["count2"] or match["count3"]) * (-1 if falls else 1)
    if (match["unit"] or match["unit3"] or "").lower() in ("%", "percent"):
        return TempoFound(match.span(), factor=max(0.1, 1.0 + amount / 100.0))
    return TempoFound(match.span(), step_bpm=amount)


def _spoken(text: str) -> TempoFound | None:
    match = SPOKEN.search(text)
    if match is None:
        return None
    if match["flat"]:
        return TempoFound(match.span(), 200.0 if match["flat"].lower() == "two" else 100.0)
    tens, units = match["tens"] or match["attens"], match["units"] or match["atunits"]
    led = match["at"] or match["hundred"] or ("one" if "hundred" in match[0].lower() else "")
    hundreds = {"": 0, "two": 200}.get(led.lower(), 100)
    value = hundreds + TENS[tens.lower()] + (UNITS[units.lower()] if units else 0)
    return TempoFound(match.span(), _legal(float(value)))


def _numbered(text: str) -> TempoFound | None:
    for pattern in (RANGE, TEMPO, NAMED, BETWEEN, ISH, BARE_RANGE, BARE, LONE):
        for match in pattern.finditer(text):
            numbers = [float(group.replace(",", ".")) for group in match.groups()]
            tempo_bpm = sum(numbers) / len(numbers)
            if pattern in (BETWEEN, ISH, BARE_RANGE, BARE, LONE) and not _plausible(match, numbers, text):
                continue
            return TempoFound(match.span(), _legal(tempo_bpm))
    decade = DECADE.search(text)
    if decade:
        place = {"low": 2.0, "mid": 5.0, "high": 8.0, "upper": 8.0}.get((decade[1] or "mid").lower(), 5.0)
        return TempoFound(decade.span(), _legal(float(decade[2] or decade[3]) + place))
    return None


def _plausible(match: re.Match[str], numbers: list[float], text: str) -> bool:
    """Whether bare numbers are a tempo at all: not 808, not 16 bars, not Juno 106."""
    low, high = MIN_TEMPO_BPM, MAX_TEMPO_BPM
    if match.re in (LONE, BARE_RANGE):
        low, high = LONE_LOW_BPM, LONE_HIGH_BPM
    inside = all(low <= number <= high for number in numbers)
    counted = COUNTED.match(text, match.end())
    return inside and not counted and not MACHINE.search(text[max(0, match.start() - 12) : match.start()])


def _term(text: str) -> TempoFound | None:
    match = TERM.search(text)
    return TempoFound(match.span(), float(TERMS_BPM[match[1].lower()])) if match else None


def _legal(tempo_bpm: float) -> float:
    return max(MIN_TEMPO_BPM, min(MAX_TEMPO_BPM, tempo_bpm))
