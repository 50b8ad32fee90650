"""Keys as people write them: F#m, Gb minor, in A, D Dorian, 8A, h-moll, Es-Dur, la mineur, up a fifth."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.music.key import MODES, Key

ACCIDENTAL = r"\s?(?:#|♯|b(?![a-z])|♭|-?sharp\b|-?flat\b)"
MODE = (
    r"harmonic[\s-]minor|natural[\s-]minor|melodic[\s-]minor|minor[\s-]pentatonic|major[\s-]pentatonic"
    r"|phrygian[\s-]dominant|major|minor|maj|min|moll|dur|dorian|phrygian|lydian|mixolydian|locrian|aeolian"
    r"|mayor|menor|majeur|mineur|maggiore|minore|ionian|dorisch|phrygisch|lydisch|mixolydisch|[äa]olisch|blues"
)
MODE_SYNONYMS = {
    "mayor": "major", "majeur": "major", "maggiore": "major", "menor": "minor", "mineur": "minor",
    "minore": "minor",
    "maj": "major", "ionian": "major", "dur": "major", "major pentatonic": "major", "min": "minor",
    "moll": "minor", "aeolian": "minor", "natural minor": "minor", "melodic minor": "minor",
    "minor pentatonic": "minor", "blues": "minor", "phrygian dominant": "phrygian", "dorisch": "dorian",
    "phrygisch": "phrygian", "lydisch": "lydian", "mixolydisch": "mixolydian", "äolisch": "minor",
    "aolisch": "minor",
}  # fmt: skip
LED = r"(?:\b(?:in|key|tonart)\s*:?\s+(?:the\s+key\s+)?(?:of\s+)?)?"
# "F# minor", "a dorian", "in A": the letter, its sign, its mode.
FULL = re.compile(
    rf"{LED}(?<![\w#'’])(?P<note>[A-Ga-g])(?P<sign>{ACCIDENTAL})?[\s-]*(?P<mode>(?!blues)(?:{MODE}))\b", re.I
)
# "harmonic minor on D"
MODE_FIRST = re.compile(
    rf"\b(?P<mode>(?!blues)(?:{MODE}))\s+(?:on|in|of|from)\s+(?P<note>[A-Ga-g])(?P<sign>{ACCIDENTAL})?(?![\w#])",
    re.I,
)
# "F#m", "Am", "bbm"
SHORT = re.compile(r"(?<![\w#'’])(?P<note>[A-Ga-g])(?P<sign>#|♯|b|♭)?m(?![\w#'’])")
WORDS_TOO = "acf"  # am, cm, fm: small, a key after "in" alone
# "in A", "in Bb", "key of d": the letter alone, where it cannot be an article
BARE = re.compile(
    rf"(?:\b(?:in|key(?:\s+is)?|key\s+of|tonart)\s+|\bkey\s*[:=]\s*)(?P<note>[A-Ga-g])(?P<sign>{ACCIDENTAL})?"
    r"(?=\s*(?:$|[,.;:!?)/]|(?:at|with|and|but|for|around|then|please|mit)\b|[0-9@~]))", re.I,
)  # fmt: skip
# ", Bb," and ", C,": capitals between commas, or a letter with its sign
LONE = re.compile(
    r"(?:(?<![\w#'’])(?P<spoken>[B-Gb-g]|A)[\s-](?P<spelt>sharp|flat)(?=\s*(?:$|[,.;:!?)/]|[0-9]))|"
    r"(?<![\w#'’])(?P<note>[A-G])(?P<sign>#|♯|b|♭)(?![\w#♯♭])"
    r"|(?:^|[,;/])\s*(?P<plain>[A-G])\s*(?=$|[,;/]))"
)
# German names, each a pitch class; `b` is B flat only there. A mode or "in" must stand beside them.
GERMAN_NOTES = {
    "cis": 1, "dis": 3, "eis": 5, "fis": 6, "gis": 8, "ais": 10, "his": 0, "ces": 11, "des": 1, "es": 3,
    "fes": 4, "ges": 6, "as": 8, "hes": 10, "h": 11, "b": 10, "c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9,
}  # fmt: skip
GERMAN = re.compile(
    rf"\b(?:in\s+)?(?P<note>{'|'.join(GERMAN_NOTES)})[\s-]*(?P<mode>moll|dur|dorisch|phrygisch|lydisch"
    r"|mixolydisch|[äa]olisch)\b", re.I,
)  # fmt: skip
GERMAN_ANY_MODE = re.compile(rf"\b(?:in\s+)?(?P<note>cis|dis|fis|gis|ais|h)[\s-]+(?P<mode>{MODE})\b", re.I)
GERMAN_BARE = re.compile(
    r"\b(?:in|tonart)\s+(?P<note>cis|dis|fis|gis|ais|ges|Es|As|Des|h)(?![\w'’])|(?<!\w)(?P<alone>[FCG]is)(?!\w)"
    r"|\bin\s+(?P<upper>ES|AS)\b", re.I,
)  # fmt: skip
GERMAN_SPOKEN = re.compile(
    r"\b(?:mit|ohne|und|der|ein|eine|takte|mehr|weniger|kein|keine|für|schlagzeug)\b", re.I
)
SOLFEGE = {"do": 0, "ut": 0, "re": 2, "ré": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "si": 11}
ROMANCE_NOTE = (
    r"\b(?P<note>do|ut|re|ré|mi|fa|sol|la|si)"
    r"(?P<sign>\s?[#♯♭]|\s?b\b|[\s-]+(?:bémol|bemol|bemolle|dièse|diese|diesis|sostenido|sharp|flat))?"
)
ROMANCE_MODES = {
    "majeur": "major", "mayor": "major", "maggiore": "major", "mineur": "minor", "menor": "minor",
    "minore": "minor", "dorien": "dorian", "dórico": "dorian", "dorico": "dorian", "dorian": "dorian",
    "phrygien": "phrygian", "frigio": "phrygian", "phrygian": "phrygian", "lydien": "lydian",
    "lidio": "lydian", "lydian": "lydian", "mixolydien": "mixolydian", "mixolidio": "mixolydian",
    "mixolydian": "mixolydian",
    "major": "major", "minor": "minor", "maj": "major", "min": "minor",
}  # fmt: skip
ROMANCE = re.compile(
    rf"(?:\b(?:in|en|key|of|tonalité|tono)\s+(?:de\s+)?)?{ROMANCE_NOTE}[\s-]*\b"
    rf"(?P<mode>{'|'.join(ROMANCE_MODES)})\b(?!\s+(?:chang|tweak|edit|adjust|scale))", re.I,
)  # fmt: skip
# "en sol", "in re,": the syllable alone, where the phrase ends; "en la" goes on in Spanish and French
ROMANCE_BARE = re.compile(
    rf"\b(?:in|en|key\s+of|key:)\s+{ROMANCE_NOTE}(?=\s*(?:$|[,.;:!?]|(?:at|with|avec|con|and|y|et)\b|[0-9]))",
    re.I,
)
CAMELOT = re.compile(r"(?<![\w/.])(?P<hour>1[0-2]|[1-9])(?P<side>[ABab])(?![\w/])")
MODE_ONLY = re.compile(
    rf"(?:\b(?:in|a|to)\s+)?(?:\ba\s+)?\b(?P<mode>(?!min\b|maj\b|mayor|blues)(?:{MODE}))\b"
    r"(?:\s+(?:key|mode|scale|feel|mood|tonality))?", re.I,
)  # fmt: skip
ARTICLE = re.compile(r"\s+(?:key|mode|scale|feel|mood|tonality|vibe|sound|chords?)\b", re.I)
OF_A_CHORD = re.compile(r"\s*-?\s*(?:chords?|thirds?|sixths?|seventh|seven|[0-9]|triads?|ninth|second)", re.I)
INTERVALS = {
    "semitone": 1, "half step": 1, "halfstep": 1, "half tone": 1, "whole tone": 2, "whole step": 2, "tone": 2,
    "step": 2, "minor third": 3, "major third": 4, "third": 4, "fourth": 5, "tritone": 6, "fifth": 7,
    "minor sixth": 8, "sixth": 9, "halbton": 1, "ganzton": 2, "quarte": 5, "quinte": 7, "terz": 4,
}  # fmt: skip
COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "": 1,
          "einen": 1, "eine": 1, "zwei": 2}  # fmt: skip
COUNTED = "|".join(word for word in COUNTS if word)
UNIT = rf"(?P<unit>{'|'.join(INTERVALS)})(?:s|en|e)?\b"
STEPS = rf"(?P<count>{COUNTED}|[0-9]{{1,2}})?\s*{UNIT}"
STEPS_FIRST = STEPS.replace("<count>", "<count2>").replace("<unit>", "<unit2>")
TRANSPOSED = re.compile(
    rf"\b(?:transposed?\s+(?:it\s+|everything\s+)?(?:by\s+)?|move\s+(?:it\s+)?|key\s+)?"
    rf"(?:(?P<way>up|down|raise|lower)\s+(?:it\s+)?(?:by\s+)?{STEPS}|{STEPS_FIRST}"
    r"\s+(?P<way2>up|down|higher|lower|höher|tiefer))", re.I,
)  # fmt: skip


@dataclass
class KeyFound:
    """What of a key was said, and where it stands in the text."""

    span: tuple[int, int]
    tonic: int | None = None
    mode: str | None = None


def key_in(text: str) -> KeyFound | None:
    """The key that a text names; `tonic` may come without `mode`, and the other way round."""
    german = bool(GERMAN_SPOKEN.search(text))
    found = (
        _german(text, german) or _romance(text) or _lettered(text) or _german_bare(text) or _camelot(text)
        or _mode_only(text)
    )  # fmt: skip
    if found is not None and found.mode is None:
        found.mode = _mode_elsewhere(text)
    return found


def _mode_elsewhere(text: str) -> str | None:
    """ "lydian, in G": the mode of a tonic that stands apart; "major" is not that of "major thirds"."""
    apart = MODE_ONLY.search(text)
    return _mode(apart["mode"]) if apart and not OF_A_CHORD.match(text, apart.end()) else None


def transposed_by(text: str) -> tuple[tuple[int, int], int] | None:
    """(span, semitones) of "up a fifth", "two semitones down"."""
    small = text.lower()
    match = TRANSPOSED.search(text) if any(unit in small for unit in INTERVALS) else None
    if match is None:
        return None
    count = (match["count"] or match["count2"] or "").lower()
    unit = INTERVALS[(match["unit"] or match["unit2"]).lower()]
    way = (match["way"] or match["way2"]).lower()
    times = int(count) if count.isdecimal() else COUNTS[count]
    down = way in ("down", "lower", "tiefer")
    return match.span(), unit * times * (-1 if down else 1)


def _german(text: str, spoken: bool) -> KeyFound | None:
    match = GERMAN.search(text) or GERMAN_ANY_MODE.search(text)
    if match is None and spoken:
        match = re.search(rf"\b(?:in\s+)?(?P<note>b)[\s-]+(?P<mode>{MODE})\b", text, re.I)
    if match is None:
        return None
    return KeyFound(match.span(), GERMAN_NOTES[match["note"].lower()], _mode(match["mode"]))


def _german_bare(text: str) -> KeyFound | None:
    match = GERMAN_BARE.search(text)
    if match is None:
        return None
    note = match["note"] or match["alone"] or match["upper"]
    if note in ("as", "es", "des"):
        return None  # English and German words
    return KeyFound(match.span(), GERMAN_NOTES[note.lower()])


def _romance(text: str) -> KeyFound | None:
    match = ROMANCE.search(text) or ROMANCE_BARE.search(text)
    if match is None:
        return None
    sign = (match["sign"] or "").strip(" -").lower()
    shift = 0 if not sign else -1 if sign[0] in "b♭f" else 1
    said = match.groupdict().get("mode")
    tonic = (SOLFEGE[match["note"].lower()] + shift) % 12
    return KeyFound(match.span(), tonic, ROMANCE_MODES[said.lower()] if said else None)


def _lettered(text: str) -> KeyFound | None:
    for pattern in (FULL, MODE_FIRST, SHORT, BARE, LONE):
        for match in pattern.finditer(text):
            found = match.groupdict()
            if pattern is FULL and _is_article(match, text):
                continue
            if (
                pattern is SHORT
                and not found["sign"]
                and found["note"] in WORDS_TOO
                and not _led(match, text)
            ):
                continue  # "i am": only "Am", "in am"
            note = found["note"] or found.get("plain") or found["spoken"]
            tonic = Key.parse(note + _sign(found.get("sign") or found.get("spelt"))).tonic
            return KeyFound(match.span(), tonic, "minor" if pattern is SHORT else _mode(found.get("mode")))
    return None


def _camelot(text: str) -> KeyFound | None:
    """The wheel of DJs: a fifth an hour, A minor at 8A and C major at 8B."""
    match = CAMELOT.search(text)
    if match is None:
        return None
    minor = match["side"].lower() == "a"
    tonic = ((9 if minor else 0) + 7 * (int(match["hour"]) - 8)) % 12
    return KeyFound(match.span(), tonic, "minor" if minor else "major")


def _mode_only(text: str) -> KeyFound | None:
    match = MODE_ONLY.search(text)
    return KeyFound(match.span(), None, _mode(match["mode"])) if match else None


def _is_article(match: re.Match[str], text: str) -> bool:
    """Whether the `a` of "a minor key", "in a minor mood" is an article."""
    return match["note"] == "a" and not match["sign"] and bool(ARTICLE.match(text, match.end()))


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
