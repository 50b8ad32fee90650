"""Ardour itself, without its window: the proof that a DAW gets the stems as they are."""

from __future__ import annotations

import os
import subprocess

import numpy as np
from numpy.typing import NDArray

from bridge.companions import companion_named
from bridge.install_files import carry_out, plan
from bridge.player import DECLICK_THRESHOLD, FADE_FRAMES
from tests.ardour.studio import LONGEST_WAIT_S, LOOP_SAMPLES, TRACKS, Region, Studio, stem_samples
from tests.bridge.jack_recorder import wait_until
from tests.companion_tools import require_tool

Audio = NDArray[np.float32]  # [N, C=2]
TRIES = 5  # a server that reported xruns lost blocks: what it delivered then is no test of us


def heard(stem: Audio, region: Region) -> Audio:
    """The stem at the transport frames that the region covers."""
    return stem[(region.position + np.arange(len(region.audio))) % LOOP_SAMPLES]


def crossing(old: Audio, new: Audio, region: Region, swap: int) -> Audio:
    """`old` before the swap, then `new`, with the player's declick."""
    frames = region.position + np.arange(len(region.audio))
    jump = np.abs(new[0] - old[0]).max()
    if jump < DECLICK_THRESHOLD:
        share = (frames >= swap).astype(np.float32)
    else:
        share = np.clip((frames - swap) / np.float32(FADE_FRAMES), 0, 1).astype(np.float32)
    before, after = heard(old, region), heard(new, region)
    return before + share[:, None] * (after - before)


def xruns(studio: Studio) -> int:
    studio.musician.ear.send("/rg/status")
    return int(studio.musician.hear("/rg/status").args[3])


def test_the_template_is_offered_and_makes_a_session(tmp_path) -> None:
    tool, companion = require_tool("ardour7-new_session"), companion_named("ardour")
    carry_out(companion, tmp_path / "ardour7", plan(companion, tmp_path / "ardour7"))
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "JACK_NO_START_SERVER": "1"}
    song = tmp_path / "song"
    for options, expected in ((["-L"], "[TPL] ResonantGen"), (["-t", "ResonantGen", str(song)], str(song))):
        ran = subprocess.run([tool, *options], env=environment, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0 and expected in ran.stdout, ran.stdout
        errors = [line for line in ran.stdout.splitlines() if "ERROR" in line]
        assert all("Source port: (resonantgen:" in line for line in errors)  # the engine does not run
    assert (song / "song.ardour").exists()


def test_its_tracks_are_armed_and_wired_to_the_engine(studio: Studio) -> None:
    chunk = """
        local told = {}
        for track in Session:get_tracks():iter() do
          local left, right = track:input():nth(0), track:input():nth(1)
          local name = track:name()
          told[#told + 1] = name .. track:rec_enable_control():get_value()
            .. tostring(left:connected_to("resonantgen:" .. name .. "_L"))
            .. tostring(right:connected_to("resonantgen:" .. name .. "_R"))
        end
        return table.concat(told, " ")"""
    assert studio.ardour.ask(chunk) == " ".join(f"{track}1.0truetrue" for track in TRACKS)
    assert studio.ardour.ask('return Session:route_by_name("Band"):isnil()') == "false"


def swap_frame(old: Audio, new: Audio, region: Region) -> int:
    """The start of a loop from which the new stem is heard: everything recorded fits it exactly."""
    end = region.position + len(region.audio)
    for swap in range(LOOP_SAMPLES, end, LOOP_SAMPLES):
        split = swap - region.position
        fits = np.allclose(region.audio, crossing(old, new, region, swap), rtol=0, atol=1e-7)
        before, after = region.audio[:split], region.audio[split + FADE_FRAMES :]
        exact = np.array_equal(before, heard(old, region)[:split]) and np.array_equal(
            after, heard(new, region)[split + FADE_FRAMES :]
        )
        if fits and exact:
            return swap
    raise AssertionError("what was recorded is neither the old stem nor the new one")


def test_stems_are_recorded_sample_for_sample_from_the_bar_across_a_lock_and_a_swap(studio: Studio) -> None:
    """From the first sample of bar 2 on; the swap falls into what is recorded."""
    ardour, musician = studio.ardour, studio.musician
    studio.begin_again()
    punch = "Session:locations():auto_punch_location():start():samples()"
    assert ardour.ask(f"return {punch}") == str(LOOP_SAMPLES)
    ardour.ask("Session:cfg():set_punch_in(true)")
    for _ in range(TRIES):
        studio.locate(0)
        before, xruns_before = {track: musician.stem(track) for track in TRACKS}, xruns(studio)
        wanted = [count + 1 for count in studio.counts()]
        ardour.ask("Session:maybe_enable_record()")
        studio.roll()
        studio.wait_frame(LOOP_SAMPLES + LOOP_SAMPLES // 4)
        musician.send("/rg/track/drums/lock", "i", "1")
        musician.hear("/rg/track/drums/lock", 1)
        assert musician.ask("/rg/track/bass/regenerate", "s", "more aggressive").address == "/rg/done"
        studio.wait_frame(studio.frame + 2 * LOOP_SAMPLES)
        studio.stop()
        wait_until(lambda wanted=wanted: studio.counts() == wanted, LONGEST_WAIT_S)
        if xruns(studio) == xruns_before:
            break
    regions = {track: studio.latest(track) for track in TRACKS}
    assert {region.position for region in regions.values()} == {LOOP_SAMPLES}
    for track in ("drums", "harmony", "melody"):
        assert np.array_equal(regions[track].audio, heard(stem_samples(before[track]), regions[track])), track
        assert musician.stem(track) == before[track]
    after = musician.stem("bass")
    assert after != before["bass"]
    assert swap_frame(stem_samples(before["bass"]), stem_samples(after), regions["bass"]) >= 2 * LOOP_SAMPLES
