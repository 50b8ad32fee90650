"""With equal weights this engine's SEANet encodes, quantises and decodes as the published implementation."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.codec.published import load_published
from tests.engine.published_folders import SMALL_24_KHZ, SMALL_32_KHZ, name_as_before_2024

GROUP_NORM = {"norm_type": "time_group_norm", "use_causal_conv": False, "audio_channels": 2}
KINDS = {
    "24 kHz": SMALL_24_KHZ,
    "32 kHz": SMALL_32_KHZ,
    "dilated": SMALL_24_KHZ | {"num_residual_layers": 3, "pad_mode": "constant", "num_lstm_layers": 1},
    "48 kHz layers": SMALL_24_KHZ | GROUP_NORM,
}


def published_model(values):
    """transformers' model, random. A fresh weight norm changes nothing: its gains are moved as training moves
    them; codebooks are about as far apart as what they stand for.
    """
    from transformers import EncodecConfig, EncodecModel

    torch.manual_seed(0)
    model = EncodecModel(EncodecConfig(**values)).eval()
    with torch.no_grad():
        for name, gain in model.named_parameters():
            if name.endswith("original0"):
                gain *= torch.empty_like(gain).uniform_(0.7, 1.6)
        spread = model.encoder(torch.randn(1, model.config.audio_channels, 9600)).std()
        for k, layer in enumerate(model.quantizer.layers):
            layer.codebook.embed.normal_(0, float(spread) * 0.8**k)
    return model


@pytest.fixture(scope="module", params=KINDS)
def pair(request, tmp_path_factory):
    model = published_model(KINDS[request.param])
    folder = tmp_path_factory.mktemp("published") / "encodec"
    model.save_pretrained(folder)
    return model, load_published(folder)


def whole_and_broken_lengths(model):
    hop = model.config.hop_length
    return [hop * 24, hop * 24 + 1, hop * 20 - 3]


def noise(model, samples, seed=1):
    torch.manual_seed(seed)
    return torch.randn(2, model.config.audio_channels, samples)


def assert_close(ours, theirs):
    """Within 1e-4 of the loudest sample: random weights are not full scale."""
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


@torch.inference_mode()
def test_latents_are_the_published_ones(pair):
    model, codec = pair
    for samples in whole_and_broken_lengths(model):
        audio = noise(model, samples)
        assert_close(codec.latents(audio), model.encoder(audio))


@torch.inference_mode()
def test_codes_are_the_published_ones(pair):
    model, codec = pair
    audio = noise(model, model.config.hop_length * 24)
    theirs = model.encode(audio, bandwidth=model.config.target_bandwidths[-1]).audio_codes[0]
    ours = codec.encode(audio)
    assert ours.shape == theirs.shape
    assert theirs.unique().numel() > 50, "codes that are all alike would show nothing"
    assert_chosen_as_near(codec, model.encoder(audio), ours, theirs)
    assert torch.equal(codec.encode(audio, 1), ours[:, :1])


def assert_chosen_as_near(codec, latents, ours, theirs):
    """Equal, but where two entries lie equally near; after such a tie the frame's finer codes may differ."""
    rest = latents.transpose(1, 2).double()  # [B, F, D]
    tied = torch.zeros_like(ours[:, 0], dtype=torch.bool)  # [B, F]
    for k, codebook in enumerate(codec.quantizer.codebooks.double()):
        far_ours = (rest - codebook[ours[:, k]]).norm(dim=-1)
        far_theirs = (rest - codebook[theirs[:, k]]).norm(dim=-1)
        assert ((far_ours - far_theirs).abs() < 1e-4 * far_theirs)[~tied].all()
        tied |= ours[:, k] != theirs[:, k]
        rest = rest - codebook[theirs[:, k]]
    assert tied.float().mean() < 0.05


@torch.inference_mode()
def test_decoded_audio_is_the_published_one(pair):
    model, codec = pair
    torch.manual_seed(2)
    codes = torch.randint(model.config.codebook_size, (2, codec.config.num_codebooks, 24))
    assert_close(codec.decode(codes), model.decode(codes[None], [None]).audio_values)


@torch.inference_mode()
def test_few_frames_are_padded_as_published(pair):
    model, codec = pair
    for frames in (1, 2, 3):
        latents = noise(model, frames)[:, :1].expand(-1, codec.config.latent_width, -1)
        assert_close(codec.decoder(latents), model.decoder(latents))


@torch.inference_mode()
def test_the_configuration_is_the_published_one(pair):
    model, codec = pair
    config = codec.config
    assert (config.sample_rate, config.hop) == (model.config.sampling_rate, model.config.hop_length)
    assert (config.channels, config.num_codebooks) == (
        model.config.audio_channels,
        model.quantizer.num_quantizers,
    )
    assert config.codebook_size == model.config.codebook_size


@torch.inference_mode()
def test_older_names_of_weights_mean_the_same(tmp_path):
    model = published_model(SMALL_24_KHZ)
    model.save_pretrained(tmp_path)
    name_as_before_2024(tmp_path)
    latents = torch.randn(1, 16, 9)
    assert_close(load_published(tmp_path).decoder(latents), model.decoder(latents))


@torch.inference_mode()
def test_the_encodec_inside_a_musicgen_is_found(tmp_path):
    from transformers import EncodecConfig, MusicgenConfig, MusicgenForConditionalGeneration, T5Config
    from transformers.models.musicgen.configuration_musicgen import MusicgenDecoderConfig

    words = T5Config(vocab_size=11, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=1)
    music = MusicgenDecoderConfig(
        vocab_size=2048, hidden_size=8, ffn_dim=8, num_hidden_layers=1, num_attention_heads=1
    )
    whole = MusicgenForConditionalGeneration(
        MusicgenConfig(text_encoder=words, audio_encoder=EncodecConfig(**SMALL_32_KHZ), decoder=music)
    ).eval()
    whole.save_pretrained(tmp_path)
    latents = torch.randn(1, 16, 9)
    assert_close(load_published(tmp_path).decoder(latents), whole.audio_encoder.decoder(latents))


@settings(max_examples=15)
@given(chunks=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_the_published_causal_codec_streams_what_it_decodes(causal, chunks):
    torch.manual_seed(len(chunks))
    codes = torch.randint(1024, (1, 8, sum(chunks)))
    stream = causal.stream()
    pieces = [stream.step(piece) for piece in codes.split(chunks, dim=2)] + [stream.flush()]
    assert_close(torch.cat(pieces, -1), causal.decode(codes))


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("causal")
    published_model(SMALL_24_KHZ).save_pretrained(folder)
    return load_published(folder)
