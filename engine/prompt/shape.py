"""What a prompt says of the whole's shape: sections in order, and how the energy goes over the bars."""

from __future__ import annotations

from collections.abc import Sequence

from engine.music.genre import Genre
from engine.prompt.reading import Clause, Term

TOGETHER = {("rise", "fall"): "arch", ("fall", "rise"): "wave"}


def structure_of(clauses: Sequence[Clause], genre: Genre, standing: tuple[str, ...]) -> tuple[str, ...]:
    """The sections asked for; where some are only denied, the genre's own form without them."""
    terms = [(clause, t) for clause in clauses for t in clause.terms if t.word.section]
    wanted = [t for clause, t in terms if not t.negated and not _is_effect(clause, t, len(terms))]
    denied = {t.word.section for _, t in terms if t.negated}
    found: list[str] = []
    for term in wanted:
        if not found or found[-1] != term.word.section:
            found.append(term.word.section)
    if found:
        return tuple(name for name in found if name not in denied)
    if not denied:
        return standing
    form = standing or (genre.forms[0] if genre.forms else ("main",))
    return tuple(name for name in form if name not in denied) or ("main",)


def _is_effect(clause: Clause, term: Term, sections: int) -> bool:
    """Whether "chorus" is the effect: of a track, more of it, or beside no other section."""
    return bool(term.word.settings) and sections == 1 and (bool(clause.tracks) or term.compared)


def profile_of(clauses: Sequence[Clause], standing: str) -> str:
    """The last way the energy goes; up and then down is an arch."""
    said = [t.word.profile for c in clauses for t in c.of("profile") if not t.negated]
    said = list(dict.fromkeys(said))
    if len(said) >= 2 and tuple(said[:2]) in TOGETHER:
        return TOGETHER[said[0], said[1]]
    return said[-1] if said else standing
