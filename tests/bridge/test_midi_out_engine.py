"""The whole way: a prompt becomes MIDI on the tracks' ports, the notes of the stems' .mid files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mido
import pytest

from engine.audio.midi_live import OFF, ON
from tests.bridge.jack_server import JackServer, require_jack
from tests.bridge.musician import Musician

require_jack()

from tests.bridge.jack_recorder import wait_until  # noqa: E402  # needs JACK-Client
from tests.bridge.midi_ear import Heard, MidiEar  # noqa: E402

TRACKS = ("drums", "bass", "harmony", "melody")
PROMPT = "techno with driving bass at 240 bpm, 1 bar"
LOOP = 44_100
TICK = 44_100 / 3840  # frames: 960 of them a beat
PORT = "resonantgen:{}_midi"


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer(44_100, 1024) as server:
        yield server


@pytest.fixture(scope="module")
def musician(server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Musician]:
    folder = tmp_path_factory.mktemp("midi")
    config = folder / "engine.toml"
    config.write_text('[prompt]\nembeddings = "off"\n[midi]\nout_channels = ["bass=7"]\n')
    options = ("--jack", "on", "--render", "instruments", "--config", str(config))
    with Musician(folder / "set", *options, jack_server=server.name) as musician:
        assert musician.ask("/rg/generate", "s", PROMPT).address == "/rg/done"
        yield musician


@pytest.fixture
def ear(server: JackServer, musician: Musician) -> Iterator[MidiEar]:
    musician.send("/rg/stop")
    musician.send("/rg/locate", "f", "0")
    with MidiEar(server.name, [PORT.format(track) for track in TRACKS]) as ear:
        wait_until(lambda: ear.frame == 0)
        yield ear
    musician.send("/rg/stop")


def written(path: Path) -> list[tuple[int, int, int]]:
    """(tick, pitch, velocity) of a stem's .mid file."""
    found, now = [], 0
    for message in mido.MidiFile(path.with_suffix(".mid")).tracks[1]:
        now += message.time
        if message.type == "note_on" and message.velocity:
            found.append((now, message.note, message.velocity))
    return found


def struck(heard: list[Heard], start: int, end: int) -> list[tuple[int, int, int]]:
    return [
        (frame - start, data[1], data[2])
        for frame, data in heard
        if data[0] & 0xF0 == ON and start <= frame < end
    ]


def left_over(heard: list[Heard]) -> set[int]:
    sounding: set[int] = set()
    for _, (status, pitch, *_) in heard:
        if status & 0xF0 == ON:
            sounding.add(pitch)
        elif status & 0xF0 == OFF:
            sounding.remove(pitch)
    return sounding


def test_what_is_played_is_what_is_written_beside_the_stem(musician: Musician, ear: MidiEar) -> None:
    """One whole loop of each track; what the file puts on its first tick may lie at the loop's end here."""
    musician.send("/rg/play")
    ear.wait_frame(2 * LOOP + 5000)
    musician.send("/rg/stop")
    musician.hear("/rg/playing", 0)
    for track in TRACKS:
        heard = struck(ear.heard[PORT.format(track)], LOOP, 2 * LOOP)
        expected = written(musician.stem(track))
        assert len(heard) == len(expected) > 0
        for tick, pitch, velocity in expected:
            near = [
                min(abs(frame - tick * TICK), LOOP - abs(frame - tick * TICK))
                for frame, *note in heard
                if note == [pitch, velocity]
            ]
            # A push before the loop's start is on tick 0 in the file: up to 60 ms apart.
            assert near and min(near) <= (2646 if tick == 0 else TICK), (track, tick, pitch)
    channels = {data[0] & 0x0F for _, data in ear.heard[PORT.format("bass")]}
    assert channels == {6} and {data[0] & 0x0F for _, data in ear.heard[PORT.format("drums")]} == {9}
    ear.wait_blocks(3)
    assert all(left_over(heard) == set() for heard in ear.heard.values())


def test_a_track_is_switched_off_and_on_and_the_set_remembers(musician: Musician, ear: MidiEar) -> None:
    bass = ear.heard[PORT.format("bass")]
    musician.send("/rg/play")
    musician.send("/rg/track/bass/midi", "i", "0")
    musician.hear("/rg/track/bass/midi", 0)
    ear.wait_blocks(3)
    silent_from = len(bass)
    assert left_over(bass) == set()
    ear.wait_frame(ear.frame + LOOP)
    assert len(bass) == silent_from and struck(ear.heard[PORT.format("drums")], 0, 2**32)
    assert musician.ask("/rg/scene/save", "s", "quiet bass").address == "/rg/done"
    musician.send("/rg/track/bass/midi", "i", "1")
    wait_until(lambda: len(bass) > silent_from)
    assert musician.ask("/rg/scene/load", "s", "quiet bass").address == "/rg/done"
    assert musician.ear.seen["/rg/track/bass/midi"] == (0,)
    musician.send("/rg/track/bass/midi", "i", "1")
    musician.hear("/rg/track/bass/midi", 1)


def test_an_engine_that_quits_leaves_no_note(musician: Musician, ear: MidiEar) -> None:
    musician.send("/rg/play")
    harmony = ear.heard[PORT.format("harmony")]
    wait_until(lambda: left_over(harmony))
    musician.send("/rg/quit")
    musician.process.wait(20)
    assert left_over(harmony) == set()
