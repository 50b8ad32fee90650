"""What the actions in REAPER's list do, by a key, a pad or a tablet, and what a prompt may hold."""

from __future__ import annotations

import pytest

from bridge.osc_spec import MAX_MESSAGE_BYTES
from tests.reaper.paper_engine import BAND, PaperEngine
from tests.reaper.reaper_host import HOME, ReaperHost, declared, install

SCRIPTS = sorted(path.name for path in (HOME / "scripts").iterdir() if path.name.endswith(".lua"))
SPOKEN = "ä dub in F♯ 'minor' \"quoted\", 100% $(touch /tmp/x) `id` ; rm -rf ~ & | > < \\ %s {} é€🎹"
LONG = "a slow build, then rain; " * 80  # 2,000 characters


def sent(engine: PaperEngine) -> list[tuple[object, ...]]:
    """What arrives at the engine of the actions, in order."""
    engine.turns(3)
    quiet = ("/rg/clock/position", "/rg/tempo", "/rg/signature")
    found = [(message.address, *message.args) for message in engine.heard if message.address not in quiet]
    engine.heard.clear()
    return found


def select(desk: ReaperHost, *numbers: int) -> None:
    desk.by_hand("for i, track in ipairs(project.tracks) do track.values.I_SELECTED = 0 end")
    for number in numbers:
        desk.by_hand(f"project.tracks[{number}].values.I_SELECTED = 1")


@pytest.mark.parametrize("name", BAND)
def test_each_track_has_its_actions(desk, engine, name):
    title = name.capitalize()
    for what in ("Lock", "Regenerate", "Undo", "Redo"):
        desk.action(f"{what} {title}")
    track = f"/rg/track/{name}"
    assert sent(engine) == [
        (f"{track}/lock", 1),
        (f"{track}/regenerate",),
        (f"{track}/undo",),
        (f"{track}/redo",),
    ]


def test_the_whole_bands_actions(desk, engine):
    for what in ("Launch", "Cancel", "Generate"):
        desk.action(what)
    assert sent(engine) == [("/rg/launch",), ("/rg/cancel",), ("/rg/generate", "")]


def test_a_lock_is_thrown_over_and_a_tablets_button_sets_it(desk, engine):
    engine.say("/rg/track/bass/lock", 1)
    desk.action("Lock Bass")
    desk.action("Lock Bass", value=16383, text="osc:/pad/1:f=1.000000")
    desk.action("Lock Bass", value=0, text="osc:/pad/1:f=0.000000")
    desk.action("Lock Bass", value=127)  # a MIDI pad
    assert [args[1] for args in sent(engine)] == [0, 1, 0, 0]


@pytest.mark.parametrize("released", [{"value": 0}, {"value": 0, "text": "osc:/pad:f=0.000000"}])
def test_a_button_that_is_let_go_does_nothing_more(desk, engine, released):
    """Pads and tablets send 0 then, and REAPER runs the script once more."""
    pressed = {**released, "value": 127, "text": released.get("text", "").replace("0.0", "1.0")}
    desk.answer("dub")
    for what in ("Regenerate Bass", "Undo Bass", "Next Take Bass", "Launch", "Cancel", "Generate", "Prompt"):
        for control in (pressed, released):
            desk.action(what, **control)
    assert [address for address, *_ in sent(engine)] == [
        "/rg/track/bass/regenerate", "/rg/track/bass/undo", "/rg/track/bass/take", "/rg/launch", "/rg/cancel",
        "/rg/generate", "/rg/generate",
    ]  # fmt: skip
    desk.action("Transport Follows", **pressed)
    light = desk.light("Transport Follows")
    desk.action("Transport Follows", **released)
    assert desk.light("Transport Follows") == light


def test_a_pads_lock_stays_when_the_pad_is_let_go(desk, engine):
    desk.action("Lock Bass", value=127)
    desk.action("Lock Bass", value=0)
    assert sent(engine) == [("/rg/track/bass/lock", 1)]


def test_next_take_goes_round(desk, engine):
    for take, after in ((1, 2), (2, 3), (3, 1)):
        engine.say("/rg/track/bass/take", take, 3)
        desk.action("Next Take Bass")
        assert sent(engine) == [("/rg/track/bass/take", after)]


def test_actions_for_the_selected_tracks(desk, engine):
    select(desk, 2, 4)
    desk.action("Lock Selected")
    assert sent(engine) == [("/rg/track/drums/lock", 1), ("/rg/track/harmony/lock", 1)]
    select(desk, 1)
    desk.action("Regenerate Selected")
    assert sent(engine) == [] and "no track of the band is selected" in desk.console()


# --- prompts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SPOKEN, LONG, "two\nlines\tand a tab", "128"])
def test_every_prompt_arrives_as_it_was_typed_and_no_process_is_started(desk, engine, text):
    desk.answer(text)
    desk.action("Prompt")
    desk.answer(text)
    desk.action("Prompt Bass")
    assert sent(engine) == [("/rg/generate", text.strip()), ("/rg/track/bass/regenerate", text.strip())]
    assert desk.lua("return #host.started") == 0
    assert len(LONG) == 2000 and len(LONG) > MAX_MESSAGE_BYTES  # files have not REAPER's limit


@pytest.mark.parametrize(("typed", "arrives"), [("a\0b", "a b"), ("\udcff", "?")])
def test_what_osc_cannot_carry_is_replaced(desk, engine, typed, arrives):
    desk.lua(f"host.answers[1] = {lua_bytes(typed.encode('utf-8', 'surrogateescape'))}")
    desk.action("Prompt")
    assert sent(engine) == [("/rg/generate", arrives)]


def lua_bytes(data: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def test_a_dialog_that_was_cancelled_sends_nothing(desk, engine):
    for name in ("Prompt", "Prompt Drums"):
        desk.answer(None)
        desk.action(name)
    assert sent(engine) == []


def test_the_last_prompt_is_offered_again_and_generate_repeats_it(desk, engine):
    desk.answer("acid house")
    desk.action("Prompt")
    desk.action("Generate")
    desk.answer(None)
    desk.action("Prompt")
    assert sent(engine) == [("/rg/generate", "acid house")] * 2
    assert desk.lua("return host.asked[2][3]") == "acid house"


def test_a_tablets_text_is_a_prompt_without_a_dialog(desk, engine):
    desk.action("Prompt", value=0, text="osc:/say:s=dub: slow, f=ma")
    desk.action("Prompt Melody", value=0, text="osc:/say:s=brighter")
    assert sent(engine) == [("/rg/generate", "dub: slow, f=ma"), ("/rg/track/melody/regenerate", "brighter")]
    assert desk.lua("return #host.asked") == 0


# --- starting, installing -------------------------------------------------------------------------


def test_an_action_starts_follow_and_is_carried_out_once_the_engine_is_there(desk):
    engine = PaperEngine(desk)
    desk.turn(engine.now_s)
    desk.action("Lock Drums")
    engine.until(lambda: bool(engine.heard_at("/rg/track/drums/lock")))
    assert engine.heard_at("/rg/track/drums/lock") == [(1,)]
    assert desk.light("Follow") == 1


def test_without_an_engine_the_musician_is_told_and_nothing_waits(desk):
    engine = PaperEngine(desk)
    engine.is_there = False
    desk.turn(engine.now_s)
    desk.action("Generate")
    engine.wait(6.0)
    assert "no engine on port 9130" in desk.console()
    engine.is_there = True
    engine.wait(3.0)
    assert engine.heard_at("/rg/generate") == []


INSTALLED = pytest.mark.parametrize("desk", [{"put": install}], indirect=True)


@INSTALLED
def test_the_engine_is_started_by_the_path_that_was_installed_and_nothing_else(desk):
    engine = PaperEngine(desk)
    engine.is_there = False
    command = desk.resources / "a b" / "resonantgen"
    command.parent.mkdir()
    command.touch()
    (desk.resources / "Scripts/ResonantGen/engine_command.txt").write_text(f"{command}\n")
    desk.turn(engine.now_s)
    desk.action("Start Engine")
    engine.wait(6.0)
    assert desk.lua("return host.started[1]") == [f'"{command}" serve --port 9130', -2]


@INSTALLED
@pytest.mark.parametrize("line", ["", "/no/such/file\n", '/bin/"true\n'])
def test_without_a_path_to_trust_nothing_is_started(desk, line):
    engine = PaperEngine(desk)
    engine.is_there = False
    (desk.resources / "Scripts/ResonantGen/engine_command.txt").write_text(line)
    desk.turn(engine.now_s)
    desk.action("Start Engine")
    engine.wait(6.0)
    assert desk.lua("return #host.started") == 0 and "resonantgen serve" in desk.console()


def test_a_running_engine_is_not_started_again(desk, engine):
    desk.action("Start Engine")
    assert desk.lua("return #host.started") == 0 and "the engine is running" in desk.console()


def test_install_puts_every_script_into_the_action_list(desk):
    desk.action("Install")
    assert f"{len(SCRIPTS)} of {len(SCRIPTS)} actions" in desk.console()
    assert desk.lua(r"return host.kept['ResonantGen\0action_lock bass']").startswith("_RS")
    desk.action("Install")
    names = desk.lua("local n = 0 for _ in pairs(host.names) do n = n + 1 end return n")
    assert names == len(SCRIPTS)


def test_every_file_of_ours_is_installed():
    files = {str(path.relative_to(HOME)) for path in (HOME / "scripts").rglob("*.lua")}
    entries = {entry["from"]: entry["to"] for entry in declared()["file"]}
    assert files <= set(entries)
    assert all(entries[name] == name.replace("scripts/", "Scripts/ResonantGen/", 1) for name in files)
    for source in entries:
        assert source.startswith("build:") or (HOME / source).is_file()


@pytest.mark.parametrize("name", [name for name in SCRIPTS if "Follow." not in name])
def test_every_script_runs_with_nobody_there_and_leaves_the_project_alone(desk, name):
    desk.turn(2000.0)
    desk.answer(None)
    desk.action(name.removeprefix("ResonantGen - ").removesuffix(".lua"))
    assert desk.lua("return host.project.edits") == 0
