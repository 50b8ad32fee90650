"""Which genres a prompt names, and whether a genre is the whole's or one track's.

deep house, jazzy drum and bass     the last of a row is the noun
house meets trance                  the first of several rows is
techno with a dubstep bass          dubstep is the bass's alone
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.prompt.clauses import Clause, Term

WHOLE = ("beat", "beats", "groove", "tune")


def settled(clauses: Sequence[Clause], stands: bool) -> list[Clause]:
    """The clauses with every genre given to the whole or to a track.

    `stands`: a genre is there already. Else, where none is named for the whole, the first that stands
    before a track is the whole's: "techno bassline" alone is techno.
    """
    found = list(clauses) if stands else _of_the_whole(clauses)
    if stands or any(clause.genre for clause in clauses):
        return found
    for i, clause in enumerate(found):
        headed = bool(clause.inherits)  # "drums: busy breakbeat"
        ours = [place for place, term in enumerate(clause.terms) if _names(term) and not headed]
        if ours:
            cut = ours[-1] + 1
            wide = [replace(term, local=False) for term in clause.terms[:cut]]
            rest = replace(clause, terms=clause.terms[cut:])
            found[i : i + 1] = [Clause(wide), rest]
            break
    return found


def _of_the_whole(clauses: Sequence[Clause]) -> list[Clause]:
    """ "a chill beat": where nothing else is spoken of, the beat is the music."""
    about = [clause for clause in clauses if clause.tracks]
    if len(about) != 1 or any(clause.of("genre") for clause in clauses):
        return list(clauses)
    terms = about[0].of("track", "voice", "sound", "manner")
    if any(t.word.text not in WHOLE or t.negated or t.compared for t in terms):
        return list(clauses)
    bare = [t for t in about[0].terms if t.word.kind != "track"]
    return [replace(c, terms=bare) if c is about[0] else c for c in clauses]


def _names(term: Term) -> bool:
    return term.word.kind == "genre" and term.local and not term.negated


def genres_of(clauses: Sequence[Clause], stands: bool) -> tuple[str, ...]:
    """The genres of the whole, the noun first; adjectives ("jazzy") join it, or are one alone."""
    nouns: list[str] = []
    others: list[str] = []
    styles: list[str] = []
    for clause in clauses:
        row = [t.word.name for t in clause.of("genre") if not t.negated and not t.local]
        if row:
            (others if nouns else nouns).append(row[-1])
            others += row[:-1]
        if row or not clause.tracks:
            styles += [t.word.style for t in clause.terms if is_style(t)]
    if not nouns and stands:
        return ()
    return tuple(dict.fromkeys((*nouns, *others, *styles)))


def is_style(term: Term) -> bool:
    """Whether it makes another genre part of the music: "jazzy", not "more jazzy" or "jazzier"."""
    plain = not (term.negated or term.compared or term.factor)
    return bool(term.word.style) and plain
