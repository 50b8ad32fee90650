"""The world outside the engine: a player that sounds and a folder that DAWs read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bridge.clock.clock import Clock
from bridge.grid import Grid
from bridge.midi_player import MidiPlayer
from bridge.player import Loop, Player, PlayerStatus, Transport
from bridge.stem_folder import StemFolder
from engine.audio.midi_live import LiveMidi, MidiStyle, live_midi
from engine.errors import EngineError
from engine.music.key import Signature
from engine.music.score import Score
from engine.outs import Content
from engine.stem import Stem


class Outs:
    """Satisfies `engine.outs.Outs`."""

    def __init__(
        self, player: Player, style: MidiStyle | None = None, midi: MidiPlayer | None = None
    ) -> None:
        """`style`: how scores play live as MIDI; None: not at all. `midi` plays them where JACK does not."""
        self.player = player
        self.style, self.midi = style, midi
        self.folder: StemFolder | None = None
        self.clock: Clock | None = None  # the composition root's

    # --- the folder -------------------------------------------------------------------------------

    def open_set(self, folder: Path) -> None:
        self.folder = StemFolder(folder)

    def preview(self, stem: Stem) -> str:
        """A disk that refuses costs the file, not the sound: the name is "" then."""
        assert self.folder is not None
        try:
            return self.folder.publish_preview(stem)
        except EngineError:
            return ""

    def publish(self, stem: Stem, take: int) -> str:
        assert self.folder is not None
        return self.folder.publish(stem, take)

    def export(self, name: str, content: Content) -> str:
        assert self.folder is not None
        return self.folder.export(name, content)

    # --- the player -------------------------------------------------------------------------------

    def prepare(self, stem: Stem, heard: Score | None = None) -> Loop:
        return self.player.prepare(stem.audio, self._said(stem, heard), stem.length_beats)

    def _said(self, stem: Stem, heard: Score | None) -> LiveMidi | None:
        score = stem.score or (replace(heard, tempo_bpm=stem.tempo_bpm) if heard else None)
        if self.style is None or score is None or score.length_samples != stem.length_samples:
            return None
        return live_midi(stem.track, score, self.style)

    def swap(
        self, loops: Mapping[str, object | None], when: str, tempo_bpm: float, signature: Signature
    ) -> None:
        known = {name: loop for name, loop in loops.items() if loop is None or isinstance(loop, Loop)}
        assert len(known) == len(loops), loops
        self.player.swap_many(known, when, Grid(tempo_bpm, signature))

    def replace(self, loops: Mapping[str, tuple[object, object]]) -> list[str]:
        known = {
            name: (old, new)
            for name, (old, new) in loops.items()
            if isinstance(old, Loop) and isinstance(new, Loop)
        }
        assert len(known) == len(loops), loops
        return self.player.replace_many(known)

    def set_gains(self, gains: Mapping[str, tuple[float, float]]) -> None:
        for track, (left, right) in gains.items():
            self.player.set_gains(track, left, right)

    def set_midi(self, on: Mapping[str, bool]) -> None:
        for track, speaks in on.items():
            self.player.set_midi(track, speaks)

    def set_grid(self, tempo_bpm: float, signature: Signature) -> None:
        self.player.set_grid(Grid(tempo_bpm, signature))

    def play(self) -> None:
        assert self.clock is not None
        self.clock.play()

    def stop(self) -> None:
        assert self.clock is not None
        self.clock.stop()

    def locate(self, beat: float) -> None:
        self.player.locate(beat)

    def set_clock_source(self, source: str) -> None:
        assert self.clock is not None
        self.clock.choose(source)

    # --- state ------------------------------------------------------------------------------------

    def transport(self) -> Transport:
        return self.player.transport()

    def levels(self) -> dict[str, float]:
        return self.player.levels()

    def status(self) -> PlayerStatus:
        return self.player.status()

    def poll(self) -> str | None:
        """About once a second: whether JACK came or went. Returns a line for the user when it did."""
        return self.player.status().text if self.player.poll() else None

    def close(self) -> None:
        if self.midi is not None:
            self.midi.close()
        self.player.close()
