"""Bars that a prompt for one track names: "redo bars 3-4", "bars 5 to 8 busier", "a fill in bar 4".

A count is no choice ("4 bars", "bars: 8", "4 bar 2 step"), neither are two places ("bar 2 and bar 7"), bars
that are to stay ("keep bar 1", "all but bars 3-4"), an end ("from bar 3 on") or an example ("like bar 2").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PLACE = re.compile(
    r"(?<![\w-])(?:(?:only|just|nur)\s+)?(?:(?P<how>in|on|at|for|from|of|over|im|von)\s+)?(?:the\s+)?"
    r"(?<!\d )(?:(?:bars|measures|takten?)\s+(?P<first>\d{1,4})"
    r"\s*(?P<to>-|–|—|to|till|until|through|thru|bis|and|und|&)\s*(?P<last>\d{1,4})"
    r"|(?:bar|measure|takt)\s+(?P<one>\d{1,4}))"
    r"(?![\w./]|\s*-|\s+(?:bars?|measures?|takte?|bpm|steps?|chords?|notes?)\b)(?!\s+on(?:wards?)?\s*(?:$|[,.;]))"
    r"(?:\s+(?:only|alone))?", re.I,
)  # fmt: skip
NEIGHBOURS = ("and", "und", "&")
# Said before the bars, these mean all the others, or other ones.
OTHERS = re.compile(
    r"\b(?:keep(?:ing)?|leave|leaving|touch|preserve|except(?:ing|\s+for)?|without|not|(?:do|can)n['’]?t"
    r"|(?:all|everything|everywhere|anything|nothing)\s+but|apart\s+from|behalte|lass|außer|ausser|ohne|nicht)\b"
    r"|\b(?:like|as|than|to|until|till|after|before|since|every|starting|ending|up|copy|repeat|use|wie|ab|bis|nach|vor)"
    r"(?:\s+(?:in|at|on|the))*\s*$", re.I,
)  # fmt: skip
OF = ("of", "from", "von")  # "the rhythm of bar 2" is an example, "a new take of bar 2" is not
# Verbs that say what is done with the bars, and nothing of the music.
MAKING = re.compile(r"\b(?:redo|regenerate|remake|rewrite|renew|replace|refresh|redo it|erneuere?)\b", re.I)
# Words that ask for bars that are new, and for nothing else.
PLAIN = frozenset(
    (
        "new", "anew", "again", "fresh", "another", "different", "other", "something", "else", "change",
        "make", "give", "me", "write", "do", "play", "try", "it", "a", "an", "the", "take", "version", "idea",
        "please", "just", "only", "with", "now", "neu", "neue", "neuen", "neuer", "anders", "nochmal", "noch",
        "einmal", "bitte", "mach", "mache",
    )
)  # fmt: skip


@dataclass(frozen=True)
class ChosenBars:
    """Bars from 1, both ends included, and what else was said: "" where a new idea is all that is asked."""

    first: int
    last: int
    rest: str


def chosen_bars(prompt: str) -> ChosenBars | None:
    """The bars that a prompt names as its place; None where it names none, or several places."""
    found = list(PLACE.finditer(prompt))
    if len(found) != 1:
        return None
    place = found[0]
    first = int(place["first"] or place["one"])
    last = int(place["last"] or first)
    if (place["to"] or "").lower() in NEIGHBOURS and last != first + 1:
        return None
    before = prompt[: place.start()]
    example = (place["how"] or "").lower() in OF and not _is_plain(MAKING.sub(" ", before))
    if example or OTHERS.search(before):
        return None
    said = MAKING.sub(" ", f"{before} {prompt[place.end() :]}")
    rest = " ".join(said.split()).strip(" ,;:.-")
    return ChosenBars(first, last, "" if _is_plain(said) else rest)


def _is_plain(text: str) -> bool:
    return all(word in PLAIN for word in re.findall(r"\w+", text.lower()))
