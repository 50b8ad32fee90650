"""What a monitor knows of an engine: messages in, values out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.units import SILENCE_DB

LOG_LINES = 6
USUAL_TRACKS = ("drums", "bass", "harmony", "melody")


@dataclass
class TrackView:
    state: str = "empty"
    locked: bool = False
    progress: float = 0.0
    level_db: float = SILENCE_DB
    take: int = 0
    takes: int = 0
    file: str = ""
    stem: str = ""  # its tempo, key and bars
    volume_db: float = 0.0
    muted: bool = False
    soloed: bool = False
    waiting: str = ""  # what a take waits for before it takes over: boundary, launch


@dataclass(frozen=True)
class Status:
    """The arguments of the answer to /rg/status."""

    state: str
    queued: int
    cpu_load: float  # percent of a block's time
    xruns: int
    last_generate_s: float
    device: str


@dataclass
class MonitorState:
    """`apply` every message that arrives; one that is not understood changes nothing."""

    connected: bool = False
    complete: bool = False  # a full dump has come in
    version: str = ""
    lease_s: int = 30
    set_name: str = ""
    tracks: dict[str, TrackView] = field(default_factory=lambda: {t: TrackView() for t in USUAL_TRACKS})
    playing: bool = False
    bar: int = 0
    beat: int = 0
    tempo_bpm: float = 0.0
    signature: tuple[int, int] = (4, 4)
    bars: int = 0
    key: str = ""
    chords: str = ""
    when: str = ""
    clock: str = ""  # as it was asked for
    leader: str = ""  # the clock that leads
    status: Status | None = None
    log: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))

    def apply(self, address: str, args: Sequence[Any]) -> None:
        try:
            self._apply(address, args)
        except (IndexError, TypeError, ValueError):
            return  # another version's message: what can be shown is shown

    def _apply(self, address: str, args: Sequence[Any]) -> None:
        parts = address.split("/")
        if parts[1:3] == ["rg", "track"] and len(parts) == 5:
            track = self.tracks.get(parts[3]) or TrackView()
            self._apply_to_track(track, parts[4], args)
            self.tracks[parts[3]] = track
        elif address == "/rg/hello":
            self.version, self.lease_s, self.set_name = str(args[0]), int(args[1]), str(args[2])
        elif address == "/rg/beat":
            self.bar, self.beat, self.tempo_bpm = int(args[0]), int(args[1]), float(args[2])
        elif address == "/rg/playing":
            self._set_playing(bool(args[0]))
        elif address == "/rg/signature":
            self.signature = (int(args[0]), int(args[1]))
        elif address == "/rg/update":
            self.complete = self.complete or args[0] == 0
        elif address == "/rg/log":
            self.log.append((str(args[0]), str(args[1])))
        elif address == "/rg/fail":
            self.log.append(("error", f"{args[0]}: {args[3]}"))
        elif address == "/rg/status":
            self.status = Status(
                str(args[0]), int(args[1]), float(args[2]), int(args[3]), float(args[4]), str(args[5])
            )
        elif address == "/rg/tempo":
            self.tempo_bpm = float(args[0])
        elif address == "/rg/clock/active":
            self.leader = str(args[0])
        elif address == "/rg/bars":
            self.bars = int(args[0])
        elif address in TEXTS:
            setattr(self, TEXTS[address], str(args[0]))

    def _apply_to_track(self, track: TrackView, leaf: str, args: Sequence[Any]) -> None:
        if leaf == "state":
            track.state = str(args[0])
            track.progress = 0.0
        elif leaf == "take":
            track.take, track.takes = int(args[0]), int(args[1])
        elif leaf == "stem":
            track.file = str(args[0])
            track.stem = f"{float(args[1]):g} bpm {args[2]} {int(args[3])} bars"
        elif leaf == "waiting":
            track.waiting = "" if args[0] == "none" else str(args[0])
        elif leaf in NUMBERS:
            setattr(track, NUMBERS[leaf], float(args[0]))
        elif leaf in FLAGS:
            setattr(track, FLAGS[leaf], bool(args[0]))

    def _set_playing(self, on: bool) -> None:
        """Levels are told while it plays only: at a stop they fall by themselves."""
        self.playing = on
        if not on:
            for track in self.tracks.values():
                track.level_db = SILENCE_DB


TEXTS = {
    "/rg/key": "key",
    "/rg/context/key": "key",
    "/rg/context/chords": "chords",
    "/rg/when": "when",
    "/rg/clock/source": "clock",
    "/rg/set/open": "set_name",
}
NUMBERS = {"progress": "progress", "level": "level_db", "volume": "volume_db"}
FLAGS = {"lock": "locked", "mute": "muted", "solo": "soloed"}
