"""Words to a MusicContext. Never raises, whatever the text.

What is said outranks what the frame pins, that outranks the base of a relative prompt, and that the genre:

    "less busy drums" + base         ->  the base, with another TrackIntent for the drums
    "house in F minor with soft pads" ->  the genre's middle, the key, an intent for harmony
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from engine.music.blend import blend, genre_of
from engine.music.genre import DEFAULT_GENRE, Genre
from engine.music.key import Key
from engine.prompt import slips
from engine.prompt.clauses import SLIGHTLY, Clause, Term
from engine.prompt.describe import FIELDS, TRACKS, analyze_fields, intent_text
from engine.prompt.facts import Facts, facts_of
from engine.prompt.intents import Scene, intent_after, with_words, without_sound
from engine.prompt.keeping import Kept, kept_in
from engine.prompt.mix import genres_of, settled
from engine.prompt.moving import FEELS, bounded_octave, moved, octaves, touched
from engine.prompt.music_context import Frame, MusicContext, TrackIntent
from engine.prompt.plain import LONGEST_CHARACTERS, plain_text
from engine.prompt.reading import Read, read
from engine.prompt.shape import bars_needed, profile_of, sections_of
from engine.prompt.words import lexicon
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

__all__ = ["FIELDS", "LONGEST_CHARACTERS", "TRACKS", "analyze_fields", "intent_text", "interpret", "warm"]
PITCHED = ("bass", "harmony", "melody")
TEMPO_STEP = 0.08  # "faster": 8 per cent


def warm() -> None:
    """Load the word lists and genres, so that the first prompt is as fast as the next."""
    lexicon()
    slips.warm()
    interpret("dark techno with driving bass in F# minor at 128 bpm", Frame())


def interpret(
    prompt: str, frame: Frame, base: MusicContext | None = None, track: str | None = None
) -> MusicContext:
    """What `prompt` means in this frame; a relative one changes `base` (of `track` alone, where given)."""
    if base is not None:
        if not prompt.strip():
            return _forgetful(base)
        base = _forgetful(base)
    kept = kept_in(slips.corrected(plain_text(prompt)), base is not None)
    facts = facts_of(kept.rest)
    return Reading(
        prompt, frame, base, track, kept, facts, read(facts.rest.lower(), base is not None)
    ).context()


def _forgetful(base: MusicContext) -> MusicContext:
    """The base without what was said of one take alone; the very same where there is nothing of it."""
    fleeting = {
        name: replace(intent, keep="", like_take=0, rates={})
        for name, intent in base.tracks.items()
        if intent.keep or intent.like_take or intent.rates
    }
    return replace(base, tracks={**base.tracks, **fleeting}) if fleeting else base


@dataclass
class Reading:
    """One prompt on its way to a context."""

    prompt: str
    frame: Frame
    base: MusicContext | None
    track: str | None
    kept: Kept
    facts: Facts
    read: Read
    clauses: list[Clause] = field(default_factory=list)
    genre: Genre | None = None  # of the whole
    said: set[str] = field(default_factory=set)
    sounded: set[str] = field(default_factory=set)  # the roles that this prompt has given a sound
    silenced: set[str] = field(default_factory=set)  # the roles that it has denied

    def context(self) -> MusicContext:
        base = self.base if self.keeps_base() else None
        self.clauses = settled(self.read.clauses, base is not None)
        named = genres_of(self.clauses, base is not None)
        genre = blend(named or ((base.genre, *base.genres) if base else (DEFAULT_GENRE,)))
        self.genre = genre
        if named:
            self.said.add("genre")
        wide = [term for clause in self.clauses if not self.targets(clause) for term in clause.terms]
        start = base or self._fresh(genre, bool(named))
        structure, section_bars = sections_of(self.clauses, genre, (start.structure, start.section_bars))
        context = replace(
            start, prompt=self.prompt, genre=genre.name, relative=base is not None,
            genres=(named if len(named) > 1 else ()) if named else start.genres,
            tempo_bpm=self._tempo(start, genre, wide, base is not None),
            key=self._key(start, wide, base is not None),
            signature=self._framed("signature", start), bars=self._bars(start, section_bars),
            moods=self._moods(start, wide), unknown=tuple(self.read.unknown),
            structure=structure, section_bars=section_bars,
            profile=profile_of(self.clauses, start.profile),
        )  # fmt: skip
        context = self._felt(context, wide)
        if self.read.everyone:
            for name, intent in context.tracks.items():
                context = _with(context, name, replace(intent, silent=False))
        for clause in self.clauses:
            context = self._intended(context, clause, base is not None)
        context = self._keeping(context)
        return replace(context, assumed=self._assumed(base))

    def keeps_base(self) -> bool:
        """Whether the base is changed rather than left: everything but a prompt that names another genre."""
        if self.base is None:
            return False
        told = self.track is not None or self.read.again or self.facts.changes or bool(self.kept.keeps)
        if told or any(clause.compares or clause.of("like") for clause in self.read.clauses):
            return True
        return not any(clause.genre for clause in self.read.clauses)

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

    def heard_in(self, clause: Clause) -> tuple[str, ...]:
        """The tracks of a clause that wants to hear them."""
        targets = self.targets(clause)
        denied = any(t.negated for t in clause.of("track", "voice", "sound"))
        return () if denied or not clause.of("track", "sound") else targets

    def _fresh(self, genre: Genre, named: bool) -> MusicContext:
        """The genre's middle in the set's frame; the frame's own tempo and key where no genre was named."""
        frame = self.frame
        return MusicContext(
            self.prompt, genre.name, genre.typical_tempo_bpm if named else frame.tempo_bpm,
            genre.key if named else frame.key, frame.signature, frame.bars,
            energy=genre.energy, density=genre.density, brightness=genre.brightness,
            swing=genre.swing, humanize=genre.humanize,
        )  # fmt: skip

    def _assumed(self, base: MusicContext | None) -> frozenset[str]:
        before = base.assumed if base else frozenset(FIELDS)
        return frozenset(before - self.said)

    # --- frame ------------------------------------------------------------------------------------

    def _framed(self, name: str, start: MusicContext) -> Any:
        """A field that words, pins or the start decide, in that order."""
        said = getattr(self.facts, name)
        if said is not None:
            self.said.add(name)
            return said
        return getattr(self.frame if name in self.frame.pinned else start, name)

    def _bars(self, start: MusicContext, section_bars: tuple[int, ...]) -> int:
        """As said, pinned or standing; more where the sections that the prompt measures do not fit in."""
        bars = int(self._framed("bars", start))
        free = self.facts.bars is None and "bars" not in self.frame.pinned
        if not free or not section_bars or section_bars == start.section_bars:
            return bars
        needed = bars_needed(section_bars, bars)
        if needed != bars:
            self.said.add("bars")
        return needed

    def _tempo(self, start: MusicContext, genre: Genre, wide: list[Term], stands: bool) -> float:
        facts = self.facts
        speed = [t for t in wide if t.word.quality and t.word.quality.tempo and not _mild(t)]
        standing = self.frame.tempo_bpm if "tempo_bpm" in self.frame.pinned else start.tempo_bpm
        if facts.tempo_step_bpm or facts.tempo_factor != 1.0:
            self.said.add("tempo_bpm")
            return _legal_tempo(standing * facts.tempo_factor + facts.tempo_step_bpm)
        if facts.tempo_bpm is not None or not speed:
            return float(self._framed("tempo_bpm", start))
        self.said.add("tempo_bpm")
        term = speed[0]
        assert term.word.quality is not None
        way = term.word.quality.tempo * term.sign * (-1 if term.negated else 1)
        if stands or term.compared:
            return _legal_tempo(standing * (1 + way * TEMPO_STEP * term.strength))
        return _legal_tempo(genre.tempo_bpm[1 if way > 0 else 0])

    def _key(self, start: MusicContext, wide: list[Term], stands: bool) -> Key:
        facts = self.facts
        fixed = self.frame.key if "key" in self.frame.pinned else start.key
        if facts.semitones:
            self.said.add("key")
            fixed = Key((fixed.tonic + facts.semitones) % 12, fixed.mode)
        if facts.tonic is None and facts.mode is None:
            if stands or facts.semitones or "key" in self.frame.pinned:
                return fixed
            return Key(fixed.tonic, _mood_mode(wide, fixed))
        self.said.add("key")
        if facts.tonic is None:
            return Key(fixed.tonic, facts.mode or fixed.mode)
        # A letter alone is major, unless what stands is minor or the moods are.
        plain = Key(facts.tonic, "minor" if stands and start.key.is_minor else "major")
        return Key(facts.tonic, facts.mode or _mood_mode(wide, plain))

    # --- feel -------------------------------------------------------------------------------------

    def _moods(self, start: MusicContext, wide: list[Term]) -> tuple[str, ...]:
        about = wide
        told = "genre" in self.said or any(t.word.quality and t.word.quality.mood for t in wide)
        if self.base is None and not told:
            # "spooky music box": where nothing is said of the whole, the mood of a track is its mood.
            about = [term for clause in self.clauses for term in clause.terms]
        elif self.base is None and "genre" not in self.said:
            about = [*self.clauses[0].terms, *wide]  # "a romantic theme on the flute, gentle"
        found = [
            term.word.quality.name
            for term in about
            if term.word.kind == "quality" and term.word.quality and term.word.quality.mood
            if not term.negated and not term.compared and term.factor is None
        ]
        return tuple(dict.fromkeys((*start.moods, *found)))

    def _felt(self, context: MusicContext, wide: list[Term]) -> MusicContext:
        """Energy, density … of the whole, moved by the qualities said of the whole."""
        before = {name: getattr(context, name) for name in FEELS}
        after = moved(before, wide)
        self.said |= {name for name in FEELS if touched(name, wide)}
        if self.facts.swing is not None and self.track is None:
            after["swing"] = self.facts.swing
            self.said.add("swing")
        changed = replace(context, **after)
        if octave := octaves(wide):
            for name in PITCHED:
                intent = changed.intent(name)
                changed = _with(changed, name, replace(intent, octave=bounded_octave(intent.octave + octave)))
        # What was said of the whole now also moves the tracks that have a wish of their own.
        for name, intent in changed.tracks.items():
            own = {feel: getattr(intent, feel) for feel in FEELS[:4] if getattr(intent, feel) is not None}
            changed = _with(changed, name, replace(intent, **moved(own, wide)))
        if self.facts.swing is not None and self.track is not None:
            changed = _with(changed, self.track, replace(changed.intent(self.track), swing=self.facts.swing))
        return changed

    # --- tracks -----------------------------------------------------------------------------------

    def _intended(self, context: MusicContext, clause: Clause, stands: bool) -> MusicContext:
        """The intents of a clause's tracks; sounds of a clause about the whole go to their role."""
        feels = self.base if stands and self.base is not None else context  # "less bass, more aggressive"
        scene = Scene({name: getattr(feels, name) for name in FEELS}, self.genre or genre_of(context), stands)
        targets = self.targets(clause)
        if not targets:
            return self._widely(context, clause, scene)
        for name in targets:
            context = self._asked(context, name, clause, scene)
        for term in clause.of("sound"):
            if term.negated:
                context = _without(context, term, scene)
            elif not term.adjective and not set(term.word.palettes) & set(targets):
                context = self._asked(context, next(iter(term.word.palettes)), Clause([term]), scene)
        if clause.of("rate") and not stands and "drums" not in targets:
            context = self._asked(context, "drums", Clause(clause.of("rate")), scene)
        if clause.only:
            named = {name for c in self.clauses if c is not clause for name in self.heard_in(c)}
            voices = all(t.word.kind == "voice" for t in clause.of("track", "voice", "sound"))
            # "bells, no snare, claps only" is about the drums alone
            beside = TRACKS if voices and named - set(targets) else targets
            for name in TRACKS:
                if name not in beside:
                    context = _with(context, name, replace(context.intent(name), silent=True))
        return context

    def _widely(self, context: MusicContext, clause: Clause, scene: Scene) -> MusicContext:
        """What a clause about the whole asks of each track: sounds, manners, effects, articulation."""
        for term in clause.terms:
            lone = Clause([replace(term, compared=term.compared and not term.word.quality)])
            if term.word.kind == "sound":
                role = next(iter(term.word.palettes))
                if term.negated:
                    context = _without(context, term, scene)
                else:
                    context = self._asked(context, role, lone, scene)
            elif term.word.kind == "rate":
                context = _with(context, "drums", intent_after(context.intent("drums"), "drums", lone, scene))
            elif term.word.kind == "section" and (not term.compared or self._has_sections_beside(clause)):
                continue
            elif term.word.settings or term.word.articulation or term.word.kind == "like":
                bare = Clause([replace(term, word=replace(term.word, quality=None, manners={}))])
                for name in TRACKS:
                    intent = intent_after(context.intent(name), name, bare, scene)
                    silent = context.intent(name).silent
                    context = _with(context, name, replace(intent, silent=silent))
            elif term.word.alone and not term.negated:
                role, how = term.word.alone, term.word.manners[term.word.alone]
                context = _with(context, role, replace(with_words(context.intent(role), [term]), manner=how))
        return context

    def _has_sections_beside(self, clause: Clause) -> bool:
        return any(other.of("section") for other in self.clauses if other is not clause)

    def _asked(self, context: MusicContext, role: str, clause: Clause, scene: Scene) -> MusicContext:
        """A track after a clause about it; of two sounds for one track the first is the one meant."""
        before = context.intent(role)
        after = intent_after(before, role, clause, scene)
        real = [
            t for t in clause.of("sound") if role in t.word.palettes and not t.negated and not t.word.form
        ]
        if role in self.sounded and not any(
            t.word.kind == "track" and t.word.name == role for t in clause.terms
        ):
            after = replace(after, palette=before.palette)
        if real:
            self.sounded.add(role)
        if after.silent:
            self.silenced.add(role)
        elif role in self.silenced and not clause.of("track", "voice"):
            after = replace(after, silent=True)  # "drumless, dusty"
        return _with(context, role, after)

    def _keeping(self, context: MusicContext) -> MusicContext:
        for name, what in self.kept.keeps.items():
            for track in (name,) if name else (self.track,) if self.track else TRACKS:
                context = _with(context, track, replace(context.intent(track), keep=what))
        return context


def _without(context: MusicContext, term: Term, scene: Scene) -> MusicContext:
    for role in term.word.palettes:
        intent = without_sound(context.intent(role), role, term, scene)
        if intent != context.intent(role):
            context = _with(context, role, with_words(intent, [term]))
    return context


def _mood_mode(wide: list[Term], usual: Key) -> str:
    """The mode that the moods suggest; a mode of the same third as `usual` already says it."""
    for term in wide:
        mode = term.word.quality.mode if term.word.quality else None
        if mode is None or term.negated or term.sign < 0:
            continue
        same_third = Key(usual.tonic, mode).is_minor == usual.is_minor
        return usual.mode if same_third and mode in ("minor", "major") else mode
    return usual.mode


def _mild(term: Term) -> bool:
    """ "not too fast" is no tempo."""
    return term.negated and term.strength == SLIGHTLY


def _legal_tempo(tempo_bpm: float) -> float:
    return max(MIN_TEMPO_BPM, min(MAX_TEMPO_BPM, float(round(tempo_bpm))))


def _with(context: MusicContext, name: str, intent: TrackIntent) -> MusicContext:
    return replace(context, tracks={**context.tracks, name: intent})
