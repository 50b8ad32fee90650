"""What the engine asks of the world outside: a player, a folder. The bridge provides it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

from engine.music.key import Signature
from engine.music.score import Score
from engine.stem import Stem

# What goes into a file: its bytes, or what writes them to a seekable file (again, where that must be).
Content = bytes | Callable[[BinaryIO], None]


class Outs(Protocol):
    """The thread that calls each method is part of the contract."""

    def open_set(self, folder: Path) -> None:
        """Control thread: files go to this set from now on."""

    def prepare(self, stem: Stem, heard: Score | None = None) -> object:
        """Worker thread: whatever is slow about playing this stem; the result goes to `swap`. `heard`: what
        plays as MIDI where the stem has no score of its own."""

    def preview(self, stem: Stem) -> str:
        """Worker thread: a quick look as a file, without waiting for the disk; returns its name."""

    def publish(self, stem: Stem, take: int) -> str:
        """Writer thread: WAV, MIDI and manifest, atomically; returns the name. EngineError `disk`."""

    def export(self, name: str, content: Content) -> str:
        """Writer thread: a file in `exports/`, never overwriting; returns the name."""

    def swap(
        self, loops: Mapping[str, object | None], when: str, tempo_bpm: float, signature: Signature
    ) -> None:
        """Control thread: these loops take over together at the boundary `when` says, and there the music
        goes on in this tempo and meter."""

    def replace(self, loops: Mapping[str, tuple[object, object]]) -> list[str]:
        """Control thread: track by track (old, new): where `old` is what plays or waits last, `new`, as many
        beats long, plays or waits in its place, at the same place of the loop; what plays is replaced at one
        moment. Returns those tracks; on the others something else has come."""

    def set_gains(self, gains: Mapping[str, tuple[float, float]]) -> None:
        """Control thread: left and right gain of each track."""

    def set_midi(self, on: Mapping[str, bool]) -> None:
        """Control thread: whether each track's score plays on its MIDI port."""

    def set_grid(self, tempo_bpm: float, signature: Signature) -> None:
        """Control thread: tempo and meter from now on. What plays goes on from where it is, faster or slower
        where it was prepared for another tempo."""

    def set_clock_source(self, source: str) -> None:
        """Control thread; EngineError `not_available` where that clock is not to be had."""

    def play(self) -> None: ...

    def stop(self) -> None: ...

    def locate(self, beat: float) -> None: ...
