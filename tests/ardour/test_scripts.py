"""Every script in Ardour's own Lua, as Ardour loads it, against the running engine."""

from __future__ import annotations

import re

import pytest

from bridge.companions import companion_named
from bridge.osc_spec import INPUTS
from tests.ardour.studio import LOOP_SAMPLES, TRACKS, Studio, stem_samples
from tests.bridge.jack_recorder import wait_until

SCRIPTS = [file.target.stem for file in companion_named("ardour").files if file.target.parts[0] == "scripts"]
EVERY_S = 0.2  # between two places while it rolls


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_describes_itself_and_survives_as_bytecode(studio: Studio, script: str) -> None:
    told = studio.ardour.ask(
        f'local d = gui.load("{studio.ardour.config}/scripts/{script}.lua") return d.type .. "|" .. d.name'
    )
    kind, name = told.split("|")
    assert kind == ("EditorHook" if script == "resonantgen_follow" else "EditorAction")
    assert name.startswith("ResonantGen: ")


def test_every_address_in_the_modules_is_one_of_the_contract() -> None:
    files = [file for file in companion_named("ardour").files if file.target.suffix == ".lua"]
    sent = {
        address.replace('" .. track .. "', "{t}").replace('" .. target .. "', "{t}")
        for file in files
        for address in re.findall(r'send\(\s*"(/rg/.*?)",? ?[")]', file.read().decode())
    }
    assert len(sent) >= 5
    known = {*INPUTS, "/rg/track/{t}"}
    assert all(address.rstrip('"/') in known or address in known for address in sent), sent - known


def test_a_prompt_in_the_dialog_is_played_by_the_whole_band(studio: Studio) -> None:
    musician = studio.musician
    before = {track: musician.stem(track) for track in TRACKS}
    assert "What shall the band play?" in studio.run("resonantgen_prompt", text="house at 150 bpm, 1 bar")
    musician.hear("/rg/track/melody/stem")
    studio.settle()
    locked = {track for track in TRACKS if musician.ear.seen[f"/rg/track/{track}/lock"] == (1,)}
    assert {track for track in TRACKS if musician.stem(track) == before[track]} == locked


def test_a_prompt_for_one_track_leaves_the_others(studio: Studio) -> None:
    before = {track: studio.musician.stem(track) for track in TRACKS}
    studio.run("resonantgen_prompt", text="half as busy", target="melody")
    studio.settle()
    assert {track for track in TRACKS if studio.musician.stem(track) != before[track]} == {"melody"}


def test_a_dialog_that_is_closed_sends_nothing(studio: Studio) -> None:
    def said() -> dict[str, tuple]:
        studio.settle()
        kept = ("/lock", "/take", "/prompt", "/state")
        return {name: value for name, value in studio.musician.ear.seen.items() if name.endswith(kept)}

    before = said()
    studio.ardour.ask('gui.answers = nil gui.run("resonantgen_prompt") gui.run("resonantgen_band")')
    assert said() == before


def test_selected_tracks_are_locked_unlocked_and_made_anew(studio: Studio) -> None:
    musician = studio.musician
    studio.ardour.ask('gui.selected = {"Band", "melody", "harmony"}')
    for script, on in (("resonantgen_lock_selected", 1), ("resonantgen_unlock_selected", 0)):
        studio.run(script)
        musician.hear("/rg/track/melody/lock", on)
        assert musician.ear.seen["/rg/track/harmony/lock"] == (on,)
    before = {track: musician.stem(track) for track in TRACKS}
    studio.run("resonantgen_regenerate_selected")
    studio.settle()
    assert {track for track in TRACKS if musician.stem(track) != before[track]} == {"harmony", "melody"}


def test_the_band_window_shows_what_is_and_does_what_was_changed(studio: Studio) -> None:
    musician = studio.musician
    musician.send("/rg/track/*/lock", "i", "0")
    musician.hear("/rg/track/melody/lock", 0)
    take = musician.ear.seen["/rg/track/melody/take"]
    shown = studio.run("resonantgen_band", bass_lock=True, melody_take="undo", bass_take="regenerate")
    assert f"bass: take {musician.ear.seen['/rg/track/bass/take'][0]}" in "; ".join(shown)
    assert musician.stem("bass").name in "; ".join(shown)
    musician.hear("/rg/track/melody/take", take[0] - 1)
    studio.settle()
    assert musician.ear.seen["/rg/track/bass/lock"] == (1,)  # and a track that is locked keeps its take
    assert musician.ear.seen["/rg/track/bass/state"] == ("ready",)
    shown = studio.run("resonantgen_band", bass_lock=False)
    musician.hear("/rg/track/bass/lock", 0)


def test_stems_land_on_their_tracks_at_the_bar_of_the_playhead(studio: Studio) -> None:
    studio.run("resonantgen_tempo")
    studio.locate(2 * LOOP_SAMPLES + 20_000)
    studio.ardour.ask("gui.imported = {}")
    studio.run("resonantgen_stems")
    landed = studio.ardour.ask('return table.concat(gui.imported, ";")').split(";")
    assert landed == [f"{t}|{studio.musician.stem(t)}|{2 * LOOP_SAMPLES}" for t in TRACKS]
    assert all(len(stem_samples(studio.musician.stem(track))) == LOOP_SAMPLES for track in TRACKS)


def test_a_stem_that_is_not_there_and_a_track_that_is_called_otherwise(studio: Studio) -> None:
    away = studio.musician.stem("drums")
    hidden = away.rename(away.with_suffix(".away"))
    studio.ardour.ask('Session:route_by_name("melody"):set_name("lead") gui.imported = {}')
    try:
        shown = studio.run("resonantgen_stems")
    finally:
        hidden.rename(away)
        studio.ardour.ask('Session:route_by_name("lead"):set_name("melody")')
    assert shown == [f"not found: {away}"]
    landed = studio.ardour.ask('return table.concat(gui.imported, ";")').split(";")
    assert [place.split("|")[0] for place in landed] == ["bass", "harmony", "new"]


def test_tracks_are_joined_to_the_engine_again(studio: Studio) -> None:
    disconnect = "for t in Session:get_tracks():iter() do t:input():disconnect_all(nil) end"
    studio.ardour.ask(disconnect)
    assert studio.run("resonantgen_connect") == ["8 of 8 inputs are joined to the engine"]
    joined = 'Session:route_by_name("bass"):input():nth(1):connected_to("resonantgen:bass_R")'
    assert studio.ardour.ask(f"return {joined}") == "true"


def test_the_band_follows_tempo_and_meter_of_the_session(studio: Studio) -> None:
    musician = studio.musician
    hook = f"{studio.ardour.config}/scripts/resonantgen_follow.lua"
    studio.ardour.ask(f'local _ _, follow = gui.load("{hook}") assert(signals()) follow()')
    musician.hear("/rg/tempo", 150.0)
    studio.ardour.ask(
        """local map = Temporal.TempoMap.fetch_writable()
        map:set_tempo(Temporal.Tempo(96, 96, 4), Temporal.timepos_t(0))
        map:set_meter(Temporal.Meter(3, 4), Temporal.timepos_t(0))
        Temporal.TempoMap.update(map) map = nil
        for _ = 1, 5 do follow() end"""
    )
    musician.hear("/rg/tempo", 96.0)
    musician.hear("/rg/signature", 3, 4)
    assert not [a for a in musician.ear.seen if a == "/rg/clock/active" and "osc" in musician.ear.seen[a]]


def test_without_jack_the_place_is_told_when_it_moves_and_a_few_times_a_second(studio: Studio) -> None:
    sent = studio.ardour.ask(
        """Session:cfg():set_external_sync(false)
        local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
        local rg = loadfile(folder .. "/load.lua")(folder)
        local sent = {}
        rg.engine.send = function(path, types, ...)
          if path == "/rg/clock/position" then sent[#sent + 1] = types .. " " .. table.concat({...}, " ") end
        end
        local follow = rg.follow.new()
        for _ = 1, 3 do follow:step() end
        Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
        local from = ARDOUR.LuaAPI.monotonic_time()
        for _ = 1, 20 do sleep(0.05) follow:step() end
        local rolled_s = (ARDOUR.LuaAPI.monotonic_time() - from) / 1e6
        Session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
        for _ = 1, 200 do
          sleep(0.05)
          if not Session:transport_rolling() then break end
        end
        follow:step() follow:step()
        Session:cfg():set_external_sync(true)
        return rolled_s .. ";" .. table.concat(sent, ";")"""
    )
    rolled_s, *told = sent.split(";")
    rows = [row.split() for row in told]
    assert all(row[0] == "ffi" and float(row[2]) == 96.0 for row in rows)
    rolling = [int(row[3]) for row in rows]
    most = float(rolled_s) / EVERY_S + 3  # a start, and a playhead that a busy machine held up
    assert rolling[0] == 0 and rolling[-1] == 0 and 3 <= sum(rolling) <= most
    beats = [float(row[1]) for row in rows]
    assert beats == sorted(beats) and beats[-1] - beats[0] > 0.5


def test_who_has_heard_enough_leaves_the_engine_at_once(studio: Studio) -> None:
    """Not after its lease: until then every value would be written for nobody."""
    studio.run("resonantgen_tempo")
    box = studio.folder / "mailbox" / str(studio.musician.port)
    wait_until(lambda: not list(box.iterdir()), 20.0)  # the lease is 30 s


def test_with_each_start_the_band_is_told_tempo_and_meter_again(studio: Studio) -> None:
    """The engine may have been started in between: Ardour's Lua hears nothing of it."""
    sent = studio.ardour.ask(
        """local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
        local rg = loadfile(folder .. "/load.lua")(folder)
        local sent = {}
        rg.engine.send = function(path) sent[#sent + 1] = path end
        local follow = rg.follow.new()
        for _ = 1, 3 do follow:step() end
        sent[#sent + 1] = "start"
        Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
        for _ = 1, 100 do
          sleep(0.05) follow:step()
          if Session:transport_rolling() then break end
        end
        for _ = 1, 3 do follow:step() end
        return table.concat(sent, " ")"""
    )
    studio.stop()
    assert sent == "/rg/tempo /rg/signature start /rg/tempo /rg/signature"


def test_an_engine_that_is_not_there_is_said_and_leaves_no_folder_behind(studio: Studio, tmp_path) -> None:
    studio.point_scripts_here(tmp_path / "nobody")
    shown = studio.run("resonantgen_tempo")
    assert shown == [f"no engine answers at port {studio.musician.port}: start it with  resonantgen serve"]
    assert list((tmp_path / "nobody" / str(studio.musician.port)).iterdir()) == []
    studio.point_scripts_here(studio.folder / "mailbox")
