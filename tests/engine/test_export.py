"""The mix as a file: 24-bit formats hold the samples exactly, MP3 holds the music."""

import io

import numpy as np
import pytest
import soundfile

from engine.audio.export import encoded_mix
from engine.errors import EngineError
from tests.engine.stems import noise


@pytest.mark.parametrize(("audio_format", "magic"), [("wav", b"RIFF"), ("flac", b"fLaC")])
def test_24_bit_formats_read_back_exactly(audio_format, magic):
    audio = noise(44_100)
    data = encoded_mix(audio, audio_format)
    assert data[:4] == magic and soundfile.info(io.BytesIO(data)).subtype == "PCM_24"
    read, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate == 44_100 and np.array_equal(read, audio)


def test_what_is_too_loud_stops_at_full_scale():
    data = encoded_mix(np.array([[1.5, -3.0]], np.float32), "wav")
    read, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    assert read.tolist() == [[1 - 2**-23, -1.0]]


def test_mp3_holds_the_tone_in_both_channels_for_its_length():
    if not soundfile.check_format("MP3", "MPEG_LAYER_III"):
        with pytest.raises(EngineError, match=r"not_available: .*libsndfile.*flac"):
            encoded_mix(noise(100), "mp3")
        return
    seconds = np.arange(3 * 44_100) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * np.stack([440.0 * seconds, 660.0 * seconds], axis=1))
    read, rate = soundfile.read(io.BytesIO(encoded_mix(tone.astype(np.float32), "mp3")))
    assert rate == 44_100 and abs(len(read) - len(tone)) < 2500  # an encoder's delay and padding
    for channel, hz in ((0, 440.0), (1, 660.0)):
        middle = read[44_100 : 2 * 44_100, channel]
        assert np.argmax(np.abs(np.fft.rfft(middle))) == round(hz)
        assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_an_unknown_format_names_the_known():
    with pytest.raises(EngineError, match=r"unknown: .*'wavv'.*did you mean 'wav'.*flac"):
        encoded_mix(noise(10), "wavv")
