"""The world outside the engine: a player that sounds and a folder that DAWs read.

Two players stand side by side: JACK's where a server runs, and the internal one, which keeps the same
transport silently. Whichever is active gets the loops; when JACK appears or vanishes, the other takes
over what plays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bridge.grid import Grid
from bridge.internal_player import InternalPlayer
from bridge.player import Loop, Player, PlayerStatus, Transport
from bridge.stem_folder import StemFolder
from engine.errors import EngineError
from engine.music.key import Signature
from engine.stem import Stem

NOT_YET = {
    "link": "Ableton Link is not there yet",
    "midi": "MIDI clock is not there yet",
}


class Outs:
    """Satisfies `engine.outs.Outs`."""

    def __init__(self, tracks: Sequence[str], jack: Player | None) -> None:
        self.tracks = tuple(tracks)
        self.jack = jack
        self.internal = InternalPlayer(tracks)
        self.folder: StemFolder | None = None
        self.grid = Grid()
        self.loops: dict[str, Loop | None] = {}
        self.gains: dict[str, tuple[float, float]] = {}
        self.active: Player = self.jack if self.jack and self.jack.status().connected else self.internal

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

    def export(self, name: str, data: bytes) -> str:
        assert self.folder is not None
        return self.folder.export(name, data)

    # --- the player -------------------------------------------------------------------------------

    def prepare(self, stem: Stem) -> Loop:
        return self.active.prepare(stem.audio)

    def swap(self, loops: Mapping[str, object | None], when: str) -> None:
        known = {name: loop for name, loop in loops.items() if loop is None or isinstance(loop, Loop)}
        assert len(known) == len(loops), loops
        self.loops.update(known)
        self.active.swap_many(known, when, self.grid)

    def set_gains(self, gains: Mapping[str, tuple[float, float]]) -> None:
        self.gains = dict(gains)
        for track, (left, right) in gains.items():
            self.active.set_gains(track, left, right)

    def set_grid(self, tempo_bpm: float, signature: Signature) -> None:
        self.grid = Grid(tempo_bpm, signature)
        self.active.set_grid(self.grid)

    def play(self) -> None:
        self.active.play()

    def stop(self) -> None:
        self.active.stop()

    def locate(self, beat: float) -> None:
        self.active.locate(beat)

    def set_clock_source(self, source: str) -> None:
        if source in NOT_YET:
            raise EngineError("not_available", f"{NOT_YET[source]}; allowed: auto, jack, osc, internal")
        if source == "jack" and self.active is not self.jack:
            raise EngineError("not_available", "no JACK server is connected; start jackd, then ask again")

    # --- state ------------------------------------------------------------------------------------

    def transport(self) -> Transport:
        return self.active.transport()

    def levels(self) -> dict[str, float]:
        return self.active.levels()

    def status(self) -> PlayerStatus:
        return self.active.status()

    def poll(self) -> str | None:
        """About once a second: whether JACK came or went. Returns a line for the user when it did."""
        self.internal.poll()
        if self.jack is None:
            return None
        changed = self.jack.poll()
        best: Player = self.jack if self.jack.status().connected else self.internal
        if best is not self.active:
            self._change_player(best)
            return best.status().text
        return self.jack.status().text if changed else None

    def _change_player(self, player: Player) -> None:
        rolling = self.active.transport().rolling
        beat = self.active.transport().beat
        self.active.stop()
        self.active = player
        player.set_grid(self.grid)
        for track, (left, right) in self.gains.items():
            player.set_gains(track, left, right)
        player.swap_many(self.loops, "now", self.grid)
        if player is self.internal and rolling:
            player.locate(beat)
            player.play()

    def close(self) -> None:
        if self.jack is not None:
            self.jack.close()
        self.internal.close()
