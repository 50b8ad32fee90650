"""The mix as a file: 24-bit formats hold the samples exactly, MP3 holds the music."""

import os
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from engine.audio.export import mix_to_file
from engine.errors import EngineError
from tests.engine.stems import noise


@pytest.mark.parametrize(("audio_format", "magic"), [("wav", b"RIFF"), ("flac", b"fLaC")])
def test_24_bit_formats_read_back_exactly(tmp_path, audio_format, magic):
    audio, path = noise(44_100), tmp_path / f"mix.{audio_format}"
    mix_to_file(path, audio, audio_format)
    assert path.read_bytes()[:4] == magic and soundfile.info(path).subtype == "PCM_24"
    read, rate = soundfile.read(path, dtype="float32")
    assert rate == 44_100 and np.array_equal(read, audio)


def test_what_is_too_loud_stops_at_full_scale(tmp_path):
    mix_to_file(tmp_path / "mix.wav", np.array([[1.5, -3.0]], np.float32), "wav")
    read, _ = soundfile.read(tmp_path / "mix.wav", dtype="float32")
    assert read.tolist() == [[1 - 2**-23, -1.0]]


def test_mp3_holds_the_tone_in_both_channels_for_its_length(tmp_path):
    if not soundfile.check_format("MP3", "MPEG_LAYER_III"):
        with pytest.raises(EngineError, match=r"not_available: .*libsndfile.*flac"):
            mix_to_file(tmp_path / "mix.mp3", noise(100), "mp3")
        return
    seconds = np.arange(3 * 44_100) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * np.stack([440.0 * seconds, 660.0 * seconds], axis=1))
    mix_to_file(tmp_path / "mix.mp3", tone.astype(np.float32), "mp3")
    read, rate = soundfile.read(tmp_path / "mix.mp3")
    assert rate == 44_100 and abs(len(read) - len(tone)) < 2500  # an encoder's delay and padding
    for channel, hz in ((0, 440.0), (1, 660.0)):
        middle = read[44_100 : 2 * 44_100, channel]
        assert np.argmax(np.abs(np.fft.rfft(middle))) == round(hz)
        assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_an_unknown_format_names_the_known(tmp_path):
    with pytest.raises(EngineError, match=r"unknown: .*'wavv'.*did you mean 'wav'.*flac"):
        mix_to_file(tmp_path / "mix.wavv", noise(10), "wavv")


def test_a_folder_that_is_not_there_is_an_error_of_the_disk(tmp_path):
    with pytest.raises(EngineError, match=r"disk: mix\.flac could not be written: .*; see that its folder"):
        mix_to_file(tmp_path / "gone" / "mix.flac", noise(10), "flac")


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 64 kB."""
    mounted = shutil.which("mount") and os.geteuid() == 0
    if (
        not mounted
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path]).returncode
    ):
        pytest.skip("mounting a small disk takes root")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


# 11 600 samples of FLAC and 91 000 of MP3 overflow by their last block alone: libsndfile is silent then.
@pytest.mark.parametrize(
    ("audio_format", "samples"), [("wav", 12_000), ("flac", 11_600), ("mp3", 91_000), ("mp3", 400_000)]
)
def test_a_full_disk_is_said_and_leaves_no_half_file(small_disk, audio_format, samples):
    if not soundfile.check_format(audio_format.upper()):
        pytest.skip("this libsndfile has no MP3")
    path = small_disk / f"mix.{audio_format}"
    with pytest.raises(
        EngineError, match=r"disk: mix\.\w+ could not be written: No space left on device; see"
    ):
        mix_to_file(path, noise(samples), audio_format)
    assert not path.exists()
    (small_disk / "earlier").write_bytes(b"here")
    with pytest.raises(EngineError, match="disk"):
        mix_to_file(path, noise(samples), audio_format)
    assert [entry.name for entry in small_disk.iterdir()] == ["earlier"]
    assert (small_disk / "earlier").read_bytes() == b"here"


def test_a_file_that_may_not_be_opened_stays_as_it_is(small_disk):
    path = small_disk / "mix.wav"
    path.write_bytes(b"here")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(EngineError, match=r"disk: mix\.wav .*Read-only file system"):
        mix_to_file(path, noise(10), "wav")
    assert path.read_bytes() == b"here"
