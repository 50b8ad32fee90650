"""Kits and basses of one-shots: what is written is struck, when, as hard and as high as it is written."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import EngineError
from engine.music.score import DRUM_VOICES, Curve, Hit, Note
from engine.training.corpus.sampled_notes import load_instrument, render_notes
from engine.training.corpus.samples import VARIATIONS, by_kind, load_kit, render_hits, stroke
from engine.training.corpus.shots import drum_like, heard, pitch_of, read_shot
from engine.training.corpus.sources import OneShot, SamplePack, find_sources
from engine.units import hz_to_pitch
from tests.engine.corpus_sounds import (
    DRUMS,
    RATE,
    drum_pack,
    level_db,
    loudest_hz,
    noise,
    score,
    tone,
    write_pack,
)

BEAT = 22_050


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> SamplePack:
    return drum_pack(tmp_path_factory.mktemp("drums"))


@pytest.fixture(scope="module")
def pitched(tmp_path_factory: pytest.TempPathFactory) -> SamplePack:
    """A bass a third of a semitone above A1, a pad and a bell."""
    return write_pack(
        tmp_path_factory.mktemp("pitched"),
        {
            "bass_thick_a": tone(55.0 * 2 ** (0.33 / 12), 3.0, 2.0, 6), "ambi_pad": tone(220.0, 5.0, 9.0, 4),
            "elec_bell": tone(880.0, 1.5, 0.6, 2), "bass_noise": noise(0.5, 0.2),
        },
    )  # fmt: skip


def every_voice() -> list[Hit]:
    return [Hit(0.4 * place, voice, 100) for place, voice in enumerate(DRUM_VOICES)]


# --- kits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tempo_bpm", [61.3, 120.0, 239.9])
def test_a_rendering_is_exactly_as_long_as_its_score(pack: SamplePack, tempo_bpm: float) -> None:
    written = score("drums", *every_voice(), tempo_bpm=tempo_bpm)
    sound = render_hits(written, load_kit(pack, 1), 1)
    assert sound.shape == (written.length_samples, 2) and sound.dtype == np.float32
    assert np.isfinite(sound).all() and 0.05 < np.max(np.abs(sound)) < 2.0


def test_the_same_seed_gives_the_same_kit_and_samples_and_another_another(pack: SamplePack) -> None:
    written = score("drums", *every_voice())
    assert load_kit(pack, 3) == load_kit(pack, 3)
    assert np.array_equal(
        render_hits(written, load_kit(pack, 3), 5), render_hits(written, load_kit(pack, 3), 5)
    )
    kits = [load_kit(pack, seed) for seed in range(8)]
    assert len({kit.pieces["kick"].semitones for kit in kits}) == 8
    assert len({kit.pieces["snare"].path for kit in kits}) == 2
    assert 0 < sum(kit.pieces["snare"].decay_s > 0 for kit in kits) < 8


def test_what_a_pack_lacks_is_stood_in_for(pack: SamplePack) -> None:
    kit = load_kit(pack, 1)
    assert set(kit.pieces) == set(DRUM_VOICES)
    assert kit.pieces["ride"].path.stem == "crash" and kit.pieces["low_tom"].path.stem == "kick"
    assert kit.pieces["low_tom"].semitones != kit.pieces["high_tom"].semitones
    sound = render_hits(score("drums", Hit(0.0, "ride", 100)), kit, 1)
    assert level_db(sound[:2000]) > -60.0


def test_a_pack_without_a_snare_is_no_kit(tmp_path: Path) -> None:
    lacking = write_pack(tmp_path, {"kick": DRUMS["kick"], "hat": DRUMS["closed_hat"]})
    with pytest.raises(EngineError) as caught:
        load_kit(lacking, 1)
    assert caught.value.code == "not_found" and "snare" in caught.value.text


def test_what_has_no_telling_name_is_taken_for_what_it_sounds_like(tmp_path: Path) -> None:
    unnamed = write_pack(tmp_path, {f"beats_0{n}": sound for n, sound in enumerate(DRUMS.values())})
    kinds = {path.stem: kind for kind, paths in by_kind(unnamed).items() for path in paths}
    assert [kinds[f"beats_0{n}"] for n in range(len(DRUMS))] == list(DRUMS)
    assert set(load_kit(unnamed, 1).pieces) == set(DRUM_VOICES)


def test_a_broken_file_among_the_unnamed_is_passed_over(tmp_path: Path) -> None:
    unnamed = write_pack(tmp_path, DRUMS)
    (unnamed.path / "beats_99.wav").write_bytes(b"no sound at all")
    shots = (*unnamed.shots, OneShot(unnamed.path / "beats_99.wav", ""))
    assert set(load_kit(SamplePack("broken", "CC0", unnamed.path, shots), 1).pieces) == set(DRUM_VOICES)


# --- hits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset_ms", [-15.0, 0.0, 30.0])
def test_a_hit_is_struck_when_it_is_written_and_felt(pack: SamplePack, offset_ms: float) -> None:
    sound = render_hits(score("drums", Hit(2.0, "snare", 100, offset_ms)), load_kit(pack, 1), 1)
    begins = np.flatnonzero(np.abs(sound).max(axis=1) > 1e-3)[0]
    assert abs(begins - (2 * BEAT + offset_ms * 44.1)) < 60


def test_what_rings_past_the_end_is_found_at_the_start(pack: SamplePack) -> None:
    kit = load_kit(pack, 2)
    late = render_hits(score("drums", Hit(7.9, "crash", 100)), kit, 1)
    early = render_hits(score("drums", Hit(3.9, "crash", 100)), kit, 1)
    assert np.array_equal(np.roll(late, 4 * BEAT, axis=0), early) and level_db(late[:2000]) > -60.0


def test_repeats_of_a_hit_are_never_quite_the_same(pack: SamplePack) -> None:
    beats = [0.5 * n for n in range(16)]
    sound = render_hits(
        score("drums", *(Hit(beat, "closed_hat", 100) for beat in beats)), load_kit(pack, 1), 1
    )
    struck = [sound[int(beat * BEAT) : int(beat * BEAT) + 4000] for beat in beats]
    for before, after in pairwise(struck):
        assert not np.allclose(before / np.abs(before).max(), after / np.abs(after).max(), atol=1e-3)


def test_soft_hits_are_quieter_and_darker(pack: SamplePack) -> None:
    kit = load_kit(pack, 1)
    soft, hard = (
        render_hits(score("drums", Hit(0.0, "snare", velocity)), kit, 1)[:8000] for velocity in (25, 120)
    )
    assert level_db(hard) > level_db(soft) + 12.0
    assert heard(hard).centroid_hz > 1.3 * heard(soft).centroid_hz


def test_voices_stand_where_their_kit_has_them(pack: SamplePack) -> None:
    kit = load_kit(pack, 4)
    for voice in ("crash", "low_tom"):
        left, right = np.abs(render_hits(score("drums", Hit(0.0, voice, 100)), kit, 1)).max(axis=0)
        assert (left > right) == (kit.pieces[voice].pan < 0) and abs(left - right) > 0.05 * max(left, right)


def test_a_closed_hat_chokes_an_open_one_round_the_loop(pack: SamplePack) -> None:
    kit = next(kit for seed in range(20) if not (kit := load_kit(pack, seed)).pieces["open_hat"].decay_s)
    ringing = Hit(7.8, "open_hat", 110)
    alone = render_hits(score("drums", ringing), kit, 1)
    choked = render_hits(score("drums", ringing, Hit(0.0, "closed_hat", 1)), kit, 1)
    after = slice(1000, 8000)
    assert level_db(alone[after]) > -50.0 and level_db(choked[after]) < level_db(alone[after]) - 20.0


def test_the_energy_of_a_score_is_played(pack: SamplePack) -> None:
    rising = Curve("energy", ((0.0, 0.0), (8.0, 1.0)))
    sound = render_hits(
        score("drums", Hit(0.0, "kick", 90), Hit(6.0, "kick", 90), curves=(rising,)), load_kit(pack, 1), 1
    )
    assert level_db(sound[6 * BEAT :]) > level_db(sound[: 2 * BEAT]) + 2.5


def test_strokes_are_made_once_and_cannot_be_spoilt(pack: SamplePack) -> None:
    piece = load_kit(pack, 1).pieces["kick"]
    assert stroke(piece, 0, 3) is stroke(piece, 0, 3)
    assert len({stroke(piece, turn, 3).tobytes() for turn in range(VARIATIONS)}) == VARIATIONS
    with pytest.raises(ValueError, match="read-only"):
        stroke(piece, 0, 3)[0] = 1.0


# --- pitched one-shots ------------------------------------------------------------------------------


def test_the_pitch_of_a_one_shot_is_heard_with_its_fraction(pitched: SamplePack) -> None:
    found = {shot.path.stem: pitch_of(shot.path) for shot in pitched.shots}
    assert found["bass_noise"] is None
    assert abs((found["bass_thick_a"] or 0.0) - 33.33) < 0.1
    assert abs((found["ambi_pad"] or 0.0) - 57.0) < 0.1 and abs((found["elec_bell"] or 0.0) - 81.0) < 0.1


@pytest.mark.parametrize(
    ("role", "pitches"), [("bass", (28, 33, 40)), ("harmony", (55, 60)), ("melody", (76, 88))]
)
def test_notes_sound_at_their_pitch_or_octaves_from_it(
    pitched: SamplePack, role: str, pitches: tuple[int, ...]
) -> None:
    for seed in range(4):
        instrument = load_instrument(pitched, role, seed)
        for pitch in pitches:
            sound = render_notes(score(role, Note(0.0, 2.0, pitch, 110)), instrument, 1)
            away = (hz_to_pitch(loudest_hz(sound[: 2 * BEAT])) - pitch) % 12.0
            assert min(away, 12.0 - away) < 0.12, (instrument.name, pitch)


def test_a_note_in_reach_is_not_moved(pitched: SamplePack) -> None:
    sound = render_notes(score("bass", Note(0.0, 2.0, 40, 110)), load_instrument(pitched, "bass", 1), 1)
    assert abs(hz_to_pitch(loudest_hz(sound[: 2 * BEAT])) - 40.0) < 0.12


@pytest.mark.parametrize("role", ["bass", "harmony", "melody"])
def test_a_rendering_of_notes_is_as_long_as_its_score_and_always_the_same(
    pitched: SamplePack, role: str
) -> None:
    written = score(role, Note(0.0, 3.0, 45, 90), Note(7.0, 1.0, 52, 70, offset_ms=12.0), tempo_bpm=97.3)
    instrument = load_instrument(pitched, role, 2)
    sound = render_notes(written, instrument, 1)
    assert sound.shape == (written.length_samples, 2) and sound.dtype == np.float32
    assert np.array_equal(render_notes(written, load_instrument(pitched, role, 2), 1), sound)


def test_a_slide_goes_from_the_note_before_to_its_own(pitched: SamplePack) -> None:
    written = score("bass", Note(0.0, 1.0, 33, 100), Note(1.0, 2.0, 45, 100, slide=True))
    sound = render_notes(written, load_instrument(pitched, "bass", 1), 1)
    before, after = sound[4000 : BEAT - 1000], sound[BEAT + 4000 : BEAT + 20_000]
    assert abs(hz_to_pitch(loudest_hz(before)) - 33.0) < 0.2
    assert abs(hz_to_pitch(loudest_hz(after)) - 45.0) < 0.2
    assert np.abs(sound[BEAT - 50 : BEAT + 50]).max() > 1e-3  # one breath: it is not struck again


def test_a_note_ends_with_its_gate_and_rings_into_the_start(pitched: SamplePack) -> None:
    instrument = load_instrument(pitched, "bass", 1)
    release = int(instrument.release_s * RATE)
    sound = render_notes(score("bass", Note(7.0, 1.0, 33, 100)), instrument, 1)
    assert level_db(sound[: release // 2]) > -60.0
    assert not sound[release + 1 : 7 * BEAT - 10].any()


def test_the_wrong_kind_of_score_is_refused(pack: SamplePack, pitched: SamplePack) -> None:
    with pytest.raises(EngineError, match="plays drum hits, not notes"):
        render_hits(score("bass", Note(0.0, 1.0, 33, 90)), load_kit(pack, 1), 1)
    with pytest.raises(EngineError, match="plays notes, not drum hits"):
        render_notes(score("drums", Hit(0.0, "kick", 90)), load_instrument(pitched, "bass", 1), 1)
    with pytest.raises(EngineError) as caught:
        load_instrument(pack, "bass", 1)
    assert caught.value.code == "not_found"
    with pytest.raises(EngineError, match="unknown role 'drums'"):
        load_instrument(pitched, "drums", 1)


# --- files ------------------------------------------------------------------------------------------


def test_a_one_shot_begins_with_its_onset_at_full_scale_whatever_its_file_is_like(tmp_path: Path) -> None:
    late = np.concatenate([np.zeros(9600), 0.1 * tone(110.0, 0.5, 0.1)]) + 0.02  # an offset of the converter
    soundfile.write(tmp_path / "late.flac", late, 48_000, subtype="PCM_24")
    shot = read_shot(tmp_path / "late.flac")
    assert shot.shape[1] == 2 and shot.dtype == np.float32 and abs(np.abs(shot).max() - 1.0) < 1e-6
    assert np.flatnonzero(np.abs(shot).max(axis=1) > 0.1)[0] < 0.01 * RATE


@pytest.mark.parametrize("content", ["silent", "text", "surround"])
def test_a_file_that_is_no_one_shot_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.wav"
    match content:
        case "silent":
            soundfile.write(path, np.zeros((1000, 2)), RATE)
        case "text":
            path.write_text("no sound")
        case "surround":
            soundfile.write(path, np.ones((1000, 6)), RATE)
    with pytest.raises(EngineError) as caught:
        read_shot(path)
    assert caught.value.code == "file" and str(path) in caught.value.text


# --- the real ones ----------------------------------------------------------------------------------

ALIKE = {
    "kick": {"kick", "low_tom"}, "snare": {"snare", "clap"}, "clap": {"clap", "snare"},
    "closed_hat": {"closed_hat", "open_hat"}, "open_hat": {"open_hat", "crash"},
}  # fmt: skip


def test_the_ear_agrees_with_the_names_of_installed_packs() -> None:
    named = [shot for pack in find_sources().packs for shot in pack.shots if shot.kind in ALIKE]
    if len(named) < 20:
        pytest.skip("no sample packs are installed")
    right = Counter(shot.kind for shot in named if drum_like(heard(read_shot(shot.path))) in ALIKE[shot.kind])
    assert sum(right.values()) >= 0.8 * len(named), right
    assert right["kick"] >= 0.9 * sum(shot.kind == "kick" for shot in named)


@pytest.mark.parametrize("name", ["supersonic", "sonic-pi", "audiophob", "rumpf"])
def test_an_installed_pack_plays_every_voice(name: str) -> None:
    packs = {pack.name: pack for pack in find_sources().packs}
    if name not in packs:
        pytest.skip(f"{name} is not installed")
    kit = load_kit(packs[name], 1)
    assert set(kit.pieces) == set(DRUM_VOICES)
    for voice in DRUM_VOICES:
        assert np.abs(render_hits(score("drums", Hit(0.0, voice, 100), bars=1), kit, 1)).max() > 0.01, voice


@pytest.mark.parametrize("name", ["supersonic", "sonic-pi"])
def test_the_basses_of_an_installed_pack_sound_at_the_pitch_of_their_names(name: str) -> None:
    packs = {pack.name: pack for pack in find_sources().packs}
    if name not in packs:
        pytest.skip(f"{name} is not installed")
    basses = [
        shot.path
        for shot in packs[name].shots
        if shot.path.stem.startswith("bass_") and shot.path.stem[-1] == "c"
    ]
    found = [pitch for path in basses if (pitch := pitch_of(path)) is not None]
    assert len(found) >= 5
    assert all(min(pitch % 12, 12 - pitch % 12) < 0.3 for pitch in found)
