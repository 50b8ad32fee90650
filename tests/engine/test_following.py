"""When the tempo changes, playing follows, and nothing that was made is changed by it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from engine.instruments.render import render
from engine.models import Models
from engine.sound import Sound, is_in_tempo
from engine.stem import Stem, quantise_24
from engine.track import Take
from engine.units import beats_to_samples
from tests.engine.families import Mirror, upside_down
from tests.engine.outs import Bench

BAND = ("drums", "bass", "harmony", "melody")


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Four takes of one bar at 120 bpm, bass locked."""
    bench = Bench(tmp_path_factory.mktemp("following") / "set")
    bench.send(c.SetSeed(7))
    bench.do(c.Generate("house at 120 bpm, 1 bar"))
    bench.send(c.SetLock("bass", True))
    yield bench
    bench.close()


@pytest.fixture
def bench(band: Bench) -> Iterator[Bench]:
    """The band at its own tempo again, its own samples playing."""
    yield band
    tempo(band, 120.0)
    band.outs.swaps.clear()
    band.outs.replaced.clear()
    band.events.clear()


def sounds(bench: Bench) -> dict[str, Sound]:
    return {name: sound for name, sound in bench.engine.core.stage.latest.items() if sound is not None}


def take(bench: Bench, track: str) -> Take:
    found = bench.engine.core.session.tracks[track].take
    assert found is not None
    return found


def is_settled(bench: Bench, tempo_bpm: float) -> bool:
    return all(sound.keeps(tempo_bpm) for sound in sounds(bench).values())


def tempo(bench: Bench, tempo_bpm: float) -> None:
    bench.send(c.SetTempo(tempo_bpm))
    bench.until(lambda: is_settled(bench, tempo_bpm))


def test_every_track_is_rendered_and_replaced_together(bench: Bench) -> None:
    before = bench.digests()
    bench.send(c.SetTempo(90))
    assert bench.outs.calls[-1] == "grid 90 4/4"  # at once: in time, read more slowly
    assert bench.of(e.ContextTempo)[-1] == e.ContextTempo(90)
    assert bench.outs.latest == before and not bench.outs.replaced
    bench.until(lambda: is_settled(bench, 90))
    assert sorted(track for track, *_ in bench.outs.replaced) == sorted(BAND)
    for name, sound in sounds(bench).items():
        assert sound.played.length_samples == beats_to_samples(4, 90) and sound.played.tempo_bpm == 90
        assert bench.outs.latest[name] == sound.played.digest


def test_a_take_with_a_score_is_performed_again_by_its_instruments(bench: Bench) -> None:
    tempo(bench, 100.0)
    stem = take(bench, "melody").stem
    assert stem.score is not None
    again = quantise_24(render(replace(stem.score, tempo_bpm=100.0)))
    assert np.array_equal(sounds(bench)["melody"].played.audio, again)


def test_takes_and_their_files_stay_what_they_are(bench: Bench) -> None:
    folder = bench.outs.folder / "stems"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    before = {name: take(bench, name) for name in BAND}
    tempo(bench, 150.0)
    assert {name: take(bench, name) for name in BAND} == before
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    told = [event for event in bench.engine.snapshot() if isinstance(event, e.TrackStem)]
    assert {event.tempo_bpm for event in told} == {120} and len(told) == 4


def test_there_and_back_the_stems_own_samples_play(bench: Bench) -> None:
    before = bench.digests()
    tempo(bench, 133.0)
    assert all(bench.outs.latest[name] != digest for name, digest in before.items())
    tempo(bench, 120.0)
    assert bench.outs.latest == before


def test_a_ramp_of_fifty_changes_ends_in_one_rendering(bench: Bench) -> None:
    for step in range(50):
        bench.send(c.SetTempo(121.0 + step))
    bench.until(lambda: is_settled(bench, 170.0))
    assert len(bench.outs.replaced) == 4
    assert bench.outs.calls[-1] == "grid 170 4/4"


def test_what_nobody_hears_is_left_to_the_reading(bench: Bench) -> None:
    bench.send(c.SetTempo(120.01))
    assert bench.outs.calls[-1] == "grid 120.01 4/4"
    assert not bench.engine.follower._off()
    bench.send(c.SetTempo(120.0))
    assert bench.outs.latest == bench.digests() and not bench.outs.replaced


def test_another_take_that_is_chosen_comes_in_the_sets_tempo(bench: Bench) -> None:
    bench.do(c.Regenerate("melody"))
    tempo(bench, 140.0)
    bench.outs.swaps.clear()
    bench.send(c.Undo("melody"))
    bench.until(lambda: bool(bench.outs.swaps))
    sound = sounds(bench)["melody"]
    assert sound.stem is take(bench, "melody").stem and sound.played.tempo_bpm == 140
    assert bench.engine.core.session.frame.tempo_bpm == 140


def test_a_new_take_is_made_for_the_new_tempo_beside_what_is_locked(bench: Bench) -> None:
    tempo(bench, 135.0)
    bench.do(c.Regenerate("drums"))
    assert take(bench, "drums").stem.tempo_bpm == 135
    assert take(bench, "bass").stem.tempo_bpm == 120 and is_settled(bench, 135.0)
    bench.send(c.SelectTake("drums", 1))
    bench.until(lambda: sounds(bench)["drums"].stem is take(bench, "drums").stem)


def test_exports_are_in_the_sets_tempo(bench: Bench) -> None:
    tempo(bench, 96.0)
    exports = bench.outs.folder / "exports"
    for command in (c.ExportMix("wav"), c.ExportStems(), c.ExportMidi()):
        bench.do(command)
    (mix,) = exports.glob("*96bpm*_mix.wav")
    assert soundfile.info(mix).frames == beats_to_samples(4, 96)
    (archive,) = exports.glob("*96bpm*_stems.zip")
    import zipfile

    names = zipfile.ZipFile(archive).namelist()
    assert sorted(name.split("_")[0] for name in names if name.endswith(".wav")) == sorted(BAND)
    assert all("_96bpm_" in name for name in names)


def test_audio_that_came_in_is_stretched_to_the_sets_tempo(bench: Bench) -> None:
    audio = 0.3 * np.sin(np.arange(beats_to_samples(8, 100)) * 0.03)
    soundfile.write(bench.outs.folder / "imports" / "loop_100bpm.wav", np.stack([audio, audio], 1), 44_100)
    bench.do(c.Import("harmony", "loop_100bpm.wav"))
    stem, sound = take(bench, "harmony").stem, sounds(bench)["harmony"]
    assert is_in_tempo(stem, 100) and bench.engine.core.session.frame.tempo_bpm == 120
    bench.until(lambda: sounds(bench)["harmony"].stem is stem)
    sound = sounds(bench)["harmony"]
    assert sound.keeps(120.0) and bench.outs.latest["harmony"] == sound.played.digest
    tempo(bench, 110.0)
    assert sounds(bench)["harmony"].played.length_samples == beats_to_samples(8, 110)
    bench.send(c.SelectTake("harmony", 1))
    bench.until(lambda: sounds(bench)["harmony"].stem is not stem)


def test_further_than_twice_is_said(bench: Bench) -> None:
    track = bench.engine.core.session.tracks["harmony"]
    number = next(each.number for each in track.takes if each.stem.score is None)
    bench.send(c.SelectTake("harmony", number))
    bench.until(lambda: sounds(bench)["harmony"].stem.score is None)
    tempo(bench, 220.0)
    assert any("stretched from 100 to 220 bpm" in event.text for event in bench.of(e.Log))
    bench.send(c.SelectTake("harmony", 1))
    bench.until(lambda: sounds(bench)["harmony"].stem is take(bench, "harmony").stem)


def test_a_scene_brings_its_tempo_to_what_is_locked(bench: Bench) -> None:
    bench.do(c.SaveScene("own"))
    tempo(bench, 128.0)
    bench.do(c.SaveScene("fast"))
    tempo(bench, 100.0)
    bench.do(c.LoadScene("fast"))
    bench.until(lambda: is_settled(bench, 128.0))
    assert bench.outs.calls[-1] == "grid 128 4/4"
    bench.do(c.LoadScene("own"))
    bench.until(lambda: is_settled(bench, 120.0))
    assert bench.outs.latest == bench.digests()


def test_a_set_reopened_plays_at_its_tempo(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "set")
    bench.do(c.Generate("house at 120 bpm, 1 bar"))
    tempo(bench, 126.0)
    bench.close()
    again = Bench(tmp_path / "set")
    again.until(lambda: len(sounds(again)) == 4)
    assert is_settled(again, 126.0) and again.outs.calls[-1] == "grid 126 4/4"
    assert {stem.stem.tempo_bpm for stem in sounds(again).values()} == {120}
    again.close()


def test_where_nobody_has_set_a_tempo_takes_bring_their_own_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "set")
    bench.do(c.Generate("house at 120 bpm, 1 bar"))
    bench.do(c.Generate("dub at 72 bpm, 1 bar"))
    assert bench.engine.core.session.frame.tempo_bpm == 72
    bench.send(c.Undo("*"))
    bench.until(lambda: bench.outs.latest == bench.digests())
    assert bench.outs.calls[-1] == "grid 120 4/4" and is_settled(bench, 120.0)
    bench.close()


def test_what_a_model_performed_is_stretched_and_then_performed_again(tmp_path: Path) -> None:
    mirror = Mirror()
    bench = Bench(tmp_path / "set", models=Models([mirror], "model"))
    bench.do(c.Generate("house at 120 bpm, 1 bar"))
    stem = take(bench, "bass").stem
    assert stem.render == "model" and stem.score is not None
    mirror.rest.clear()
    bench.send(c.SetTempo(90))
    bench.until(lambda: is_settled(bench, 90.0))
    stretched = sounds(bench)["bass"]
    assert not stretched.is_final and stretched.played.length_samples == beats_to_samples(4, 90)
    mirror.rest.set()
    bench.until(lambda: all(sound.is_final for sound in sounds(bench).values()))
    performed = quantise_24(upside_down(replace(stem.score, tempo_bpm=90.0)))
    assert np.array_equal(sounds(bench)["bass"].played.audio, performed)
    assert take(bench, "bass").stem is stem
    bench.close()


def test_what_waits_for_the_launch_is_rendered_as_well(bench: Bench) -> None:
    bench.send(c.SetWhen("manual"))
    bench.do(c.Regenerate("harmony"))
    ready = bench.engine.generation.entrances.ready
    standing = sounds(bench)["harmony"].stem
    bench.send(c.SetTempo(101))
    bench.until(lambda: ready["harmony"].keeps(101))
    assert is_settled(bench, 101)  # with all that sounds, the take before it among them
    assert ready["harmony"].stem is take(bench, "harmony").stem
    assert sounds(bench)["harmony"].stem is standing
    bench.send(c.Launch())
    assert bench.outs.swaps[-1] == ({"harmony": sounds(bench)["harmony"].played.digest}, "bar")
    assert is_settled(bench, 101)
    bench.send(c.SetWhen("loop"))


def test_a_prompt_that_comes_to_nothing_leaves_the_tempo(bench: Bench) -> None:
    bench.send(c.SetLock("*", False))
    origin = bench.send(c.Generate("dub at 80 bpm, 1 bar"))
    bench.until(lambda: any(isinstance(event, e.Tempo) for event in bench.events))
    bench.send(c.Cancel("*"))
    ended = bench.wait(origin)
    if isinstance(ended, e.Failed):  # it was in time: nothing of it was made
        assert bench.engine.core.session.frame.tempo_bpm == 120
        assert [event.tempo_bpm for event in bench.of(e.Tempo)] == [80, 120]
    bench.send(c.SelectTake("*", 1))
    bench.until(lambda: all(sounds(bench)[name].stem is take(bench, name).stem for name in BAND))


def test_a_rendering_that_fails_is_said_once_and_read_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Stem:
        raise EngineError("internal", "no time to stretch")

    monkeypatch.setattr("engine.retempo.Renderer.quick", broken)
    bench.send(c.SetTempo(111))
    bench.until(lambda: len(bench.engine.follower._failed) == 4)
    assert len([ev for ev in bench.of(e.Log) if "keeps the time, not the pitch" in ev.text]) == 4
    assert bench.outs.latest == bench.digests() and not bench.engine.follower._off()
    monkeypatch.undo()
    bench.send(c.SetTempo(120))
    tempo(bench, 111.0)  # it may go well this time
