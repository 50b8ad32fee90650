"""What lies between the partials of a score's notes is made softer, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.model.track import partials
from engine.model.track.loop import Loop
from engine.model.track.output import Output
from engine.model.track.partials import HOP, WINDOW, BetweenPartials, comb_of
from engine.music.score import Note, Score
from engine.units import STEM_SAMPLE_RATE
from tests.engine.instrument_scores import score

DB = 10.0
NOTES = (Note(0.0, 2.0, 57, 100), Note(2.0, 2.0, 60, 100))  # 220 and 261.6 Hz, a second each at 120 bpm


@pytest.fixture
def told() -> Score:
    return replace(score("organ"), notes=NOTES)


def loop_of(told: Score) -> Loop:
    return Loop(told.length_samples, 882, 8)


def tone(loop: Loop, hz: float) -> np.ndarray:
    count = (loop.num_frames + 2 * loop.margin) * loop.hop
    seconds = (np.arange(count) + loop.first_sample) / STEM_SAMPLE_RATE
    return np.repeat(0.1 * np.sin(2 * np.pi * hz * seconds)[:, None], 2, axis=1).astype(np.float32)


def filtered(told: Score, audio: np.ndarray, piece: int = 10**6, db: float = DB) -> np.ndarray:
    between = BetweenPartials(told, loop_of(told), db)
    made = [between.step(audio[place : place + piece]) for place in range(0, len(audio), piece)]
    return np.concatenate((*made, between.flush()))


def softer_db(told: Score, hz: float, start_s: float, end_s: float) -> float:
    """Of a tone, between two moments of the loop."""
    loop = loop_of(told)
    audio = tone(loop, hz)
    start, end = (round(s * STEM_SAMPLE_RATE) - loop.first_sample for s in (start_s, end_s))
    powers = [float((a[start:end] ** 2).mean()) for a in (audio, filtered(told, audio))]
    return 10 * np.log10(powers[0] / powers[1])


def test_partials_stay_and_what_lies_between_is_softer(told: Score) -> None:
    for hz in (220.0, 440.0, 2200.0):
        assert softer_db(told, hz, 0.3, 0.8) == pytest.approx(0.0, abs=0.1)
    for hz in (330.0, 550.0, 1210.0, 60.0):
        assert softer_db(told, hz, 0.3, 0.8) == pytest.approx(DB, abs=0.3)


def test_the_next_note_has_other_partials(told: Score) -> None:
    third = 261.63
    assert softer_db(told, third, 1.3, 1.8) == pytest.approx(0.0, abs=0.1)
    assert softer_db(told, 1.5 * third, 1.3, 1.8) == pytest.approx(DB, abs=0.3)


def test_an_attack_keeps_all_it_has(told: Score) -> None:
    assert softer_db(told, 330.0, 1.0, 1.03) < 1.0 < softer_db(told, 330.0, 1.3, 1.33)


@pytest.mark.parametrize("piece", [882, 5000, 44_100])
def test_in_pieces_it_is_the_same(told: Score, piece: int) -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.1, tone(loop_of(told), 1.0).shape).astype(np.float32)
    whole = filtered(told, noise)
    assert whole.shape == noise.shape
    assert np.abs(filtered(told, noise, piece) - whole).max() < 1e-6


def test_nothing_softer_is_nothing_changed(told: Score) -> None:
    noise = np.random.default_rng(2).normal(0.0, 0.1, tone(loop_of(told), 1.0).shape).astype(np.float32)
    assert np.abs(filtered(told, noise, db=0.0) - noise).max() < 1e-6


def test_every_turn_of_a_loop_has_the_same_comb(told: Score) -> None:
    turn = told.length_samples
    one, next_ = (comb_of(told, first, turn // HOP) for first in (0, turn))
    assert one.shape == (WINDOW // 2 + 1, turn // HOP) and np.array_equal(one, next_)
    assert one.min() == 0.0 and one.max() == 1.0


def test_what_has_no_notes_is_left_as_it_is(told: Score) -> None:
    loop = loop_of(told)
    torch.manual_seed(3)
    audio = 0.01 * torch.randn(1, 2, (loop.num_frames + 2 * loop.margin) * loop.hop)

    def made(told: Score, db: float) -> np.ndarray:
        output = Output(loop, told, None, (), between_db=db)
        for piece in audio.split(7000, dim=2):
            output.add(piece)
        return output.finished()

    silent = replace(told, notes=())
    assert np.array_equal(made(silent, DB), made(silent, 0.0))
    assert np.abs(made(told, DB) - made(told, 0.0)).max() > 1e-3


def test_early_samples_are_the_loop_s_own(told: Score) -> None:
    """All that is told before the end is what it stays, however the samples came."""
    loop, heard = loop_of(told), []
    torch.manual_seed(4)
    audio = 0.004 * torch.randn(1, 2, (loop.num_frames + 2 * loop.margin) * loop.hop)
    output = Output(loop, told, None, (), between_db=DB)
    for piece in audio.split(9000, dim=2):
        output.add(piece)
        output.tell(lambda new, start, end: heard.append((new, start, end)))
    whole = output.finished()
    assert [start for _, start, _ in heard[1:]] == [end for _, _, end in heard[:-1]] and len(heard) > 3
    level = whole[1000:5000].std() / heard[0][0][1000:5000].std()
    for new, start, end in heard[:-1]:
        assert np.abs(new * level - whole[start:end]).max() < 1e-3 * whole.std(), (start, end)


def test_a_pitch_has_its_own_partials_alone() -> None:
    column = partials._column(57.0)
    hz = np.arange(len(column)) * STEM_SAMPLE_RATE / WINDOW
    at = {wanted: float(column[np.abs(hz - wanted).argmin()]) for wanted in (110.0, 220.0, 330.0, 660.0)}
    assert at == {110.0: 0.0, 220.0: 1.0, 330.0: 0.0, 660.0: 1.0}
