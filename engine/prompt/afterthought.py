"""What clauses mean once all of them are read: exceptions, and sounds that have pitch after all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.prompt.clauses import Clause, Term
from engine.prompt.words import TARGETS, Word

TRACK_NAMES = ("drums", "bass", "harmony", "melody")


def pitched(terms: Sequence[Term]) -> list[Term]:
    """ "a gliding 808" is a bass: a sound of drums that has pitch where it is played as only pitches are."""
    if not any(
        t.word.articulation or "glide" in t.word.settings or t.word.kind == "articulation" for t in terms
    ):
        return list(terms)
    if any(t.word.kind in TARGETS for t in terms):
        return list(terms)

    def turned(word: Word) -> Word:
        rest = {role: palette for role, palette in word.palettes.items() if role != "drums"}
        first = next(iter(word.palettes), "")
        return replace(word, palettes={**rest, **word.palettes}) if first == "drums" and rest else word

    return [replace(t, word=turned(t.word)) for t in terms]


def excepted(clauses: Sequence[Clause]) -> list[Clause]:
    """ "darker except the drums" is of the other tracks; "no drums except a shaker" has a shaker; with
    nothing before it ("keep everything but the melody") the exception asks for nothing by itself."""
    found: list[Clause] = []
    for clause in clauses:
        if not clause.excepts:
            found.append(clause)
            continue
        before = found.pop() if found else Clause()
        denied = [t for t in before.terms if t.negated and t.word.kind == "track"]
        if denied:
            names = clause.tracks
            before.terms = [t for t in before.terms if t not in denied or t.word.name not in names]
            found += [before, clause] if before.terms else [clause]
        elif not before.tracks and before.genre is None:
            pitched = any(t.word.quality and t.word.quality.octave for t in before.terms)
            left_out = (*clause.tracks, "drums") if pitched else clause.tracks
            others = [Term(Word("track", name)) for name in TRACK_NAMES if name not in left_out]
            found += [Clause([*before.terms, *others])] if before.terms else []
        else:
            denying = [replace(term, negated=True) for term in clause.terms]
            found += [before, Clause(denying)]
    return found
