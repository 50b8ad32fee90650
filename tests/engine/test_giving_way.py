"""A track gives way to drums that it hears, as deep as the style says, and never without them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.model.track import performing
from engine.model.track.config import TrackModelConfig, config_named
from engine.model.track.context import ContextFrames
from engine.model.track.giving_way import AMOUNT, POINTS, GivingWay, gain_of, points_of_frames
from engine.model.track.hearing import Codecs, Hearing
from engine.model.track.loop import Loop
from engine.model.track.output import Output
from engine.model.track.style import DEEPEST_DB, amount_place, style_of_score, style_size
from engine.model.track.track_model import TrackModel
from engine.music.score import Curve
from engine.training.track.scores import style_of_stem
from tests.engine.instrument_scores import score
from tests.engine.track_models import debug_codec


def drums(frames: int = 60) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(6, frames)


def style(amount: float) -> torch.Tensor:
    vector = torch.zeros(style_size())
    vector[amount_place(AMOUNT)] = amount
    return vector


@pytest.fixture
def way() -> GivingWay:
    torch.manual_seed(0)
    return GivingWay("drums", 6).requires_grad_(False)


def test_as_deep_as_is_said(way: GivingWay) -> None:
    none, half, whole = (way.down_db(drums(), style(amount)) for amount in (0.0, 0.25, 0.5))
    assert whole.shape == (60 * POINTS,) and not none.any()
    assert np.allclose(whole, 2 * half) and (whole > 0).all() and whole.max() < DEEPEST_DB * 0.5


def test_other_drums_are_given_way_to_elsewhere(way: GivingWay) -> None:
    assert np.abs(way.down_db(drums(), style(0.5)) - way.down_db(-drums(), style(0.5))).max() > 0.01


def test_only_drums_of_its_codec_are_heard(way: GivingWay) -> None:
    mine = ContextFrames("drums", "drums", 75.0, drums()[None])
    others = replace(mine, role="bass"), replace(mine, codec="pitched")
    assert way.drums_in((*others, mine)) is mine and way.drums_in(others) is None


def test_a_gain_is_its_curve_where_the_curve_has_points() -> None:
    """Points stand in the middle of their part of a frame; before the first and after the last it stays."""
    at = points_of_frames(-1, 2, 588)
    assert at.tolist() == [(-4 + point + 0.5) * 147 for point in range(8)]
    down = np.linspace(0.0, 20.0, 8)
    gain = gain_of(down, at, -588, 1176)
    assert gain[0] == 1.0 and gain[-1] == pytest.approx(0.1)
    falls = -20 * np.log10(gain)
    assert np.abs(np.interp(at + 588, np.arange(1176), falls) - down).max() < 0.02
    assert (np.diff(falls) >= -1e-4).all()


def test_drums_do_not_duck_and_files_from_before_load() -> None:
    assert not config_named("drums").gives_way and config_named("bass").gives_way
    before = {name: value for name, value in vars(config_named("bass")).items() if name != "gives_way"}
    assert not TrackModelConfig.from_dict(before).gives_way


def test_what_is_performed_is_softer_at_once_and_by_as_much_as_is_said() -> None:
    codec = debug_codec()
    torch.manual_seed(0)
    model = TrackModel(config_named("bass", "debug"), codec.config).take_codebooks(codec.quantizer).eval()
    assert model.giving_way is not None
    with torch.no_grad():  # whatever it hears: by half of the depth
        model.giving_way.say.weight.zero_()
        model.giving_way.say.bias.zero_()
    hearing = Hearing(Codecs(lambda name: codec))
    kit = 0.3 * np.random.default_rng(1).standard_normal((88200, 2)).astype(np.float32)

    def played(heard: dict[str, np.ndarray], depth_db: float) -> np.ndarray:
        told = replace(score("moog"), settings={"duck": depth_db / DEEPEST_DB})
        task = performing.Task(
            model, codec, told, (), heard, None, Loop(told.length_samples, codec.config.hop, 4), hearing,
            performing.PerformOptions(), 0, performing.EAGER,
        )  # fmt: skip
        return task.gain

    gain = played({"drums": kit}, 12.0)
    assert 20 * np.log10(gain) == pytest.approx(-6.0, abs=0.01)
    assert played({}, 12.0) is None and played({"bass": kit}, 12.0) is None
    assert played({"drums": kit}, 0.0) is None


def test_what_gives_way_does_so_after_its_level_was_set_and_limited() -> None:
    """Loud enough for the limiter: the depth is what was asked for all the same."""
    told = score("moog")
    loop = Loop(told.length_samples, 882, 4)
    count = (loop.num_frames + 2 * loop.margin) * loop.hop
    gain = np.where(np.arange(count) // 8000 % 2, 0.25, 1.0).astype(np.float32)
    torch.manual_seed(2)
    audio = 0.5 * torch.randn(1, 2, count)
    made = []
    for each in (None, gain):
        output = Output(loop, told, None, (), each)
        for piece in audio.split(5000, dim=2):
            output.add(piece)
        made.append(output.finished())
    plain, soft = made
    place = gain[-loop.first_sample :][: len(plain)]
    power = [
        float((soft[place == level] ** 2).mean() / (plain[place == level] ** 2).mean())
        for level in (0.25, 1.0)
    ]
    assert 10 * np.log10(power[0] / power[1]) == pytest.approx(-12.04, abs=0.3)


def test_what_was_done_to_another_track_of_a_song_is_not_told_of_this_one() -> None:
    told = {"depth_db": 12.0, "release_ms": 80.0}
    line = {
        "tags": ["house", "duck", "saturate"],
        "tracks": {"bass": {"tags": ["bass", "duck"], "effects": {"duck": told}}, "melody": {"tags": []}},
    }
    bass, melody = (
        style_of_stem(SimpleNamespace(role=role, line=line), score("moog")) for role in line["tracks"]
    )
    assert bass[amount_place(AMOUNT)] * DEEPEST_DB == pytest.approx(12.0)
    assert melody[amount_place(AMOUNT)] == melody[amount_place("saturate")] == 0.0


def test_the_depth_of_a_score_s_own_curve_is_told() -> None:
    ducking = replace(score("moog"), curves=(Curve("duck", ((0.0, 0.75), (0.5, 0.0))),))
    assert style_of_score(ducking)[amount_place(AMOUNT)] * DEEPEST_DB == pytest.approx(12.04, abs=0.01)
    assert style_of_score(score("moog"))[amount_place(AMOUNT)] == 0.0
