"""A prompt as clauses: which qualities belong to which track, what is denied, what is compared.

"dark techno with driving bass, no hi-hats and much softer pads"
 [dark techno]    [driving bass] [no hi-hats]  [++softer pads]
  the whole        bass           drums          harmony, a comparison
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.prompt.afterthought import excepted, pitched
from engine.prompt.clauses import Clause, Pending
from engine.prompt.words import CONTENT, QUALITIES, TARGETS, Lexicon, Word, lexicon, tokens_of

AIR = {"vinyl", "tape", "telephone"}  # lies over everything: "rhodes and vinyl crackle"
SAYS_NOTHING = ("filler", "link")


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
    reader.found.clauses = excepted([clause for clause in reader.found.clauses if clause.terms])
    for clause in reader.found.clauses:
        clause.terms = pitched(clause.terms)
    for before, clause in zip(reader.found.clauses, reader.found.clauses[1:], strict=False):
        bare = all(term.word.kind in QUALITIES or "chorus" in term.word.settings for term in clause.terms)
        airy = clause.attaches == "joint" and any(AIR & set(term.word.settings) for term in clause.terms)
        if clause.attaches and not airy and bare and not clause.tracks:
            clause.inherits = before.tracks if before.genre is None else ()
    return reader.found


class _Reader:
    def __init__(self, tokens: Sequence[str], words: Lexicon, stands: bool) -> None:
        self.stands = stands
        self.tokens, self.words, self.place = tokens, words, 0
        self.found, self.pending = Read(), Pending()
        self.heading: tuple[str, ...] = ()  # "bass: driving, distorted; drums: …"
        self.denies = False  # whether anything was denied so far
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
        self.pending = Pending()

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
        self.denies = self.denies or term.negated
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
        self.pending = Pending()

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
        if word.kind in QUALITIES and not self.denies:
            return False
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
