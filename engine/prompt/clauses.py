"""Words that belong together, each with what stood before it: what `reading` makes of a text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.prompt.words import TARGETS, Word

STRONGLY, SLIGHTLY = 1.5, 0.5


@dataclass(frozen=True)
class Term:
    """A word with what stood before it: `sign` -1 for less and for denial, `factor` for "half as".

    `local`: a genre that may be of a track alone ("techno with dubstep bass").
    """

    word: Word
    negated: bool = False
    compared: bool = False
    sign: int = 1
    strength: float = 1.0
    factor: float | None = None
    local: bool = False
    bars: int = 0  # of a section
    adjective: bool = False  # a sound that only colours the track after it ("organ bass")


@dataclass
class Clause:
    """Words that belong together. `inherits`: the tracks of the clause before ("drums with reverb")."""

    terms: list[Term] = field(default_factory=list)
    only: bool = False
    excepts: bool = False  # its tracks are left out of what the clause before says
    attaches: str = ""  # the kind of word that it hangs on the clause before by
    inherits: tuple[str, ...] = ()

    def of(self, *kinds: str) -> list[Term]:
        return [term for term in self.terms if term.word.kind in kinds]

    @property
    def genre(self) -> str | None:
        """The last of genres in a row is the noun: "80s rock" is rock."""
        return next((t.word.name for t in reversed(self.of("genre")) if not t.negated and not t.local), None)

    @property
    def compares(self) -> bool:
        return any(term.compared or term.factor is not None for term in self.terms)

    @property
    def tracks(self) -> tuple[str, ...]:
        """The tracks that it speaks of by name, by a drum voice, or by a sound that belongs to one."""
        named = [t.word.name if t.word.kind == "track" else "drums" for t in self.of(*TARGETS)]
        if not named and self.genre is None:
            sounds = [t.word for t in self.of("sound") if not t.negated]
            if any(
                role in word.palettes or role in word.manners for word in sounds for role in self.inherits
            ):
                return self.inherits  # "bass: plucky"
            named = [next(iter(word.palettes)) for word in sounds]
        if not named and self.genre is None:
            named = [t.word.alone for t in self.terms if t.word.alone and not t.negated]
        return tuple(dict.fromkeys(named)) or self.inherits


@dataclass
class Pending:
    """What has been said and waits for its word."""

    negated: bool = False
    carried: bool = False  # the denial has had its word already
    compared: bool = False
    sign: int = 1
    strength: float = 1.0
    factor: float | None = None
    bars: int = 0

    def take(self, word: Word) -> Term:
        """The word with all that waited for it. Denial stays for tracks that follow ("no drums or bass")."""
        if word.number < 0:
            return Term(word, negated=True)
        compared = self.compared or word.kind == "comparison"
        term = Term(word, self.negated, compared, self.sign, self.strength, self.factor)
        if word.kind == "section":
            term, self.bars = replace(term, bars=self.bars), 0
        self.compared, self.sign, self.strength, self.factor = False, 1, 1.0, None
        self.negated = self.carried = self.negated and word.kind in (*TARGETS, "sound")
        return term

    def note(self, word: Word) -> None:
        match word.kind:
            case "negation":
                self.negated, self.carried = True, False
            case "more" | "less":
                self.compared, self.sign = True, 1 if word.kind == "more" else -1
            case "mildly":
                self.negated, self.carried, self.strength = True, False, SLIGHTLY
            case "lasts":
                self.bars = word.number
            case "half" | "double":
                self.factor = 0.5 if word.kind == "half" else 2.0
            case "strongly":
                self.strength = STRONGLY
            case "slightly":
                self.strength = SLIGHTLY
