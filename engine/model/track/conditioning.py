"""A score as rows of numbers, one a codec frame: what a track model performs from.

    frame f covers samples [f hop, (f + 1) hop) of an endless repetition of the loop

    drums    | onset place fresh fading | x 18 voices                        | slots | common | guide
    pitched  | held onset place fading  | x 88 pitches | manner bend strokes | slots | common | guide

A row depends on nothing but its own place in that endless repetition: rows of a window are those of the
whole, and where the loop is a whole number of frames the next turn has the same rows again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import unknown
from engine.instruments.drums import timed
from engine.model.codec.config import CodecConfig
from engine.model.track.config import KINDS
from engine.model.track.frames import Frames, within
from engine.model.track.guide import GUIDE_SIZE, guide_of_hits, guide_of_notes
from engine.model.track.played import Stretches, gestures_of, glide_seconds, gliding, stretches
from engine.music.score import ARTICULATIONS, CURVES, DRUM_VOICES, SECTIONS, Score
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, samples_to_beats

VOICES = tuple(DRUM_VOICES)
LOWEST_PITCH, NUM_PITCHES = 21, 88  # a piano's; what is beyond is written in the octave next to it
SLOTS = 16  # places inside a frame where an onset can be: 0.8 to 1.3 ms apart, and shared between two
FRESH_S, FADING_S = 0.03, 0.4  # of what was struck: what is left of it after this long is 1/e
FORGOTTEN = 6.0  # times FADING_S: a four-hundredth is left
TYPICAL_VELOCITY = 88.0  # as engine.instruments.render has it
NEUTRAL = {"energy": 0.5, "filter": 0.5, "duck": 0.0}  # of a curve that the score lacks
CURVE_PLACES = (0.25, 0.75)  # of a frame

VOICE_ROWS, PITCH_ROWS = 4, 4
MANNER = len(ARTICULATIONS) + 3  # and slide, bend, how many sound
COMMON = SLOTS + len(CURVES) * len(CURVE_PLACES) + 4 + 2 + 1 + len(SECTIONS) + 24


def score_width(kind: str) -> int:
    """S: values a frame of a score of `drums` (hits) or `pitched` (notes); EngineError `unknown`."""
    if kind == "drums":
        return VOICE_ROWS * len(VOICES) + COMMON + GUIDE_SIZE
    if kind == "pitched":
        return PITCH_ROWS * NUM_PITCHES + MANNER + COMMON + GUIDE_SIZE
    raise unknown("kind of score", kind, KINDS)


def score_frames(
    score: Score,
    codec: CodecConfig,
    first_frame: int,
    num_frames: int,
    kind: str = "",
    cents: float = 0.0,
) -> NDArray[np.float32]:
    """Rows of the frames from `first_frame` (may be negative) on: float32 [F, S]; time is modulo the loop.

    `kind` is `drums` or `pitched`; left out, the track of that name is drums and all others are pitched.
    `cents`: how far above A4 = 440 Hz the track is tuned, for the guide alone. EngineError `unknown` kind.
    """
    kind = kind or ("drums" if score.track == "drums" else "pitched")
    frames = Frames(first_frame, num_frames, codec.hop, score.length_samples)
    if kind == "drums":
        guide = guide_of_hits(score, codec, frames)
        return _joined(frames, *_drums(score, frames), *_common(score, frames), guide)
    if kind == "pitched":
        played = gestures_of(score)
        notes = stretches(played, glide_seconds(score))
        guide = guide_of_notes(score, played, codec, frames, cents)
        return _joined(frames, *_pitched(notes, frames), *_common(score, frames), guide)
    raise unknown("kind of score", kind, KINDS)


def _joined(frames: Frames, *parts: NDArray[np.floating]) -> NDArray[np.float32]:
    columns = [part.reshape(frames.count, -1).astype(np.float32, copy=False) for part in parts]
    return np.concatenate(columns, axis=1)


# --- what is struck ---------------------------------------------------------------------------------


def _drums(score: Score, frames: Frames) -> list[NDArray[np.float64]]:
    """Rows of the voices, then the slots."""
    hits = timed(score)
    starts = np.array([start for start, _ in hits], dtype=np.int64)
    rows = np.array([VOICES.index(hit.voice) for _, hit in hits], dtype=np.int64)
    velocity = np.array([hit.velocity / 127 for _, hit in hits])
    onset, place, slots = _onsets(starts, rows, velocity, len(VOICES), frames)
    fresh, fading = _fading(starts, rows, velocity, len(VOICES), frames, (FRESH_S, FADING_S))
    return [np.stack([onset, place, fresh, fading], axis=1), slots]


def _onsets(
    starts: NDArray[np.int64],
    rows: NDArray[np.int64],
    velocity: NDArray[np.float64],
    num_rows: int,
    frames: Frames,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Velocity and place (0..1 of the frame) of each row's first onset there: [F, rows]; slots [F, SLOTS].

    In the slots an onset of any row is shared by the two nearest: a linear layer can read its place.
    """
    onset, place = np.zeros((2, frames.count, num_rows))
    slots = np.zeros((frames.count, SLOTS + 1))
    which, shift = frames.turns(starts, starts + 1)
    offset = starts[which] + shift - frames.start
    order = np.argsort(-offset, kind="stable")  # the first onset of a frame is written last
    which, offset = which[order], offset[order]
    frame, inside = np.divmod(offset, frames.hop)
    onset[frame, rows[which]] = velocity[which]
    place[frame, rows[which]] = inside / frames.hop
    among = np.clip(inside * (SLOTS / frames.hop) - 0.5, 0.0, SLOTS - 1.0)
    slot = among.astype(np.int64)
    share = among - slot
    np.maximum.at(slots, (frame, slot), (1.0 - share) * velocity[which])
    np.maximum.at(slots, (frame, slot + 1), share * velocity[which])
    return onset, place, slots[:, :SLOTS]


def _fading(
    starts: NDArray[np.int64],
    rows: NDArray[np.int64],
    velocity: NDArray[np.float64],
    num_rows: int,
    frames: Frames,
    fades_s: tuple[float, ...],
) -> NDArray[np.float64]:
    """What is left at each frame's end of each row's latest onset before it: [fades, F, rows]."""
    left = np.zeros((len(fades_s), frames.count, num_rows))
    reach = int(FORGOTTEN * max(fades_s) * STEM_SAMPLE_RATE) + frames.hop
    which, shift = frames.turns(starts, starts + reach)
    at = starts[which] + shift
    order = np.argsort(at, kind="stable")
    at, which = at[order], which[order]
    ends = frames.start + np.arange(1, frames.count + 1) * frames.hop
    for row in np.unique(rows):
        mine = rows[which] == row
        when, loud = at[mine], velocity[which[mine]]
        latest = np.searchsorted(when, ends, side="left") - 1
        known = latest >= 0
        age_s = (ends[known] - when[latest[known]]) / STEM_SAMPLE_RATE
        for number, fade_s in enumerate(fades_s):
            forgotten = age_s > FORGOTTEN * max(fades_s)
            value = loud[latest[known]] * np.exp(-age_s / fade_s)
            left[number, known, row] = np.where(forgotten, 0.0, value)
    return left


# --- what is held -----------------------------------------------------------------------------------


def _pitched(notes: Stretches, frames: Frames) -> list[NDArray[np.float64]]:
    """Rows of the pitches, manner, slots."""
    rows = _pitch_rows(notes.pitch)
    struck = ~notes.tied
    onset, place, slots = _onsets(
        notes.begin[struck], rows[struck], notes.velocity[struck], NUM_PITCHES, frames
    )
    fading = _fading(notes.begin, rows, notes.velocity, NUM_PITCHES, frames, (FADING_S,))[0]
    held, manner = _held(notes, rows, frames)
    return [np.stack([held, onset, place, fading], axis=1), manner, slots]


def _pitch_rows(pitch: NDArray[np.float64]) -> NDArray[np.int64]:
    row = np.rint(pitch).astype(np.int64) - LOWEST_PITCH
    row = np.where(row < 0, row % 12, row)
    over = np.maximum(0, row - NUM_PITCHES + 1)
    return np.asarray(row - -(-over // 12) * 12)


def _held(
    notes: Stretches, rows: NDArray[np.int64], frames: Frames
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Velocity times the share of the frame that a pitch is held [F, rows]; how it is played [F, MANNER]."""
    held = np.zeros((frames.count, NUM_PITCHES))
    manner = np.zeros((frames.count, MANNER))
    which, shift = frames.turns(notes.begin, notes.end)
    begin, end = notes.begin[which] + shift - frames.start, notes.end[which] + shift - frames.start
    first = np.maximum(begin // frames.hop, 0)
    counts = np.maximum(np.minimum(-(-end // frames.hop), frames.count) - first, 0)
    note = np.repeat(np.arange(len(which)), counts)
    frame = np.repeat(first, counts) + within(counts)
    from_, to = np.maximum(begin[note], frame * frames.hop), np.minimum(end[note], (frame + 1) * frames.hop)
    share = (to - from_) / frames.hop
    which = which[note]
    np.add.at(held, (frame, rows[which]), share * notes.velocity[which])
    np.maximum.at(manner, (frame, notes.articulation[which]), share)
    slide, bend, many = len(ARTICULATIONS), len(ARTICULATIONS) + 1, len(ARTICULATIONS) + 2
    np.maximum.at(manner[:, slide], frame, share * notes.slide[which])
    middle_s = (0.5 * (from_ + to) - begin[note]) / STEM_SAMPLE_RATE
    pitch = notes.pitch[which]
    moved = gliding(pitch, notes.from_pitch[which], notes.glide_s[which], middle_s) - pitch
    np.add.at(manner[:, bend], frame, share * moved / 12.0)
    np.add.at(manner[:, many], frame, share / 8.0)
    return np.minimum(held, 1.0), manner


# --- what all tracks have ---------------------------------------------------------------------------


def _common(score: Score, frames: Frames) -> list[NDArray[np.float64]]:
    """Curves, beat and bar, tempo, loudness, section, chord."""
    beats = samples_to_beats(1.0, score.tempo_bpm) * frames.at(0.5)
    level = np.clip(_mean_velocity(score) / TYPICAL_VELOCITY, 0.5, 1.4) - 1.0
    constant = np.broadcast_to([(score.tempo_bpm - 120.0) / 60.0, level], (frames.count, 2))
    return [
        *(_curve(score, name, frames) for name in CURVES),
        _phase(beats), _phase(beats / score.signature.bar_beats), constant,
        *_section(score, beats), _chord(score, frames),
    ]  # fmt: skip


def _mean_velocity(score: Score) -> float:
    """What the loudness of the whole stem follows (`render.dynamics`)."""
    velocities = [note.velocity for note in score.notes] + [hit.velocity for hit in score.hits]
    return float(np.mean(velocities)) if velocities else TYPICAL_VELOCITY


def _curve(score: Score, name: str, frames: Frames) -> NDArray[np.float64]:
    """[F, places]."""
    points = next((curve.points for curve in score.curves if curve.name == name), ((0.0, NEUTRAL[name]),))
    beats = np.stack([frames.at(share) for share in CURVE_PLACES], 1) * samples_to_beats(1.0, score.tempo_bpm)
    return np.interp(beats, [beat for beat, _ in points], [value for _, value in points])


def _phase(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.sin(2.0 * np.pi * turns), np.cos(2.0 * np.pi * turns)], axis=1)


def _section(score: Score, beats: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How hard the band plays there [F], and which section it is [F, SECTIONS]."""
    energy, name = np.full(len(beats), 0.5), np.zeros((len(beats), len(SECTIONS)))
    if score.sections:
        starts = [section.start_bar * score.signature.bar_beats for section in score.sections]
        which = np.maximum(np.searchsorted(starts, beats, side="right") - 1, 0)
        energy = np.array([section.energy for section in score.sections])[which]
        kinds = np.array([SECTIONS.index(section.name) for section in score.sections])[which]
        name[np.arange(len(beats)), kinds] = 1.0
    return energy, name


def _chord(score: Score, frames: Frames) -> NDArray[np.float64]:
    """Pitch classes of the chord that sounds in the middle of the frame, then its root: [F, 24]."""
    classes = np.zeros((frames.count, 24))
    here = frames.at(0.5)
    for chord in score.chords:
        begin = beats_to_samples(chord.start_beats, score.tempo_bpm)
        end = beats_to_samples(chord.start_beats + chord.length_beats, score.tempo_bpm)
        sounds = (here >= begin) & (here < end)
        for pitch_class in chord.pitch_classes:
            classes[sounds, pitch_class % 12] = 1.0
        if chord.pitch_classes:
            classes[sounds, 12 + chord.pitch_classes[0] % 12] = 1.0
    return classes
