"""Scores as a Standard MIDI File, for the musician's own synths.

Type 1, 960 ticks a quarter note: a conductor track (tempo, meter, key), then one track a score, each as
long as its loop. Drums on channel 10 with General MIDI notes. Micro-timing becomes ticks; a sliding note
has portamento on (CC 65) at a speed that fits a short slide (CC 5), since many synths start at zero.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import mido

from engine.audio.midi_import import midi_to_score
from engine.instruments.palette import PALETTES
from engine.music.key import Key
from engine.music.score import DRUM_VOICES, Score
from engine.units import seconds_to_beats

__all__ = ["midi_bytes", "midi_to_score", "scores_to_midi", "sounding_notes"]

TICKS_PER_BEAT = 960
DRUM_CHANNEL = 9
CHANNELS = {"drums": DRUM_CHANNEL, "bass": 0, "harmony": 1, "melody": 2}
HIT_TICKS = TICKS_PER_BEAT // 8
STACCATO_SHARE = 0.5
PORTAMENTO, PORTAMENTO_TIME = 65, 5
GLIDE_TIME = 40  # of 127: some 50 to 100 ms on most synths

# How MIDI spells a tonic; its key signature knows major and minor alone, so modes keep tonic and third.
MAJOR_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_NAMES = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")

Sounding = tuple[int, int, int, int, bool]  # start and end tick, pitch, velocity, slide


def midi_bytes(scores: Sequence[Score]) -> bytes:
    data = io.BytesIO()
    scores_to_midi(scores).save(file=data)
    return data.getvalue()


def scores_to_midi(scores: Sequence[Score]) -> mido.MidiFile:
    """The scores of one set side by side; tempo, meter and key are the first one's."""
    assert scores
    first = scores[0]
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8")
    conductor = mido.MidiTrack()
    conductor.append(mido.MetaMessage("track_name", name="ResonantGen"))
    conductor.append(mido.MetaMessage("set_tempo", tempo=round(60e6 / first.tempo_bpm)))
    conductor.append(
        mido.MetaMessage("time_signature", numerator=first.signature.beats, denominator=first.signature.unit)
    )
    conductor.append(mido.MetaMessage("key_signature", key=key_signature(first.key)))
    conductor.append(mido.MetaMessage("end_of_track", time=max(_ticks(s.length_beats) for s in scores)))
    file.tracks.append(conductor)
    for score, channel in zip(scores, _channels(scores), strict=True):
        file.tracks.append(_track(score, channel))
    return file


def key_signature(key: Key) -> str:
    return (MINOR_NAMES if key.is_minor else MAJOR_NAMES)[key.tonic]


def _channels(scores: Sequence[Score]) -> Iterator[int]:
    """A channel a score: its role's own, then whatever is free (16 hold every set but a huge one)."""
    free = [channel for channel in range(16) if channel not in CHANNELS.values()]
    for score in scores:
        if score.hits:
            yield DRUM_CHANNEL
        elif score.track in CHANNELS:
            yield CHANNELS[score.track]
        else:
            yield free.pop(0) if len(free) > 1 else free[0]


def _track(score: Score, channel: int) -> mido.MidiTrack:
    """One score; its end_of_track stands at the end of the loop, whatever rests there."""
    end = _ticks(score.length_beats)
    timed: list[tuple[int, int, mido.Message]] = []  # tick, order within the tick, message
    gliding = False
    for start, stop, pitch, velocity, slide in sounding_notes(score):
        note = {"note": pitch, "channel": channel}
        if slide != gliding:
            gliding = slide
            timed.append((start, 1, _portamento(gliding, channel)))
        timed.append((start, 1, mido.Message("note_on", velocity=velocity, **note)))
        timed.append((stop, 0, mido.Message("note_off", velocity=0, **note)))
    if gliding:
        timed.append((end, 1, _portamento(False, channel)))
    timed.sort(key=lambda item: item[:2])
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=score.track))
    program = PALETTES[score.palette].program if score.palette in PALETTES else 0
    track.append(mido.Message("program_change", program=program, channel=channel))
    if any(note.slide for note in score.notes):
        glide = mido.Message("control_change", control=PORTAMENTO_TIME, value=GLIDE_TIME, channel=channel)
        track.append(glide)
    now = 0
    for tick, _, message in timed:
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=end - now))
    return track


def _portamento(on: bool, channel: int) -> mido.Message:
    return mido.Message("control_change", control=PORTAMENTO, value=127 if on else 0, channel=channel)


def sounding_notes(score: Score) -> list[Sounding]:
    """What sounds from tick to tick, inside the loop; a pitch struck again ends its earlier note."""
    end = _ticks(score.length_beats)
    found: list[Sounding] = []
    for hit in score.hits:
        start = _start(score, hit.start_beats, hit.offset_ms, end)
        found.append((start, start + HIT_TICKS, DRUM_VOICES[hit.voice], hit.velocity, False))
    for note in score.notes:
        start = _start(score, note.start_beats, note.offset_ms, end)
        share = STACCATO_SHARE if note.articulation == "staccato" else 1.0
        stop = start + max(1, _ticks(note.length_beats * share))
        found.append((start, stop, note.pitch, note.velocity, note.slide))
    found.sort()
    following: dict[int, int] = {}  # pitch -> where it is struck next
    kept: list[Sounding] = []
    for start, stop, pitch, velocity, slide in reversed(found):
        stop = min(stop, end, following.get(pitch, end))
        if stop > start:  # of two that start together, the longer
            kept.append((start, stop, pitch, velocity, slide))
            following[pitch] = start
    return sorted(kept, key=lambda note: (note[0], note[4], note[2]))  # slides together, after the others


def _start(score: Score, start_beats: float, offset_ms: float, end: int) -> int:
    shift_beats = seconds_to_beats(offset_ms / 1000.0, score.tempo_bpm)
    return min(max(_ticks(start_beats + shift_beats), 0), end - 1)


def _ticks(beats: float) -> int:
    return round(beats * TICKS_PER_BEAT)
