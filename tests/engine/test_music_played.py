"""Figures of played music: how they are distilled, and that what the engine ships makes sense."""

from __future__ import annotations

import io
import random
import struct
from collections import Counter
from pathlib import Path

import mido

from engine.music.distil.drums import fills_of, groove_of
from engine.music.distil.songs import drummings
from engine.music.played import WIDEST, next_step, played
from engine.music.score import DRUM_VOICES

TICKS = 480
TOMS = {8: 50, 9: 50, 10: 47, 11: 47, 12: 41, 13: 41, 14: 41, 15: 41}


def song(bars: int = 16) -> bytes:
    """Kick, snare, accented hats; in the last bar toms down, then a crash."""
    strokes: list[tuple[int, int, int]] = []
    for bar in range(bars):
        last = bar == bars - 1
        for step in range(16):
            place = bar * 16 + step
            if step % 8 == 0:
                strokes.append((place, 36, 110))
            if step % 8 == 4 and not (last and step > 8):
                strokes.append((place, 38, 100))
            if step % 2 == 0:
                strokes.append((place, 42, 100 - bar if step % 4 == 0 else 60 + bar % 4))
            if last and step in TOMS:
                strokes.append((place, TOMS[step], 90))
    strokes.append((bars * 16, 49, 120))
    file = mido.MidiFile(ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    file.tracks.append(track)
    now = 0
    for place, note, velocity in sorted(strokes):
        track.append(
            mido.Message("note_on", channel=9, note=note, velocity=velocity, time=place * TICKS // 4 - now)
        )
        now = place * TICKS // 4
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def wad(lumps: dict[str, bytes]) -> bytes:
    body, rows = b"", b""
    for name, data in lumps.items():
        rows += struct.pack("<ii8s", 12 + len(body), len(data), name.encode())
        body += data
    return struct.pack("<4sii", b"IWAD", len(lumps), 12 + len(body)) + body + rows


def test_songs_are_found_in_folders_and_in_wads(tmp_path: Path) -> None:
    (tmp_path / "one.mid").write_bytes(song())
    (tmp_path / "bad.mid").write_bytes(b"MThd no song")
    (tmp_path / "doom.wad").write_bytes(wad({"D_E1M1": song(), "PLAYPAL": b"colours"}))
    assert [each.name for each in drummings([tmp_path])] == ["one", "D_E1M1"]


def test_what_leads_into_a_crash_is_a_fill(tmp_path: Path) -> None:
    (tmp_path / "one.mid").write_bytes(song())
    (fill,) = fills_of(drummings([tmp_path]))
    assert dict(fill)["high_tom"] == "xx......" and dict(fill)["low_tom"] == "....xxxx"


def test_a_groove_is_what_a_hand_accents(tmp_path: Path) -> None:
    (tmp_path / "one.mid").write_bytes(song())
    (drumming,) = drummings([tmp_path])
    groove = groove_of(drumming)
    assert groove is not None
    levels = groove["hat"][0]
    assert levels[0] > 1.1 and levels[2] < 0.9


def test_what_ships_is_whole() -> None:
    figures = played()
    assert len(figures.fills) >= 32 and len(figures.grooves) >= 3
    for fill in figures.fills:
        assert fill.keys() <= DRUM_VOICES.keys() and all(len(row) == 16 for row in fill.values())
    for levels in figures.grooves.values():
        assert len(levels) == 16 and abs(sum(levels) / 16 - 1.0) < 0.1


def test_melodies_mostly_step_and_leaps_turn_back() -> None:
    rng = random.Random(1)
    after_step = Counter(next_step(1, False, rng) for _ in range(2000))
    after_leap = [next_step(6, True, rng) for _ in range(2000)]
    small = sum(count for step, count in after_step.items() if abs(step) <= 2)
    assert small > 0.7 * 2000
    assert sum(step < 0 for step in after_leap) > 0.6 * 2000
    assert max(map(abs, after_step)) <= WIDEST
