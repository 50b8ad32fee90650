"""What of a take plays live as MIDI, as the settings have it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.internal_player import InternalPlayer
from bridge.midi_out import midi_player_of, style_of
from bridge.outs import Outs
from engine.audio.midi_live import MidiStyle, live_midi
from engine.config import Config, MidiConfig, parse_config
from engine.errors import EngineError
from tests.engine.stems import score, stem

TRACKS = ("drums", "bass")


def outs() -> Outs:
    return Outs(InternalPlayer(TRACKS), MidiStyle())


def test_a_take_plays_its_score() -> None:
    made = score("bass")
    loop = outs().prepare(stem("bass", score=made))
    assert loop.midi is not None and loop.midi.sounds_like(live_midi("bass", made, MidiStyle()))


def test_audio_from_outside_plays_what_was_heard_in_it_at_the_tempo_it_is_played_at() -> None:
    heard = score("bass", tempo_bpm=120.0)
    slow = stem("bass", tempo_bpm=90.0)
    loop = outs().prepare(slow, heard)
    law = live_midi("bass", replace(heard, tempo_bpm=90.0), MidiStyle())
    assert loop.midi is not None and loop.midi.sounds_like(law)
    assert outs().prepare(slow).midi is None


def test_what_was_heard_of_other_bars_is_left_out() -> None:
    assert outs().prepare(stem("bass"), score("bass", bars=2)).midi is None


def test_percussion_on_another_track_has_that_tracks_channel() -> None:
    loop = Outs(InternalPlayer(TRACKS), MidiStyle({"bass": 4})).prepare(stem("bass", score=score("drums")))
    assert loop.midi is not None and loop.midi.channel == 4


def test_nothing_plays_where_the_settings_say_so() -> None:
    assert style_of(MidiConfig(out=False), TRACKS) is None
    assert style_of(MidiConfig(enabled=False), TRACKS) is None
    assert midi_player_of(replace(Config(), midi=MidiConfig(out=False)), TRACKS) is None
    assert Outs(InternalPlayer(TRACKS)).prepare(stem("bass", score=score("bass"))).midi is None


def test_channels_count_from_1_and_name_tracks_that_there_are() -> None:
    style = style_of(MidiConfig(out_channels=("bass=3",), out_glide="portamento", out_bend_range=2), TRACKS)
    assert style == MidiStyle({"bass": 2}, "portamento", 2)
    with pytest.raises(EngineError, match=r"midi\.out_channels: .*'bas'.*bass") as caught:
        style_of(MidiConfig(out_channels=("bas=3",)), TRACKS)
    assert caught.value.code == "unknown"


WRONG = ('out_channels = ["bass=17"]', 'out_channels = ["bass"]', 'out_glide = "slide"', "out_bend_range = 0")


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_setting_says_what_is_allowed(line: str) -> None:
    with pytest.raises(EngineError) as caught:
        parse_config(f"[midi]\n{line}\n", "mine.toml")
    assert caught.value.code == "range" and "midi.out_" in caught.value.text
