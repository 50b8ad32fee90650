"""The prompt in the signs and turns that the word lists are written in."""

from __future__ import annotations

import re
import unicodedata

LONGEST_CHARACTERS = 2000  # what is looked at; a stage prompt is a line
NO_PRONOUN = r"(?:the )?(?!it\b|this\b|things\b|every)"
NO_OCTAVE = r"(?! an| by| one| two)"
# "drop the bass an octave", "turn the reverb down", "swap the piano for strings", "d'n'b", "dnb/174"
# "house? nah, amapiano": what was said before it is taken back
TAKEN_BACK = re.compile(
    r"^.*\b(?:scratch that|no,? wait|wait,? no|actually,? no|nah|on second thoughts?)\b[\s,.:;!-]*(?=\w)",
    re.IGNORECASE | re.DOTALL,
)
LEVELLED = (
    r"(bass(?:line)?|drums?|percussion|hats?|hi-?hats?|kick|snare|claps?|cymbals|ride|lead|melody|pads?|chords"
    r"|strings|piano|guitars?|keys|organ|reverb|delay)"
)
BY_SOME = (
    r"(?: (?:just )?(?:a (?:little )?(?:bit|little|touch|tad)|slightly))?(?=\s*(?:$|[,.;!]|\b(?:and|but)\b))"
)
TURNS = tuple(
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        (
            r"\b(?:drop|lower) (?:the )?(\w+) (?:down )?(?:by )?(an|one|two) octave(s?)\b",
            r"\1 \2 octave\3 lower",
        ),
        (
            r"\b(?:raise|lift) (?:the )?(\w+) (?:up )?(?:by )?(an|one|two) octave(s?)\b",
            r"\1 \2 octave\3 higher",
        ),
        (rf"\b(?:turn|dial|bring|pull|take) {NO_PRONOUN}(\w+(?: \w+)?) down\b{NO_OCTAVE}", r"less \1"),
        (rf"\b(?:turn|dial|bring|push|crank) {NO_PRONOUN}(\w+(?: \w+)?) up\b{NO_OCTAVE}", r"more \1"),
        (
            r"\b(?:swap|replace|exchange|trade|change)(?: out)? (?:the )?"
            r"(bass(?:line)?|drums?|(?:drum )?kit|beat|lead|melody|chords?|harmony|snare|kick|hats|clap) "
            r"(?:for|with|to) "
            r"(?=an? |the |some )",
            r"\1: ",
        ),
        (r"\b(?:swap|replace|exchange|trade)(?: out)? (?:the )?(.{2,30}?) (?:for|with) ", r"no \1, "),
        (r"\bbeet(s?)\b", r"beat\1"),  # an English word, so that no slip is looked for
        (rf"\b{LEVELLED} up{BY_SOME}", r"more \1"),  # "hats down a bit, the bass up"
        (rf"\b{LEVELLED} down{BY_SOME}", r"less \1"),
        (r"(?<=[,;.])\s*walking\s*(?=[,;.]|$)", " walking bass"),
        (r"\bw/o\b", "without"),
        (r"\bw/(?=\s|\w)", "with "),
        (r"(?<![0-9])/|/(?![0-9])", ", "),
        (r"\s*['’`]\s?n\s?['’`]?\s*", " n "),
        (r"(?<=\w{2})&(?=\w{2})", " & "),
        (r"((?:^|[.;!]\s+)\w+(?: \w+)?)\s+[-–—]+\s+", r"\1: "),
        (r"[_|•·]+|\s-+\s|–(?![0-9])|—(?![0-9])", ", "),
    )
)


def plain_text(prompt: str) -> str:
    text = unicodedata.normalize("NFKC", prompt[:LONGEST_CHARACTERS])[: 2 * LONGEST_CHARACTERS]
    text = re.sub(r"\s*[\r\n]+\s*(?:[-*•>]\s*)?", ". ", text.strip())
    text = TAKEN_BACK.sub("", text)
    for pattern, plain in TURNS:
        text = pattern.sub(plain, text)
    return text
