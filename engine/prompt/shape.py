"""What a prompt says of the whole's shape: sections in order, and how the energy goes over the bars."""

from __future__ import annotations

from collections.abc import Sequence

from engine.music.genre import Genre
from engine.prompt.clauses import Clause, Term
from engine.units import MAX_BARS

TOGETHER = {("rise", "fall"): "arch", ("fall", "rise"): "wave"}


Sections = tuple[tuple[str, ...], tuple[int, ...]]
SECTION_BARS_USUAL = 8  # of a section beside others whose bars are said


def sections_of(clauses: Sequence[Clause], genre: Genre, standing: Sections) -> Sections:
    """The sections asked for, with the bars of each (0: free; empty: of none were any said); where some are
    only denied, the genre's own form without them."""
    terms = [(clause, t) for clause in clauses for t in clause.terms if t.word.section]
    wanted = [t for clause, t in terms if not t.negated and not _is_effect(clause, t, len(terms))]
    denied = {t.word.section for _, t in terms if t.negated}
    found: list[tuple[str, int]] = []
    for term in wanted:
        if not found or found[-1][0] != term.word.section:
            found.append((term.word.section, term.bars))
        elif term.bars:
            found[-1] = (term.word.section, term.bars)
    if found:
        kept = [(name, bars) for name, bars in found if name not in denied]
        lengths = tuple(bars for _, bars in kept)
        return tuple(name for name, _ in kept), lengths if any(lengths) else ()
    if not denied:
        return standing
    form = standing[0] or (genre.forms[0] if genre.forms else ("main",))
    return tuple(name for name in form if name not in denied) or ("main",), ()


def bars_needed(section_bars: Sequence[int], at_least: int) -> int:
    """The bars that sections of those lengths fill: exactly, where all are said; else at least `at_least`."""
    free = sum(not bars for bars in section_bars)
    if free == 0 and len(section_bars) > 1:
        return min(MAX_BARS, sum(section_bars))
    needed = sum(section_bars) + SECTION_BARS_USUAL * max(1, free)
    return at_least if at_least > sum(section_bars) + free else min(MAX_BARS, needed)


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
