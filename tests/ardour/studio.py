"""What the tests do in the studio: play, record, run the installed scripts, look at what was recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.ardour.ardour import Ardour
from tests.bridge.jack_recorder import wait_until
from tests.bridge.musician import Musician

TRACKS = ("drums", "bass", "harmony", "melody")
PROMPT = "dark techno with driving bass at 150 bpm, 1 bar"
LOOP_SAMPLES = 70_560  # one bar of 4/4 at 150 bpm
MOST_AHEAD = 4096  # frames
LONGEST_WAIT_S = 60.0
GUI = Path(__file__).with_name("gui.lua")
UI = "ARDOUR.TransportRequestSource.TRS_UI"


@dataclass(frozen=True)
class Region:
    """What Ardour recorded on one track. audio: [N, C=2]; `position`: its first frame on the timeline."""

    position: int
    audio: NDArray[np.float32]


@dataclass
class Studio:
    folder: Path
    ardour: Ardour
    musician: Musician
    syncs: int = 1000

    def point_scripts_here(self, mailbox: Path) -> None:
        """The settings that a user of another port writes."""
        settings = {"host": "127.0.0.1", "port": self.musician.port, "mailbox": str(mailbox)}
        lines = [f"  {name} = {json.dumps(value)}," for name, value in settings.items()]
        path = self.ardour.config / "resonantgen" / "settings.lua"
        path.write_text("\n".join(["return {", *lines, "}", ""]))

    def begin_again(self) -> None:
        """One bar of the band at 150 bpm, nothing locked, and Ardour's bars the same, whatever was before."""
        self.musician.send("/rg/track/*/lock", "i", "0")
        self.musician.send("/rg/signature", "ii", "4", "4")
        assert self.musician.ask("/rg/generate", "s", PROMPT).address == "/rg/done"
        self.settle()
        self.run("resonantgen_tempo")

    # --- scripts ----------------------------------------------------------------------------------

    def run(self, script: str, **answers: str | bool) -> list[str]:
        """Run an action, its dialog answered so; what it showed."""
        self.ardour.ask(f"gui.answers, gui.shown = {lua_table(answers)}, {{}}")
        self.ardour.ask(f'gui.run("{script}")')
        return self.ardour.ask('return table.concat(gui.shown, "; ")').split("; ")

    def settle(self) -> None:
        """Until everything that was asked for has ended, and was told."""
        self.syncs += 1
        self.musician.send("/rg/sync", "i", str(self.syncs))
        self.musician.hear("/rg/synced", self.syncs)

    # --- transport --------------------------------------------------------------------------------

    @property
    def frame(self) -> int:
        """Where Ardour is; it runs ahead of JACK by its latency, two blocks here."""
        return int(self.ardour.ask("return Session:transport_sample()"))

    def roll(self) -> None:
        self.ardour.ask(f"Session:request_roll({UI})")

    def stop(self) -> None:
        self.ardour.ask(f"Session:request_stop(false, false, {UI})")
        wait_until(lambda: self.ardour.ask("return Session:transport_rolling()") == "false", LONGEST_WAIT_S)

    def locate(self, frame: int) -> None:
        stop = "ARDOUR.LocateTransportDisposition.MustStop"
        self.ardour.ask(f"Session:request_locate({frame}, false, {stop}, {UI})")
        wait_until(lambda: frame <= self.frame <= frame + MOST_AHEAD, LONGEST_WAIT_S)

    def wait_frame(self, frame: int) -> None:
        wait_until(lambda: self.frame >= frame, LONGEST_WAIT_S)

    # --- what was recorded ------------------------------------------------------------------------

    def counts(self) -> list[int]:
        """How many regions lie on each track. Ardour makes them one after the other once it has stopped."""
        chunk = """
            local counts = {}
            for _, name in ipairs({"drums", "bass", "harmony", "melody"}) do
              local list = Session:route_by_name(name):to_track():playlist():region_list()
              counts[#counts + 1] = list:size()
            end
            return table.concat(counts, " ")"""
        return [int(count) for count in self.ardour.ask(chunk).split()]

    def latest(self, track: str) -> Region:
        """The region recorded last on a track, from the files that Ardour wrote."""
        chunk = f"""
            local best
            for region in Session:route_by_name("{track}"):to_track():playlist():region_list():iter() do
              if not best or region:layer() > best:layer() then best = region end
            end
            return best:name() .. "|" .. best:position():samples() .. "|" .. best:length():samples()"""
        name, position, length = self.ardour.ask(chunk).split("|")
        base = name.rpartition(".")[0]
        files = [next(self.folder.rglob(f"{base}%{side}.wav")) for side in "LR"]
        audio = np.stack([soundfile.read(file, dtype="float32")[0] for file in files], axis=1)
        assert len(audio) == int(length), (len(audio), length)
        return Region(int(position), audio)


def lua_table(values: Mapping[str, str | bool]) -> str:
    entries = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "{" + ", ".join(entries) + "}"


def stem_samples(path: Path) -> NDArray[np.float32]:
    """[N, C=2]"""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 44_100 and len(audio) == LOOP_SAMPLES
    return np.asarray(audio)
