"""A prompt as clauses: which qualities belong to which track, what is denied, what is compared.

"dark techno with driving bass, no hi-hats and much softer pads"
 [dark techno]    [driving bass] [no hi-hats]  [++softer pads]
  the whole        bass           drums          harmony, a comparison
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.prompt.words import CONTENT, QUALITIES, TARGETS, Lexicon, Word, lexicon, tokens_of

STRONGLY, SLIGHTLY = 1.5, 0.5
AIR = {"vinyl", "tape", "telephone"}  # lies over everything: "rhodes and vinyl crackle"
TRACK_NAMES = ("drums", "bass", "harmony", "melody")
SAYS_NOTHING = ("filler", "link")


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
            if any(role in word.palettes or role in word.manners for word in sounds for role in self.inherits):
                return self.inherits  # "bass: plucky"
            named = [next(iter(word.palettes)) for word in sounds]
        if not named and self.genre is None:
            named = [t.word.alone for t in self.terms if t.word.alone and not t.negated]
        return tuple(dict.fromkeys(named)) or self.inherits


@dataclass
class _Pending:
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


@dataclass
class Read:
    """The clauses that say something, the words nobody knows, and whether the text speaks of what stands."""

    clauses: list[Clause] = field(default_factory=lambda: [Clause()])
    unknown: list[str] = field(default_factory=list)
    again: bool = False
    everyone: bool = False  # "everyone back in": no track stays silent


def read(text: str, stands: bool = False) -> Read:
    """The clauses of a text in small letters; `stands`: whether there is something to compare with."""
    reader = _Reader(tokens_of(text), lexicon(), stands)
    reader.run()
    reader.found.clauses = _excepted([clause for clause in reader.found.clauses if clause.terms])
    for clause in reader.found.clauses:
        clause.terms = _pitched(clause.terms)
    for before, clause in zip(reader.found.clauses, reader.found.clauses[1:], strict=False):
        bare = all(term.word.kind in QUALITIES or "chorus" in term.word.settings for term in clause.terms)
        airy = clause.attaches == "joint" and any(AIR & set(term.word.settings) for term in clause.terms)
        if clause.attaches and not airy and bare and not clause.tracks:
            clause.inherits = before.tracks if before.genre is None else ()
    return reader.found


def _pitched(terms: Sequence[Term]) -> list[Term]:
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


def _excepted(clauses: Sequence[Clause]) -> list[Clause]:
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


class _Reader:
    def __init__(self, tokens: Sequence[str], words: Lexicon, stands: bool) -> None:
        self.stands = stands
        self.tokens, self.words, self.place = tokens, words, 0
        self.found, self.pending = Read(), _Pending()
        self.heading: tuple[str, ...] = ()  # "bass: driving, distorted; drums: …"
        self.last_end = -1  # where the last word with content ended

    @property
    def clause(self) -> Clause:
        return self.found.clauses[-1]

    def run(self) -> None:
        while self.place < len(self.tokens):
            word, taken = self.words.match(self.tokens, self.place)
            start, self.place = self.place, self.place + taken
            if word is None:
                self._strange(self.tokens[start])
            elif word.kind in ("boundary", "attaching") or (
                word.kind == "joint" and _parts(self.clause, self._next())
            ):
                self._head(self.tokens[start])
                self._part(word)
            elif word.kind == "only":
                self.clause.only = True
            elif word.kind in ("again", "everyone"):
                self.found.again = True
                self.found.everyone = self.found.everyone or word.kind == "everyone"
            elif word.kind == "off" or (word.kind == "negation" and self._ends_heading()):
                self._switch_off()
            elif word.kind == "except":
                self._part(word)
                self.clause.excepts = True
            elif word.kind == "pronoun":
                self._point(start)
            elif word.kind == "whole":
                self._widen(start)
            elif word.kind in CONTENT:
                self._content(self._settled(word, start), start)
            elif word.kind not in SAYS_NOTHING:
                self.pending.note(word)

    def _strange(self, token: str) -> None:
        if len(token) > 2 and token.isalpha() and token not in self.found.unknown:
            self.found.unknown.append(token)

    def _head(self, sign: str) -> None:
        """A track before a colon is what the clauses after it are about, up to the end of the sentence."""
        if sign in (";", ".", "!", "?"):
            self.heading = ()
        elif sign == ":":
            terms = self.clause.terms
            named = (*TARGETS, "sound")
            bare = bool(terms) and all(t.word.kind in named and not t.negated for t in terms)
            self.heading = self.clause.tracks if bare else ()

    def _part(self, word: Word) -> None:
        if self.clause.terms or self.clause.only:
            self.found.clauses.append(Clause())
        self.clause.inherits = self.heading
        self.clause.attaches = word.kind if word.kind in ("attaching", "joint") else ""
        self.pending = _Pending()

    def _ends_heading(self) -> bool:
        """Whether a denial is all that is said of the track that heads it: "Melodie: keine"."""
        if not self.heading or self.clause.terms:
            return False
        following = self._next()
        return self.place >= len(self.tokens) or (following is not None and following.kind == "boundary")

    def _switch_off(self) -> None:
        """ "drums off": the track just named falls silent."""
        terms = self.clause.terms
        if not terms and self.heading and len(self.found.clauses) > 1:
            terms = self.found.clauses[-2].terms  # "bass: none"
        elif self.last_end != self.place - 1:
            return
        if terms and terms[-1].word.kind in (*TARGETS, "sound"):
            terms[-1] = replace(terms[-1], negated=True)

    def _point(self, start: int) -> None:
        """ "a brighter lead, and widen it": the effect is of the track just spoken of."""
        terms, clauses = self.clause.terms, self.found.clauses
        bare = bool(terms) and terms[-1].word.kind == "effect" and self.last_end == start
        if bare and not self.clause.tracks and len(clauses) > 1 and clauses[-2].genre is None:
            self.clause.inherits = clauses[-2].tracks

    def _widen(self, start: int) -> None:
        """ "piano and violins, sad vibe": the adjectives before such a noun are the whole's."""
        terms = self.clause.terms
        first = len(terms)
        while self.last_end == start and first and terms[first - 1].word.kind == "quality":
            first -= 1
        if first == len(terms) or not (first or self.clause.inherits):
            return
        about = terms[first:]
        del terms[first:]
        self.found.clauses += [Clause(about), Clause()]

    def _settled(self, word: Word, start: int) -> Word:
        """A German "-er": an adjective before its noun, else a comparison ("dunkler Techno", "dunkler")."""
        if word.kind != "either":
            return word
        following = self._next()
        noun = following is not None and following.kind in (*TARGETS, "genre", "sound")
        return replace(word, kind="quality" if noun or not self.stands else "comparison")

    def _content(self, word: Word, start: int) -> None:
        if word.kind == "genre" and self.clause.of(*TARGETS):
            self._part(word)
        elif self._colours(word, start):
            self.clause.terms[-1] = replace(self.clause.terms[-1], adjective=True)
        elif self._begins_another(word, start):
            self.pending.negated = self.pending.negated and not self.pending.carried
        term = self.pending.take(word)
        inner = [
            replace(term, word=part, negated=term.negated and part.kind != "track") for part in word.within
        ]
        self.clause.terms += [*inner, term]
        self.last_end = self.place
        if word.kind == "genre":
            self._after_genre()

    def _colours(self, word: Word, start: int) -> bool:
        """Whether the sound just said is an adjective of this track, which cannot have it."""
        if word.kind not in TARGETS or not self.clause.terms or self.last_end != start:
            return False
        last, track = self.clause.terms[-1].word, word.name if word.kind == "track" else "drums"
        return last.kind == "sound" and track not in last.palettes and not last.text.endswith("s")

    def _after_genre(self) -> None:
        """A genre ends its clause, but for another genre in a row, or a track that it is the genre of."""
        following = self._next()
        if following is not None and following.kind == "genre":
            return
        clause = self.clause
        noun = following is not None and following.kind in (*TARGETS, "sound")
        if noun or self.heading:
            clause.terms = [replace(t, local=True) if t.word.kind == "genre" else t for t in clause.terms]
        if noun:
            return
        self.found.clauses.append(Clause(inherits=self.heading))
        self.pending = _Pending()

    def _next(self) -> Word | None:
        """The word that follows, but for links ("jazz inspired techno")."""
        place = self.place
        while place < len(self.tokens):
            word, taken = self.words.match(self.tokens, place)
            if word is None or word.kind not in ("link", "whole"):
                return word
            place += taken
        return None

    def _begins_another(self, word: Word, start: int) -> bool:
        """Start a new clause where a second track comes without a comma: "soft pads driving bass".

        The qualities between the two belong to the second track if the first one had its own before it.
        """
        clause, clauses = self.clause, self.found.clauses
        places = [i for i, term in enumerate(clause.terms) if _is_target(term.word, word)]
        if not places:
            return False
        trailing = clause.terms[places[-1] + 1 :]
        if word.kind not in TARGETS:
            if clause.terms[places[-1]].negated and (self.pending.carried or not self.pending.negated):
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


def _parts(clause: Clause, following: Word | None) -> bool:
    """Whether an "and" ends the clause: not between qualities alone, nor between tracks alone."""
    if not clause.terms:
        return False
    if not clause.of("track", "voice", "sound"):
        if following is not None and following.kind == "negation":
            return True  # "more swing and no cymbals"
        # "lots of echo and a deep bass": an amount of it is a thing by itself
        last = clause.terms[-1]
        amount = last.compared or last.strength != 1.0
        return amount and last.word.kind == "effect" and following is not None and following.kind != "effect"
    bare = not clause.of(*QUALITIES)
    return not (bare and following is not None and following.kind in TARGETS)


def _is_target(word: Word, following: Word) -> bool:
    """A track, a drum voice, or a sound that cannot belong to the track after it ("pads driving bass")."""
    if word.kind != "sound":
        return word.kind in TARGETS
    track = {"track": following.name, "voice": "drums"}.get(following.kind)
    return track is not None and track not in word.palettes
