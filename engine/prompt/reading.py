"""A prompt as clauses: which qualities belong to which track, what is denied, what is compared.

"dark techno with driving bass, no hi-hats and much softer pads"
 [dark techno]    [driving bass] [no hi-hats]  [++softer pads]
  the whole        bass           drums          harmony, a comparison
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.prompt.words import Lexicon, Word, lexicon, tokens_of

STRONGLY, SLIGHTLY = 1.5, 0.5
TARGETS = ("track", "voice")


@dataclass(frozen=True)
class Term:
    """A word with what stood before it: `sign` -1 for less and for denial, `factor` for "half as"."""

    word: Word
    negated: bool = False
    compared: bool = False
    sign: int = 1
    strength: float = 1.0
    factor: float | None = None


@dataclass
class Clause:
    """Words that belong together."""

    terms: list[Term] = field(default_factory=list)
    only: bool = False

    def of(self, *kinds: str) -> list[Term]:
        return [term for term in self.terms if term.word.kind in kinds]

    @property
    def genre(self) -> str | None:
        """The last of genres in a row is the noun: "80s rock" is rock."""
        return next((t.word.name for t in reversed(self.of("genre")) if not t.negated), None)

    @property
    def compares(self) -> bool:
        return any(term.compared or term.factor is not None for term in self.terms)

    @property
    def tracks(self) -> tuple[str, ...]:
        """The tracks that it speaks of by name, by a drum voice, or by a sound that belongs to one."""
        named = [t.word.name if t.word.kind == "track" else "drums" for t in self.of(*TARGETS)]
        if not named and self.genre is None:
            named = [next(iter(t.word.palettes)) for t in self.of("sound") if not t.negated]
        return tuple(dict.fromkeys(named))


@dataclass
class _Pending:
    """What has been said and waits for its word."""

    negated: bool = False
    carried: bool = False  # the denial has had its word already
    compared: bool = False
    sign: int = 1
    strength: float = 1.0
    factor: float | None = None

    def take(self, word: Word) -> Term:
        """The word with all that waited for it. Denial stays for tracks that follow ("no drums or bass")."""
        term = Term(
            word,
            self.negated,
            self.compared or word.kind == "comparison",
            self.sign,
            self.strength,
            self.factor,
        )
        self.compared, self.sign, self.strength, self.factor = False, 1, 1.0, None
        self.negated = self.carried = self.negated and word.kind in TARGETS
        return term

    def note(self, word: Word) -> None:
        match word.kind:
            case "negation":
                self.negated, self.carried = True, False
            case "more" | "less":
                self.compared, self.sign = True, 1 if word.kind == "more" else -1
            case "half" | "double":
                self.factor = 0.5 if word.kind == "half" else 2.0
            case "strongly":
                self.strength = STRONGLY
            case "slightly":
                self.strength = SLIGHTLY


def read(text: str) -> list[Clause]:
    """The clauses of a text in small letters, without those that say nothing."""
    tokens, words = tokens_of(text), lexicon()
    clauses = [Clause()]
    pending = _Pending()
    place = 0
    while place < len(tokens):
        word, taken = words.match(tokens, place)
        place += taken
        if word is None:
            continue
        if word.kind == "boundary" or (
            word.kind == "joint" and _parts(clauses[-1], _next(tokens, place, words))
        ):
            clauses.append(Clause())
            pending = _Pending()
        elif word.kind == "only":
            clauses[-1].only = True
        elif word.kind in ("track", "voice", "sound", "quality", "comparison", "genre"):
            if _begins_another(clauses, word, pending):
                pending.negated = pending.negated and not pending.carried
            clauses[-1].terms.append(pending.take(word))
            following = _next(tokens, place, words)
            if word.kind == "genre" and (following is None or following.kind != "genre"):
                clauses.append(Clause())
                pending = _Pending()
        else:
            pending.note(word)
    return [clause for clause in clauses if clause.terms]


def _next(tokens: Sequence[str], place: int, words: Lexicon) -> Word | None:
    return words.match(tokens, place)[0] if place < len(tokens) else None


def _parts(clause: Clause, following: Word | None) -> bool:
    """Whether an "and" ends the clause: not between qualities alone, nor between tracks alone."""
    if not clause.terms:
        return False
    if not clause.of("track", "voice", "sound"):
        return False
    bare = not clause.of("quality", "comparison")
    return not (bare and following is not None and following.kind in TARGETS)


def _begins_another(clauses: list[Clause], word: Word, pending: _Pending) -> bool:
    """Start a new clause where a second track comes without a comma: "soft pads driving bass".

    The qualities between the two belong to the second track if the first one had its own before it.
    """
    clause = clauses[-1]
    places = [i for i, term in enumerate(clause.terms) if _is_target(term.word, word)]
    if not places:
        return False
    trailing = clause.terms[places[-1] + 1 :]
    if word.kind not in TARGETS:
        if clause.terms[places[-1]].negated and (pending.carried or not pending.negated):
            clauses.append(Clause())
            return True
        return False
    if not trailing:
        return False
    if places[0] > 0:
        del clause.terms[places[-1] + 1 :]
        clauses.append(Clause(list(trailing)))
    else:
        clauses.append(Clause())
    return True


def _is_target(word: Word, following: Word) -> bool:
    """A track, a drum voice, or a sound that cannot belong to the track after it ("pads driving bass")."""
    if word.kind != "sound":
        return word.kind in TARGETS
    track = {"track": following.name, "voice": "drums"}.get(following.kind)
    return track is not None and track not in word.palettes
