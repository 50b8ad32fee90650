"""The device in a model of Live beside a real engine: real UDP, real stems on the disk."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from bridge.client import free_port
from engine import __version__
from tests.bridge import musician as musician_module
from tests.bridge.musician import Musician
from tests.companion_tools import require_tool
from tests.max_for_live.device_folder import unpack_device
from tests.max_for_live.live_host import GREEN, LiveHost

TRACKS = ("drums", "bass", "harmony", "melody")
QUICK = Path(__file__).with_name("engine.toml")
OPTIONS = ("--config", str(QUICK), "--jack", "off", "--render", "instruments")
READY = " && ".join(f"text('{track}', 'state') === 'ready'" for track in TRACKS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    require_tool("node")
    return unpack_device(tmp_path_factory.mktemp("device"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Musician(tmp_path_factory.mktemp("studio") / "a set", *OPTIONS) as musician:
        yield musician


@pytest.fixture(scope="module")
def host(folder, engine):
    with LiveHost(folder, engine.port) as host:
        yield host


@pytest.fixture
def live(host):
    """A Set with one connected device."""
    host.new_set()
    host.open()
    yield host
    assert host.js("errors()") == []


def generate(live, prompt="dark techno, 1 bar"):
    """Four clips in Live, from a sentence."""
    live.js(f"type('set', 'prompt', {json.dumps(prompt)})")
    live.js("press('set', 'generate')")
    live.until("clips().filter((one) => one.length === 1).length === 4")
    live.until(READY)


def digests(live):
    """What the files of the clips hold, by our tracks."""
    files = {track: Path(found[0]["file_path"]) for track, found in clips(live).items()}
    return {track: hashlib.sha256(file.read_bytes()).hexdigest() for track, file in files.items()}


def clips(live):
    """By our tracks, what is in Live."""
    named = dict(zip(live.js("tracks()"), live.js("clips()"), strict=True))
    return {name.removeprefix("RG ").lower(): found for name, found in named.items()}


def test_a_sentence_becomes_four_looping_clips(live, engine):
    generate(live)
    for track, (clip,) in clips(live).items():
        assert Path(clip["file_path"]).parent == engine.folder / "stems"
        assert Path(clip["file_path"]).name.startswith(f"{track}_120bpm_")
        wanted = {"warping": 1, "looping": 1, "loop_start": 0, "loop_end": 4, "sample_length": 88_200}
        assert {key: clip[key] for key in wanted} == wanted
        assert clip["name"].startswith(track.title()) and clip["color"]
    live.until("widget('set', 'log').told.includes('generate: done')")


def test_what_is_locked_stays_byte_for_byte_and_the_rest_becomes_another_take(live, engine):
    generate(live)
    before, clips_before = digests(live), clips(live)
    live.js("press('drums', 'lock')")
    engine.hear("/rg/track/drums/lock", 1)
    live.js("press('set', 'generate')")
    others = [index for index, title in enumerate(live.js("tracks()")) if title != "RG Drums"]
    names = {index: live.js(f"clips()[{index}][0].name") for index in others}
    live.until(" && ".join(f"clips()[{i}][0].name !== {json.dumps(name)}" for i, name in names.items()))
    live.until(READY)
    after = digests(live)
    assert [track for track in TRACKS if after[track] == before[track]] == ["drums"]
    assert clips(live)["drums"] == clips_before["drums"]
    assert [len(found) for found in clips(live).values()] == [1, 1, 1, 1]
    live.js("press('drums', 'lock')")
    engine.hear("/rg/track/drums/lock", 0)


def test_one_track_is_made_anew_by_its_own_words_and_taken_back(live, engine):
    generate(live)
    take = live.js("text('bass', 'take')")
    number = int(take.split("/")[0])
    live.js("type('bass', 'prompt', 'more aggressive')")
    live.js("press('bass', 'new')")
    live.until(f"text('bass', 'take') === '{number + 1}/{number + 1}'")
    live.until(f"clips()[tracks().indexOf('RG Bass')][0].name.startsWith('Bass t{number + 1} ')")
    engine.hear("/rg/track/bass/prompt", "more aggressive")
    live.js("press('bass', 'previous')")
    live.until(f"text('bass', 'take') === '{number}/{number + 1}'")
    live.until(f"clips()[tracks().indexOf('RG Bass')][0].name.startsWith('Bass t{number} ')")


def test_a_placement_that_fails_leaves_the_set_as_it_was(live, engine):
    generate(live)
    before = live.js("live.snapshot()")
    live.js("live.refusals.warping = true")
    live.js("press('melody', 'new')")
    live.until("widget('set', 'log').told.some((text) => text.startsWith('Melody was not placed'))")
    assert live.js("live.snapshot()") == before
    live.js("live.refusals = {}")
    live.js("press('melody', 'place')")
    live.until(f"live.snapshot() !== {json.dumps(before)}")
    assert live.js("live.errors.splice(0).length") == 1


def test_live_leads_tempo_signature_scale_and_transport(live, engine):
    live.js("change('tempo', 97.5)")
    engine.hear("/rg/tempo", 97.5)
    live.js("change('signature_numerator', 3)")
    engine.hear("/rg/signature", 3, 4)
    live.js("change('root_note', 4), change('scale_name', 'Dorian')")
    engine.hear("/rg/key", "Edor")
    live.until("text('set', 'frame').startsWith('97.50 bpm | 3/4 | Edor')")
    live.js("change('is_playing', 1)")
    engine.hear("/rg/clock/active", "osc")
    live.until("text('set', 'frame').endsWith('clock: osc')")
    live.js("change('is_playing', 0)")
    live.js("change('signature_numerator', 4)")
    engine.hear("/rg/signature", 4, 4)


def test_knobs_and_scenes_reach_the_engine_and_come_back(live, engine):
    live.js("widget('harmony', 'volume').turn(-9)")
    engine.hear("/rg/track/harmony/volume", -9.0)
    live.js("widget('harmony', 'density').turn(75)")
    engine.hear("/rg/track/harmony/param", "density", 0.75)
    live.js("widget('set', 'when').turn(2)")
    engine.hear("/rg/when", "bar")
    live.js("type('set', 'scene', 'first light')")
    live.js("press('set', 'save')")
    live.until("widget('set', 'scenes').items.includes('first light')")
    engine.send("/rg/track/harmony/volume", "f", "-3")
    live.until("number('harmony', 'volume') === -3")
    live.js("press('set', 'load')")
    live.until("number('harmony', 'volume') === -9")


def test_two_devices_on_one_machine_hear_the_same_each_at_a_port_of_its_own(live, engine):
    live.open(1)
    assert len(set(live.js("devices.map((device) => device.receiver.port)"))) == 2
    live.js("press('melody', 'lock', 1)")
    live.until("number('melody', 'lock', 0) === 1 && number('melody', 'lock', 1) === 1")
    live.js("press('melody', 'lock', 0)")
    live.until("number('melody', 'lock', 1) === 0")


def test_a_port_that_is_taken_is_given_up_for_another(live):
    taken = live.js("devices[0].receiver.port")
    live.js(f"open({live.saved})")
    live.js(f"devices[1].receiver.receive(0, ['port', {taken}])")
    live.js("devices[1].script.context.device.heard('/rg/startup', ['0.1.0'])")
    live.until(f"networks[1].refused.includes({taken}) && devices[1].receiver.port !== {taken}")
    live.until(GREEN.format(1))


def test_pure_data_says_hello_generates_locks_and_hears_of_it(engine):
    """Somebody else's UDP and OSC objects, which send and receive at different sockets as Max's do."""
    send = f"go {engine.port} {free_port()}"
    patch = ["-open", str(Path(__file__).with_name("engine_in_pd.pd")), "-send", send]
    command = [require_tool("pd"), "-nogui", "-noaudio", "-nomidi", "-noprefs", "-stderr", *patch]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    engine.send("/rg/track/drums/lock", "i", "0")
    said = ended.stderr.splitlines()
    assert said[0] == rf"hello: {__version__} 600 a\ set"
    assert said.index("done: /rg/generate 7") < said.index("locked: bang")
    assert not [line for line in said if line.startswith(("error", "fail"))]
    stems = [line.split()[1] for line in said if line.startswith("stem: ")]
    assert stems and (engine.folder / "stems" / stems[-1]).is_file()


def test_an_engine_that_is_started_anew_is_found_again(live, engine, monkeypatch):
    """Killed: amber. Back at the same port: green, with every take, and nothing is placed twice.

    The last test of this engine.
    """
    generate(live)
    before, take = live.js("live.snapshot()"), live.js("text('bass', 'take')")
    engine.kill()
    live.until("text('set', 'status') === 'looking for the engine'")
    monkeypatch.setattr(musician_module, "free_port", lambda: engine.port)
    with Musician(engine.folder, *OPTIONS):
        live.until(GREEN.format(0))
        live.until(f"text('bass', 'take') === '{take}'")
        assert live.js("live.snapshot()") == before
        live.js("press('bass', 'new')")
        number = int(take.split("/")[1]) + 1
        live.until(f"text('bass', 'take') === '{number}/{number}'")
