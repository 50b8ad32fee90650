"""A MIDI file from anywhere as a score: which of its parts fits the track, in which frame."""

from __future__ import annotations

import io
import math
import re
import struct
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import mido
from mido.midifiles.meta import KeySignatureError

from engine.context.harmony import hear_harmony
from engine.context.heard_score import GENRE, PALETTES, note_weights, slots_of
from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.music.score import DRUM_VOICES, Chord, Hit, Note, Score
from engine.prompt.music_context import Frame
from engine.units import MAX_BARS, MAX_TEMPO_BPM, MIN_TEMPO_BPM

MAX_BYTES = 8 << 20  # pure notes: days of music; more is no song
# A time is at most four bytes long (the standard). Bytes from 0x80 up make it ever longer, and reading it
# ever slower: 4 MB of them would take hours. No text or sysex of a song holds so many in a row.
MAX_TICKS_AT_ONCE = (1 << 28) - 1
ENDLESS_NUMBER = re.compile(rb"[\x80-\xff]{4096}")
# A key signature beyond seven sharps or flats, or of a mode that is neither 0 nor 1: some programs write 255.
NO_KEY = re.compile(rb"\xff\x59(?!\x02[\x00-\x07\xf9-\xff][\x00\x01])")
UNKNOWN_META = b"\xff\x60"  # of no meaning; every reader passes over it
DRUM_CHANNEL = 9
PORTAMENTO = 65
# General MIDI percussion (35 to 81) -> the voice nearest in sound. Other notes are left out.
GM_VOICES = {pitch: voice for voice, pitch in DRUM_VOICES.items()} | {
    35: "kick", 40: "snare", 43: "low_tom", 45: "mid_tom", 48: "high_tom", 52: "crash",
    53: "ride", 55: "crash", 57: "crash", 58: "shaker", 59: "ride", 61: "bongo",
    62: "conga", 64: "conga", 65: "high_tom", 66: "mid_tom", 67: "cowbell", 68: "cowbell", 69: "shaker",
    71: "shaker", 72: "shaker", 73: "shaker", 74: "shaker", 76: "rim", 77: "rim", 78: "conga",
    79: "conga", 80: "ride", 81: "ride", 82: "shaker",
}  # fmt: skip
# What mido's parser raises on bytes that are no MIDI.
NO_MIDI = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, struct.error, KeySignatureError,
)  # fmt: skip
# Most programs write C major whatever they hold; a key that fewer of its notes fit is not believed.
MIN_IN_SCALE = 0.8


class Played(NamedTuple):
    """One note of the file, in ticks or in beats from where the loop starts."""

    start: float
    end: float
    pitch: int
    velocity: int
    slide: bool


@dataclass
class Part:
    """The notes of one channel of one track, in ticks."""

    name: str
    channel: int
    end: int  # of its track
    notes: list[Played] = field(default_factory=list)

    @property
    def mean_pitch(self) -> float:
        return sum(note.pitch for note in self.notes) / len(self.notes)

    @property
    def voices(self) -> float:
        """How many notes sound at once, on average while any does."""
        sounding = sum(note.end - note.start for note in self.notes)
        covered = until = 0.0
        for note in sorted(self.notes):
            covered += max(0.0, note.end - max(note.start, until))
            until = max(until, note.end)
        return sounding / max(covered, 1.0)


def midi_to_score(path: Path, track: str, frame: Frame) -> Score:
    """The fitting part of the file, from its first bar, at most 64 bars.

    Drums are channel 10 (or a part by that name); bass is the lowest part, harmony the one with the most
    notes at once, melody the highest of the single voices; a part called like the track goes before all.
    What the file does not say is the frame's. EngineError `file` where there is nothing to take.
    """
    file = _read(path)
    parts = _parts(file)
    chosen = _choose(parts, track, path.name)
    metas = _metas(file)
    signature = _signature(metas, frame, path.name)
    bar_ticks = signature.bar_beats * file.ticks_per_beat
    notes, bars = _window(chosen, bar_ticks)
    per_beat = file.ticks_per_beat
    items = [note._replace(start=note.start / per_beat, end=note.end / per_beat) for note in notes]
    key, chords = _harmony(items, metas, signature, bars, track, frame)
    is_drums = track == "drums"
    return Score(
        track=track,
        tempo_bpm=_tempo(metas, frame),
        key=key,
        signature=signature,
        bars=bars,
        genre=GENRE,
        palette=PALETTES.get(track, "keys"),
        chords=chords,
        hits=tuple(Hit(n.start, GM_VOICES[n.pitch], n.velocity) for n in items) if is_drums else (),
        notes=() if is_drums else tuple(_note(item) for item in items),
    ).validate()


def _note(item: Played) -> Note:
    return Note(item.start, item.end - item.start, item.pitch, item.velocity, slide=item.slide)


# --- reading --------------------------------------------------------------------------------------


def _read(path: Path) -> mido.MidiFile:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EngineError("file", f"{path.name} is larger than {MAX_BYTES >> 20} MB, too much for MIDI")
        data = path.read_bytes()
        if ENDLESS_NUMBER.search(data):
            raise ValueError("it holds a number without end")
        file = _parsed(data)
        if any(message.time > MAX_TICKS_AT_ONCE for track in file.tracks for message in track):
            raise ValueError("its notes stand days apart")
    except NO_MIDI as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise EngineError("file", f"{path.name} cannot be read: {error.strerror}") from error
        reason = str(error) or "it ends too soon"
        raise EngineError("file", f"{path.name} is not a MIDI file: {reason}") from error
    if file.ticks_per_beat <= 0:
        raise EngineError("file", f"{path.name} counts in SMPTE frames, not in beats; export it in ticks")
    return file


def _parsed(data: bytes) -> mido.MidiFile:
    """The song, without a key signature that names no key."""
    try:
        return mido.MidiFile(file=io.BytesIO(data), clip=True)
    except (KeySignatureError, IndexError):
        return mido.MidiFile(file=io.BytesIO(NO_KEY.sub(UNKNOWN_META, data)), clip=True)


def _parts(file: mido.MidiFile) -> list[Part]:
    """Every channel of every track that has notes."""
    found: list[Part] = []
    for track in file.tracks:
        end = sum(message.time for message in track)
        name = track.name.strip().lower()
        found += [Part(name, channel, end, sorted(notes)) for channel, notes in _notes(track, end).items()]
    return found


def _notes(track: mido.MidiTrack, end: int) -> dict[int, list[Played]]:
    """Notes by channel. One that is never let go sounds to the track's end."""
    notes: dict[int, list[Played]] = defaultdict(list)
    held: dict[tuple[int, int], tuple[int, int, bool]] = {}  # (channel, pitch) -> start, velocity, slide
    gliding: dict[int, bool] = {}
    now = 0

    def let_go(place: tuple[int, int], tick: int) -> None:
        if place in held:
            start, velocity, slide = held.pop(place)
            notes[place[0]].append(Played(start, max(tick, start + 1), place[1], velocity, slide))

    for message in track:
        now += message.time
        if message.type == "control_change" and message.control == PORTAMENTO:
            gliding[message.channel] = message.value >= 64
        elif message.type in ("note_on", "note_off"):
            place = (message.channel, message.note)
            let_go(place, now)
            if message.type == "note_on" and message.velocity > 0:
                held[place] = (now, message.velocity, gliding.get(message.channel, False))
    for place in list(held):
        let_go(place, end)
    return notes


def _metas(file: mido.MidiFile) -> dict[str, mido.MetaMessage]:
    """The earliest of each kind of meta message, in any track."""
    found: dict[str, tuple[int, mido.MetaMessage]] = {}
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.is_meta and (message.type not in found or now < found[message.type][0]):
                found[message.type] = (now, message)
    return {kind: message for kind, (_, message) in found.items()}


# --- choosing -------------------------------------------------------------------------------------


def _choose(parts: list[Part], track: str, file_name: str) -> Part:
    if track == "drums":
        return _drum_part(parts, file_name)
    pitched = [part for part in parts if part.channel != DRUM_CHANNEL]
    if not pitched:
        held = "drums alone (channel 10)" if parts else "no notes"
        raise EngineError("file", f"{file_name} holds {held}, nothing for {track}")
    named = [part for part in pitched if track in part.name]
    candidates = named or pitched
    if track == "bass":
        return min(candidates, key=lambda part: part.mean_pitch)
    if track == "harmony":
        return max(candidates, key=lambda part: (part.voices, len(part.notes)))
    single = [part for part in candidates if part.voices < 1.2]
    return max(single or candidates, key=lambda part: part.mean_pitch)


def _drum_part(parts: list[Part], file_name: str) -> Part:
    """All of channel 10 together, else the part that calls itself drums, else the only one there is."""
    drums = [part for part in parts if part.channel == DRUM_CHANNEL]
    drums = drums or [part for part in parts if "drum" in part.name or "perc" in part.name]
    drums = drums or (parts if len(parts) == 1 else [])
    notes = sorted({note for part in drums for note in part.notes if note.pitch in GM_VOICES})
    if not notes:
        raise EngineError("file", f"{file_name} holds no drums: no General MIDI percussion on channel 10")
    return Part("drums", DRUM_CHANNEL, max(part.end for part in drums), notes)


def _window(part: Part, bar_ticks: float) -> tuple[list[Played], int]:
    """Its notes inside whole bars, and how many bars: from the file's start, or in a song that is longer
    than a loop may be, from the bar of the part's first note."""
    end = max(part.end, *(note.end for note in part.notes))
    first = part.notes[0].start
    start = math.floor(first / bar_ticks) * bar_ticks if end > MAX_BARS * bar_ticks else 0.0
    # Some programs end a track a few ticks after the bar: a fiftieth of a bar is no bar.
    bars = min(MAX_BARS, max(1, math.ceil((end - start) / bar_ticks - 0.02)))
    stop = bars * bar_ticks
    moved = (
        note._replace(start=max(0.0, note.start - start), end=min(note.end - start, stop))
        for note in part.notes
    )
    return [note for note in moved if note.start < stop], bars


# --- the frame ------------------------------------------------------------------------------------


def _tempo(metas: dict[str, mido.MetaMessage], frame: Frame) -> float:
    """The nearest legal tempo, in as few decimals as say the same whole microseconds a beat."""
    if "set_tempo" not in metas:
        return frame.tempo_bpm
    beat_us = metas["set_tempo"].tempo
    tempo_bpm = min(max(60e6 / max(beat_us, 1), MIN_TEMPO_BPM), MAX_TEMPO_BPM)
    for digits in range(5):
        if round(60e6 / round(tempo_bpm, digits)) == beat_us:
            return min(max(round(tempo_bpm, digits), MIN_TEMPO_BPM), MAX_TEMPO_BPM)
    return tempo_bpm


def _signature(metas: dict[str, mido.MetaMessage], frame: Frame, file_name: str) -> Signature:
    if "time_signature" not in metas:
        return frame.signature
    meta = metas["time_signature"]
    try:
        return Signature(meta.numerator, meta.denominator)
    except EngineError as error:
        raise EngineError("file", f"{file_name}: {error.text}") from error


def _harmony(
    items: Iterable[Played], metas: dict[str, mido.MetaMessage], signature: Signature,
    bars: int, track: str, frame: Frame,
) -> tuple[Key, tuple[Chord, ...]]:  # fmt: skip
    """The key the file names where its notes agree, else the one they are in; a chord a bar."""
    named = Key.parse(metas["key_signature"].key) if "key_signature" in metas else None
    if track == "drums":
        return named or frame.key, ()
    slots = slots_of(signature)
    spans = [(item.start, item.end, item.pitch) for item in items]
    weights, lowest = note_weights(spans, signature.bar_beats / slots, bars * slots)
    total = weights.sum(axis=0)
    believed = named and total[list(named.scale)].sum() >= MIN_IN_SCALE * total.sum()
    key, _, chords, _ = hear_harmony(
        weights, lowest, frame.key, signature.bar_beats, slots, track, named if believed else None
    )
    key = key or named or frame.key
    if key.is_minor == frame.key.is_minor and key.tonic == frame.key.tonic:
        key = frame.key  # a key signature cannot say dorian
    return key, chords
