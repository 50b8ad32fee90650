"""Outs for tests of the engine: files in a real folder, swaps written down instead of played."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from pathlib import Path

from engine import commands as c
from engine import events as e
from engine.engine import Engine
from engine.errors import EngineError
from engine.models import Models
from engine.music.key import Signature
from engine.music.score import Score
from engine.outs import Content
from engine.registry import Registry
from engine.stem import Stem, stem_name


class RecordingOuts:
    """Remembers what was swapped in; `disk_error` makes publishing fail while it is set."""

    def __init__(self) -> None:
        self.folder = Path()
        self.swaps: list[tuple[dict[str, object | None], str]] = []
        self.gains: dict[str, tuple[float, float]] = {}
        self.midi: dict[str, bool] = {}
        self.disk_error: EngineError | None = None
        self.calls: list[str] = []
        self.latest: dict[str, object | None] = {}  # what plays or waits last
        self.replaced: list[tuple[str, object, object]] = []

    def open_set(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self, stem: Stem, heard: Score | None = None) -> object:
        return stem.digest

    def preview(self, stem: Stem) -> str:
        return f"{stem.track}.wav"

    def publish(self, stem: Stem, take: int) -> str:
        if self.disk_error is not None:
            raise self.disk_error
        name = f"{stem_name(stem, take)}.wav"
        (self.folder / "stems" / name).write_bytes(stem.audio.tobytes())
        return name

    def export(self, name: str, content: Content) -> str:
        with (self.folder / "exports" / name).open("wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
        return name

    def swap(
        self, loops: Mapping[str, object | None], when: str, tempo_bpm: float, signature: Signature
    ) -> None:
        self.set_grid(tempo_bpm, signature)
        self.swaps.append((dict(loops), when))
        self.latest |= loops

    def replace(self, loops: Mapping[str, tuple[object, object]]) -> list[str]:
        standing = [track for track, (old, _) in loops.items() if self.latest.get(track) is old]
        for track in standing:
            self.latest[track] = loops[track][1]
            self.replaced.append((track, *loops[track]))
        return standing

    def set_gains(self, gains: Mapping[str, tuple[float, float]]) -> None:
        self.gains = dict(gains)

    def set_midi(self, on: Mapping[str, bool]) -> None:
        self.midi = dict(on)

    def set_grid(self, tempo_bpm: float, signature: Signature) -> None:
        self.calls.append(f"grid {tempo_bpm:g} {signature.name}")

    def set_clock_source(self, source: str) -> None:
        self.calls.append(f"clock {source}")

    def play(self) -> None:
        self.calls.append("play")

    def stop(self) -> None:
        self.calls.append("stop")

    def locate(self, beat: float) -> None:
        self.calls.append(f"locate {beat:g}")


class Bench:
    """An engine whose control thread is the test: posts wait in a queue until `wait` runs them."""

    def __init__(self, folder: Path, registry: Registry | None = None, models: Models | None = None) -> None:
        self.posts: queue.Queue[Callable[[], None]] = queue.Queue()
        self.outs = RecordingOuts()
        self.events: list[e.Event] = []
        self.engine = Engine(folder, self.outs, self.posts.put, registry, threads=2, models=models)
        self.engine.subscribe(self.events.append)
        self.serial = 0

    def send(self, command: c.Command) -> e.Origin:
        self.serial += 1
        origin = e.Origin("test", type(command).__name__, self.serial, self.serial)
        self.engine.submit(command, origin)
        return origin

    def wait(self, origin: e.Origin, timeout_s: float = 60.0) -> e.Answer:
        """Run the control thread until this command has ended; its Done or Failed."""
        while True:
            for event in self.events:
                if isinstance(event, (e.Done, e.Failed)) and event.origin == origin:
                    return event
            self.posts.get(timeout=timeout_s)()

    def do(self, command: c.Command) -> e.Answer:
        """Send and wait; the command must end well."""
        answer = self.wait(self.send(command))
        assert isinstance(answer, e.Done), answer
        return answer

    def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        while not condition():
            self.posts.get(timeout=timeout_s)()

    def digest(self, track: str) -> str:
        stem = self.engine.core.session.tracks[track].stem
        return stem.digest if stem else ""

    def digests(self) -> dict[str, str]:
        return {track: self.digest(track) for track in self.engine.core.session.tracks}

    def of(self, kind: type[e.Event]) -> list[e.Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def close(self) -> None:
        self.engine.finish()
        while not self.posts.empty():
            self.posts.get()()
        self.engine.close()
