"""A score played by a soundfont: what is written sounds, when, as high and as hard as it is written."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError
from engine.music.score import Curve, Hit, Note
from engine.training.corpus.soundfonts import families, programs_for, render_score
from engine.training.corpus.sources import Soundfont, find_sources
from engine.units import hz_to_pitch
from tests.engine.corpus_sounds import LittleFont, Zone, level_db, little_font, loudest_hz, noise, score

BASS, RINGING, LEAD, KIT = 33, 50, 81, 0
BEAT = 22_050
pytestmark = pytest.mark.skipif(find_spec("tinysoundfont") is None, reason="needs tinysoundfont")


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Soundfont:
    return little_font(tmp_path_factory.mktemp("font") / "little.sf2")


@pytest.mark.parametrize("tempo_bpm", [61.3, 120.0, 239.9])
@pytest.mark.parametrize("program", [BASS, RINGING, LEAD])
def test_a_rendering_is_exactly_as_long_as_its_score(font: Soundfont, program: int, tempo_bpm: float) -> None:
    written = score("bass", Note(0.0, 1.0, 45, 90), Note(7.0, 1.0, 57, 90), tempo_bpm=tempo_bpm)
    sound = render_score(written, font, program, 1)
    assert sound.shape == (written.length_samples, 2) and sound.dtype == np.float32
    assert np.isfinite(sound).all() and np.max(np.abs(sound)) > 0.01


def test_the_same_arguments_give_the_same_samples_whatever_was_played_before(font: Soundfont) -> None:
    written = score("melody", Note(0.0, 2.0, 60, 90), Note(2.0, 2.0, 64, 70, slide=True))
    first = render_score(written, font, LEAD, 3)
    render_score(score("harmony", Note(0.0, 8.0, 50, 127)), font, RINGING, 4)
    assert np.array_equal(render_score(written, font, LEAD, 3), first)
    assert not np.array_equal(render_score(written, font, LEAD, 5), first)


def test_an_empty_score_is_silence(font: Soundfont) -> None:
    assert not render_score(score("bass"), font, BASS, 1).any()


@pytest.mark.parametrize("pitch", [36, 45, 57, 69])
def test_a_note_sounds_at_its_pitch(font: Soundfont, pitch: int) -> None:
    sound = render_score(score("melody", Note(0.0, 4.0, pitch, 100)), font, RINGING, 1)
    sounding = hz_to_pitch(loudest_hz(sound[: 4 * BEAT]))
    assert abs(sounding - 0.04 - pitch) < 0.02  # the sample is 441 Hz


def test_a_note_the_instrument_does_not_reach_is_moved_by_octaves(font: Soundfont) -> None:
    sound = render_score(score("harmony", Note(0.0, 4.0, 26, 100)), font, RINGING, 1)
    assert abs(hz_to_pitch(loudest_hz(sound[: 4 * BEAT])) - 38.0) < 0.15


@pytest.mark.parametrize("offset_ms", [-20.0, 0.0, 35.0])
def test_a_note_begins_when_it_is_written_and_felt(font: Soundfont, offset_ms: float) -> None:
    sound = render_score(score("bass", Note(2.0, 1.0, 45, 100, offset_ms=offset_ms)), font, BASS, 1)
    begins = np.flatnonzero(np.abs(sound).max(axis=1) > 1e-3)[0]
    assert abs(begins - (2 * BEAT + offset_ms * 44.1)) < 100


def test_a_note_ends_with_its_gate(font: Soundfont) -> None:
    sound = render_score(score("bass", Note(1.0, 1.0, 45, 100)), font, BASS, 1)
    assert (
        level_db(sound[int(1.2 * BEAT) : int(1.9 * BEAT)])
        > level_db(sound[int(2.2 * BEAT) : 3 * BEAT]) + 60.0
    )


def test_harder_notes_are_louder(font: Soundfont) -> None:
    levels = [
        level_db(render_score(score("bass", Note(0.0, 2.0, 45, velocity)), font, BASS, 1))
        for velocity in (30, 70, 120)
    ]
    assert levels == sorted(levels) and levels[2] > levels[0] + 6.0


def test_what_rings_past_the_end_is_found_at_the_start(font: Soundfont) -> None:
    let_go = render_score(score("harmony", Note(4.0, 2.0, 57, 100)), font, RINGING, 1)
    assert level_db(let_go[:BEAT]) > level_db(let_go[7 * BEAT :]) - 20.0
    sound = render_score(score("harmony", Note(6.0, 2.0, 57, 100)), font, RINGING, 1)
    assert level_db(sound[:BEAT]) > level_db(sound[6 * BEAT :]) - 20.0
    steps = np.abs(np.diff(np.concatenate([sound[-400:], sound[:400]]), axis=0)).max(axis=1)
    assert steps[399] <= 1.05 * np.delete(steps, 399).max()  # the seam is a step like its neighbours
    dry = render_score(score("harmony", Note(6.0, 2.0, 57, 100)), font, BASS, 1)
    assert level_db(dry[1000:BEAT]) < -80.0


def test_a_note_pushed_before_the_loop_begins_at_its_end(font: Soundfont) -> None:
    sound = render_score(score("bass", Note(0.0, 1.0, 45, 100, offset_ms=-20.0)), font, BASS, 1)
    assert level_db(sound[-800:]) > -40.0 and level_db(sound[-2000:-900]) < -80.0


@pytest.mark.parametrize("program", [LEAD, RINGING])
def test_a_slide_goes_from_the_note_before_to_its_own(font: Soundfont, program: int) -> None:
    written = score("melody", Note(0.0, 1.0, 57, 100), Note(1.0, 2.0, 69, 100, slide=True))
    sound = render_score(written, font, program, 1)
    struck = render_score(score("melody", Note(0.0, 1.0, 57, 100), Note(1.0, 2.0, 69, 100)), font, program, 1)
    arrived = slice(int(1.5 * BEAT), int(2.5 * BEAT))
    assert abs(hz_to_pitch(loudest_hz(sound[arrived])) - 69.0) < 0.15
    on_the_way = slice(BEAT + 200, BEAT + 1100)  # 60 ms are 2,646 samples
    assert 57.5 < hz_to_pitch(loudest_hz(sound[on_the_way])) < 66.0
    if program == LEAD:  # mono: nothing of the note before is left to be heard below
        assert hz_to_pitch(loudest_hz(struck[on_the_way])) > 68.0


def test_bound_notes_are_one_breath_on_a_lead_and_two_strokes_on_a_piano(font: Soundfont) -> None:
    plucked = LittleFont([0.5 * noise(0.2, 0.02)], {(0, LEAD): [Zone(0)], (0, 0): [Zone(0)]})
    decaying = plucked.write(font.path.parent / "plucked.sf2")
    bound = score("melody", Note(0.0, 1.0, 69, 100, articulation="legato"), Note(1.0, 1.0, 71, 100))
    again = slice(BEAT, BEAT + 2000)
    assert level_db(render_score(bound, decaying, LEAD, 1)[again]) < -80.0
    assert level_db(render_score(bound, decaying, 0, 1)[again]) > -40.0


def test_hits_are_played_by_the_drum_map(font: Soundfont) -> None:
    sound = render_score(score("drums", Hit(0.0, "kick", 100), Hit(4.0, "closed_hat", 100)), font, KIT, 1)
    assert level_db(sound[:2000]) > -40.0 and level_db(sound[4 * BEAT : 4 * BEAT + 2000]) > -40.0
    assert level_db(sound[2 * BEAT : 4 * BEAT - 100]) < -80.0


def test_a_closed_hat_chokes_an_open_one_round_the_loop(font: Soundfont) -> None:
    ringing = Hit(7.5, "open_hat", 110)
    alone = render_score(score("drums", ringing), font, KIT, 1)
    choked = render_score(score("drums", ringing, Hit(0.0, "closed_hat", 1)), font, KIT, 1)
    after = slice(4000, BEAT)
    assert level_db(alone[after]) > -45.0 and level_db(choked[after]) < level_db(alone[after]) - 20.0


def test_the_energy_of_a_score_is_played(font: Soundfont) -> None:
    rising = Curve("energy", ((0.0, 0.0), (8.0, 1.0)))
    notes = (Note(0.0, 1.0, 45, 80), Note(7.0, 1.0, 45, 80))
    sound = render_score(score("bass", *notes, curves=(rising,)), font, BASS, 1)
    assert level_db(sound[7 * BEAT :]) > level_db(sound[:BEAT]) + 3.0


# --- programs ---------------------------------------------------------------------------------------


def test_programs_suit_their_role() -> None:
    assert set(programs_for("bass")) >= {*range(32, 40), 87}
    assert set(programs_for("harmony")) >= {0, 16, 24, 48, 52, 88}
    assert set(programs_for("melody")) >= {11, 56, 65, 73, 80}
    assert programs_for("drums") == (0, 8, 16, 24, 25, 32, 40)
    assert not set(programs_for("bass")) & set(programs_for("melody"))
    with pytest.raises(EngineError, match="unknown role 'bas'; did you mean 'bass'"):
        programs_for("bas")


def test_every_program_of_the_table_stands_once_and_has_an_octave() -> None:
    programs = [program for family in families() for program in family.programs]
    assert len(programs) == len(set(programs)) and set(programs) <= set(range(128))
    assert all(family.high - family.low >= 12 for family in families())


def test_programs_of_a_font_are_those_it_has(font: Soundfont) -> None:
    assert programs_for("bass", font) == (BASS,)
    assert programs_for("harmony", font) == (RINGING,)
    assert programs_for("drums", font) == (KIT,)


# --- what is refused --------------------------------------------------------------------------------


def refused(font: Soundfont, program: int = BASS) -> EngineError:
    with pytest.raises(EngineError) as caught:
        render_score(score("bass", Note(0.0, 1.0, 45, 90)), font, program, 1)
    return caught.value


def test_what_cannot_be_played_is_refused_with_its_reason(font: Soundfont, tmp_path: Path) -> None:
    assert refused(font, 128).code == "range"
    assert refused(font, 34).code == "unknown" and "34" in refused(font, 34).text
    gone = Soundfont("gone", "CC0", tmp_path / "gone.sf2")
    assert refused(gone).code == "not_found" and "gone.sf2" in refused(gone).text
    truncated = Soundfont("half", "CC0", tmp_path / "half.sf2")
    truncated.path.write_bytes(font.path.read_bytes()[:300])
    assert refused(truncated).code == "file"


def test_without_tinysoundfont_it_is_said_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    error = refused(Soundfont("any", "CC0", tmp_path / "any.sf2"))
    assert error.code == "not_available" and "pip install" in error.text


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("fluid-gm", "drums"), ("fluid-gm", "bass"), ("fluid-gm", "harmony"), ("fluid-gm", "melody"),
        ("musescore-general", "harmony"),  # its compressed samples take seconds to read: once is enough
    ],
)  # fmt: skip
def test_every_program_of_an_installed_font_sounds(name: str, role: str) -> None:
    fonts = {font.name: font for font in find_sources().soundfonts}
    if name not in fonts:
        pytest.skip(f"{name} is not installed")
    hits = (Hit(0.0, "kick", 100), Hit(1.0, "snare", 100), Hit(2.0, "open_hat", 100))
    notes = (Note(0.0, 2.0, 60, 110), Note(2.0, 1.5, 48, 110))
    written = score(role, *(hits if role == "drums" else notes), bars=1)
    assert programs_for(role, fonts[name]) == programs_for(role)
    for program in programs_for(role):
        sound = render_score(written, fonts[name], program, 1)
        assert len(sound) == written.length_samples and level_db(sound) > -60.0, program
