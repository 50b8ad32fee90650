"""Words to a MusicContext. Never raises, whatever the text.

What is said outranks what the frame pins, that outranks the base of a relative prompt, and that the genre:

    "less busy drums" + base         ->  the base, with another TrackIntent for the drums
    "house in F minor with soft pads" ->  the genre's middle, the key, an intent for harmony
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.music.genre import DEFAULT_GENRE, Genre, genre_named
from engine.music.key import Key
from engine.prompt.facts import Facts, facts_of
from engine.prompt.music_context import Frame, MusicContext, TrackIntent
from engine.prompt.reading import Clause, Term, read
from engine.prompt.words import Quality, lexicon
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

LONGEST_CHARACTERS = 2000  # what is looked at; a stage prompt is a line
FEELS = ("energy", "density", "brightness", "swing", "humanize")
FIELDS = ("genre", "tempo_bpm", "key", "signature", "bars", *FEELS)
PITCHED = ("bass", "harmony", "melody")
TRACKS = ("drums", *PITCHED)
MORE_OF_A_TRACK = 0.15  # "more bass": energy and density
DENIED = -0.6  # "not dark" is somewhat bright
TEMPO_STEP = 0.08  # "faster": 8 per cent
DENSITY_OF_SPEED = 0.2  # "fast hats" are many hats


def warm() -> None:
    """Load the word lists and genres, so that the first prompt is as fast as the next."""
    lexicon()
    interpret("dark techno with driving bass in F# minor at 128 bpm", Frame())


def interpret(
    prompt: str, frame: Frame, base: MusicContext | None = None, track: str | None = None
) -> MusicContext:
    """What `prompt` means in this frame; a relative one changes `base` (of `track` alone, where given)."""
    if base is not None and not prompt.strip():
        return base
    text = unicodedata.normalize("NFKC", prompt[:LONGEST_CHARACTERS])[: 2 * LONGEST_CHARACTERS]
    facts = facts_of(text)
    clauses = read(facts.rest.lower())
    reading = Reading(prompt, frame, base, track, facts, clauses)
    return reading.context()


@dataclass
class Reading:
    """One prompt on its way to a context."""

    prompt: str
    frame: Frame
    base: MusicContext | None
    track: str | None
    facts: Facts
    clauses: list[Clause]
    said: set[str] = field(default_factory=set)

    def context(self) -> MusicContext:
        kept = self.base if self.keeps_base() else None
        named = next((clause.genre for clause in self.clauses if clause.genre), None)
        genre = genre_named(named or (kept.genre if kept else DEFAULT_GENRE))
        if named:
            self.said.add("genre")
        wide = [term for clause in self.clauses if not self.targets(clause) for term in clause.terms]
        start = kept or self._fresh(genre, named is not None)
        context = replace(
            start, prompt=self.prompt, genre=genre.name, relative=kept is not None,
            tempo_bpm=self._tempo(start, genre, wide, kept is not None),
            key=self._key(start, wide, kept is not None),
            signature=self._framed("signature", start), bars=self._framed("bars", start),
            moods=self._moods(start, wide),
        )  # fmt: skip
        context = self._felt(context, wide)
        for clause in self.clauses:
            context = self._intended(context, clause, kept is not None)
        return replace(context, assumed=self._assumed(kept))

    def keeps_base(self) -> bool:
        """Whether the base is changed rather than left: comparisons, prompts for a track or about tracks."""
        if self.base is None:
            return False
        if self.track is not None or any(clause.compares for clause in self.clauses):
            return True
        speaks = bool(self.clauses) or self.facts != Facts(rest=self.facts.rest)
        about_tracks = all(clause.tracks and not clause.genre for clause in self.clauses)
        return speaks and about_tracks

    def targets(self, clause: Clause) -> tuple[str, ...]:
        """The tracks a clause is about; () for the whole."""
        if clause.genre is not None:
            return ()
        named = clause.tracks
        sounds = [term.word.palettes for term in clause.of("sound")]
        free = self.track is not None and not clause.of("track", "voice")
        if free and (not named or any(self.track in palettes for palettes in sounds)):
            return (self.track or "",)
        return named

    def _fresh(self, genre: Genre, named: bool) -> MusicContext:
        """The genre's middle in the set's frame; the frame's own tempo and key where no genre was named."""
        frame = self.frame
        return MusicContext(
            self.prompt, genre.name, genre.typical_tempo_bpm if named else frame.tempo_bpm,
            genre.key if named else frame.key, frame.signature, frame.bars,
            energy=genre.energy, density=genre.density, brightness=genre.brightness,
            swing=genre.swing, humanize=genre.humanize,
        )  # fmt: skip

    def _assumed(self, kept: MusicContext | None) -> frozenset[str]:
        before = kept.assumed if kept else frozenset(FIELDS)
        return frozenset(before - self.said)

    # --- frame ------------------------------------------------------------------------------------

    def _framed(self, name: str, start: MusicContext) -> Any:
        """A field that words, pins or the start decide, in that order."""
        said = getattr(self.facts, name)
        if said is not None:
            self.said.add(name)
            return said
        return getattr(self.frame if name in self.frame.pinned else start, name)

    def _tempo(self, start: MusicContext, genre: Genre, wide: list[Term], kept: bool) -> float:
        speed = [term for term in wide if term.word.quality and term.word.quality.tempo]
        if self.facts.tempo_bpm is not None or not speed:
            return float(self._framed("tempo_bpm", start))
        self.said.add("tempo_bpm")
        term = speed[0]
        assert term.word.quality is not None
        way = term.word.quality.tempo * term.sign * (-1 if term.negated else 1)
        if kept or term.compared:
            pinned = "tempo_bpm" in self.frame.pinned
            tempo_bpm = (self.frame.tempo_bpm if pinned else start.tempo_bpm) * (
                1 + way * TEMPO_STEP * term.strength
            )
        else:
            tempo_bpm = genre.tempo_bpm[1 if way > 0 else 0]
        return max(MIN_TEMPO_BPM, min(MAX_TEMPO_BPM, float(round(tempo_bpm))))

    def _key(self, start: MusicContext, wide: list[Term], kept: bool) -> Key:
        facts = self.facts
        fixed = self.frame.key if "key" in self.frame.pinned else start.key
        if facts.tonic is None and facts.mode is None:
            if kept or "key" in self.frame.pinned:
                return fixed
            return Key(fixed.tonic, _mood_mode(wide, fixed))
        self.said.add("key")
        if facts.tonic is None:
            return Key(fixed.tonic, facts.mode or fixed.mode)
        # A letter alone says major or minor, by what is usual here; not lydian.
        plain = Key(facts.tonic, "minor" if start.key.is_minor else "major")
        return Key(facts.tonic, facts.mode or _mood_mode(wide, plain))

    # --- feel -------------------------------------------------------------------------------------

    def _moods(self, start: MusicContext, wide: list[Term]) -> tuple[str, ...]:
        found = [
            term.word.name
            for term in wide
            if term.word.kind == "quality" and term.word.quality and term.word.quality.mood
            if not term.negated and not term.compared and term.factor is None
        ]
        return tuple(dict.fromkeys((*start.moods, *found)))

    def _felt(self, context: MusicContext, wide: list[Term]) -> MusicContext:
        """Energy, density … of the whole, moved by the qualities said of the whole."""
        before = {name: getattr(context, name) for name in FEELS}
        after = moved(before, wide)
        self.said |= {name for name in FEELS if touched(name, wide)}
        octave = octaves(wide)
        changed = replace(context, **after)
        if octave:
            for name in PITCHED:
                intent = changed.intent(name)
                changed = _with(changed, name, replace(intent, octave=_octave(intent.octave + octave)))
        # What was said of the whole now also moves the tracks that have a wish of their own.
        for name, intent in changed.tracks.items():
            own = {feel: getattr(intent, feel) for feel in FEELS[:4] if getattr(intent, feel) is not None}
            changed = _with(changed, name, replace(intent, **moved(own, wide)))
        return changed

    def _intended(self, context: MusicContext, clause: Clause, kept: bool) -> MusicContext:
        """The intents of a clause's tracks; sounds of a clause about the whole go to their role."""
        targets = self.targets(clause)
        if not targets:
            for term in clause.of("sound"):
                role, palette = next(iter(term.word.palettes.items()))
                if not term.negated:
                    context = _with(context, role, _heard(context.intent(role), [term], palette))
            return context
        for name in targets:
            context = _with(context, name, self._intent(context, name, clause))
        if clause.only:
            for name in TRACKS:
                if name not in targets:
                    context = _with(context, name, replace(context.intent(name), silent=True))
        return context

    def _intent(self, context: MusicContext, name: str, clause: Clause) -> TrackIntent:
        intent = context.intent(name)
        named = [t for t in clause.of("track") if t.word.name == name]
        voices = [t for t in clause.of("voice") if name == "drums"]
        denied = any(term.negated for term in named)
        avoided = [v for t in voices if t.negated for v in t.word.voices]
        wanted = {v for t in voices if not t.negated for v in t.word.voices}
        avoid = tuple(v for v in dict.fromkeys((*intent.avoid, *avoided)) if v not in wanted)
        terms = clause.of("quality", "comparison", "track", "voice")
        before = {feel: getattr(intent, feel) for feel in FEELS[:4]}
        for feel, value in before.items():
            if value is None and touched(feel, terms, True):
                before[feel] = getattr(context, feel)
        after = moved({feel: value for feel, value in before.items() if value is not None}, terms, True)
        palettes = [
            t.word.palettes[name] for t in clause.of("sound") if name in t.word.palettes and not t.negated
        ]
        return replace(
            _heard(intent, clause.terms, palettes[0] if palettes else intent.palette),
            **after, avoid=avoid, silent=denied, octave=_octave(intent.octave + octaves(terms)),
        )  # fmt: skip


# --- how terms move numbers -------------------------------------------------------------------------


def moved(values: Mapping[str, float], terms: list[Term], of_track: bool = False) -> dict[str, Any]:
    """`values` with every term applied in turn, inside 0..1."""
    result = dict(values)
    for term in terms:
        for name, value in result.items():
            result[name] = min(1.0, max(0.0, _applied(name, value, term, of_track)))
    return {name: round(value, 4) for name, value in result.items()}


def _applied(name: str, value: float, term: Term, of_track: bool) -> float:
    if term.word.quality is None:
        counts = of_track and term.compared and name in ("energy", "density")
        return value + (MORE_OF_A_TRACK * term.sign * term.strength if counts else 0.0)
    delta = _delta(name, term.word.quality, of_track)
    if not delta:
        return value
    if term.factor is not None:
        # "half as sparse" is twice as dense: a falling quality turns the factor over.
        return value * (term.factor if delta > 0 else 1.0 / term.factor)
    if term.negated:
        return 0.0 if name == "swing" and delta > 0 else value + DENIED * delta
    return value + delta * term.sign * term.strength


def _delta(name: str, quality: Quality, of_track: bool) -> float:
    delta = float(getattr(quality, name))
    if of_track and name == "density":
        delta += DENSITY_OF_SPEED * quality.tempo
    return delta


def touched(name: str, terms: list[Term], of_track: bool = False) -> bool:
    return any(_applied(name, 0.5, term, of_track) != 0.5 for term in terms)


def octaves(terms: list[Term]) -> int:
    """Octaves up or down; "an octave lower" says it once, though it has two words for it."""
    return sum(t.word.quality.octave * t.sign for t in terms if t.word.quality and not t.negated)


def _octave(octave: int) -> int:
    return max(-3, min(3, octave))


def _mood_mode(wide: list[Term], usual: Key) -> str:
    """The mode that the moods suggest; a mode of the same third as `usual` already says it."""
    for term in wide:
        mode = term.word.quality.mode if term.word.quality else None
        if mode is None or term.negated or term.sign < 0:
            continue
        same_third = Key(usual.tonic, mode).is_minor == usual.is_minor
        return usual.mode if same_third and mode in ("minor", "major") else mode
    return usual.mode


def _heard(intent: TrackIntent, terms: list[Term], palette: str | None) -> TrackIntent:
    words = tuple(
        dict.fromkeys((*intent.words, *(("no " if t.negated else "") + t.word.text for t in terms)))
    )
    return replace(intent, palette=palette, words=words)


def _with(context: MusicContext, name: str, intent: TrackIntent) -> MusicContext:
    return replace(context, tracks={**context.tracks, name: intent})


# --- for people -------------------------------------------------------------------------------------


def analyze_fields(context: MusicContext) -> list[tuple[str, str, bool]]:
    """(field, value as text, assumed), for `/rg/analysis/*` and the command line."""
    texts = {
        "genre": context.genre, "tempo_bpm": f"{context.tempo_bpm:g}", "key": context.key.name,
        "signature": context.signature.name, "bars": str(context.bars),
        **{name: f"{getattr(context, name):.2f}" for name in FEELS},
    }  # fmt: skip
    rows = [(name, texts[name], name in context.assumed) for name in FIELDS]
    if context.moods:
        rows.append(("moods", ", ".join(context.moods), False))
    rows += [(name, text, False) for name in context.tracks if (text := intent_text(context.intent(name)))]
    return rows


def intent_text(intent: TrackIntent) -> str:
    """One line for what is asked of a track."""
    if intent.silent:
        return "silent"
    numbers = {name: getattr(intent, name) for name in FEELS[:4]}
    parts = [f"{name} {value:.2f}" for name, value in numbers.items() if value is not None]
    parts += [f"octave {intent.octave:+d}"] if intent.octave else []
    parts += [intent.palette] if intent.palette else []
    parts += [f"no {voice}" for voice in intent.avoid]
    return ", ".join(parts)
