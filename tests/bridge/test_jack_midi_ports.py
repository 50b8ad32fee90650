"""The tracks' MIDI ports on a real server, heard by a second client beside the audio."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bridge.grid import Grid
from bridge.jack_player import JackPlayer
from bridge.player import Loop
from engine.audio.midi_live import OFF, ON, MidiStyle, live_midi
from engine.instruments.render import render
from engine.music.key import Signature
from engine.music.score import Hit, Note, Score
from engine.stem import quantise_24
from tests.bridge.jack_server import JackServer, require_jack
from tests.engine.stems import score

require_jack()

from tests.bridge.jack_recorder import Recorder, wait_until  # noqa: E402  # needs JACK-Client
from tests.bridge.jack_stage import player_at  # noqa: E402
from tests.bridge.midi_ear import Heard, MidiEar  # noqa: E402

TRACKS = ("drums", "bass")
TOLD = Grid(240.0)
LOOP = 22_050  # a bar of 2/4 at 240 bpm


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer(44_100, 1024) as server:
        yield server


@pytest.fixture
def player(server: JackServer) -> Iterator[JackPlayer]:
    with player_at(server, TRACKS) as player:
        player.set_grid(TOLD)
        yield player


BAR = {"tempo_bpm": 240.0, "signature": Signature(2, 4)}
DRUMS = score("drums", hits=tuple(Hit(i / 4, "kick", 60 + i, 1.7 * i) for i in range(8)), **BAR)
BASS = score(
    "bass", palette="acid", **BAR,
    notes=(Note(0.0, 0.5, 40, 90), Note(0.5, 0.5, 52, 80, slide=True), Note(1.25, 0.75, 43, 70)),
)  # fmt: skip
OTHER = score("bass", notes=tuple(Note(i / 8, 0.125, 60 + i, 100) for i in range(16)), **BAR)


def prepare(player: JackPlayer, made: Score) -> Loop:
    return player.prepare(quantise_24(render(made)), live_midi(made.track, made, MidiStyle()))


def load(player: JackPlayer, **made: Score) -> dict[str, Loop]:
    loops = {track: prepare(player, one) for track, one in made.items()}
    player.swap_many(loops, "now", TOLD)
    wait_until(lambda: all(player.playing(track) is loop for track, loop in loops.items()))
    return loops


def law(loop: Loop, start: int, end: int) -> list[tuple[int, int, int]]:
    """(frame, pitch, velocity) of every note that begins in these frames."""
    assert loop.midi is not None
    events = loop.midi.events[(loop.midi.events["status"] & 0xF0) == ON]
    turns = range(start // LOOP, end // LOOP + 1)
    struck = [
        (turn * LOOP + int(e["sample"]), int(e["data1"]), int(e["data2"])) for turn in turns for e in events
    ]
    return [one for one in struck if start <= one[0] < end]


def struck(heard: list[Heard], start: int, end: int) -> list[tuple[int, int, int]]:
    return [
        (frame, data[1], data[2]) for frame, data in heard if data[0] & 0xF0 == ON and start <= frame < end
    ]


def left_over(heard: list[Heard]) -> set[int]:
    sounding: set[int] = set()
    for _, data in heard:
        if data[0] & 0xF0 == ON:
            assert data[1] not in sounding
            sounding.add(data[1])
        elif data[0] & 0xF0 == OFF:
            sounding.remove(data[1])
    return sounding


def test_every_note_arrives_with_its_audio_across_turns_and_a_swap(server: JackServer, player: JackPlayer):
    loops = load(player, drums=DRUMS, bass=BASS)
    new = prepare(player, OTHER)
    ports = {track: f"resonantgen:{track}_midi" for track in TRACKS}
    audio = [f"resonantgen:{track}_{side}" for track in TRACKS for side in "LR"]
    with MidiEar(server.name, list(ports.values())) as ear, Recorder(server.name, audio) as recorder:
        player.play()
        ear.wait_frame(LOOP + 5_000)
        at = player.swap("bass", new, "loop", TOLD)
        assert at is not None and at % LOOP == 0
        ear.wait_frame(at + LOOP + 5_000)
        player.stop()
        wait_until(lambda: not player.transport().rolling)
        ear.wait_blocks(3)
    drums, bass = ear.heard[ports["drums"]], ear.heard[ports["bass"]]
    end = at + LOOP
    assert struck(drums, 1, end) == law(loops["drums"], 1, end)
    assert struck(bass, 1, at) == law(loops["bass"], 1, at)
    assert struck(bass, at, end) == law(new, at, end)
    assert [frame for frame, data in bass if data[0] & 0xF0 == 0xE0]  # the slide
    assert left_over(drums) == left_over(bass) == set()
    # The audio at the very frame of a note is the stem's at the very sample of its score.
    for block in recorder.rolling():
        if block.end <= at:
            place = block.frame % LOOP
            count = min(block.samples.shape[1], LOOP - place)
            stem = loops["drums"].audio.T[:, place : place + count]
            assert np.array_equal(block.samples[:2, :count], stem)


def test_a_client_that_leaves_ends_its_notes(server: JackServer):
    player = JackPlayer(TRACKS, server_name=server.name)
    made = score("bass", notes=(Note(0.0, 2.0, 40, 90),), **BAR)
    load(player, bass=made)
    with MidiEar(server.name, ["resonantgen:bass_midi"]) as ear:
        heard = ear.heard["resonantgen:bass_midi"]
        player.stop()
        player.locate(0.0)
        player.play()
        wait_until(lambda: left_over(heard) == {40})
        player.close()
        assert left_over(heard) == set()


def test_a_port_can_be_left_out(server: JackServer):
    player = JackPlayer(TRACKS, server_name=server.name, midi=False)
    try:
        import jack

        client = jack.Client("look", no_start_server=True, servername=server.name)
        assert not client.get_ports("resonantgen:.*_midi") and client.get_ports("resonantgen:drums_L")
        client.close()
    finally:
        player.close()
