"""INT8: rows are within half a step, and a model says nearly what it says in floating point."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from engine.model.track.config import config_named
from engine.model.track.int8 import Int8Linear, quantised, quantised_rows
from engine.model.track.precision import in_precision
from engine.model.track.track_model import TrackModel
from engine.model.weight_files import int8_rows
from tests.engine.track_parts import debug_codec

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")),
]


@pytest.mark.parametrize("rows", [quantised_rows, int8_rows])
def test_a_row_is_within_half_a_step(rows):
    torch.manual_seed(1)
    value = torch.randn(9, 64) * torch.logspace(-4, 4, 9)[:, None]
    whole, steps = rows(value)
    assert whole.dtype == torch.int8 and steps.shape == (9, 1)
    assert ((whole * steps - value).abs() <= 0.501 * steps).all()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 64), (2, 17, 64), (3, 40, 64)])
def test_a_layer_is_within_two_percent(device, bias, shape):
    torch.manual_seed(2)
    linear = nn.Linear(64, 96, bias=bias).to(device)
    x = torch.randn(shape, device=device)
    with torch.inference_mode():
        wanted, got = linear(x), Int8Linear(linear)(x)
    assert got.shape == wanted.shape and got.dtype == x.dtype
    assert (got - wanted).norm() < 0.02 * wanted.norm()


def test_a_row_of_nothing_stays_nothing():
    linear = nn.Linear(64, 96)
    assert torch.equal(Int8Linear(linear)(torch.zeros(2, 64)), linear.bias.detach().expand(2, -1))


@pytest.fixture(scope="module")
def told():
    """(a model of some width, its twin in INT8, the latents of both, the tokens of both)."""
    torch.manual_seed(3)
    codec = debug_codec()
    shape = {**config_named("drums", "debug").__dict__, "width": 64, "context_width": 64, "heads": 4}
    model = TrackModel(type(config_named("drums", "debug"))(**shape), codec.config)
    model.take_codebooks(codec.quantizer).eval().requires_grad_(False)
    with torch.no_grad():
        model.latents.say.weight.normal_(std=0.2)
    scores = torch.rand(1, 200, model.frames.scores.in_features)
    twin = quantised(model)
    latents = [network(scores).latents for network in (model, twin)]
    return model, twin, latents, [codec.quantizer.encode(each) for each in latents]


def test_a_model_in_int8_is_near_itself_in_floating_point(told):
    _, _, (wanted, got), (codes, int8_codes) = told
    assert (got - wanted).norm() < 0.03 * wanted.norm()
    assert (codes[:, 0] == int8_codes[:, 0]).float().mean() > 0.9
    assert not torch.equal(got, wanted)


def test_the_model_itself_stays_as_it_is(told):
    model, twin, *_ = told
    kinds = [{type(layer) for layer in network.transformer.modules()} for network in (model, twin)]
    assert Int8Linear not in kinds[0] and Int8Linear in kinds[1]
    assert type(twin.latents.say) is nn.Linear


def test_weights_take_a_quarter_of_the_memory():
    linear = nn.Linear(256, 256)
    held = sum(value.numel() * value.element_size() for value in Int8Linear(linear).buffers())
    assert held < 0.27 * sum(value.numel() * 4 for value in linear.parameters())


def test_blocks_that_are_held_in_16_bit_say_what_autocast_says(told):
    """It rounds the same weights in every pass; heads, entries and guide stay whole."""
    model = copy.deepcopy(told[0])
    scores = torch.rand(1, 50, model.frames.scores.in_features)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        wanted = model(scores).latents
        assert torch.equal(in_precision(model, "bfloat16")(scores).latents, wanted)
    kinds = {name.split(".")[0]: value.dtype for name, value in model.named_parameters()}
    assert kinds.pop("transformer") == torch.bfloat16 and set(kinds.values()) == {torch.float32}
