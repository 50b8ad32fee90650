"""What lies in the set's folder is whole, never overwritten and listed last; disks may fill and vanish."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from datetime import datetime
from functools import partial
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from bridge.atomic_file import STALE_S, publish_new
from bridge.manifest import append_line, read_entries
from bridge.stem_folder import PREVIEWS_KEPT, StemFolder
from engine.context.track_context import TrackContext
from engine.dawproject.archive import write_dawproject
from engine.dawproject.plan import plan_set
from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.session import Session
from engine.stem import audio_digest
from tests.engine.stems import score, stem

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    return StemFolder(tmp_path / "set")


def names(path: Path) -> list[str]:
    """Everything there, hidden parts included."""
    return sorted(entry.name for entry in path.iterdir())


def read(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32")[0]


# --- names and contents ---------------------------------------------------------------------------


def test_a_stem_becomes_wav_midi_and_one_line(folder):
    made = stem(tempo_bpm=126.5, key=Key.parse("F#m"), bars=2, score=score(tempo_bpm=126.5, bars=2), seed=9)
    assert folder.publish(made, 3) == "bass_126.5bpm_F#m_2bars_t3.wav"
    assert names(folder.stems) == [
        "bass_126.5bpm_F#m_2bars_t3.mid", "bass_126.5bpm_F#m_2bars_t3.wav", "manifest.jsonl",
    ]  # fmt: skip
    assert np.array_equal(read(folder.stems / "bass_126.5bpm_F#m_2bars_t3.wav"), made.audio)
    assert mido.MidiFile(folder.stems / "bass_126.5bpm_F#m_2bars_t3.mid").tracks[1].name == "bass"
    (entry,) = folder.read_manifest()
    assert datetime.fromisoformat(entry.pop("created")).tzinfo is not None
    assert entry == {
        "file": "bass_126.5bpm_F#m_2bars_t3.wav", "midi": "bass_126.5bpm_F#m_2bars_t3.mid", "track": "bass",
        "take": 3, "tempo_bpm": 126.5, "key": "F#m", "signature": "4/4", "bars": 2,
        "samples": made.length_samples, "sample_rate": 44_100, "seed": 9, "prompt": "dark techno",
        "render": "instruments", "digest": made.digest, "heard": ["a" * 64, "b" * 64],
    }  # fmt: skip


def test_an_imported_loop_has_no_midi(folder):
    folder.publish(stem(score=None), 1)
    assert names(folder.stems) == ["bass_120bpm_Am_1bars_t1.wav", "manifest.jsonl"]
    assert folder.read_manifest()[0]["midi"] == ""


def test_nothing_is_ever_overwritten(folder):
    stems = [stem(seed=seed) for seed in (1, 2, 3)]
    written = [folder.publish(made, 1) for made in stems]
    assert written == [f"bass_120bpm_Am_1bars_t1{end}.wav" for end in ("", "_2", "_3")]
    for made, name in zip(stems, written, strict=True):
        assert audio_digest(read(folder.stems / name)) == made.digest
    assert [entry["file"] for entry in folder.read_manifest()] == written


def test_the_same_samples_again_are_the_file_that_is_there(folder):
    first, other = stem(seed=1), stem(seed=2)
    assert folder.publish(first, 1) == folder.publish(first, 1)
    assert folder.publish(other, 1) == folder.publish(other, 1) == "bass_120bpm_Am_1bars_t1_2.wav"
    assert len(folder.read_manifest()) == 2


@pytest.mark.parametrize("name", ["bass_120bpm_Am_1bars_t1.wav", "bass_120bpm_Am_1bars_t1.mid"])
def test_a_foreign_file_of_that_name_stays_as_it_is(folder, name):
    (folder.stems / name).write_bytes(b"mine")
    assert folder.publish(stem(score=score()), 1) == "bass_120bpm_Am_1bars_t1_2.wav"
    assert (folder.stems / name).read_bytes() == b"mine"
    assert folder.read_manifest()[0]["midi"] == "bass_120bpm_Am_1bars_t1_2.mid"


def test_what_a_crash_left_undone_is_finished(folder):
    made = stem(score=score())
    name = folder.publish(made, 1)
    (folder.stems / "manifest.jsonl").unlink()
    (folder.stems / name).with_suffix(".mid").unlink()
    before = (folder.stems / name).stat().st_ino
    assert folder.publish(made, 1) == name
    assert (folder.stems / name).stat().st_ino == before
    assert folder.read_manifest()[0]["file"] == name
    assert names(folder.stems) == ["bass_120bpm_Am_1bars_t1.mid", name, "manifest.jsonl"]


def test_a_folder_that_somebody_deleted_is_made_again(folder):
    for path in (folder.stems, folder.previews, folder.exports):
        path.rmdir()
    made = stem(score=score())
    assert folder.publish(made, 1) in names(folder.stems)
    assert folder.publish_preview(made) in names(folder.previews)
    assert folder.export("a.zip", b"a") in names(folder.exports)


@pytest.mark.parametrize("name", ["bass_120bpm_Am_1bars_t1.wav", "bass_120bpm_Am_1bars_t1.mid"])
def test_a_foreign_folder_or_dangling_link_of_that_name_is_stepped_over(folder, name):
    (folder.stems / name).mkdir()
    (folder.stems / name.replace("t1", "t1_2")).symlink_to("nowhere")
    assert folder.publish(stem(score=score()), 1) == "bass_120bpm_Am_1bars_t1_3.wav"
    assert names(folder.stems / name) == [] and not (folder.stems / "nowhere").exists()


@pytest.mark.parametrize("name", ["", "../a.zip", "/a.zip", "sub/a.zip", "..", ".hidden"])
def test_an_export_has_a_plain_name(folder, name):
    with pytest.raises(AssertionError):
        folder.export(name, b"a")


def test_exports_get_the_next_free_name(folder):
    written = [folder.export("set_mix.wav", bytes([number])) for number in range(3)]
    assert written == ["set_mix.wav", "set_mix_2.wav", "set_mix_3.wav"]
    assert [(folder.exports / name).read_bytes() for name in written] == [b"\0", b"\1", b"\2"]


# --- quick looks ----------------------------------------------------------------------------------


def test_the_latest_quick_looks_of_each_track_are_kept(folder):
    drums = folder.publish_preview(stem("drums", tempo_bpm=240.0))
    made = [stem(seed=seed, tempo_bpm=240.0) for seed in range(PREVIEWS_KEPT + 3)]
    written = [folder.publish_preview(one) for one in made]
    assert len(set(written)) == len(written)
    assert names(folder.previews) == sorted([drums, *written[3:]])
    assert np.array_equal(read(folder.previews / written[-1]), made[-1].audio)


def test_quick_looks_go_on_where_an_earlier_run_ended(folder, tmp_path):
    short = stem(tempo_bpm=240.0, signature=Signature(1, 16))
    earlier = [folder.publish_preview(short) for _ in range(PREVIEWS_KEPT)]
    again = StemFolder(tmp_path / "set")
    latest = again.publish_preview(short)
    assert latest not in earlier and names(again.previews) == sorted([*earlier[1:], latest])


def test_two_engines_in_one_set_never_take_each_others_names(folder, tmp_path):
    short, other = stem(signature=Signature(1, 16)), stem(seed=2, signature=Signature(1, 16))
    second = StemFolder(tmp_path / "set")
    written = [folder.publish_preview(short), second.publish_preview(other), folder.publish_preview(short)]
    assert len(set(written)) == 3 and names(folder.previews) == sorted(written)
    assert np.array_equal(read(folder.previews / written[1]), other.audio)


def test_tracks_may_preview_at_once(folder):
    shorts = [stem(track, signature=Signature(1, 16)) for track in ("drums", "bass", "harmony", "melody")]
    written: list[str] = []

    def work(made):
        written.extend(folder.publish_preview(made) for _ in range(10))

    threads = [threading.Thread(target=work, args=(made,)) for made in shorts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(written)) == 40 and names(folder.previews) == sorted(written)


# --- the manifest ---------------------------------------------------------------------------------

LINES = b'{"file":"a.wav"}\n{"file":"b.wav"}\n'


@pytest.mark.parametrize(
    ("torn", "files"),
    [
        (LINES + b'{"file":"c.wa', ["a.wav", "b.wav"]),
        (LINES[:-1], ["a.wav", "b.wav"]),
        (LINES + b"\0" * 9000, ["a.wav", "b.wav"]),
        (LINES + b'{"file":"' + b"x" * 9000, ["a.wav", "b.wav"]),
        (b'{"fi', []),
        (b"\xff\xfe rubbish\n[1]\n" + LINES, ["a.wav", "b.wav"]),
    ],
)
def test_a_torn_manifest_is_read_and_mended(tmp_path, torn, files):
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(torn)
    assert [entry["file"] for entry in read_entries(path)] == files
    append_line(path, {"file": "new.wav"})
    assert [entry["file"] for entry in read_entries(path)] == [*files, "new.wav"]
    assert path.read_bytes().endswith(b'\n{"file":"new.wav"}\n' if files else b'{"file":"new.wav"}\n')


def test_any_prompt_is_one_line(folder):
    made = stem(prompt="line\nbreak \u2028 \ud800 \0 ü 🎹")
    folder.publish(made, 1)
    lines = (folder.stems / "manifest.jsonl").read_bytes().splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["prompt"] == "line\nbreak \u2028 ? \0 ü 🎹"


# --- disks ----------------------------------------------------------------------------------------


def test_a_vanished_disk_is_said_and_comes_back(folder, tmp_path):
    made = stem(score=score())
    (tmp_path / "set").rename(tmp_path / "unplugged")
    gone = r"disk: .*set/.*\(ENOENT\); the folder is gone: plug the disk in"
    with pytest.raises(EngineError, match=gone):
        folder.publish(made, 1)
    with pytest.raises(EngineError, match=gone):
        folder.publish_preview(made)
    with pytest.raises(EngineError, match=gone):
        folder.export("a.zip", b"a")
    assert not (tmp_path / "set").exists()
    (tmp_path / "unplugged").rename(tmp_path / "set")
    assert folder.publish(made, 1) in names(folder.stems)


def test_a_set_where_a_file_stands_is_an_error_of_the_disk(tmp_path):
    (tmp_path / "set").touch()
    with pytest.raises(EngineError, match="disk"):
        StemFolder(tmp_path / "set")


def test_a_file_where_a_folder_was_is_an_error_of_the_disk(folder):
    for path in (folder.stems, folder.previews, folder.exports):
        path.rmdir()
        path.write_bytes(b"mine")
    calls = (lambda: folder.publish(stem(), 1), lambda: folder.publish_preview(stem()),
             lambda: folder.export("a.zip", b"a"))  # fmt: skip
    for call in calls:
        with pytest.raises(EngineError, match=r"disk: .*EEXIST"):
            call()
    assert folder.stems.read_bytes() == folder.previews.read_bytes() == folder.exports.read_bytes() == b"mine"


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 1 MB: a stem of this test takes half of it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and os.geteuid() == 0
    if not mounted or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).returncode:
        pytest.skip("mounting a small disk takes root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_costs_nothing_that_is_there_and_a_retry_succeeds(small_disk):
    folder = StemFolder(small_disk)
    first, second = stem(seed=1, score=score()), stem(seed=2, score=score())
    folder.publish(first, 1)
    (small_disk / "filler").write_bytes(bytes(200_000))
    with pytest.raises(EngineError, match=r"disk: .*t2\.wav .*No space left on device \(ENOSPC\); free some"):
        folder.publish(second, 2)
    assert names(folder.stems) == [
        "bass_120bpm_Am_1bars_t1.mid", "bass_120bpm_Am_1bars_t1.wav", "bass_120bpm_Am_1bars_t2.mid",
        "manifest.jsonl",
    ]  # fmt: skip
    assert len(folder.read_manifest()) == 1
    (folder.stems / "bass_120bpm_Am_1bars_t1.wav").unlink()
    assert folder.publish(second, 2) == "bass_120bpm_Am_1bars_t2.wav"
    assert [entry["take"] for entry in folder.read_manifest()] == [1, 2]


def test_a_dawproject_that_does_not_fit_leaves_nothing_behind(small_disk):
    folder, session = StemFolder(small_disk), Session.empty(("bass", "melody"))
    for track in session.tracks.values():
        made = stem(track.name)
        track.add(made, TrackContext(track.name, 120.0, made.key, made.signature, 1), None)
    content = partial(write_dawproject, plan_set("set", session, {}))
    with pytest.raises(EngineError, match=r"disk: .*a\.dawproject .*ENOSPC\); free some space"):
        folder.export("a.dawproject", content)
    assert names(folder.exports) == []
    (track,) = (track for track in session.tracks.values() if track.name == "melody")
    track.current = 0
    content = partial(write_dawproject, plan_set("set", session, {}))
    assert folder.export("a.dawproject", content) == "a.dawproject"
    assert zipfile.ZipFile(folder.exports / "a.dawproject").testzip() is None


def test_a_manifest_that_no_longer_fits_stays_whole(small_disk):
    path = small_disk / "manifest.jsonl"
    append_line(path, {"file": "a.wav", "prompt": "x" * 4000})  # 70 bytes are left of its page
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(bytes(1 << 20))
    before = path.read_bytes()
    with pytest.raises(OSError, match="No space left") as caught:
        append_line(path, {"file": "b.wav", "prompt": "y" * 4000})
    assert caught.value.errno == errno.ENOSPC and path.read_bytes() == before


def test_a_disk_that_turns_read_only_is_said(small_disk):
    folder = StemFolder(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(EngineError, match=r"disk: .*Read-only file system \(EROFS\); .*read-only"):
        folder.publish(stem(), 1)


@pytest.fixture
def no_links(monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))  # what FAT answers; it cannot be mounted here

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("no_links")
def test_where_links_do_not_exist_files_still_appear_whole_and_once(tmp_path):
    publish_new(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        publish_new(tmp_path / "a", b"second")
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"first"


@pytest.mark.usefixtures("no_links")
def test_where_links_do_not_exist_one_of_many_gets_the_name(tmp_path):
    start, won = threading.Barrier(8), []

    def work(number):
        for turn in range(40):
            start.wait()
            try:
                publish_new(tmp_path / f"{turn}", bytes([number]), durable=False)
            except FileExistsError:
                continue
            won.append((f"{turn}", bytes([number])))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 40 and {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == dict(won)


@pytest.mark.usefixtures("no_links")
def test_a_claim_left_by_a_kill_costs_a_suffix_only(folder):
    for end in ("wav", "mid"):
        (folder.stems / f".bass_120bpm_Am_1bars_t1.{end}.claim.part").touch()
    assert folder.publish(stem(score=score()), 1) == "bass_120bpm_Am_1bars_t1_2.wav"


def test_parts_of_a_killed_engine_are_swept_once_they_are_old(folder, tmp_path):
    old, fresh, foreign = (folder.stems / name for name in (".a.wav.1-1.part", ".b.wav.1-2.part", ".c.wav"))
    for path in (old, fresh, foreign):
        path.touch()
    for path in (old, foreign):
        then = path.stat().st_mtime - STALE_S - 1
        os.utime(path, (then, then))
    StemFolder(tmp_path / "set")
    assert names(folder.stems) == [".b.wav.1-2.part", ".c.wav"]


PUBLISH_FOR_EVER = """
import sys
from pathlib import Path
from bridge.stem_folder import StemFolder
from tests.engine.stems import score, stem
folder = StemFolder(Path(sys.argv[1]))
stems = [stem(seed=seed, bars=4, score=score(bars=4)) for seed in range(8)]
for take in range(1, 100_000):
    print(take, flush=True)
    folder.publish(stems[take % 8], take)
"""


def test_a_kill_in_the_middle_leaves_only_whole_files_and_a_list_of_them(tmp_path):
    for kill_at in (1, 4, 9):
        child = subprocess.Popen(
            [sys.executable, "-c", PUBLISH_FOR_EVER, tmp_path / "set"], cwd=ROOT, stdout=subprocess.PIPE
        )
        for _ in range(kill_at):
            assert child.stdout.readline()
        child.kill()
        child.communicate()
        stems = tmp_path / "set" / "stems"
        entries = read_entries(stems / "manifest.jsonl")
        for path in stems.glob("[!.]*.wav"):
            assert read(path).shape == (352_800, 2)
        for path in stems.glob("[!.]*.mid"):
            assert mido.MidiFile(path).length == pytest.approx(8.0)
        for entry in entries:
            assert audio_digest(read(stems / entry["file"])) == entry["digest"]
            assert (stems / entry["midi"]).is_file()
    assert len(entries) >= 8
