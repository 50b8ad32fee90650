"""A track gives way to drums that it hears, as deep as the style says, and never without them."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from engine.model.track.conditioning import score_width
from engine.model.track.config import TrackModelConfig, config_named
from engine.model.track.context import ContextFrames
from engine.model.track.giving_way import AMOUNT, LN_PER_DB, GivingWay
from engine.model.track.style import DEEPEST_DB, amount_place, style_of_score, style_size
from engine.model.track.track_model import TrackModel
from engine.music.score import Curve
from engine.training.track.scores import style_of_stem
from tests.engine.instrument_scores import score
from tests.engine.track_models import debug_codec

FRAMES, WIDTH, LATENTS = 40, 8, 12
SECONDS = torch.arange(FRAMES)[None] / 50.0


def drums(batch: int = 1, heard: torch.Tensor | None = None) -> ContextFrames:
    torch.manual_seed(1)
    latents = torch.randn(1, 6, 60).expand(batch, -1, -1)
    return ContextFrames("drums", "drums", 75.0, latents, 0.0, heard)


def style(*amounts: float) -> torch.Tensor:
    vector = torch.zeros(len(amounts), style_size())
    vector[:, amount_place(AMOUNT)] = torch.tensor(amounts)
    return vector


@pytest.fixture
def way() -> GivingWay:
    torch.manual_seed(0)
    return GivingWay("drums", 6, LATENTS, WIDTH).requires_grad_(False)


def test_as_deep_as_is_said(way: GivingWay) -> None:
    down = way((drums(3),), SECONDS, style(0.0, 0.25, 0.5))
    assert down.shape == (3, FRAMES, 1)
    assert not down[0].any() and torch.allclose(down[2], 2 * down[1]) and (down[2] > 0).all()
    assert float(down.max()) < DEEPEST_DB * 0.5


def test_without_drums_or_words_it_does_not(way: GivingWay) -> None:
    bass = replace(drums(), role="bass", codec="pitched")
    assert way((), SECONDS, style(0.5)) is None and way((bass,), SECONDS, style(0.5)) is None
    assert way((drums(),), SECONDS, None) is None


def test_an_item_that_hears_nobody_or_is_told_nothing_does_not(way: GivingWay) -> None:
    heard = torch.ones(3, 60, dtype=torch.bool)
    heard[0] = False
    down = way((drums(3, heard),), SECONDS, style(0.5, 0.5, 0.5), torch.tensor([False, True, False]))
    assert not down[0].any() and not down[1].any() and down[2].any()


def test_a_decibel_less_is_one_in_what_the_codec_carries_as_it_is(way: GivingWay) -> None:
    loud = torch.zeros(3, LATENTS)
    loud[torch.arange(3), torch.arange(3)] = 2.0
    way.take(loud)
    fallen = way.latents(torch.full((1, 1, 1), 6.0))[0, 0]
    assert torch.allclose(fallen[:3], torch.full((3,), -6.0 * LN_PER_DB * 2.0)) and not fallen[3:].any()
    assert float(way.gain(torch.tensor(20.0))) == pytest.approx(0.1)


def test_drums_do_not_duck_and_files_from_before_load() -> None:
    assert not config_named("drums").gives_way and config_named("bass").gives_way
    before = {name: value for name, value in vars(config_named("bass")).items() if name != "gives_way"}
    assert not TrackModelConfig.from_dict(before).gives_way


def test_a_model_says_softer_latents_where_it_gives_way() -> None:
    codec = debug_codec()
    torch.manual_seed(0)
    model = TrackModel(config_named("bass", "debug"), codec.config).take_codebooks(codec.quantizer).eval()
    assert model.giving_way is not None
    width = codec.config.latent_width
    with torch.no_grad():
        model.giving_way.fall.fill_(-1.0)
    context = (ContextFrames("drums", codec.config.name, codec.config.frame_rate, torch.randn(1, width, 60)),)
    scores = torch.randn(1, FRAMES, score_width("pitched"))
    with torch.inference_mode():
        level = [model(scores, style(amount), context).latents.mean() for amount in (0.0, 0.3, 0.6)]
    assert level[0] > level[1] > level[2]


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
