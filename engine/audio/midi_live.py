"""A score as MIDI events on the samples of its loop, to be played live beside the audio.

    sample  -1        0                                        N
            | setup   |  on … off | bend bend bend on … off | on    and again from 0

Notes begin on the very sample where the instruments' audio of them does. Drums have General MIDI notes.
Slides are pitch bends (or portamento, for synths that ignore the bend range they are told), the filter
curve is CC 74, the energy curve CC 11 with the gain that the instruments take from it. Ducking is left to
the musician's mixer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.audio.midi_bends import bends
from engine.audio.midi_file import CHANNELS, DRUM_CHANNEL, GLIDE_TIME, PORTAMENTO, PORTAMENTO_TIME
from engine.audio.midi_notes import Played, played_notes
from engine.music.score import Score
from engine.units import ms_to_samples, samples_to_beats

# Three bytes and when they are due. `gate`: of a note that begins, how many samples it is held.
EVENT = np.dtype(
    [
        ("sample", np.int64),  # of the loop; -1: said once, when the loop takes over
        ("gate", np.int64),
        ("kind", np.int64),
        ("status", np.int64),
        ("data1", np.int64),
        ("data2", np.int64),
    ]
)
# Who comes in amid a loop is told the last of each kind from BEND on, and the NOTEs that are held.
SETUP, HIT, NOTE, BEND, GLIDE, FILTER, ENERGY = range(7)
NUM_KINDS = 7
OFF, ON, CONTROL, WHEEL = 0x80, 0x90, 0xB0, 0xE0
CONTROLS = {"filter": (FILTER, 74), "energy": (ENERGY, 11)}
CURVE_STEP_SAMPLES = ms_to_samples(10.0)
OTHER_CHANNEL = 3
GLIDES = ("bend", "portamento")
BEFORE, WITH, AFTER = 0, 1, 2  # on one sample: notes end, controllers move, notes begin

Row = tuple[int, int, tuple[int, ...]]  # sample, BEFORE … AFTER, the rest of the event


@dataclass(frozen=True)
class MidiStyle:
    """How scores are played live. `channels` from 0; a track that is not named has the MIDI file's.

    `glide`: one of GLIDES. `bend_range`: semitones either way.
    """

    channels: Mapping[str, int] = field(default_factory=dict)
    glide: str = "bend"
    bend_range: int = 12

    def channel_of(self, track: str, score: Score) -> int:
        usual = DRUM_CHANNEL if score.hits else CHANNELS.get(track, OTHER_CHANNEL)
        return self.channels.get(track, usual)


@dataclass(frozen=True, eq=False)
class LiveMidi:
    """events: EVENT [E], by sample. `channel` from 0."""

    events: NDArray[np.void]
    length_samples: int
    channel: int

    def sounds_like(self, other: LiveMidi | None) -> bool:
        return other is not None and np.array_equal(self.events, other.events)

    def has_notes_of(self, other: LiveMidi | None) -> bool:
        """Whether the same notes begin in the same order: a take at another tempo."""
        return other is not None and np.array_equal(self._struck(), other._struck())

    def _struck(self) -> NDArray[np.int64]:
        begins = (self.events["kind"] <= NOTE) & (self.events["gate"] > 0)
        return np.stack([self.events[name][begins] for name in ("status", "data1", "data2")])


def live_midi(track: str, score: Score, style: MidiStyle) -> LiveMidi:
    """The events of the score's loop, as this track plays it."""
    channel, length, notes = style.channel_of(track, score), score.length_samples, played_notes(score)
    rows = [*_note_rows(notes, channel, length, style.glide == "portamento")]
    if style.glide == "bend":
        wheel = bends(score, notes, style.bend_range)
        rows += [(at, WITH, (0, BEND, WHEEL | channel, bend & 0x7F, bend >> 7)) for at, bend in wheel]
    for name, (kind, control) in CONTROLS.items():
        moves = _curve(score, name)
        rows += [(at, WITH, (0, kind, CONTROL | channel, control, value)) for at, value in moves]
    rows.sort(key=lambda row: row[:2])
    setup = _setup_rows({rest[1] for _, _, rest in rows}, channel, style)
    return LiveMidi(_events([*setup, *rows]), length, channel)


def _events(rows: Sequence[Row]) -> NDArray[np.void]:
    return np.array([(sample, *rest) for sample, _, rest in rows], EVENT)


def _note_rows(notes: Sequence[Played], channel: int, length: int, portamento: bool) -> Iterator[Row]:
    gliding = bool(notes) and notes[-1].from_pitch is not None
    for note in notes:
        slides = note.from_pitch is not None
        if portamento and slides != gliding:
            gliding = slides
            yield note.start, AFTER, (0, GLIDE, CONTROL | channel, PORTAMENTO, 127 if slides else 0)
        kind = HIT if note.is_hit else NOTE
        yield note.start, AFTER, (note.gate, kind, ON | channel, note.pitch, note.velocity)
        yield (note.start + note.gate) % length, BEFORE, (0, kind, OFF | channel, note.pitch, 0)


def _curve(score: Score, name: str) -> Iterator[tuple[int, int]]:
    """(sample, 0..127) wherever the value changes."""
    points = next((curve.points for curve in score.curves if curve.name == name), ())
    if not points:
        return
    samples = np.arange(0, score.length_samples, CURVE_STEP_SAMPLES)
    beats = samples * samples_to_beats(1, score.tempo_bpm)
    curve = np.interp(beats, [beat for beat, _ in points], [value for _, value in points])
    if name == "energy":  # 2 ** (energy - 0.5) in the instruments; here the loudest is full expression
        curve = 2.0 ** (curve - 1.0)
    values = np.rint(127.0 * curve).astype(int)
    for place in np.flatnonzero(np.diff(values, prepend=-1)):
        yield int(samples[place]), int(values[place])


def _setup_rows(kinds: Iterable[int], channel: int, style: MidiStyle) -> list[Row]:
    """What is said once: the bend range (a registered parameter), the time of glides, and full expression
    where no curve says otherwise, since the loop before may have had one."""
    controls: list[tuple[int, int]] = []
    if BEND in kinds:
        controls += [(101, 0), (100, 0), (6, style.bend_range), (38, 0), (101, 127), (100, 127)]
    if GLIDE in kinds:
        controls += [(PORTAMENTO_TIME, GLIDE_TIME)]
    if ENERGY not in kinds:
        controls += [(CONTROLS["energy"][1], 127)]
    return [(-1, WITH, (0, SETUP, CONTROL | channel, number, value)) for number, value in controls]
