"""What a clause asks of one track, as the TrackIntent that it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.music.genre import Genre, genre_named
from engine.prompt.clauses import Clause, Term
from engine.prompt.listing import borrowed_manner
from engine.prompt.mix import is_style
from engine.prompt.moving import FEELS, bounded_octave, moved, octaves, touched, tuned
from engine.prompt.music_context import TrackIntent
from engine.prompt.words import QUALITIES, TARGETS

OWN_FEELS = FEELS[:4]  # a track has no humanize of its own
# What takes the place of a sound that is not wanted, the first that is not it.
INSTEAD = {
    "drums": ("acoustic", "909"), "bass": ("sub", "fm_bass"), "harmony": ("rhodes", "pad"),
    "melody": ("pluck", "bell"),
}  # fmt: skip
OF_TRACKS = (*QUALITIES, *TARGETS)


@dataclass(frozen=True)
class Scene:
    """What a clause is read against: the feels of the whole, the genre, and whether a take stands."""

    feels: Mapping[str, float]
    genre: Genre
    stands: bool


def intent_after(intent: TrackIntent, role: str, clause: Clause, scene: Scene) -> TrackIntent:
    """`intent` as the clause, which is about this track, leaves it."""
    terms = [t for t in clause.terms if t.word.kind in OF_TRACKS or t.word.settings]
    own = [t for t in clause.terms if not (t.word.kind == "sound" and role not in t.word.palettes)]
    felt = clause.of(*QUALITIES, *TARGETS, "sound")
    before = {feel: getattr(intent, feel) for feel in OWN_FEELS}
    for feel, value in before.items():
        if value is None and touched(feel, felt, True):
            before[feel] = scene.feels[feel]
    after = moved({feel: value for feel, value in before.items() if value is not None}, felt, True)
    intent = replace(
        intent, **after, silent=_denied(role, clause),
        octave=bounded_octave(intent.octave + octaves(terms)),
        settings=tuned(intent.settings, _settings(clause)),
    )  # fmt: skip
    intent = _borrowed(intent, role, clause)
    intent = _sounding(intent, role, clause, scene)
    intent = _voiced(intent, role, clause)
    intent = _paced(intent, role, clause, scene)
    return _played(with_words(intent, own), role, clause)


def with_words(intent: TrackIntent, terms: Sequence[Term]) -> TrackIntent:
    said = (("no " if t.negated else "") + t.word.text for t in terms)
    return replace(intent, words=tuple(dict.fromkeys((*intent.words, *said))))


def _denied(role: str, clause: Clause) -> bool:
    """Whether the track must not play: it is denied by name, not only by its sound."""
    return any(t.negated for t in clause.of("track") if t.word.name == role)


def _settings(clause: Clause) -> list[Term]:
    return [t for t in clause.terms if t.word.settings]


def _borrowed(intent: TrackIntent, role: str, clause: Clause) -> TrackIntent:
    """The sound and manner of another genre: all of it of a noun, the manner alone of an adjective."""
    for term in clause.terms:
        if term.word.kind == "genre" and term.local and not term.negated:
            palette = (
                getattr(genre_named(term.word.name), role).palette if role in INSTEAD else intent.palette
            )
            manner = borrowed_manner(term.word.name, role) or intent.manner
            intent = replace(intent, palette=palette, manner=manner)
        elif is_style(term):
            intent = replace(intent, manner=borrowed_manner(term.word.style, role) or intent.manner)
    return intent


def _sounding(intent: TrackIntent, role: str, clause: Clause, scene: Scene) -> TrackIntent:
    sounds = [t for t in clause.of("sound") if role in t.word.palettes]
    wanted = [t.word for t in sounds if not t.negated and t.sign > 0]
    real = [word for word in wanted if not word.form] or wanted
    palettes = [word.palettes[role] for word in real if word.palettes[role]]
    if palettes:
        intent = replace(intent, palette=palettes[0])
    for term in sounds:
        if term.negated:
            intent = without_sound(intent, role, term, scene)
    return intent


def without_sound(intent: TrackIntent, role: str, term: Term, scene: Scene) -> TrackIntent:
    """ "no strings": another sound, if this track would have had that one."""
    denied = term.word.palettes.get(role)
    usual = getattr(scene.genre, role).palette
    if denied and denied == (intent.palette or usual):
        free = [name for name in (usual, *INSTEAD[role]) if name != denied]
        intent = replace(intent, palette=free[0])
    if intent.manner and intent.manner == term.word.manners.get(role):
        intent = replace(intent, manner=None)
    return intent


def _voiced(intent: TrackIntent, role: str, clause: Clause) -> TrackIntent:
    """Drum voices that must and must not sound; one that is merely compared ("softer hats") is neither."""
    if role != "drums":
        return intent
    voices = clause.of("voice")
    if not voices:
        return intent
    denied = tuple(v for t in voices if t.negated for v in t.word.voices)
    heard = {v for t in voices if not t.negated for v in t.word.voices}
    compared = any(
        t.word.kind == "comparison" or t.word.rate or (t.compared and t.word.quality) for t in clause.terms
    )
    asked = () if compared else tuple(v for t in voices if not t.negated and t.sign > 0 for v in t.word.wants)
    avoid = tuple(v for v in dict.fromkeys((*intent.avoid, *denied)) if v not in heard)
    want = tuple(v for v in dict.fromkeys((*intent.want, *asked)) if v not in denied)
    return replace(intent, avoid=avoid, want=want)


def _paced(intent: TrackIntent, role: str, clause: Clause, scene: Scene) -> TrackIntent:
    """Half time and double time: of voices, of a line, of a take that stands; else a manner of drumming."""
    for term in clause.of("rate"):
        rate = term.word.rate
        voices = [v for t in clause.of("voice") if not t.negated for v in t.word.voices]
        if term.negated:
            continue
        if role == "drums" and not voices and not scene.stands:
            intent = replace(intent, manner="half_time" if rate < 1.0 else "double_time")
        elif role == "drums" or scene.stands:
            names = voices if role == "drums" and voices else ["*"]
            intent = replace(intent, rates={**intent.rates, **dict.fromkeys(names, rate)})
    return intent


def _played(intent: TrackIntent, role: str, clause: Clause) -> TrackIntent:
    """Manner and articulation; a manner that a sound brings along ("acid") gives way to one that is said."""
    manners = [t for t in clause.terms if role in t.word.manners]
    said = [t for t in manners if not t.negated and t.sign > 0 and t.word.kind != "genre"]
    said.sort(key=lambda t: (t.word.kind == "sound" and not t.word.form, t.word.kind == "track"))
    if said:
        intent = replace(intent, manner=said[0].word.manners[role])
    elif any(t.word.manners[role] == intent.manner for t in manners if t.negated or t.word.kind != "genre"):
        intent = replace(intent, manner=None)
    for term in clause.terms:
        how = term.word.articulation
        if how and role != "drums":
            intent = replace(intent, articulation=how if not term.negated and term.sign > 0 else None)
    for term in clause.of("like"):
        intent = replace(intent, like_take=term.word.number)
    return intent
