"""What is measured of one take: each part is a function from a heard take to figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.evaluation.figures import Figure
from engine.evaluation.music import levels, pulse, seam, spectrum, tonality
from engine.evaluation.music.grid import Case
from engine.evaluation.music.takes import Take, make_take
from engine.evaluation.signal import RATE, is_silent, looped, mono
from engine.music.genre import genre_named

NEAR_BEATS = 1 / 16
NEAR_S = 0.05
PAIRS = (("bass", "harmony"), ("bass", "drums"), ("harmony", "melody"))


@dataclass(frozen=True)
class Heard:
    """A take with what several parts listen to, made when first asked for."""

    take: Take

    @cached_property
    def mono(self) -> dict[str, NDArray[np.float32]]:
        """[N] at 22.05 kHz of each stem and of the mix."""
        return {name: mono(audio) for name, audio in (*self.take.stems.items(), ("mix", self.take.mix))}

    @cached_property
    def _notes(self) -> dict[str, NDArray[np.float64]]:
        return {}

    def notes(self, name: str) -> NDArray[np.float64]:
        """[note, hop] what sounds in a stem, or in the mix without its drums."""
        if name not in self._notes:
            audio = tonality.without_drums(self.mono[name]) if name == "mix" else self.mono[name]
            self._notes[name] = tonality.notes_of(audio)
        return self._notes[name]

    def sounds(self, name: str) -> bool:
        return not is_silent(self.mono[name])

    def figure(self, measure: str, value: float, **detail: Any) -> Figure:
        return Figure(measure, float(value), self.take.case.name, self.take.genre, detail)


@dataclass(frozen=True)
class Measured:
    """What a worker sends back of a case: its figures, and what is compared with other cases."""

    case: Case
    genre: str
    told: str  # tempo, key and meter in words
    figures: tuple[Figure, ...]
    beats: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)  # tracker -> side -> s
    features: NDArray[np.float64] | None = None
    events: dict[str, frozenset[tuple[int, int | str]]] = field(
        default_factory=dict
    )  # track -> (16th, pitch)
    picture: str = ""  # a PNG as data


def measure(case: Case, parts: Sequence[str], with_picture: bool = False) -> Measured:
    """Make a case and measure the parts asked for."""
    take = make_take(case)
    heard = Heard(take)
    wanted = [part for part in parts if part in TAKE_PARTS and case.is_measured]
    figures = [figure for part in wanted for figure in TAKE_PARTS[part](heard)]
    context = take.context
    plain = not case.lock and bool(case.genre) and case.signature == "4/4"
    picture = ""
    if with_picture:
        from engine.evaluation.music.pictures import picture_of

        picture = picture_of(take)
    return Measured(
        case, take.genre, f"{context.tempo_bpm:g} bpm, {context.key.name}, {context.signature.name}",
        tuple(figures),
        beats=_lock_beats(heard) if case.lock and "lock" in parts else {},
        features=spectrum.features_of(looped(heard.mono["mix"], 15.0))
        if plain and {"genres", "distance"} & set(parts) else None,
        events={name: events_of(score) for name, score in take.scores.items()} if plain else {},
        picture=picture,
    )  # fmt: skip


def events_of(score: Any) -> frozenset[tuple[int, int | str]]:
    """What a track plays, on sixteenths."""
    items = [(note.start_beats, note.pitch) for note in score.notes]
    items += [(hit.start_beats, hit.voice) for hit in score.hits]
    return frozenset((round(start * 4), what) for start, what in items)


# --- parts of a take --------------------------------------------------------------------------------


def tempo(heard: Heard) -> Iterator[Figure]:
    truth = heard.take.context.tempo_bpm
    asked: dict[str, pulse.Range] = {"": None, "ranged": _tempo_range(heard.take)}
    right, near, ranged = False, False, False
    for way, range_bpm in asked.items():
        for source in ("drums", "mix"):
            if not heard.sounds(source):
                continue
            for name, tracker in pulse.TRACKERS.items():
                bpm = pulse.tempo_of(tracker(heard.mono[source], range_bpm))
                is_right = pulse.is_tempo(bpm, truth)
                if way:
                    ranged |= is_right
                else:
                    right |= is_right
                    near |= pulse.is_tempo(bpm, truth, pulse.OCTAVES)
                measure = ".".join(["tempo", *([way] if way else []), name, source])
                yield heard.figure(measure, is_right, heard=round(bpm, 2), truth=truth)
    yield heard.figure("tempo.right", right, truth=truth)
    yield heard.figure("tempo.octave", near, truth=truth)
    yield heard.figure("tempo.ranged", ranged, truth=truth)


def _tempo_range(take: Take) -> tuple[float, float]:
    """What a listener who knows the genre expects, an octave wide: nothing in it is twice another."""
    low, high = genre_named(take.context.genre).tempo_bpm
    middle = (low * high) ** 0.5
    return middle / 2**0.5, middle * 2**0.5


def key(heard: Heard) -> Iterator[Figure]:
    truth = tonality.key_truth(heard.take.context.key)
    right = relative = False
    for source in ("harmony", "mix"):
        if not heard.sounds(source):
            continue
        found = tonality.key_of(heard.notes(source))
        right |= found == truth
        relative |= tonality.signature_of(*found) == tonality.signature_of(*truth)
        told = {"heard": tonality.key_name(*found), "truth": heard.take.context.key.name}
        yield heard.figure(f"key.{source}", found == truth, **told)
        if source == "mix":
            yield heard.figure("key.weighted", tonality.weighted_key_score(truth, found), **told)
            scale = set(heard.take.context.key.scale)
            yield heard.figure("key.scale", _in_scale(heard.notes("mix"), scale))
    yield heard.figure("key.right", right)
    yield heard.figure("key.relative", relative)


def _in_scale(notes: NDArray[np.float64], scale: set[int]) -> float:
    """The share of what was heard that is in the scale."""
    weights = tonality.chroma_of(notes).sum(axis=1)
    return float(weights[sorted(scale)].sum() / max(1e-9, weights.sum()))


def chords(heard: Heard) -> Iterator[Figure]:
    score = heard.take.scores["harmony"]
    if not heard.sounds("harmony") or not score.chords:
        return
    seconds = heard.take.seconds
    edges = np.array([(c.start_beats, c.start_beats + c.length_beats) for c in score.chords])
    truth = (np.vectorize(seconds)(edges), [tonality.chord_label(chord) for chord in score.chords])
    found = tonality.heard_chords(heard.notes("harmony"))
    for name, value in tonality.chord_scores(truth, found).items():
        yield heard.figure(
            f"chords.{name}", value, truth=" ".join(c.symbol for c in score.chords), heard=" ".join(found[1])
        )


def bass(heard: Heard) -> Iterator[Figure]:
    scores = heard.take.scores
    kicks = sorted({hit.start_beats for hit in scores["drums"].hits if hit.voice == "kick"})
    notes = sorted({note.start_beats for note in scores["bass"].notes})
    if not kicks or not notes:
        return
    on_kick = float(np.mean([_is_near(kick, notes, NEAR_BEATS) for kick in kicks]))
    steps = np.arange(0.0, scores["drums"].length_beats, 0.25)
    chance = float(np.mean([_is_near(float(step), notes, NEAR_BEATS) for step in steps]))
    yield heard.figure("bass.on_kick_score", on_kick)
    yield heard.figure("bass.kick_lift", on_kick / max(chance, 1e-9))
    librosa = need("librosa")
    times = librosa.onset.onset_detect(y=heard.mono["bass"], sr=RATE, hop_length=256, units="time")
    kicks_s = [heard.take.seconds(kick) for kick in kicks]
    if len(times):
        share = np.mean([_is_near(float(t), kicks_s, NEAR_S) for t in times])
        yield heard.figure("bass.on_kick_audio", float(share))


def melody(heard: Heard) -> Iterator[Figure]:
    score = heard.take.scores["melody"]
    strong = [note for note in score.notes if abs(note.start_beats - round(note.start_beats)) < NEAR_BEATS]
    chords = score.chords or heard.take.scores["harmony"].chords
    if not strong or not chords:
        return

    def belongs(beat: float, pitch: int) -> bool:
        here = [c for c in chords if c.start_beats - NEAR_BEATS <= beat < c.start_beats + c.length_beats]
        return any(pitch % 12 in chord.pitch_classes for chord in here)

    share = np.mean([belongs(note.start_beats, note.pitch) for note in strong])
    yield heard.figure("melody.chord_tones", float(share))


def overlap(heard: Heard) -> Iterator[Figure]:
    spectra = {n: spectrum.spectrogram(heard.mono[n]) for n in heard.take.stems if heard.sounds(n)}
    for one, other in PAIRS:
        if one in spectra and other in spectra:
            yield heard.figure(f"overlap.{one}_{other}", spectrum.overlap(spectra[one], spectra[other]))


def seams(heard: Heard) -> Iterator[Figure]:
    stems = {name: audio for name, audio in heard.take.stems.items() if heard.sounds(name)}
    jumps = {name: seam.seam_jump(audio) for name, audio in stems.items()}
    flux = {name: seam.seam_flux(audio) for name, audio in stems.items()}
    for measure_name, values in (("seam.jump", jumps), ("seam.flux", flux)):
        known = {name: value for name, value in values.items() if np.isfinite(value)}
        if known:
            worst = max(known, key=known.__getitem__)
            yield heard.figure(measure_name, known[worst], stem=worst)


def loudness(heard: Heard) -> Iterator[Figure]:
    yield heard.figure("loudness.mix", levels.loudness_lufs(heard.take.mix))
    yield heard.figure("peak.mix", levels.true_peak_db(heard.take.mix))
    for name, audio in heard.take.stems.items():
        if heard.sounds(name):
            yield heard.figure("loudness.stem", levels.loudness_lufs(audio), stem=name)
            yield heard.figure("peak.stem", levels.true_peak_db(audio), stem=name)


# --- parts of a lock --------------------------------------------------------------------------------


def _lock_beats(heard: Heard) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Beats of the locked stem and of the regenerated ones together, for pairs with other takes."""
    locked = heard.take.case.lock
    others = np.stack([heard.mono[name] for name in heard.take.stems if name != locked])
    sides: dict[str, NDArray[np.float32]] = {"locked": heard.mono[locked], "made": others.sum(axis=0)}
    if any(is_silent(audio) for audio in sides.values()):
        return {}
    return {
        name: {side: tracker(audio) for side, audio in sides.items()}
        for name, tracker in pulse.TRACKERS.items()
    }


def _is_near(place: float, places: Sequence[float], distance: float) -> bool:
    index = int(np.searchsorted(places, place))
    return any(abs(places[i] - place) <= distance for i in (index - 1, index) if 0 <= i < len(places))


TAKE_PARTS: dict[str, Callable[[Heard], Iterator[Figure]]] = {
    "tempo": tempo, "key": key, "chords": chords, "bass": bass, "melody": melody, "overlap": overlap,
    "seam": seams, "loudness": loudness,
}  # fmt: skip
