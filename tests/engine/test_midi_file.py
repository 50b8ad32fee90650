"""Scores become MIDI files that any sequencer loops exactly, and come back as the same notes."""

import io
import struct
import time
from dataclasses import replace

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.midi_file import midi_bytes, midi_to_score, scores_to_midi
from engine.errors import EngineError
from engine.instruments.palette import PALETTES
from engine.music.key import Key, Signature
from engine.music.score import DRUM_VOICES, Hit, Note, Score
from engine.prompt.music_context import Frame
from engine.units import beats_to_seconds
from tests.engine.stems import keys, score, scores, signatures, tempi

FRAME = Frame(tempo_bpm=97.0, key=Key.parse("Ebm"), signature=Signature(3, 4), bars=4)


def written(*parts: Score) -> mido.MidiFile:
    """As any reader gets it: through bytes."""
    return mido.MidiFile(file=io.BytesIO(midi_bytes(parts)))


def absolute(track: mido.MidiTrack, kind: str) -> list[tuple[int, mido.Message]]:
    now, found = 0, []
    for message in track:
        now += message.time
        if message.type == kind:
            found.append((now, message))
    return found


def played(track: mido.MidiTrack) -> list[tuple[int, int, int]]:
    """(tick, pitch, velocity) of each note that starts."""
    return [(tick, m.note, m.velocity) for tick, m in absolute(track, "note_on") if m.velocity]


def through_a_file(folder, made: Score) -> Score:
    path = folder / "a.mid"
    path.write_bytes(midi_bytes([made]))
    return midi_to_score(path, made.track, FRAME)


# --- out ------------------------------------------------------------------------------------------


def test_the_frame_stands_in_the_first_track():
    file = written(score(tempo_bpm=126.5, key=Key.parse("F#m"), signature=Signature(7, 8)), score("drums"))
    assert file.type == 1 and file.ticks_per_beat == 960
    conductor = {message.type: message for message in file.tracks[0]}
    assert conductor["set_tempo"].tempo == round(60e6 / 126.5)
    assert (conductor["time_signature"].numerator, conductor["time_signature"].denominator) == (7, 8)
    assert conductor["key_signature"].key == "F#m"
    assert [track.name for track in file.tracks[1:]] == ["bass", "drums"]


@given(keys)
def test_every_key_has_a_signature_with_its_tonic_and_third(key):
    found = Key.parse(absolute(written(score(key=key)).tracks[0], "key_signature")[0][1].key)
    assert (found.tonic, found.is_minor) == (key.tonic, key.is_minor)


@given(st.one_of(scores("drums"), scores("melody")))
def test_every_track_ends_where_its_loop_ends(made):
    for track in written(made).tracks:
        assert sum(message.time for message in track) == round(made.length_beats * 960)
        assert absolute(track, "end_of_track")


@given(st.one_of(scores("drums"), scores("melody")))
def test_no_note_is_left_hanging_or_struck_while_it_sounds(made):
    sounding: set[int] = set()
    for message in written(made).tracks[1]:
        if message.type == "note_on":
            assert message.note not in sounding
            sounding.add(message.note)
        elif message.type == "note_off":
            sounding.remove(message.note)
    assert not sounding


def test_the_file_lasts_as_long_as_the_loop():
    made = score(tempo_bpm=120.0, bars=4, signature=Signature(7, 8))
    assert written(made).length == pytest.approx(beats_to_seconds(14.0, 120.0))


def test_drums_play_on_channel_10_with_general_midi_notes():
    hits = tuple(Hit(index * 0.2, voice, 64) for index, voice in enumerate(DRUM_VOICES))
    track = written(score("drums", hits=hits)).tracks[1]
    assert {message.channel for message in track if not message.is_meta} == {9}
    assert [pitch for _, pitch, _ in played(track)] == list(DRUM_VOICES.values())


def test_pitched_tracks_have_channels_of_their_own():
    file = written(*(score(name) for name in ("drums", "bass", "harmony", "melody", "vocal", "strings")))
    channels = [{m.channel for m in track if not m.is_meta} for track in file.tracks[1:]]
    assert all(len(used) == 1 for used in channels) and len(set.union(*channels)) == 6


def test_micro_timing_becomes_ticks_inside_the_loop():
    notes = (Note(0.0, 1, 40, 90, -20.0), Note(1.0, 1, 41, 90, 25.0), Note(3.999, 0.001, 42, 90, 50.0))
    # 120 bpm: a millisecond is 1.92 ticks
    assert [tick for tick, *_ in played(written(score(notes=notes)).tracks[1])] == [0, 960 + 48, 3839]


def test_a_chord_may_slide_in_part():
    notes = (Note(0.0, 1, 40, 90, slide=True), Note(0.0, 1, 47, 90), Note(1.0, 1, 52, 90))
    assert _slides(written(score(notes=notes)).tracks[1]) == {(0, 40)}


def test_staccato_is_shorter_and_a_slide_has_portamento():
    notes = (
        Note(0.0, 1, 40, 90, articulation="staccato"),
        Note(1.0, 1, 41, 90, slide=True),
        Note(2, 1, 42, 9),
    )
    track = written(score(notes=notes)).tracks[1]
    assert absolute(track, "note_off")[0][0] == 480
    glides = [(tick, m.value) for tick, m in absolute(track, "control_change") if m.control == 65]
    assert glides == [(960, 127), (1920, 0)]
    assert [tick for tick, m in absolute(track, "control_change") if m.control == 5] == [0]


def test_every_palette_has_a_program_of_its_kind():
    families = {"bass": range(32, 40), "drums": (0, 8, 16, 24, 25, 32, 48)}
    programs = set()
    for name, palette in PALETTES.items():
        made = score(palette.role, palette=name)
        program = absolute(written(made).tracks[1], "program_change")[0][1].program
        assert program in families.get(palette.role, range(128)), name
        programs.add(program)
    assert len(programs) >= 15


# --- out and in again -----------------------------------------------------------------------------


@given(scores("drums"))
def test_drums_come_back_hit_for_hit(tmp_path_factory, made):
    back = through_a_file(tmp_path_factory.mktemp("midi"), made)
    assert (back.signature, back.bars, back.tempo_bpm) == (made.signature, made.bars, made.tempo_bpm)
    # Two hits of one voice at one time are one hit.
    assert {(hit.start_beats, hit.voice) for hit in back.hits} == {
        (h.start_beats, h.voice) for h in made.hits
    }
    assert played(scores_to_midi([back]).tracks[1]) == played(scores_to_midi([made]).tracks[1])


@given(scores("melody"))
def test_notes_come_back_note_for_note(tmp_path_factory, made):
    back = through_a_file(tmp_path_factory.mktemp("midi"), made)
    assert (back.signature, back.bars, back.tempo_bpm) == (made.signature, made.bars, made.tempo_bpm)
    again, once = (scores_to_midi([found]).tracks[1] for found in (back, made))
    assert played(again) == played(once)
    assert [(t, m.note) for t, m in absolute(again, "note_off")] == [
        (t, m.note) for t, m in absolute(once, "note_off")
    ]
    assert {(round(n.start_beats * 960), n.pitch) for n in back.notes if n.slide} == _slides(once)


def _slides(track: mido.MidiTrack) -> set[tuple[int, int]]:
    """(tick, pitch) of the notes that start under portamento."""
    gliding, found, now = False, set(), 0
    for message in track:
        now += message.time
        if message.type == "control_change":
            gliding = message.value >= 64
        elif message.type == "note_on" and gliding:
            found.add((now, message.note))
    return found


# --- from anywhere --------------------------------------------------------------------------------


def foreign(folder, *tracks: list, ticks: int = 96, kind: int = 1):
    """A file of tracks of (channel, start tick, length, pitch), or meta messages at tick 0."""
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    for rows in tracks:
        track = mido.MidiTrack([row for row in rows if not isinstance(row, tuple)])
        timed = []
        for channel, start, length, pitch in (row for row in rows if isinstance(row, tuple)):
            timed.append((start, 1, mido.Message("note_on", channel=channel, note=pitch, velocity=80)))
            timed.append(
                (start + length, 0, mido.Message("note_on", channel=channel, note=pitch, velocity=0))
            )
        now = 0
        for tick, _, message in sorted(timed, key=lambda item: item[:2]):
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    path = folder / "foreign.mid"
    file.save(path)
    return path


BASS = [(0, beat * 96, 48, pitch) for beat, pitch in enumerate((36, 36, 43, 41))]
CHORDS = [(1, 0, 192, pitch) for pitch in (60, 64, 67)] + [(1, 192, 192, pitch) for pitch in (59, 62, 67)]
LEAD = [(2, beat * 48, 48, 72 + step) for beat, step in enumerate((0, 2, 4, 7, 4, 2, 0, 2))]
DRUMS = [(9, beat * 96, 24, pitch) for beat, pitch in enumerate((36, 40, 35, 38))]
HIGH_CHORDS = [(3, 0, 384, pitch) for pitch in (84, 88, 91)]


@pytest.mark.parametrize("layout", ["a track each", "one track"])
def test_each_role_takes_the_part_that_fits(tmp_path, layout):
    parts = [CHORDS, LEAD, DRUMS, BASS, HIGH_CHORDS]
    path = foreign(
        tmp_path, *(parts if layout == "a track each" else [[row for part in parts for row in part]])
    )
    frame = Frame(signature=Signature(4, 4))
    assert [n.pitch for n in midi_to_score(path, "bass", frame).notes] == [36, 36, 43, 41]
    assert {n.pitch for n in midi_to_score(path, "melody", frame).notes} == {72, 74, 76, 79}
    assert [n.pitch for n in midi_to_score(path, "harmony", frame).notes][:3] == [60, 64, 67]
    hits = midi_to_score(path, "drums", frame).hits
    assert [hit.voice for hit in hits] == ["kick", "snare", "kick", "snare"]


def test_a_part_called_like_the_track_goes_before_all(tmp_path):
    named = [mido.MetaMessage("track_name", name="My Bass 2"), *LEAD]
    path = foreign(tmp_path, BASS, named)
    assert midi_to_score(path, "bass", FRAME).notes[0].pitch == 72


def test_a_file_that_says_nothing_is_in_the_sets_frame(tmp_path):
    back = midi_to_score(foreign(tmp_path, [(9, 0, 10, 36)]), "drums", FRAME)
    assert (back.tempo_bpm, back.signature, back.key) == (97.0, Signature(3, 4), Key.parse("Ebm"))
    assert back.bars == 1 and back.palette == "909"


def test_palettes_are_ones_that_play(tmp_path):
    path = foreign(tmp_path, BASS, DRUMS)
    for track in ("drums", "bass", "harmony", "melody"):
        assert PALETTES[midi_to_score(path, track, FRAME).palette].role == track


def test_key_and_chords_are_heard_where_the_file_says_none(tmp_path):
    bars = [(60, 64, 67, 48), (59, 62, 67, 43), (60, 64, 69, 45), (60, 65, 69, 41)]
    rows = [(0, bar * 384, 384, pitch) for bar, chord in enumerate(bars) for pitch in chord]
    back = midi_to_score(foreign(tmp_path, rows), "harmony", replace(FRAME, signature=Signature(4, 4)))
    assert back.key == Key.parse("C") and [chord.symbol for chord in back.chords] == ["C", "G", "Am", "F"]
    assert back.bars == 4


def test_a_key_that_its_notes_deny_is_not_believed(tmp_path):
    scale = [(0, step * 96, 96, 54 + pitch) for step, pitch in enumerate((0, 2, 3, 5, 7, 8, 10, 0))]
    c_major = mido.MetaMessage("key_signature", key="C")
    assert midi_to_score(foreign(tmp_path, [c_major, *scale]), "melody", FRAME).key == Key.parse("F#m")


def test_a_song_gives_the_64_bars_from_its_first_note(tmp_path):
    rows = [(0, (10 + bar) * 288, 96, 40) for bar in range(100)]
    back = midi_to_score(foreign(tmp_path, rows), "bass", FRAME)
    assert back.bars == 64 and len(back.notes) == 64 and back.notes[0].start_beats == 0.0


def test_a_track_that_ends_a_tick_late_is_no_bar_longer(tmp_path):
    rows = [(0, 0, 289, 40)]
    assert midi_to_score(foreign(tmp_path, rows), "bass", FRAME).bars == 1


@pytest.mark.parametrize(
    ("rows", "track", "words"),
    [
        ([], "bass", "no notes"),
        (DRUMS, "bass", "drums alone"),
        ([*BASS, *CHORDS], "drums", "no drums"),
        ([mido.MetaMessage("time_signature", numerator=77, denominator=4), *BASS], "bass", "77/4"),
    ],
)
def test_what_cannot_be_taken_says_why(tmp_path, rows, track, words):
    tracks = [rows[:4], rows[4:]] if track == "drums" else [rows]
    with pytest.raises(EngineError, match=f"file: foreign.mid.*{words}"):
        midi_to_score(foreign(tmp_path, *tracks), track, FRAME)


@pytest.mark.parametrize(
    ("beat_us", "tempo_bpm"), [(100_000, 240), (3_000_000, 40), (0, 240), (461_538, 130)]
)
def test_a_tempo_that_cannot_be_played_becomes_the_nearest_that_can(tmp_path, beat_us, tempo_bpm):
    back = midi_to_score(
        foreign(tmp_path, [mido.MetaMessage("set_tempo", tempo=beat_us), *BASS]), "bass", FRAME
    )
    assert back.tempo_bpm == tempo_bpm and [note.start_beats for note in back.notes] == [0, 1, 2, 3]


@pytest.mark.parametrize("pitch", range(35, 82))
def test_every_general_midi_drum_has_a_voice_here(tmp_path, pitch):
    hits = midi_to_score(foreign(tmp_path, [(9, 0, 10, pitch)]), "drums", FRAME).hits
    assert len(hits) == 1 and DRUM_VOICES.get(hits[0].voice) is not None
    if pitch in DRUM_VOICES.values():
        assert DRUM_VOICES[hits[0].voice] == pitch


def of_bytes(folder, *events: bytes):
    content = b"".join(events) + b"\0\xff\x2f\0"
    head = b"MThd" + struct.pack(">IHHH", 6, 1, 1, 96)
    path = folder / "a.mid"
    path.write_bytes(head + b"MTrk" + struct.pack(">I", len(content)) + content)
    return path


@pytest.mark.parametrize(
    ("number", "words"),
    [(b"\x81\x80\x80\x80\x00", "days apart"), (b"\xff" * 300 + b"\1", "days apart"),
     (b"\xff" * 3_000_000 + b"\1", "number without end")],
)  # fmt: skip
def test_times_beyond_four_bytes_are_an_error_of_the_file_and_soon(tmp_path, number, words):
    path = of_bytes(tmp_path, number + b"\x90\x40\x40", b"\x10\x80\x40\x00")
    start = time.perf_counter()
    with pytest.raises(EngineError, match=f"file: a.mid is not a MIDI file: .*{words}"):
        midi_to_score(path, "melody", FRAME)
    assert time.perf_counter() - start < 2.0


def test_the_longest_legal_time_is_read(tmp_path):
    path = of_bytes(tmp_path, b"\xff\xff\xff\x7f\x90\x40\x40", b"\x10\x80\x40\x00")
    assert [note.start_beats for note in midi_to_score(path, "melody", FRAME).notes] == [(2**28 - 1) / 96 % 3]


def test_a_note_that_is_never_let_go_sounds_to_the_end(tmp_path):
    path = of_bytes(tmp_path, b"\0\x90\x40\x40", b"\x60\x90\x43\x40", b"\x60\x80\x43\x40")
    notes = [(n.start_beats, n.length_beats, n.pitch) for n in midi_to_score(path, "melody", FRAME).notes]
    assert notes == [(0, 2, 64), (1, 1, 67)]


def test_a_status_that_runs_from_nowhere_is_an_error_of_the_file(tmp_path):
    with pytest.raises(EngineError, match=r"file: a\.mid is not a MIDI file"):
        midi_to_score(of_bytes(tmp_path, b"\0\x40\x40"), "bass", FRAME)


def test_more_than_eight_megabytes_are_not_even_read(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(SEED + bytes(8 << 20))
    with pytest.raises(EngineError, match=r"file: a\.mid is larger than 8 MB"):
        midi_to_score(path, "bass", FRAME)


def test_smpte_time_is_refused(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\xe7\x28MTrk\0\0\0\4\0\xff\x2f\0")
    with pytest.raises(EngineError, match=r"file: .*SMPTE"):
        midi_to_score(path, "bass", FRAME)


def test_missing_files_are_errors_of_the_file(tmp_path):
    with pytest.raises(EngineError, match=r"file: gone\.mid cannot be read"):
        midi_to_score(tmp_path / "gone.mid", "bass", FRAME)


@pytest.mark.parametrize("nowhere", [b"\x02\x51\x09", b"\x02\xff\xff", b"\x02\x00\x02"])
def test_a_key_signature_that_names_no_key_is_left_out_and_the_notes_come_in(tmp_path, nowhere):
    good = midi_bytes([score(key=Key.parse("C"))])
    path = tmp_path / "a.mid"
    path.write_bytes(good)
    notes = midi_to_score(path, "bass", FRAME).notes
    path.write_bytes(good.replace(b"\xff\x59\x02\x00\x00", b"\xff\x59" + nowhere))
    assert path.read_bytes() != good
    assert midi_to_score(path, "bass", FRAME).notes == notes


@given(st.binary(max_size=200), st.booleans())
def test_random_bytes_are_a_valid_score_or_an_error_of_the_file(tmp_path_factory, junk, with_head):
    folder = tmp_path_factory.mktemp("midi")
    path = of_bytes(folder, junk)
    if not with_head:
        path.write_bytes(junk)
    try:
        midi_to_score(path, "melody", FRAME).validate()
    except EngineError as error:
        assert error.code == "file"


SEED = midi_bytes([score("drums"), score("bass"), score("melody")])


@given(
    st.sampled_from(["drums", "bass", "harmony", "melody"]),
    st.integers(0, len(SEED)),
    st.lists(st.tuples(st.integers(0, len(SEED)), st.binary(min_size=1, max_size=6)), max_size=8),
)
def test_damaged_files_give_a_valid_score_or_an_error_of_the_file(tmp_path_factory, track, cut, damages):
    data = bytearray(SEED)
    for at, junk in damages:
        data[at : at + len(junk)] = junk
    path = tmp_path_factory.mktemp("midi") / "a.mid"
    path.write_bytes(data if damages else data[:cut])
    try:
        midi_to_score(path, track, FRAME).validate()
    except EngineError as error:
        assert error.code == "file"


@given(tempi, signatures)
def test_any_tempo_and_meter_comes_back(tmp_path_factory, tempo_bpm, signature):
    notes = (Note(0.0, signature.bar_beats, 40, 90),)
    made = score(tempo_bpm=tempo_bpm, signature=signature, notes=notes)
    back = through_a_file(tmp_path_factory.mktemp("midi"), made)
    assert (back.tempo_bpm, back.signature) == (tempo_bpm, signature)
