"""Loops from anywhere: whole bars to the sample, at the tempo, in the key and with the onsets they have."""

import time
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.wav import stem_to_wav
from engine.context.analysis import analyze_audio, import_loop, read_audio
from engine.context.loop_length import (
    bars_in_name,
    fit_bars,
    key_in_name,
    tempo_by_length,
    tempo_in_name,
    tempo_of_beats,
)
from engine.context.track_context import TrackContext
from engine.errors import EngineError
from engine.instruments.render import render
from engine.music.compose import compose
from engine.music.key import Key, Signature
from engine.music.score import Note, Score
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame
from engine.units import beats_to_samples, db_to_gain, pitch_to_hz
from tests.engine.stems import noise, signatures, stem, tempi
from tests.engine.test_wav import CREATED

RATE = 44_100
FRAME = Frame(tempo_bpm=120.0, key=Key.parse("F#m"))


def clicks(tempo_bpm: float, beats: list[float], bars: int = 4, level_db: float = -6.0) -> np.ndarray:
    """[N, C=2] short bursts of noise at these beats, every fourth one loudest."""
    audio = np.zeros((beats_to_samples(bars * 4, tempo_bpm), 2), np.float32)
    rng = np.random.default_rng(4)
    burst = np.exp(-np.arange(3000) / 400) * rng.normal(0, 0.3, 3000)
    for beat in beats:
        start = beats_to_samples(beat, tempo_bpm)
        place = audio[start : start + 3000]
        accent = 1.0 if beat % 4 == 0 else 0.6 if beat % 1 == 0 else 0.35
        place += (accent * burst[: len(place), None]).astype(np.float32)
    return audio * np.float32(db_to_gain(level_db))


def tones(chords: list[tuple[int, ...]], tempo_bpm: float = 120.0, cents: float = 0.0) -> np.ndarray:
    """[N, C=2] a bar of each chord, in sawtooth-like voices."""
    samples = beats_to_samples(4, tempo_bpm)
    seconds = np.arange(samples) / RATE
    shape = np.minimum(1.0, np.minimum(seconds, seconds[::-1]) / 0.02) * 0.05
    bars = [
        sum(
            np.sin(2 * np.pi * number * pitch_to_hz(pitch + cents / 100) * seconds) / number
            for pitch in chord
            for number in range(1, 8)
        )
        * shape
        for chord in chords
    ]
    return np.repeat(np.concatenate(bars)[:, None], 2, axis=1).astype(np.float32)


C_G_AM_F = [(48, 60, 64, 67), (43, 59, 62, 67), (45, 60, 64, 69), (41, 60, 65, 69)]


# --- reading --------------------------------------------------------------------------------------


def write(path, audio, rate=RATE, **options):
    soundfile.write(path, audio, rate, **options)
    return path


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.wav", "PCM_24"), ("a.flac", "PCM_24"), ("a.aiff", "PCM_24")]
)
def test_lossless_files_at_our_rate_are_read_exactly(tmp_path, name, subtype):
    audio = noise(4410)
    assert np.array_equal(read_audio(write(tmp_path / name, audio, subtype=subtype)), audio)


@pytest.mark.parametrize("name", ["a.ogg", "a.mp3", "a.wav"])
def test_any_format_is_two_float_channels(tmp_path, name):
    audio = read_audio(write(tmp_path / name, clicks(120, [0, 1], bars=1)))
    assert audio.dtype == np.float32 and audio.shape[1] == 2 and abs(len(audio) - 88_200) < 3000


def test_mono_sounds_on_both_sides_and_of_six_channels_the_first_two_do(tmp_path):
    six = np.random.default_rng(1).integers(-9000, 9000, (1000, 6)).astype(np.int16)
    for count in (1, 6):
        audio = read_audio(write(tmp_path / f"{count}.wav", six[:, :count]))
        assert np.array_equal(audio * 32768, six[:, [0, 0 if count == 1 else 1]])


@pytest.mark.parametrize("rate", [8000, 22_050, 32_000, 48_000, 88_200, 96_000, 192_000, 44_056])
def test_any_rate_keeps_time_and_pitch(tmp_path, rate):
    seconds = np.arange(2 * rate) / rate
    audio = read_audio(write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 1000 * seconds), rate))
    assert abs(len(audio) - 2 * RATE) <= 2
    middle = audio[RATE // 2 : RATE // 2 + RATE, 0]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 1000
    assert np.max(np.abs(middle)) == pytest.approx(0.5, abs=0.01)


def test_what_is_louder_than_full_scale_or_no_number_at_all_is_tamed(tmp_path):
    loud = np.array([[2.0, -4.0], [np.nan, np.inf], [1.0, 0.0]], np.float32)
    audio = read_audio(write(tmp_path / "a.wav", loud, subtype="FLOAT"))
    assert audio.tolist() == [[0.5, -1.0], [0.0, 0.0], [0.25, 0.0]]


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"RIFF\x10\0\0\0WAVEfmt ", b"\xff\xfb" * 300, b"fLaC" + bytes(99)]
)
def test_what_is_no_audio_is_an_error_of_the_file(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"file: a\.wav") as caught:
        read_audio(path)
    assert str(tmp_path) not in caught.value.text


def test_a_missing_and_an_empty_file_are_errors_of_the_file(tmp_path):
    with pytest.raises(EngineError, match=r"file: gone\.wav"):
        read_audio(tmp_path / "gone.wav")
    with pytest.raises(EngineError, match=r"file: none\.wav is empty"):
        read_audio(write(tmp_path / "none.wav", np.zeros((0, 2))))


def test_more_than_twenty_minutes_are_too_long(tmp_path):
    path = write(tmp_path / "long.flac", np.zeros(20 * 60 * 4000 + 1, np.int16), 4000)
    with pytest.raises(EngineError, match=r"file: long\.flac is longer than 20 minutes"):
        read_audio(path)


SMALL = stem_to_wav(stem(tempo_bpm=240.0, signature=Signature(1, 16)), 1, CREATED)


@given(
    st.sampled_from(["drums", "harmony"]),
    st.integers(0, len(SMALL)),
    st.lists(st.tuples(st.integers(0, 1500), st.binary(min_size=1, max_size=8)), max_size=6),
)
def test_damaged_files_give_whole_bars_or_an_error_of_the_file(tmp_path_factory, track, cut, damages):
    data = bytearray(SMALL)
    for at, junk in damages:
        data[at : at + len(junk)] = junk
    path = tmp_path_factory.mktemp("audio") / "a.wav"
    path.write_bytes(data if damages else data[:cut])
    try:
        audio, says = import_loop(path, track, FRAME)
    except EngineError as error:
        assert error.code == "file"
    else:
        check_whole(audio, says)


# --- rhythm ---------------------------------------------------------------------------------------

EIGHTHS = [beat / 2 for beat in range(32)]
SYNCOPATED = [bar * 4 + beat for bar in range(4) for beat in (0, 0.75, 1.5, 2, 2.75, 3, 3.5)]


@pytest.mark.parametrize("pattern", [EIGHTHS, SYNCOPATED], ids=["eighths", "syncopated"])
@pytest.mark.parametrize("tempo_bpm", [92, 97.3, 110, 126, 140, 158])
def test_the_tempo_of_a_loop_is_found(tempo_bpm, pattern):
    says = analyze_audio(clicks(tempo_bpm, pattern), "drums", Frame(tempo_bpm=124.0))
    assert (says.tempo_bpm, says.bars) == (pytest.approx(tempo_bpm, abs=0.01), 4)
    assert says.confidence > 0.5


@pytest.mark.parametrize(("frame_tempo", "heard"), [(70, 70), (140, 140), (150, 140), (64, 70)])
def test_half_and_double_follow_the_set(frame_tempo, heard):
    says = analyze_audio(clicks(70, EIGHTHS), "drums", Frame(tempo_bpm=frame_tempo))
    assert says.tempo_bpm == pytest.approx(heard, abs=0.01)


def test_a_tempo_is_found_in_audio_that_is_no_loop():
    audio = clicks(101.0, EIGHTHS)[7000:-31_000]
    assert analyze_audio(audio, "drums", FRAME).tempo_bpm == pytest.approx(101.0, rel=0.01)


@pytest.mark.parametrize("level_db", [-6, -40])
def test_onsets_stand_where_they_sound_and_are_as_strong(level_db):
    says = analyze_audio(clicks(120, SYNCOPATED, level_db=level_db), "harmony", FRAME)
    assert len(says.onsets) == len(SYNCOPATED)
    for onset, beat in zip(says.onsets, SYNCOPATED, strict=True):
        assert onset.beat == pytest.approx(beat, abs=0.02)  # 10 ms
    strength = {onset.beat % 4 < 0.1: onset.strength for onset in reversed(says.onsets)}
    assert strength[True] > strength[False]


def test_drums_are_told_apart():
    rng = np.random.default_rng(2)
    seconds = np.arange(10_000) / RATE
    hiss = rng.normal(0, 0.3, 10_000)
    kick = np.sin(2 * np.pi * (50 * seconds + 4 * (1 - np.exp(-seconds * 60)))) * np.exp(-seconds * 20)
    hat = 0.4 * np.diff(hiss, 2, prepend=(0, 0)) * np.exp(-seconds * 120)
    snare = np.sin(2 * np.pi * 190 * seconds) + np.convolve(hiss, np.ones(4) / 2, "same")
    audio = np.zeros((beats_to_samples(16, 120) + 10_000, 2), np.float32)
    for half_beat in range(32):
        shot = (kick, hat, 0.8 * snare * np.exp(-seconds * 30), hat)[half_beat % 4]
        audio[half_beat * 11_025 :][:10_000] += 0.5 * shot[:, None].astype(np.float32)
    audio = audio[:-10_000]
    onsets = analyze_audio(audio, "drums", FRAME).onsets
    heard = [(round(onset.beat * 2) / 2, onset.voice) for onset in onsets]
    assert heard == [
        (beat / 2, ("kick", "closed_hat", "snare", "closed_hat")[beat % 4]) for beat in range(32)
    ]


def test_a_tempo_that_is_known_is_not_listened_for():
    loop = clicks(140, EIGHTHS)
    says = analyze_audio(loop, "drums", FRAME, tempo_bpm=70.0)
    assert (says.tempo_bpm, says.bars) == (70.0, 2)


# --- harmony --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0, 3, 8])
@pytest.mark.parametrize("cents", [0, -30, 25])
def test_key_and_chords_of_a_pad_are_heard(shift, cents):
    chords = [tuple(pitch + shift for pitch in chord) for chord in C_G_AM_F]
    says = analyze_audio(tones(chords, cents=cents), "harmony", FRAME)
    assert says.key == Key(shift, "major")
    roots = [chord.pitch_classes[0] for chord in says.chords]
    assert roots == [(root + shift) % 12 for root in (0, 7, 9, 5)]
    assert [len(chord.pitch_classes) for chord in says.chords] == [3] * 4
    assert [chord.start_beats for chord in says.chords] == [0, 4, 8, 12]
    assert says.bars == 4 and says.tempo_bpm == 120.0


def test_chords_of_a_pad_have_their_names():
    assert [chord.symbol for chord in analyze_audio(tones(C_G_AM_F), "harmony", FRAME).chords] == [
        "C", "G", "Am", "F",
    ]  # fmt: skip


def test_a_minor_pad_is_minor_and_a_bass_line_tells_the_roots():
    minor = [(45, 60, 64, 69), (41, 57, 60, 65), (38, 57, 62, 65), (40, 56, 59, 64)]
    assert analyze_audio(tones(minor), "harmony", FRAME).key == Key.parse("Am")
    line = analyze_audio(tones([(33,), (29,), (38,), (28,)]), "bass", FRAME)
    assert [chord.pitch_classes[0] for chord in line.chords] == [9, 5, 2, 4]


def test_noise_drums_and_silence_have_no_key():
    silence = np.zeros((88_200, 2), np.float32)
    for audio, track in ((noise(88_200), "melody"), (clicks(120, EIGHTHS), "drums"), (silence, "bass")):
        says = analyze_audio(audio, track, FRAME)
        assert says.key is None and says.chords == ()


def test_silence_is_known_for_what_it_is():
    says = analyze_audio(np.zeros((88_200, 2), np.float32), "harmony", FRAME)
    assert (says.onsets, says.bands, says.confidence, says.tempo_bpm, says.bars) == ((), (), 0.0, 120.0, 1)


def test_sides_that_cancel_each_other_are_heard_all_the_same():
    wide = tones(C_G_AM_F) * np.array([1.0, -1.0], np.float32)
    assert analyze_audio(wide, "harmony", FRAME).key == Key.parse("C")


@pytest.mark.parametrize(("hz", "band"), [(60, 0), (300, 1), (1000, 2), (4000, 3), (10_000, 4)])
def test_bands_are_shares_of_the_energy(hz, band):
    wave = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)
    bands = analyze_audio(np.stack([wave, wave], axis=1).astype(np.float32), "bass", FRAME).bands
    assert sum(bands) == pytest.approx(1.0) and bands[band] > 0.99


@given(st.integers(1, 40_000), st.sampled_from(["drums", "bass"]), st.floats(40, 240), signatures)
def test_any_length_is_described(samples, track, tempo_bpm, signature):
    frame = Frame(tempo_bpm=tempo_bpm, signature=signature)
    says = analyze_audio(noise(samples), track, frame)
    assert 40 <= says.tempo_bpm <= 240 and 1 <= says.bars <= 64 and 0 <= says.confidence <= 1
    assert TrackContext.from_json(says.to_json()) == says


# --- what we play ourselves -----------------------------------------------------------------------

SENTENCES = (
    "dark techno at 128 bpm in A minor", "lofi hip hop at 82 bpm in F major",
    "warm house at 122 bpm in C major", "ambient at 90 bpm in D major",
)  # fmt: skip


def ours(prompt: str, track: str) -> Score:
    context = replace(interpret(prompt, Frame()), bars=4)
    return compose(track, context, {}, 1, {})


def test_our_own_stems_are_recognised():
    keys = 0
    for prompt in SENTENCES:
        for track in ("drums", "harmony"):
            made = ours(prompt, track)
            says = analyze_audio(render(made), track, Frame(tempo_bpm=made.tempo_bpm * 1.06))
            assert says.tempo_bpm == pytest.approx(made.tempo_bpm, rel=0.01) and says.bars == 4, prompt
            if track == "harmony":
                assert says.key is not None
                keys += set(says.key.scale) == set(made.key.scale)
    assert keys >= 3


@pytest.mark.parametrize("pitch", [31, 33, 38, 43])
def test_short_notes_under_a_closing_filter_keep_their_pitch(pitch):
    notes = tuple(Note(beat, 0.19, pitch, 90) for beat in range(16))
    made = Score("bass", 122.0, Key.parse("C"), Signature(), 4, "house", "pluck_bass", notes=notes)
    chords = analyze_audio(render(made), "bass", Frame(tempo_bpm=122.0)).chords
    assert [(chord.pitch_classes[0], chord.length_beats) for chord in chords] == [(pitch % 12, 16)]


# --- loops ----------------------------------------------------------------------------------------


def check_whole(audio: np.ndarray, says: TrackContext) -> None:
    assert audio.shape == (beats_to_samples(says.bars * says.signature.bar_beats, says.tempo_bpm), 2)
    assert audio.dtype == np.float32 and 40 <= says.tempo_bpm <= 240
    assert all(onset.beat < says.bars * says.signature.bar_beats for onset in says.onsets)


@settings(max_examples=25)
@given(tempi, signatures, st.integers(1, 2), st.sampled_from(["drums", "bass"]))
def test_our_own_stems_come_back_as_they_were(tmp_path_factory, tempo_bpm, signature, bars, track):
    made = stem(track, tempo_bpm, bars, signature, key=Key.parse("C#m"))
    path = tmp_path_factory.mktemp("loop") / "bass_C#m_t1.wav"
    path.write_bytes(stem_to_wav(made, 1, CREATED))
    audio, says = import_loop(path, track, FRAME)
    assert np.array_equal(audio, made.audio)
    assert (says.tempo_bpm, says.bars, says.signature) == (
        pytest.approx(tempo_bpm, rel=1e-4),
        bars,
        signature,
    )
    assert says.key == (None if track == "drums" else made.key)
    check_whole(audio, says)


def test_the_name_says_the_tempo_and_samples_stay_untouched(tmp_path):
    audio = noise(beats_to_samples(16, 126.0))
    path = write(tmp_path / "loop_126bpm.flac", audio, subtype="PCM_24")
    found, says = import_loop(path, "harmony", Frame(tempo_bpm=90.0))
    assert np.array_equal(found, audio) and (says.tempo_bpm, says.bars) == (126.0, 4)


@pytest.mark.parametrize("extra", [-800, -3, 2, 700])
def test_nearly_whole_bars_bend_the_tempo_and_no_sample(tmp_path, extra):
    audio = noise(beats_to_samples(8, 120.0) + extra)
    path = write(tmp_path / "loop_120bpm.wav", audio, subtype="PCM_24")
    found, says = import_loop(path, "drums", FRAME)
    assert np.array_equal(found, audio) and says.bars == 2
    assert says.tempo_bpm == pytest.approx(120.0, rel=0.01) and says.tempo_bpm != 120.0
    check_whole(found, says)


@pytest.mark.parametrize(("extra", "bars"), [(20_000, 2), (-20_000, 2), (60_000, 3)])
def test_other_lengths_are_cut_or_filled_at_the_end(tmp_path, extra, bars):
    audio = noise(beats_to_samples(8, 120.0) + extra)
    found, says = import_loop(write(tmp_path / "l_120bpm.wav", audio, subtype="PCM_24"), "drums", FRAME)
    assert (says.tempo_bpm, says.bars) == (120.0, bars)
    check_whole(found, says)
    same = min(len(audio), len(found)) - 128
    assert np.array_equal(found[:same], audio[:same])
    assert np.max(np.abs(found[-1])) == 0.0  # no click where it was cut, silence where it was filled


def test_a_name_goes_before_the_ear_and_the_acid_chunk_before_the_name(tmp_path):
    loop = clicks(126, EIGHTHS)
    _, heard = import_loop(write(tmp_path / "a.wav", loop), "drums", FRAME)
    _, named = import_loop(write(tmp_path / "a_63bpm.wav", loop), "drums", FRAME)
    path = tmp_path / "b_63bpm.wav"
    path.write_bytes(stem_to_wav(stem("drums", 126.0, 4), 1, CREATED))
    _, said = import_loop(path, "drums", FRAME)
    assert [(says.tempo_bpm, says.bars) for says in (heard, named, said)] == [(126, 4), (63, 2), (126, 4)]


def test_a_pad_without_a_beat_is_whole_bars_near_the_sets_tempo(tmp_path):
    path = write(tmp_path / "pad.wav", tones([(60, 64, 67)] * 4, tempo_bpm=112.0))
    _, says = import_loop(path, "harmony", FRAME)
    assert (says.tempo_bpm, says.bars) == (112.0, 4)


def test_a_loop_longer_than_64_bars_is_cut_there(tmp_path):
    path = write(tmp_path / "long_240bpm.wav", np.zeros((RATE * 70, 1), np.int16) + 100)
    found, says = import_loop(path, "melody", FRAME)
    assert says.bars == 64
    check_whole(found, says)


@pytest.mark.parametrize(
    ("name", "tempo_bpm"),
    [
        ("loop_126bpm", 126),
        ("126 BPM loop", 126),
        ("x-99.5bpm", 99.5),
        ("bpm_140_x", 140),
        ("kick 909", None),
    ],
)
def test_names_that_say_a_tempo(name, tempo_bpm):
    assert tempo_in_name(name) == tempo_bpm


@pytest.mark.parametrize(
    ("name", "bars"),
    [
        ("Am_8bars", 8),
        ("pad 1 bar", 1),
        ("16-Bars_x", 16),
        ("99bars", None),
        ("8barsoap", None),
        ("bar", None),
    ],
)
def test_names_that_say_bars(name, bars):
    assert bars_in_name(name) == bars


def test_bars_in_the_name_tell_the_tempo_unless_it_is_told_or_cannot_be(tmp_path):
    audio = noise(beats_to_samples(8 * 4, 97.0))
    frame = Frame(tempo_bpm=194.0)
    heard = []
    for name in ("Am_8bars", "16bars_97bpm", "Am_32bars"):  # 32 bars would be 388 bpm
        path = write(tmp_path / f"{name}.wav", audio, subtype="PCM_24")
        found, says = import_loop(path, "harmony", frame)
        assert np.array_equal(found, audio)
        heard.append((says.tempo_bpm, says.bars))
    assert heard == [(97.0, 8), (97.0, 8), (194.0, 16)]


@pytest.mark.parametrize(("beats", "tempo_bpm"), [(8, 120.0), (16, 240.0), (17, None), (2, None)])
def test_beats_in_so_many_samples_tell_a_tempo(beats, tempo_bpm):
    assert tempo_of_beats(beats, 4 * RATE) == tempo_bpm


def test_an_acid_chunk_that_knows_its_beats_alone_tells_the_tempo(tmp_path):
    made = stem("drums", 126.0, 4, Signature(7, 8))
    data = bytearray(stem_to_wav(made, 1, CREATED))
    at = data.index(b"acid") + 8 + 20
    data[at : at + 4] = bytes(4)  # no tempo
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    audio, says = import_loop(path, "drums", Frame(tempo_bpm=63.0))
    assert np.array_equal(audio, made.audio) and (says.tempo_bpm, says.bars) == (126.0, 4)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bass_128bpm_F#m_8bars_t1", "F#m"),
        ("Pad Cmaj", "C"),
        ("x-Ebmin-1", "Ebm"),
        ("A_loop", None),
        ("Bmore", None),
    ],
)
def test_names_that_say_a_key(name, key):
    assert key_in_name(name) == (Key.parse(key) if key else None)


@given(st.integers(1, 20 * 60 * RATE), st.floats(40, 240), signatures)
def test_bars_always_fit(samples, tempo_bpm, signature):
    found, bars = fit_bars(samples, tempo_bpm, signature)
    assert 40 <= found <= 240 and 1 <= bars <= 64
    if found != tempo_bpm:
        assert beats_to_samples(bars * signature.bar_beats, found) == samples
        assert found == pytest.approx(tempo_bpm, rel=0.0102)
    assert 40 <= tempo_by_length(samples, tempo_bpm, signature) <= 240


def test_a_loop_is_heard_in_a_fraction_of_a_second():
    loop = tones(C_G_AM_F)
    analyze_audio(loop, "harmony", FRAME)
    start = time.perf_counter()
    analyze_audio(loop, "harmony", FRAME)
    assert time.perf_counter() - start < 1.0


def test_chords_stand_in_their_bars_also_where_the_audio_goes_on_after_them():
    says = analyze_audio(
        np.concatenate([clicks(120, EIGHTHS) + tones(C_G_AM_F), noise(30_000)]), "harmony", FRAME
    )
    assert [chord.symbol for chord in says.chords] == ["C", "G", "Am", "F"] and says.bars == 4
