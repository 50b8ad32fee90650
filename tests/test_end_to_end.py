"""From `oscsend` to a second JACK client: what is heard is what lies in the folder, sample for sample."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.player import DECLICK_THRESHOLD, FADE_FRAMES
from tests.bridge.jack_server import JackServer
from tests.bridge.midi_pad import MidiServer, Pad
from tests.bridge.musician import Musician

TRACKS = ("drums", "bass", "harmony", "melody")
PROMPT = "dark techno with driving bass at 150 bpm, 1 bar"
LOOP_SAMPLES = 70_560  # one bar of 4/4 at 150 bpm


def stem_samples(path: Path) -> NDArray[np.float32]:
    """[C=2, N]"""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 44_100
    assert len(audio) == LOOP_SAMPLES
    return audio.T


def expected(frame: int, count: int, old: NDArray, new: NDArray, swap_frame: int) -> NDArray:
    """What a port pair must carry at `frame`, with the documented declick at the swap. [C=2, count]"""
    frames = np.arange(frame, frame + count)
    before, after = old[:, frames % LOOP_SAMPLES], new[:, frames % LOOP_SAMPLES]
    start = swap_frame % LOOP_SAMPLES
    jump = np.abs(new[:, start] - old[:, start]).max()
    if jump < DECLICK_THRESHOLD:
        share = (frames >= swap_frame).astype(np.float32)
    else:
        share = np.clip((frames - swap_frame) / np.float32(FADE_FRAMES), 0, 1).astype(np.float32)
    return before + share * (after - before)


def swap_frame_of(blocks, pair: slice, old: NDArray, new: NDArray) -> int:
    """The multiple of the loop from which `new` is heard; every recorded frame fits it exactly."""
    last = blocks[-1].end
    for swap_frame in range(0, last + LOOP_SAMPLES, LOOP_SAMPLES):
        if all(
            np.allclose(
                block.samples[pair],
                expected(block.frame, block.samples.shape[1], old, new, swap_frame),
                rtol=0, atol=1e-7,
            )
            for block in blocks
        ):  # fmt: skip
            return swap_frame
    raise AssertionError("what was recorded is neither the old stem nor the new one")


def options_of(render: str, folder: Path) -> tuple[str, ...]:
    """What `serve` is told. The models are of debug size, with random weights: they have no card."""
    if render != "model":
        return ("--render", render)
    pytest.importorskip("torch", reason="missing: torch; pip install 'resonantgen[models]'")
    from tests.engine.debug_models import save_debug_models

    config = folder / "models.toml"
    config.write_text(f"[folders]\nmodels = {json.dumps(str(save_debug_models(folder / 'models')))}\n")
    return ("--config", str(config), "--render", render)


def first_change_of(blocks, pair: slice, old: NDArray, new: NDArray) -> int:
    """The multiple of the loop to which `old` is heard exactly; `new` is, all through the last loop.

    A track whose `new` is `old` never changes: the end of what was recorded then.
    """

    def holds(block, stem: NDArray) -> bool:
        frames = np.arange(block.frame, block.end) % LOOP_SAMPLES
        return np.allclose(block.samples[pair], stem[:, frames], rtol=0, atol=1e-7)

    last = blocks[-1].end
    assert all(holds(block, new) for block in blocks if block.frame >= last - LOOP_SAMPLES)
    changed = next((block for block in blocks if not holds(block, old)), None)
    if changed is None:
        return last
    boundary = changed.end // LOOP_SAMPLES * LOOP_SAMPLES
    # Random models may be all but silent where a loop begins: then it is a later block that differs.
    assert all(holds(block, old) for block in blocks if block.end <= boundary)
    return boundary


def manifest(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "stems" / "manifest.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("render", ["instruments", "model"])
def test_stems_are_heard_sample_for_sample_through_lock_regenerate_and_swap(tmp_path, render):
    """With models, the preview and the bars that were finished lie between an old stem and a new one."""
    from tests.bridge.jack_recorder import Recorder

    with (
        JackServer(44_100, 256) as server,
        Musician(
            tmp_path / "set", "--jack", "on", *options_of(render, tmp_path), jack_server=server.name
        ) as m,
    ):
        assert m.ask("/rg/generate", "s", PROMPT).address == "/rg/done"
        first = {track: m.stem(track) for track in TRACKS}
        bytes_before = first["drums"].read_bytes()
        ports = [f"resonantgen:{name}_{side}" for name in (*TRACKS, "mix") for side in "LR"]
        with Recorder(server.name, ports) as recorder:
            m.send("/rg/play")
            recorder.wait_frame(LOOP_SAMPLES)
            m.send("/rg/track/drums/lock", "i", "1")
            m.hear("/rg/track/drums/lock", 1)
            assert m.ask("/rg/track/bass/regenerate", "s", "more aggressive").address == "/rg/done"
            second_bass = m.stem("bass")
            recorder.wait_frame(recorder.blocks()[-1].end + 2 * LOOP_SAMPLES)
            m.send("/rg/track/bass/lock", "i", "1")
            m.hear("/rg/track/bass/lock", 1)
            assert m.ask("/rg/generate", "s", "techno with a hypnotic melody").address == "/rg/done"
            second = {track: m.stem(track) for track in TRACKS}
            recorder.wait_frame(recorder.blocks()[-1].end + 2 * LOOP_SAMPLES)
            blocks = recorder.rolling()
    assert second["drums"] == first["drums"]
    assert second["drums"].read_bytes() == bytes_before
    assert second["bass"] == second_bass != first["bass"]
    old = {track: stem_samples(path) for track, path in first.items()}
    new = {track: stem_samples(path) for track, path in second.items()}
    assert {entry["render"] for entry in manifest(tmp_path / "set")} == {render}
    assert blocks[0].frame == 0  # heard from the first frame on
    for index in range(1, len(blocks)):
        assert blocks[index].frame == blocks[index - 1].end  # and without a gap
    find = swap_frame_of if render == "instruments" else first_change_of
    swaps = {
        track: find(blocks, slice(2 * i, 2 * i + 2), old[track], new[track]) for i, track in enumerate(TRACKS)
    }
    assert LOOP_SAMPLES <= swaps["bass"] < swaps["harmony"] == swaps["melody"]
    for block in blocks:
        tracks = block.samples[:8].reshape(4, 2, -1).astype(np.float64).sum(axis=0)
        assert np.allclose(block.samples[8:], tracks, rtol=0, atol=1e-6)


def test_by_itself_a_model_performs_whose_card_clears_its_bar(tmp_path):
    pytest.importorskip("torch", reason="missing: torch; pip install 'resonantgen[models]'")
    from engine.evaluation.models.goals import clears
    from engine.model.track.weights import read_track_file

    clear = {track for track in TRACKS if clears(track, read_track_file(track).card)[0]}
    with Musician(tmp_path / "set", "--jack", "off", "--render", "auto") as m:
        assert m.ask("/rg/generate", "s", PROMPT).address == "/rg/done"
    performed = {entry["track"]: entry["render"] for entry in manifest(tmp_path / "set")}
    assert "drums" in clear
    assert performed == {track: "model" if track in clear else "instruments" for track in TRACKS}


def test_xruns_stay_within_the_idle_count_while_all_cores_generate(tmp_path):
    """Idle and busy in turn, on one server. Two more are the machine's own noise, and so is a bad pair
    among three: an idle machine stalls, too."""
    with (
        JackServer(48_000, 256, synchronous=False) as server,
        Musician(tmp_path / "set", "--jack", "on", jack_server=server.name) as m,
    ):
        assert m.ask("/rg/generate", "s", PROMPT).address == "/rg/done"
        m.send("/rg/play")
        m.hear("/rg/playing", 1)
        m.send("/rg/bars", "i", "64")
        pairs = []
        while not any(busy <= idle + 2 for idle, busy in pairs):
            assert len(pairs) < 3, f"xruns (idle, busy): {pairs}"
            idle = xruns_in(m, 2.0)
            for request in range(100, 124):
                m.send("/rg/generate", "si", PROMPT, str(request))
            m.hear("/rg/track/drums/state", "generating")
            pairs.append((idle, xruns_in(m, 2.0)))
            m.send("/rg/cancel")
            m.send("/rg/sync", "i", str(len(pairs)))
            m.hear("/rg/synced", len(pairs))


def xruns_in(musician: Musician, seconds: float) -> int:
    musician.ear.send("/rg/status")
    before = musician.hear("/rg/status").args[3]
    for _ in musician.ear.messages(seconds):
        pass
    musician.ear.send("/rg/status")
    return musician.hear("/rg/status").args[3] - before


def test_what_was_answered_done_is_there_after_kill_9_in_the_middle_of_the_next(tmp_path):
    folder = tmp_path / "set"
    with Musician(folder, "--jack", "off") as m:
        assert m.ask("/rg/generate", "s", PROMPT).address == "/rg/done"
        m.send("/rg/track/drums/lock", "i", "1")
        m.hear("/rg/track/drums/lock", 1)
        assert m.ask("/rg/scene/save", "s", "one").address == "/rg/done"
        stems = {track: m.stem(track).read_bytes() for track in TRACKS}
        names = {track: m.stem(track).name for track in TRACKS}
        m.send("/rg/bars", "i", "64")
        m.send("/rg/generate", "s", PROMPT)
        m.hear("/rg/accepted")
        os.kill(m.process.pid, signal.SIGKILL)
        m.process.wait()
    with Musician(folder, "--jack", "off") as m:
        assert {track: m.stem(track).name for track in TRACKS} == names
        assert {track: m.stem(track).read_bytes() for track in TRACKS} == stems
        assert m.ear.seen["/rg/track/drums/lock"] == (1,)
        assert m.ask("/rg/scene/load", "s", "one").address == "/rg/done"


def test_controllers_play_the_engine_and_their_lights_tell_the_truth(tmp_path, monkeypatch):
    """One that is known by its ports is lit, pressed, taught, pulled out and plugged in again; another one is
    joined by hand."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    with (
        MidiServer() as server,
        Musician(tmp_path / "set", "--jack", "on", jack_server=server.name) as m,
    ):
        with Pad(server, "Launchpad X", "LPX MIDI") as pad, Pad(server).join() as plain:
            asyncio.run(pad.see(81, 0))
            for on, velocity in ((1, 21), (0, 0)):
                pad.forget()
                plain.forget()
                (pad if on else plain).press(81 if on else 36)
                m.hear("/rg/track/drums/lock", on)
                asyncio.run(pad.see(81, velocity))
                asyncio.run(plain.see(36, velocity))
            m.send("/rg/midi/learn", "ssi", "/rg/generate", PROMPT, "77")
            m.hear("/rg/accepted", "/rg/midi/learn", 77)
            pad.press(18)
            m.hear("/rg/midi/learned", "Launchpad X: note 18 channel 1", "/rg/generate", PROMPT)
            m.hear("/rg/done", "/rg/midi/learn", 77)
            pad.press(18)
            m.hear("/rg/track/bass/state", "ready", timeout_s=120.0)
            asyncio.run(pad.see(72, 45, channel=2))  # it pulsed
            asyncio.run(pad.see(72, 1))  # and there is a take
        m.send("/rg/track/bass/lock", "i", "1")
        with Pad(server, "Launchpad X", "LPX MIDI") as pad:
            asyncio.run(pad.see(82, 21))


@pytest.mark.kills_jack
def test_the_server_may_appear_vanish_and_come_back(tmp_path, monkeypatch):
    from tests.bridge.jack_recorder import Recorder

    server = JackServer(44_100, 256)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    with Musician(tmp_path / "set", "--jack", "auto", jack_server=server.name) as m:
        assert m.ask("/rg/generate", "s", PROMPT).address == "/rg/done"
        m.send("/rg/play")
        m.hear("/rg/beat")  # without a server the transport rolls by the system clock
        stem = stem_samples(m.stem("drums"))
        for _ in range(2):
            server.start()
            try:
                connected(m, True)
                with Recorder(server.name, ["resonantgen:drums_L", "resonantgen:drums_R"]) as recorder:
                    recorder.wait_blocks(50)
                    blocks = recorder.rolling()
                assert len(blocks) > 40
                exact = [
                    np.array_equal(b.samples, stem[:, np.arange(b.frame, b.end) % LOOP_SAMPLES])
                    for b in blocks
                ]
                assert sum(exact) > 0.9 * len(blocks)
            finally:
                server.kill()
            connected(m, False)
            m.hear("/rg/beat")


def connected(musician: Musician, wanted: bool) -> None:
    """Until the engine says that it has (or has not) a JACK server."""
    deadline = time.monotonic() + 15.0
    while True:
        musician.ear.send("/rg/status")
        if ("no JACK server" not in musician.hear("/rg/status").args[5]) == wanted:
            return
        assert time.monotonic() < deadline
        for _ in musician.ear.messages(0.1):
            pass
