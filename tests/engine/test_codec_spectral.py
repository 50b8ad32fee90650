"""The spectral pair: its grid is exact, its length is the audio's, and a stream is the batch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.model.codec.codec import build_codec
from engine.model.codec.config import CodecConfig, SpectralConfig, config_named, named_configs
from engine.model.codec.grid import Grid, companded, expanded, to_mid_side
from engine.model.codec.spectral import ramps

DEBUG = config_named("debug")
SMALL = {"low_bins": 1, "encoder_width": 16, "encoder_depth": 1, "decoder_width": 16, "decoder_depth": 2}


def debug_codec(config: CodecConfig = DEBUG):
    """Untrained, but with gates that move."""
    torch.manual_seed(0)
    codec = build_codec(config).eval()
    torch.nn.init.normal_(codec.decoder.gate.weight)
    return codec


@pytest.mark.parametrize(("hop", "sub_frames"), [(588, 3), (588, 4), (882, 2), (882, 1)])
def test_spectra_back_to_audio_are_the_audio(hop, sub_frames):
    grid = Grid(hop, 96, SpectralConfig(sub_frames=sub_frames, low_bins=4))
    audio = torch.randn(2, 2, hop * 5)
    assert torch.allclose(grid.audio(grid.from_spectra(grid.spectra(grid.pieces(audio)))), audio, atol=1e-5)


def test_the_low_band_goes_through_as_a_waveform():
    grid = Grid(882, 96, SpectralConfig())
    tone = torch.sin(2 * torch.pi * 220 / 44_100 * torch.arange(882 * 20))[None, None]
    back = grid.audio(grid.from_low_band(expanded(companded(grid.low_band(grid.pieces(tone))))))
    inside = slice(882, -882)
    assert (back - tone)[..., inside].abs().max() < 0.01


def test_gates_open_and_close_by_ramps():
    gains = ramps(torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[1.0]]), 4)
    assert gains[0, 0].tolist() == [1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.5, 1.0, 1.5, 2.0]


def test_a_full_scale_sine_has_a_peak_of_one():
    grid = Grid(882, 96, SpectralConfig())
    sine = torch.sin(2 * torch.pi * 40 / grid.window * torch.arange(882 * 8))
    assert grid.spectra(grid.pieces(sine[None, None])).abs()[0, 0, 4].max() == pytest.approx(1.0, abs=0.01)


def test_middle_and_side_are_their_own_way_back():
    audio = torch.randn(3, 2, 100)
    assert torch.allclose(to_mid_side(to_mid_side(audio)), audio, atol=1e-6)
    mono = torch.randn(3, 1, 100)
    assert to_mid_side(mono) is mono


@pytest.mark.parametrize("samples", [1, 587, 588, 589, 5000])
def test_the_last_frame_is_filled(samples):
    codec = debug_codec()
    codes = codec.encode(torch.randn(1, 2, samples) * 0.1)
    frames = -(-samples // 588)
    assert codes.shape == (1, DEBUG.num_codebooks, frames)
    assert codec.decode(codes).shape == (1, 2, frames * 588)


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 7), min_size=1, max_size=6))
def test_a_stream_is_the_batch(sizes):
    codec = debug_codec()
    codes = torch.randint(DEBUG.codebook_size, (2, DEBUG.num_codebooks, sum(sizes)))
    stream = codec.stream()
    parts = [stream.step(piece) for piece in codes.split(sizes, dim=2)]
    streamed = torch.cat([*parts, stream.flush()], -1)
    assert torch.allclose(streamed, codec.decode(codes), atol=1e-5)


def test_after_a_flush_a_stream_begins_anew():
    codec = debug_codec()
    codes = torch.randint(DEBUG.codebook_size, (1, DEBUG.num_codebooks, 4))
    stream = codec.stream()
    first = torch.cat([stream.step(codes), stream.flush()], -1)
    again = torch.cat([stream.step(codes), stream.flush()], -1)
    assert torch.equal(first, again)


def test_nothing_decoded_is_nothing_to_flush():
    with pytest.raises(EngineError, match="nothing was decoded"):
        debug_codec().stream().flush()


def test_what_comes_later_is_not_heard_earlier():
    """The decoder is causal but for the overlap of its spectra."""
    codec = debug_codec()
    codes = torch.randint(DEBUG.codebook_size, (1, DEBUG.num_codebooks, 12))
    other = codes.clone()
    other[..., 8:] = (other[..., 8:] + 1) % DEBUG.codebook_size
    changed = (codec.decode(codes) - codec.decode(other)).abs().amax((0, 1))
    grid = codec.decoder.grid
    assert changed[: 8 * 588 - grid.trail].max() == 0
    assert changed[8 * 588 :].max() > 0


def test_fewer_codebooks_are_the_first_ones():
    codec = debug_codec()
    audio = torch.randn(1, 2, 588 * 4) * 0.1
    assert torch.equal(codec.encode(audio, 1), codec.encode(audio)[:, :1])
    with pytest.raises(EngineError, match=r"1\.\.2"):
        codec.encode(audio, 3)


def test_another_number_of_channels_is_refused():
    with pytest.raises(EngineError, match=r"\[B, 2, N\]"):
        debug_codec().encode(torch.randn(1, 1, 588))


def test_no_audio_is_refused():
    with pytest.raises(EngineError, match="no samples"):
        debug_codec().encode(torch.zeros(1, 2, 0))


def test_the_rates_are_those_promised():
    configs = named_configs()
    assert configs["drums"].frame_rate == 75 and configs["pitched"].frame_rate == 50
    for name in ("drums", "pitched"):
        assert configs[name].kilobits_per_second <= 6.0 and configs[name].channels == 2


def test_configurations_are_checked():
    with pytest.raises(EngineError, match="num_codebooks"):
        CodecConfig.from_dict({"name": "x", "num_codeboks": 3})
    with pytest.raises(EngineError, match="spectral"):
        CodecConfig.from_dict({"name": "x", "pair": "spectra"})
    with pytest.raises(EngineError, match="sub-frames"):
        build_codec(CodecConfig.from_dict({"name": "x", "hop": 587, "settings": SMALL | {"sub_frames": 2}}))
    with pytest.raises(EngineError, match="low band"):
        build_codec(CodecConfig.from_dict({"name": "x", "latent_width": 8, "settings": {"low_bins": 9}}))
    with pytest.raises(EngineError, match="pitched"):
        config_named("piched")


@pytest.mark.parametrize(
    "values",
    [{"hop": 0}, {"hop": 7.5}, {"hop": "882"}, {"num_codebooks": True}, {"settings": {"low_scale": -1.0}},
     {"settings": {"low_scale": float("nan")}}, {"pair": "seanet", "settings": {"causal": 1}}],
)  # fmt: skip
def test_values_of_another_kind_are_refused(values):
    with pytest.raises(EngineError) as caught:
        CodecConfig.from_dict({"name": "x"} | values)
    assert caught.value.code == "range"


def test_a_config_survives_its_json():
    import json

    for config in named_configs().values():
        assert CodecConfig.from_dict(json.loads(config.to_json())) == config
