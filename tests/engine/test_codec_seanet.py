"""SEANet: whole or in pieces, the same samples; what cannot be streamed says so."""

import time
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.model.codec.codec import build_codec
from engine.model.codec.config import CodecConfig, settings_type
from engine.model.codec.seanet import SeanetConfig, SEANetDecoder, SEANetEncoder
from engine.model.codec.streaming import LSTM, Conv1d, ConvTranspose1d, Manner
from engine.model.codec.weights import load_codec, save_codec

SMALL = SeanetConfig(ratios=(3, 2, 2), filters=4, residual_layers=2)
REFLECT = SeanetConfig(ratios=(3, 2, 2), filters=4, padding="reflect")
HOP, WIDTH = 12, 5
pieces_of_sound = st.lists(st.integers(0, 40), min_size=1, max_size=8).filter(any)
causal_configs = st.sampled_from([SMALL, REFLECT])


@cache
def decoder(config=SMALL, channels=2):
    torch.manual_seed(0)
    return SEANetDecoder(channels, HOP, WIDTH, config).eval()


@cache
def encoder(config=SMALL, channels=2):
    torch.manual_seed(0)
    return SEANetEncoder(channels, HOP, WIDTH, config).eval()


def streamed(network, x, chunks):
    stream = network.stream()
    return torch.cat([stream.step(piece) for piece in x.split(chunks, dim=2)] + [stream.flush()], -1)


def assert_equal_sound(ours, batch):
    assert ours.shape == batch.shape
    assert (ours - batch).abs().max() < 1e-5


@torch.inference_mode()
@settings(max_examples=25)
@given(config=causal_configs, chunks=pieces_of_sound)
def test_decoding_in_pieces_is_decoding_whole(config, chunks):
    latents = torch.randn(2, WIDTH, sum(chunks))
    network = decoder(config)
    assert_equal_sound(streamed(network, latents, chunks), network(latents))


@torch.inference_mode()
@settings(max_examples=25)
@given(config=causal_configs, chunks=pieces_of_sound)
def test_encoding_in_pieces_of_any_length_is_encoding_whole(config, chunks):
    audio = torch.randn(2, 2, sum(chunks))
    network = encoder(config)
    assert_equal_sound(streamed(network, audio, chunks), network(audio))


@torch.inference_mode()
@settings(max_examples=25)
@given(
    chunks=pieces_of_sound,
    kernel=st.integers(1, 7),
    dilation=st.integers(1, 3),
    padding=st.sampled_from(["constant", "reflect"]),
)
def test_a_dilated_convolution_in_pieces_is_the_whole_one(chunks, kernel, dilation, padding):
    layer = Conv1d(3, 4, kernel, Manner(padding=padding), dilation=dilation)
    assert_layer_streams(layer, torch.randn(2, 3, sum(chunks)), chunks)


@torch.inference_mode()
@settings(max_examples=25)
@given(chunks=pieces_of_sound, stride=st.integers(1, 9), padding=st.sampled_from(["constant", "reflect"]))
def test_a_shortening_convolution_in_pieces_is_the_whole_one(chunks, stride, padding):
    layer = Conv1d(3, 4, 2 * stride, Manner(padding=padding), stride=stride)
    assert_layer_streams(layer, torch.randn(2, 3, sum(chunks)), chunks)


@torch.inference_mode()
@settings(max_examples=25)
@given(chunks=pieces_of_sound, stride=st.integers(1, 9))
def test_a_lengthening_convolution_in_pieces_is_the_whole_one(chunks, stride):
    assert_layer_streams(ConvTranspose1d(3, 4, stride, Manner()), torch.randn(2, 3, sum(chunks)), chunks)


@torch.inference_mode()
@settings(max_examples=25)
@given(chunks=pieces_of_sound, depth=st.integers(1, 3))
def test_an_lstm_in_pieces_is_the_whole_one(chunks, depth):
    assert_layer_streams(LSTM(3, depth), torch.randn(2, 3, sum(chunks)), chunks)


def assert_layer_streams(layer, x, chunks):
    stream = layer.stream()
    laid = x.transpose(1, 2)  # [B, N, D]
    pieces = [stream.step(piece) for piece in laid.split(chunks, dim=1)] + [
        stream.step(laid[:, :0], last=True)
    ]
    assert_equal_sound(torch.cat(pieces, 1).transpose(1, 2), layer(x))


@torch.inference_mode()
def test_without_mirrors_every_frame_sounds_at_once():
    stream = decoder(SMALL).stream()
    for _ in range(3):
        assert stream.step(torch.randn(1, WIDTH, 1)).shape == (1, 2, HOP)
    assert stream.flush().shape == (1, 2, 0)


@torch.inference_mode()
def test_mirrors_wait_for_the_seventh_frame():
    stream = decoder(REFLECT).stream()
    lengths = [stream.step(torch.randn(1, WIDTH, 1)).shape[-1] for _ in range(9)]
    assert lengths[:6] == [0] * 6 and sum(lengths[:7]) > 0
    assert sum(lengths) + stream.flush().shape[-1] == 9 * HOP


@torch.inference_mode()
def test_a_flushed_stream_begins_anew():
    network, latents = decoder(), torch.randn(1, WIDTH, 4)
    stream = network.stream()
    first = stream.step(latents)
    stream.flush()
    assert torch.equal(stream.step(latents), first)


@torch.inference_mode()
def test_streams_of_one_network_do_not_hear_each_other():
    network, latents = decoder(), torch.randn(1, WIDTH, 4)
    one, other = network.stream(), network.stream()
    one.step(torch.randn(1, WIDTH, 3))
    assert_equal_sound(other.step(latents), network(latents))


def test_nothing_cannot_be_flushed():
    with pytest.raises(EngineError, match="empty"):
        decoder().stream().flush()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (SeanetConfig(ratios=(3, 2, 2), filters=4, causal=False), "not causal"),
        (SeanetConfig(ratios=(3, 2, 2), filters=4, norm="time_group_norm"), "time_group_norm"),
    ],
)
def test_what_sees_the_future_refuses_to_stream(config, reason):
    with pytest.raises(EngineError, match=reason) as refused:
        decoder(config).stream()
    assert refused.value.code == "not_available"


@torch.inference_mode()
def test_a_causal_decoder_does_not_see_the_future():
    network = decoder()
    latents = torch.randn(1, WIDTH, 8)
    changed = latents.clone()
    changed[..., 5:] += 1.0
    before, after = network(latents), network(changed)
    assert torch.equal(before[..., : 5 * HOP], after[..., : 5 * HOP])
    assert not torch.equal(before[..., 5 * HOP :], after[..., 5 * HOP :])


@torch.inference_mode()
@pytest.mark.parametrize("config", [SMALL, REFLECT, SeanetConfig(ratios=(3, 2, 2), filters=4, causal=False)])
def test_a_frame_is_its_hop_long(config):
    assert encoder(config)(torch.randn(1, 2, 7 * HOP)).shape == (1, WIDTH, 7)
    assert decoder(config)(torch.randn(1, WIDTH, 7)).shape == (1, 2, 7 * HOP)


@torch.inference_mode()
def test_a_frame_of_20_ms_is_decoded_in_5_ms_of_one_core():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    stream = SEANetDecoder(2, 882, 64, SeanetConfig()).eval().stream()
    costs_ms = []
    for _ in range(30):
        start_s = time.thread_time()
        stream.step(torch.randn(1, 64, 1))
        costs_ms.append(1000 * (time.thread_time() - start_s))
    torch.set_num_threads(threads)
    # The least of them: what others do on the machine is not the codec's cost.
    assert min(costs_ms) < 5.0


def test_ratios_that_do_not_make_the_hop_are_refused():
    with pytest.raises(EngineError, match="hop of 12 samples; this codec's is 13"):
        SEANetDecoder(1, 13, WIDTH, SMALL)


@pytest.mark.parametrize(("key", "value"), [("padding", "zeros"), ("norm", "batch")])
def test_unknown_words_are_named(key, value):
    with pytest.raises(EngineError, match=value):
        decoder(SeanetConfig(ratios=(3, 2, 2), **{key: value}))


def test_the_parameters_learn():
    network = torch.nn.Sequential(
        SEANetEncoder(2, HOP, WIDTH, SMALL),
        SEANetDecoder(2, HOP, WIDTH, SMALL),
    )
    audio = torch.randn(1, 2, 4 * HOP)
    (network(audio) - audio).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_a_seanet_codec_is_saved_and_loaded_as_any_other(tmp_path):
    config = CodecConfig.from_dict(
        {
            "name": "small",
            "pair": "seanet",
            "hop": HOP,
            "num_codebooks": 2,
            "codebook_size": 8,
            "latent_width": WIDTH,
            "settings": {"ratios": [3, 2, 2], "filters": 4, "residual_layers": 2},
        }
    )
    assert settings_type("seanet") is SeanetConfig and config.settings == SMALL
    torch.manual_seed(0)
    codec = build_codec(config).eval()
    save_codec(codec, tmp_path / "small.safetensors")
    codes = torch.randint(8, (1, 2, 6))
    assert torch.equal(load_codec(tmp_path / "small.safetensors").decode(codes), codec.decode(codes))
