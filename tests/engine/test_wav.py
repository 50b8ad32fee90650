"""A stem's file holds its samples exactly, and says its tempo, loop and words where DAWs look for them."""

import io
import re
import struct
import time
import wave
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime

import numpy as np
import pytest
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st

from engine.audio.wav import read_wav_info, stem_to_wav
from engine.errors import EngineError
from engine.music.key import Key, Signature
from tests.engine.stems import keys, score, signatures, stem, tempi

CREATED = datetime(2026, 3, 9, 7, 5, 1, tzinfo=UTC)


def chunks_of(data: bytes) -> dict[bytes, bytes]:
    """An independent reader; checks sizes and even starts on the way."""
    assert data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    found, at = {}, 12
    while at < len(data):
        assert at % 2 == 0
        name, size = struct.unpack_from("<4sI", data, at)
        found[name] = data[at + 8 : at + 8 + size]
        assert len(found[name]) == size
        at += 8 + size + size % 2
    assert at == len(data)
    return found


@given(tempi, signatures, st.integers(1, 2), keys, st.text(max_size=300))
@example(120.0, Signature(), 1, Key(), "a<b>&\x00\x1b\ud800\ufffe]]> \U0001f3b9 Übung")
def test_any_stem_reads_back_sample_for_sample(tempo_bpm, signature, bars, key, prompt):
    made = stem(tempo_bpm=tempo_bpm, signature=signature, bars=bars, key=key, prompt=prompt)
    data = stem_to_wav(made, 3, CREATED)
    audio, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate == 44_100 and np.array_equal(audio, made.audio)
    ElementTree.fromstring(chunks_of(data)[b"iXML"])


def test_a_second_reader_finds_the_same_integers():
    made = stem()
    with wave.open(io.BytesIO(stem_to_wav(made, 1, CREATED))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 3, 44_100)
        assert file.getnframes() == made.length_samples == 88_200
        packed = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3).astype(np.int32)
    signed = (packed[:, 0] << 8 | packed[:, 1] << 16 | packed[:, 2] << 24) >> 8
    assert np.array_equal(signed.reshape(-1, 2), (made.audio * 2.0**23).astype(np.int32))


def test_the_broadcast_chunk_places_the_loop_at_the_start():
    made = stem(prompt="für Ünal 🎹")
    bext = chunks_of(stem_to_wav(made, 1, CREATED))[b"bext"]
    assert bext[:256].rstrip(b"\0") == b"fur Unal ?"
    assert bext[256:288].rstrip(b"\0") == b"ResonantGen"
    assert bext[288:320].decode() == made.digest[:32]
    assert bext[320:330] == b"2026-03-09" and bext[330:338] == b"07:05:01"
    assert struct.unpack_from("<IIH", bext, 338) == (0, 0, 1)
    assert bext[602:].endswith(b"\r\n") and b"F=44100,W=24" in bext[602:]


def test_a_description_goes_before_the_prompt():
    data = stem_to_wav(stem(prompt="words"), 1, CREATED, description="take for the intro")
    assert chunks_of(data)[b"bext"][:256].rstrip(b"\0") == b"take for the intro"
    assert b"<NOTE>take for the intro</NOTE>" in chunks_of(data)[b"iXML"]


def test_the_acid_chunk_says_tempo_beats_meter_and_root():
    made = stem(tempo_bpm=99.5, bars=3, signature=Signature(7, 8), key=Key.parse("F#m"))
    flags, root, _, _, beats, unit, count, tempo_bpm = struct.unpack(
        "<IHHfIHHf", chunks_of(stem_to_wav(made, 1, CREATED))[b"acid"]
    )
    assert flags & 1 == 0 and flags & 2 and root == 66
    assert (beats, count, unit, tempo_bpm) == (21, 7, 8, 99.5)


def test_drums_have_no_root_note():
    for made in (stem("drums"), stem("beatbox", score=score("drums"))):
        assert struct.unpack("<I", chunks_of(stem_to_wav(made, 1, CREATED))[b"acid"][:4])[0] & 2 == 0


def test_the_sampler_chunk_loops_forward_from_the_first_to_the_last_sample():
    made = stem(bars=2)
    values = struct.unpack("<15I", chunks_of(stem_to_wav(made, 1, CREATED))[b"smpl"])
    assert values[2] == 22_676 and values[7] == 1  # nanoseconds a sample, loops
    assert values[9:] == (0, 0, 0, made.length_samples - 1, 0, 0)


def test_the_words_say_what_the_take_was_made_from():
    made = stem(prompt='<"dark" & deep>', key=Key.parse("D dorian"), bars=2)
    root = ElementTree.fromstring(chunks_of(stem_to_wav(made, 12, CREATED))[b"iXML"])
    assert root.tag == "BWFXML" and root.findtext("TAKE") == "12" and root.findtext("NOTE") == made.prompt
    assert root.findtext("PROJECT")
    said = {tag.tag: tag.text for tag in root.find("RESONANTGEN")}
    assert said["PROMPT"] == made.prompt and said["SEED"] == "1" and said["BARS"] == "2"
    assert said["KEY"] == "Ddor" and said["DIGEST"] == made.digest and said["HEARD"] == " ".join(made.heard)


def test_sixteen_seconds_take_a_few_milliseconds():
    made = stem(tempo_bpm=120.0, bars=8)

    def seconds() -> float:
        start = time.perf_counter()
        stem_to_wav(made, 1, CREATED)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(8)) < 0.015


# --- what files say of themselves -----------------------------------------------------------------


@given(tempi, signatures, keys)
def test_our_own_files_say_what_the_stem_is(tmp_path_factory, tempo_bpm, signature, key):
    made = stem(tempo_bpm=tempo_bpm, signature=signature, key=key)
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    path.write_bytes(stem_to_wav(made, 1, CREATED))
    info = read_wav_info(path)
    assert info.tempo_bpm == pytest.approx(tempo_bpm, rel=1e-6)  # float32 in the file
    assert (info.beats, info.meter) == (signature.beats, (signature.beats, signature.unit))
    assert info.root_note == 60 + key.tonic and not info.one_shot
    assert info.loop == (0, made.length_samples - 1) and info.length_samples == made.length_samples


def test_a_plain_file_says_nothing_more_than_its_length(tmp_path):
    path = tmp_path / "plain.wav"
    soundfile.write(path, np.zeros((441, 1)), 22_050, subtype="PCM_16")
    info = read_wav_info(path)
    assert (info.sample_rate, info.channels, info.length_samples) == (22_050, 1, 441)
    assert info.tempo_bpm is info.beats is info.meter is info.root_note is info.loop is None


@pytest.mark.parametrize("tempo_bpm", [0.0, -3.0, float("nan"), float("inf"), 1e30])
def test_a_nonsense_tempo_is_none(tmp_path, tempo_bpm):
    data = bytearray(stem_to_wav(stem(), 1, CREATED))
    struct.pack_into("<f", data, data.index(b"acid") + 8 + 20, tempo_bpm)
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    assert read_wav_info(path).tempo_bpm is None


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"ID3\x04" * 50, b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0AVI fmt "]
)
def test_what_is_no_wav_file_is_an_error_of_the_file(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"file: a\.wav"):
        read_wav_info(path)


def test_a_missing_file_is_an_error_of_the_file(tmp_path):
    with pytest.raises(EngineError, match=re.escape("file: gone.wav")):
        read_wav_info(tmp_path / "gone.wav")


SMALL = stem_to_wav(stem(tempo_bpm=240.0, signature=Signature(1, 16)), 1, CREATED)


@given(
    st.integers(0, 1600),
    st.lists(st.tuples(st.integers(0, 1500), st.binary(min_size=1, max_size=8)), max_size=6),
)
def test_damaged_files_are_read_or_refused_never_more(tmp_path_factory, length, damages):
    data = bytearray(SMALL)
    for at, junk in damages:
        data[at : at + len(junk)] = junk
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    path.write_bytes(data[: max(length, 1)] if length < 1500 else data)
    try:
        info = read_wav_info(path)
    except EngineError as error:
        assert error.code == "file"
    else:
        assert info.length_samples <= len(data)


def test_a_file_of_a_million_empty_chunks_is_given_up_soon(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 1_000_000)
    start = time.perf_counter()
    with pytest.raises(EngineError):
        read_wav_info(path)
    assert time.perf_counter() - start < 0.5
