"""Drum tracks of MIDI songs as hits on beats. Reads folders of MIDI files and the songs inside a WAD.

A WAD (Doom's container): `IWAD`, number of lumps, offset of the directory; 16 bytes a lump: offset, size,
name. Songs are the lumps `D_*`.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido

from engine.audio.midi_import import DRUM_CHANNEL, GM_VOICES, NO_MIDI
from engine.music.score import Hit

FEWEST_HITS = 200  # a drum track of less tells little


@dataclass(frozen=True)
class Drumming:
    """The hits of a song in 4/4, in beats from its start, micro-timing left in `start_beats`."""

    name: str
    tempo_bpm: float
    hits: tuple[Hit, ...]


def drummings(paths: list[Path]) -> Iterator[Drumming]:
    """Every song in 4/4 with a drum track, from MIDI files, folders of them, and WADs."""
    for name, data in _files(paths):
        try:
            song = _drumming(name, mido.MidiFile(file=io.BytesIO(data)))
        except NO_MIDI:
            continue
        if song is not None:
            yield song


def _files(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        if path.is_dir():
            yield from _files(sorted(path.rglob("*.mid")) + sorted(path.rglob("*.wad")))
        elif path.suffix.lower() == ".wad":
            yield from _lumps(path.read_bytes())
        else:
            yield path.stem, path.read_bytes()


def _lumps(data: bytes) -> Iterator[tuple[str, bytes]]:
    _, count, directory = struct.unpack_from("<4sii", data)
    for index in range(count):
        start, size, name = struct.unpack_from("<ii8s", data, directory + 16 * index)
        if name.startswith(b"D_") and data[start : start + 4] == b"MThd":
            yield name.rstrip(b"\0").decode("ascii"), data[start : start + size]


def _drumming(name: str, song: mido.MidiFile) -> Drumming | None:
    hits: list[Hit] = []
    tempo_bpm = 120.0
    for track in song.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "time_signature" and (message.numerator, message.denominator) != (4, 4):
                return None
            if message.type == "set_tempo" and not hits:
                tempo_bpm = mido.tempo2bpm(message.tempo)
            if message.type == "note_on" and message.velocity and message.channel == DRUM_CHANNEL:
                voice = GM_VOICES.get(message.note)
                if voice:
                    hits.append(Hit(ticks / song.ticks_per_beat, voice, message.velocity))
    if len(hits) < FEWEST_HITS:
        return None
    return Drumming(name, tempo_bpm, tuple(sorted(hits, key=lambda hit: hit.start_beats)))
