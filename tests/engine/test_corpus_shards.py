"""Laws of a corpus on the disk: the same from a seed, gone on with after any end, nothing half counted."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.__main__ import main
from engine.errors import EngineError
from engine.music.score import Score
from engine.registry import BAND
from engine.training.corpus.live import live_songs
from engine.training.corpus.reading import Corpus
from engine.training.corpus.recipe import DEBUG, Recipe
from engine.training.corpus.shards import Order, held, song_seed, songs_for, songs_left, write_corpus
from engine.training.corpus.song import make_song

SHARD = 2
ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, sys
from pathlib import Path
from engine.training.corpus.recipe import DEBUG
from engine.training.corpus.shards import Order, write_corpus

def told(written):
    if written.shard.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    write_corpus(Order(Path(sys.argv[1]), 6, 1, DEBUG, songs_a_shard=2), 2, told)
"""
FULL = """
import resource, sys
from bridge.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(main(sys.argv[1:]))
"""


def order(folder: Path, songs: int = 6, seed: int = 1, recipe: Recipe = DEBUG) -> Order:
    return Order(folder, songs, seed, recipe, songs_a_shard=SHARD)


def digest(folder: Path) -> str:
    """Of every file's name and bytes."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != ".lock":
            found.update(str(path.relative_to(folder)).encode())
            found.update(path.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "of_one"
    assert write_corpus(order(folder), 1) == 6
    return folder


def test_what_is_written_can_be_read_whole(corpus):
    opened = Corpus.open(corpus)
    assert opened.head["recipe"] == DEBUG.as_dict() and opened.head["seed"] == 1
    assert [len(opened.shards(split)) for split in ("train", "held_out")] == [3, 1]
    assert len(opened.stems("train", BAND)) == 20 and len(opened.stems("held_out", ("bass",))) == 1
    for stem in opened.stems("train", ("drums", "melody")):
        score = Score.from_json(stem.score_path.read_text(encoding="utf-8")).validate()
        audio, rate = soundfile.read(stem.path, dtype="int16")
        assert audio.shape == (stem.samples, 2) == (score.length_samples, 2) and rate == 44_100
        assert soundfile.info(stem.path).subtype == "PCM_16"
        assert (
            stem.line["caption"] and stem.line["tags"] and stem.role in stem.line["tracks"][stem.role]["tags"]
        )


def test_a_line_names_the_seed_that_makes_its_song_again(corpus):
    shard, line = next(Corpus.open(corpus).songs("train"))
    song = make_song(line["seed"], DEBUG)
    audio, _ = soundfile.read(shard / line["tracks"]["bass"]["file"], dtype="float32")
    assert np.abs(audio - song.tracks["bass"].audio).max() <= 1.0 / 32_767
    assert (line["caption"], line["tempo_bpm"], line["bars"]) == (song.caption, song.tempo_bpm, song.bars)


def test_killed_in_several_processes_it_goes_on_with_the_missing_shards_to_the_same_bytes(corpus, tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    folder = tmp_path / "of_two"
    # The workers hold the pipe: it ends only when they have ended as well.
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, timeout=120,
        env={"PYTHONPATH": str(ROOT), "PATH": ""}, check=False,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    left = songs_left(order(folder))
    assert 0 < left < 6 and list(folder.glob("*/.*.part"))
    assert write_corpus(order(folder), 1) == left
    assert digest(folder) == digest(corpus) and not list(folder.glob("*/.*.part"))
    assert write_corpus(order(folder), 1) == 0


def test_what_stops_in_the_midst_of_a_shard_leaves_no_shard(tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_corpus(order(tmp_path / "c", 2), 1, stop)
    assert Corpus.open(tmp_path / "c").stems("train", BAND) == []


def test_more_songs_later_are_the_songs_of_more_at_once(corpus, tmp_path):
    folder = tmp_path / "grown"
    write_corpus(order(folder, 2), 1)
    assert write_corpus(order(folder), 1) == 5  # the one of the short shard is made again
    assert digest(folder) == digest(corpus)


def test_another_seed_or_recipe_is_refused_by_name_and_changes_nothing(corpus):
    before = digest(corpus)
    for asked, word in (
        (order(corpus, seed=2), "seed"),
        (order(corpus, recipe=DEBUG.changed({"duck_share": 0.9})), "duck_share"),
        (order(corpus, recipe=DEBUG.changed({"packs": ("rumpf",)})), "packs"),
    ):
        with pytest.raises(EngineError) as refused:
            write_corpus(asked, 1)
        assert refused.value.code == "file" and word in refused.value.text
    assert digest(corpus) == before


def test_a_folder_of_other_things_and_a_second_maker_are_refused(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(EngineError, match=r"holiday\.jpg"):
        write_corpus(order(tmp_path), 1)
    (tmp_path / "own").mkdir()
    with held(tmp_path / "own"), pytest.raises(EngineError) as refused:
        write_corpus(order(tmp_path / "own"), 1)
    assert refused.value.code == "busy"


def test_a_disk_that_takes_no_more_is_told_and_nothing_half_counts(tmp_path):
    folder = tmp_path / "full"
    done = subprocess.run(
        [sys.executable, "-c", FULL, *cli(folder)], capture_output=True, text=True, timeout=120, check=False,
        cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 1 and "could not be written" in done.stderr and "Traceback" not in done.stderr
    assert Corpus.open(folder).stems("train", BAND) == []


def cli(folder: Path, *more: str) -> list[str]:
    short = ["--songs", "2", "--min-seconds", "1", "--max-seconds", "2.5"]
    plain = ["--share-soundfont", "0", "--share-sample", "0", "--processes", "1"]
    return ["train", "corpus", "--out", str(folder), *short, *plain, *more]


def test_the_command_makes_a_corpus_and_says_so(tmp_path, capsys):
    assert main(cli(tmp_path / "c")) == 0
    told = capsys.readouterr().err
    assert "1 songs to train on, 1 held out" in told and "s of audio a" in told
    assert main(cli(tmp_path / "c")) == 0
    assert "0 made" in capsys.readouterr().err
    assert json.loads((tmp_path / "c" / "corpus.json").read_text())["recipe"]["max_seconds"] == 2.5


@pytest.mark.parametrize(
    ("more", "word"),
    [(("--songs", "0"), "songs 0"), (("--processes", "0"), "processes 0"),
     (("--held-out", "1"), "held-out 1"), (("--share-duck", "2"), "duck_share 2"),
     (("--min-seconds", "9"), "min_seconds 9"), (("--sources", "/nowhere"), "/nowhere")],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_arguments_out_of_range_are_refused_before_anything_is_written(tmp_path, capsys, more, word):
    assert main(cli(tmp_path / "c", *more)) == 1
    assert word in capsys.readouterr().err and not (tmp_path / "c" / "corpus.json").exists()


def test_a_line_that_is_cut_off_is_refused_with_its_file(corpus, tmp_path):
    shutil.copytree(corpus, tmp_path / "c")
    lines = next((tmp_path / "c" / "train").glob("*/songs.jsonl"))
    lines.write_text(lines.read_text()[:-20])
    with pytest.raises(EngineError, match=r"songs\.jsonl") as refused:
        Corpus.open(tmp_path / "c").stems("train", BAND)
    assert refused.value.code == "file"


def test_hours_are_of_audio_over_all_stems():
    assert songs_for(10.0, Recipe()) == 562  # 16 s in the mean, four stems
    with pytest.raises(EngineError, match="hours -1"):
        songs_for(-1.0, Recipe())


def test_live_songs_are_those_of_the_corpus_and_their_processes_end_with_them(corpus):
    lines = [line for _, line in Corpus.open(corpus).songs("train")][:2]
    songs = live_songs(1, DEBUG, processes=2)
    heard = [next(songs) for _ in lines]
    assert [song.caption for song in heard] == [line["caption"] for line in lines]
    assert [song.seed for song in heard] == [song_seed(1, "train", number) for number in range(2)]
    assert multiprocessing.active_children()
    songs.close()
    assert not multiprocessing.active_children()


def test_live_songs_of_one_process_are_the_same(corpus):
    line = next(line for _, line in Corpus.open(corpus).songs("held_out"))
    assert next(live_songs(1, DEBUG, split="held_out")).caption == line["caption"]
