"""The whole way of a tempo: engine, player and JACK, and what a second client hears of it."""

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.jack_player import JackPlayer
from bridge.outs import Outs
from bridge.player import FADE_FRAMES
from engine import commands as c
from engine import events as e
from engine.engine import Engine
from engine.sound import Sound
from tests.bridge.jack_server import JackServer, require_jack

require_jack()

from tests.bridge.jack_recorder import Block, Recorder, wait_until  # noqa: E402  # needs JACK-Client

BAND = ("drums", "bass", "harmony", "melody")
PORTS = [f"resonantgen:{track}_L" for track in BAND]


class Stage:
    """An engine that plays on a server; the control thread is the test."""

    def __init__(self, folder: Path, server: JackServer) -> None:
        self.posts: queue.Queue[Callable[[], None]] = queue.Queue()
        self.events: list[e.Event] = []
        self.player = JackPlayer(BAND, server_name=server.name, connect=False)
        self.engine = Engine(folder, Outs(self.player), self.posts.put, threads=2)
        self.engine.subscribe(self.events.append)

    def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.posts.get(timeout=60.0)()

    def do(self, command: c.Command) -> None:
        origin = e.Origin("test", type(command).__name__, 1, len(self.events))
        self.engine.submit(command, origin)
        if command.is_async:
            self.until(lambda: any(isinstance(ev, e.Done) and ev.origin == origin for ev in self.events))

    def sounds(self) -> dict[str, Sound]:
        return {name: sound for name, sound in self.engine.core.stage.latest.items() if sound is not None}

    def tempo(self, tempo_bpm: float) -> None:
        """Set it, and wait until everything plays that has been rendered for it."""
        self.do(c.SetTempo(tempo_bpm))
        self.until(lambda: all(sound.keeps(tempo_bpm) for sound in self.sounds().values()))
        wait_until(lambda: all(self.player.playing(n) is s.loop for n, s in self.sounds().items()))

    def close(self) -> None:
        self.engine.finish()
        self.engine.close()
        self.player.close()


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer(44_100, 1024) as server:
        yield server


@pytest.fixture(scope="module")
def stage(server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A bar of 2/4 of four takes at 120 bpm, the drums locked."""
    stage = Stage(tmp_path_factory.mktemp("heard") / "set", server)
    stage.do(c.SetSeed(3))
    stage.do(c.SetSignature(2, 4))
    stage.do(c.Generate("house at 120 bpm, 1 bar"))
    stage.do(c.SetLock("drums", True))
    yield stage
    stage.player.stop()
    stage.close()


def in_place(
    blocks: list[Block], row: int, samples: NDArray[np.float32], beat: Callable[[int], float]
) -> int:
    """How many blocks hold the loop where its beats are, sample for sample; at most a frame beside it."""
    exact = 0
    for block in blocks:
        place = round(beat(block.frame) / 2.0 * len(samples))
        exact += any(
            np.array_equal(block.samples[row], samples[(place + shift + np.arange(1024)) % len(samples)])
            for shift in (0, -1, 1)
        )
    return exact


def test_everything_plays_at_the_new_tempo_in_place_and_the_takes_are_untouched(
    stage: Stage, server: JackServer
) -> None:
    stems = {path: path.read_bytes() for path in (stage.engine.core.store.folder / "stems").iterdir()}
    with Recorder(server.name, PORTS) as recorder:
        stage.player.play()
        recorder.wait_frame(5_000)
        stage.do(c.SetTempo(140.0))
        wait_until(lambda: stage.player.transport().tempo_bpm == 140.0)
        told = stage.player.transport()
        stage.tempo(140.0)
        settled = stage.player.transport().frame + 2 * 1024 + FADE_FRAMES
        recorder.wait_frame(settled + 20 * 1024)
        faster = {name: sound.played.audio[:, 0] for name, sound in stage.sounds().items()}
        stage.tempo(120.0)
        back = stage.player.transport()
        recorder.wait_frame(back.frame + 20 * 1024)
    rolling = recorder.rolling()

    def beat_at(frame: int) -> float:
        return told.beat + (frame - told.frame) * 140.0 / (60 * 44_100)

    def beat_back(frame: int) -> float:
        return back.beat + (frame - back.frame) * 120.0 / (60 * 44_100)

    at_140 = [block for block in rolling if settled <= block.frame < settled + 15 * 1024]
    at_120 = [block for block in rolling if block.frame >= back.frame + 3 * 1024 + FADE_FRAMES]
    for row, name in enumerate(BAND):
        own = stage.sounds()[name].stem.audio[:, 0]
        assert stage.sounds()[name].played is stage.sounds()[name].stem
        assert in_place(at_140, row, faster[name], beat_at) >= 0.9 * len(at_140) > 10
        assert in_place(at_120, row, own, beat_back) >= 0.9 * len(at_120) > 10
    assert {path: path.read_bytes() for path in stems} == stems


def test_music_made_at_another_tempo_comes_in_on_the_loop_with_it(stage: Stage, server: JackServer) -> None:
    """Old music plays to its loop's end in its tempo; the new begins there, from its first sample."""
    stage.do(c.SetLock("drums", False))
    stage.tempo(120.0)
    stage.player.play()
    wait_until(lambda: stage.player.transport().rolling)
    with Recorder(server.name, PORTS) as recorder:
        stage.do(c.Generate("house at 100 bpm, 1 bar"))
        wait_until(lambda: stage.player.transport().tempo_bpm == 100.0)
        here = stage.player.transport()
        recorder.wait_frame(here.frame + 8 * 1024)
    began = here.frame - (here.beat % 2.0) * 60 * 44_100 / 100.0
    samples = stage.sounds()["drums"].stem.audio[:, 0]
    heard = [block for block in recorder.rolling() if block.frame > began + FADE_FRAMES]
    exact = in_place(heard, 0, samples, lambda frame: (frame - began) * 100.0 / (60 * 44_100))
    assert exact >= 0.9 * len(heard) > 4


def test_the_mix_that_is_exported_is_as_long_as_it_is_heard(stage: Stage) -> None:
    stage.tempo(130.0)
    stage.do(c.ExportMix("wav"))
    (file,) = (stage.engine.core.store.folder / "exports").glob("*_130bpm_*_mix.wav")
    assert soundfile.info(file).frames == round(2 * 60 / 130 * 44_100)
