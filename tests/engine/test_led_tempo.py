"""Where a clock leads that takes no tempo of ours, music is made in its, and who asks for another is told."""

from collections.abc import Iterator
from pathlib import Path

import mido
import pytest

from engine import commands as c
from engine import events as e
from tests.engine.outs import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """MIDI clock leads at 128 bpm."""
    bench = Bench(tmp_path / "set")
    bench.engine.core.session.set_tempo(128.0)
    bench.engine.core.tempo_leader = lambda: "MIDI clock"
    yield bench
    bench.close()


def test_a_prompts_tempo_gives_way_and_is_answered(bench: Bench) -> None:
    bench.do(c.Generate("house at 90 bpm, 1 bar"))
    assert [event.tempo_bpm for event in bench.of(e.Tempo)] == [128.0]
    stems = [track.stem for track in bench.engine.core.session.tracks.values()]
    assert {stem.tempo_bpm for stem in stems if stem} == {128.0}
    (conflict,) = bench.of(e.ContextConflict)
    assert conflict.text == "the prompt asks for 90 bpm, but MIDI clock leads at 128 bpm"


def test_what_comes_in_plays_in_it_and_brings_no_tempo(bench: Bench) -> None:
    song = mido.MidiFile(ticks_per_beat=480)
    song.add_track().append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(100)))
    for beat in range(4):
        song.tracks[0].append(mido.Message("note_on", note=40 + beat, velocity=90))
        song.tracks[0].append(mido.Message("note_off", note=40 + beat, time=480))
    song.save(bench.outs.folder / "imports" / "walk.mid")
    bench.do(c.Import("bass", "walk.mid"))
    assert bench.engine.core.session.frame.tempo_bpm == 128.0 and not bench.of(e.Tempo)
    sound = bench.engine.core.stage.latest["bass"]
    assert sound is not None and sound.keeps(128.0) and sound.stem.tempo_bpm == pytest.approx(100.0)
