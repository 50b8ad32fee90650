"""REAPER for tests: our scripts, as `install.toml` puts them, in a real Lua with a model of REAPER's API."""

from __future__ import annotations

import json
import subprocess
import time
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from tests.companion_tools import require_tool
from tests.reaper.rpp import Chunk

MODEL = Path(__file__).parent / "model"
HOME = resources.files("daw_templates") / "reaper"
TURN_S = 0.005  # REAPER takes 33 ms; here nobody waits for a screen
LONGEST_WAIT_S = 60.0


def declared() -> dict[str, Any]:
    return tomllib.loads((HOME / "install.toml").read_text(encoding="utf-8"))


def install(folder: Path) -> None:
    """What `resonantgen install reaper` does, for the files that are copied."""
    for entry in declared()["file"]:
        if not entry["from"].startswith("build:"):
            target = folder / entry["to"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((HOME / entry["from"]).read_bytes())


def link(folder: Path) -> None:
    """The same in a moment: `test_every_file_of_ours_is_installed` says that it is the same."""
    (folder / "Scripts").mkdir(parents=True)
    (folder / "Scripts" / "ResonantGen").symlink_to(HOME / "scripts")


class LuaError(Exception):
    pass


class ReaperHost:
    """One REAPER. Times are the model's own: `turn` gives it some."""

    def __init__(self, folder: Path, lua: str = "lua5.4", put: Callable[[Path], None] = link) -> None:
        self.resources = folder / "REAPER"
        put(self.resources)
        command = [require_tool(lua), str(MODEL / "host.lua"), str(MODEL), str(self.resources)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ahead_s = 0.0  # of the real time
        self.mailbox = folder / "mailbox"
        self.set_setting("mailbox", str(self.mailbox))

    def __enter__(self) -> ReaperHost:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    # --- talking to the model ---------------------------------------------------------------------

    def lua(self, chunk: str) -> Any:
        """The value of a Lua chunk that returns one."""
        assert self.process.stdin is not None and self.process.stdout is not None
        data = chunk.encode()
        self.process.stdin.write(b"%d\n%s" % (len(data), data))
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.read(int(self.process.stdout.readline())))
        if not answer["ok"]:
            raise LuaError(answer["result"])
        return answer.get("result")

    def set_setting(self, key: str, value: str) -> None:
        self.lua(f"host.ext['ResonantGen\\0{key}'] = {quoted(value)}")

    def setting(self, key: str) -> str:
        return str(self.lua(f"return host.ext['ResonantGen\\0{key}'] or ''"))

    # --- what a musician does ---------------------------------------------------------------------

    def action(self, name: str, value: int | None = None, text: str = "") -> None:
        """By a key, or with `value` and `text` by a surface. Fails where the script does."""
        control = "nil" if value is None else f"{{value = {value}, text = {quoted(text)}}}"
        self.lua(f"host.action({quoted(name)}, {control})")
        self.check()

    def follow(self) -> None:
        self.lua("FOLLOW = host.action('Follow')")
        self.check()

    def stop_following(self) -> None:
        self.lua("host.finish(FOLLOW)")

    def by_hand(self, chunk: str) -> None:
        """Lua that changes `project`, as the musician would in REAPER's window."""
        self.lua(f"host.musician(function(project) {chunk} end)")

    def load(self, project: Chunk) -> None:
        """Open a project file: its tracks, as far as the model knows them."""
        for index, track in enumerate(project.all("TRACK")):
            (extension,) = track.all("EXT")
            self.by_hand(
                f"reaper.InsertTrackAtIndex({index}) local track = project.tracks[{index + 1}]"
                f" track.texts.P_NAME = {quoted(track.line('NAME')[0])}"
                f" track.texts['P_EXT:resonantgen'] = {quoted(extension.line('resonantgen')[0])}"
                f" track.values.I_CUSTOMCOLOR = {track.line('PEAKCOL')[0]}"
                f" track.values.I_FOLDERDEPTH = {track.line('ISBUS')[1]}"
            )

    def answer(self, text: str | None) -> None:
        """What is typed into the next dialog; None: cancelled."""
        self.lua(f"host.answers[#host.answers + 1] = {'false' if text is None else quoted(text)}")

    # --- time -------------------------------------------------------------------------------------

    def turn(self, now_s: float | None = None) -> None:
        self.lua(f"host.turn({time.monotonic() + self.ahead_s if now_s is None else now_s!r})")
        self.check()

    def until(self, holds: Callable[[], Any], what: str = "") -> Any:
        """Turn after turn until something holds; its value."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while not (value := holds()):
            assert time.monotonic() < deadline, (what, self.console(), self.tracks())
            self.turn()
            time.sleep(TURN_S)
        return value

    # --- looking ----------------------------------------------------------------------------------

    def check(self) -> None:
        errors = self.lua("local e = host.errors; host.errors = {}; return table.concat(e, '\\n')")
        assert not errors and "something is wrong" not in self.console(), (errors, self.console())
        assert self.lua("return #host.unprotected") == 0, self.lua(
            "return table.concat(host.unprotected, ' ')"
        )

    def console(self) -> str:
        return str(self.lua("return table.concat(host.console)"))

    def tracks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.lua("return host.seen()")
        return found

    def track(self, name: str) -> dict[str, Any]:
        return next((track for track in self.tracks() if track["id"] == name), {"items": []})

    def items(self, name: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.track(name)["items"]
        return items

    def heard(self, name: str) -> list[str]:
        """The files of the takes that are heard, item by item."""
        return [Path(item["takes"][item["active"] - 1]["path"]).name for item in self.items(name)]

    def light(self, name: str) -> int | None:
        found: int | None = self.lua(f"return host.lights[{quoted(name)}]")
        return found

    def undo_points(self) -> list[str]:
        return str(self.lua("return table.concat(host.project.undo, '\\n')")).split("\n")


def quoted(text: str) -> str:
    """Any text as a Lua literal."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'
