"""Weight files: what is written is read; what is cut short, foreign or does not fit is refused."""

import json

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import EngineError
from engine.model.codec.codec import build_codec
from engine.model.codec.config import CodecConfig, config_named
from engine.model.codec.weights import KEY, load_codec, pack, save_codec, unpack


@pytest.fixture(scope="module")
def codec():
    torch.manual_seed(2)
    return build_codec(config_named("debug")).eval()


@pytest.fixture
def file(codec, tmp_path):
    path = tmp_path / "codec.safetensors"
    save_codec(codec, path)
    return path


def test_what_is_written_is_read(codec, file):
    read = load_codec(file)
    codes = torch.randint(16, (1, 2, 5))
    assert read.config == codec.config
    assert torch.equal(read.decode(codes), codec.decode(codes))
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_quarter_of_the_bits_sounds_nearly_the_same(codec, file, tmp_path):
    path = tmp_path / "packed.safetensors"
    save_codec(codec, path, packed=True)
    codes = torch.randint(16, (1, 2, 5))
    wanted = codec.decode(codes)
    assert (load_codec(path).decode(codes) - wanted).abs().max() < 0.05 * wanted.abs().max()
    assert path.stat().st_size < 0.35 * file.stat().st_size


def test_how_it_was_trained_stays_with_the_weights(codec, tmp_path):
    codec.about = {"steps": "8", "data": "tones"}
    save_codec(codec, tmp_path / "told.safetensors")
    assert load_codec(tmp_path / "told.safetensors").about == codec.about


def test_a_packed_row_is_within_half_a_step():
    value = torch.randn(80, 100)
    back = unpack(pack("x", value))["x"]
    step = value.abs().amax(1, keepdim=True) / 127
    assert ((back - value).abs() <= 0.51 * step + 1e-3 * value.abs()).all()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_file_is_refused(file, share):
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(EngineError, match=r"truncated or no safetensors file"):
        load_codec(file)


def test_another_kind_of_file_is_refused(tmp_path):
    path = tmp_path / "text.safetensors"
    path.write_text("these are no weights, but it is long enough to be taken for some")
    with pytest.raises(EngineError, match=r"no safetensors file"):
        load_codec(path)


def test_somebody_elses_weights_are_refused(tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file({"layer.weight": torch.zeros(2)}, path)
    with pytest.raises(EngineError, match="no ResonantGen codec"):
        load_codec(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tensors: tensors.pop("decoder.gain.weight"), "lacks decoder.gain.weight"),
        (lambda tensors: tensors.update({"more": torch.zeros(1)}), "has what the codec has not: more"),
        (lambda tensors: tensors.update({"decoder.gain.bias": torch.zeros(3)}), "shapes: decoder.gain.bias"),
    ],
)
def test_weights_that_do_not_fit_are_refused(codec, tmp_path, change, words):
    tensors = {name: value.clone() for name, value in codec.state_dict().items()}
    change(tensors)
    path = tmp_path / "odd.safetensors"
    save_file(tensors, path, {KEY: codec.config.to_json()})
    with pytest.raises(EngineError, match=words):
        load_codec(path)


def test_a_configuration_that_cannot_be_read_is_refused(codec, tmp_path):
    path = tmp_path / "odd.safetensors"
    save_file(dict(codec.state_dict()), path, {KEY: "{"})
    with pytest.raises(EngineError, match="configuration"):
        load_codec(path)


@pytest.mark.parametrize("text", ["[]", "3", '{"name": "x", "settings": 3}'])
def test_a_configuration_of_another_kind_is_refused(codec, tmp_path, text):
    path = tmp_path / "odd.safetensors"
    save_file(dict(codec.state_dict()), path, {KEY: text})
    with pytest.raises(EngineError, match="configuration"):
        load_codec(path)


SMALL_SEANET = {"ratios": [7, 7, 4, 3], "filters": 4}
HUGE_SEANET = {
    "ratios": [64, 64, 2, 2, 1, 1, 1, 1],
    "filters": 65_536,
    "residual_kernel": 65_536,
    "compress": 1,
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"codebook_size": 10**9}, "codebook_size is 1000000000; it is a whole number, 1 to 65536"),
        ({"latent_width": 10**7}, "latent_width is 10000000"),
        ({"num_codebooks": 256, "codebook_size": 65_536, "latent_width": 65_536}, "has 1.1e.12 values"),
        ({"latent_width": 64, "codebook_size": 65_536}, "wrong shapes"),
        ({"name": 3}, "name is 3; it is a word"),
        ({"pair": 3}, "unknown codec pair '3'"),
        ({"roles": "drums"}, "a list of words"),
        ({"settings": {"low_bins": 2, "encoder_width": 65_536, "expansion": 65_536}}, "values; allowed are"),
        ({"settings": {"encoder_depth": 10**6}}, "0 to 64"),
        ({"settings": {"kernel": 0}}, "kernel is 0; it is a whole number, 1 to 65536"),
        ({"pair": "seanet", "settings": {"compress": 0}}, "compress is 0"),
        ({"pair": "seanet", "settings": SMALL_SEANET | {"compress": 5}}, "a residual unit of 4 / 5"),
        ({"pair": "seanet", "settings": {"residual_kernel": 0}}, "residual_kernel is 0"),
        ({"pair": "seanet", "settings": {"ratios": "abc"}}, "a list of 1 to 8 whole numbers, each 1 to 64"),
        ({"pair": "seanet", "settings": {"ratios": [7, 7, 12, 0]}}, "a list of 1 to 8 whole"),
        ({"pair": "seanet", "settings": SMALL_SEANET | {"residual_layers": 20}}, "dilated by 131072"),
        ({"pair": "seanet", "settings": SMALL_SEANET | {"padding": 3}}, "it is a word"),
        ({"pair": "seanet", "hop": 2**14, "settings": HUGE_SEANET}, "too large"),
    ],
)
def test_sizes_that_no_codec_has_are_refused_before_there_is_memory_for_them(codec, tmp_path, changes, words):
    path = tmp_path / "odd.safetensors"
    values = json.loads(codec.config.to_json()) | changes
    save_file(dict(codec.state_dict()), path, {KEY: json.dumps(values)})
    with pytest.raises(EngineError, match=words) as caught:
        load_codec(path)
    assert caught.value.code == "file"


def test_a_shape_that_no_table_names_is_loaded_like_any(tmp_path):
    config = CodecConfig.from_dict(json.loads(config_named("debug").to_json()) | {"codebook_size": 32})
    made = build_codec(config).eval()
    save_codec(made, tmp_path / "other.safetensors")
    codes = torch.randint(32, (1, 2, 5))
    assert torch.equal(load_codec(tmp_path / "other.safetensors").decode(codes), made.decode(codes))


def test_a_file_that_cannot_be_written_says_so(codec, tmp_path):
    (tmp_path / "codec.safetensors.part").mkdir()
    with pytest.raises(EngineError, match="could not be written") as caught:
        save_codec(codec, tmp_path / "codec.safetensors")
    assert caught.value.code == "disk"


def test_there_is_no_such_codec(tmp_path):
    with pytest.raises(EngineError, match="there is no codec file"):
        load_codec(tmp_path / "none.safetensors")
    with pytest.raises(EngineError, match="codec"):
        load_codec("drumms")


def test_only_codecs_are_bundled_codecs():
    """Track models lie in the same folder."""
    from bridge.evaluate_codec import bundled_codecs

    assert [path.stem for path in bundled_codecs()] == ["drums", "pitched"]


@pytest.mark.parametrize("name", ["drums", "pitched"])
def test_a_bundled_codec_streams_what_it_decodes(name):
    codec = load_codec(name)
    torch.manual_seed(3)
    codes = torch.randint(codec.config.codebook_size, (1, codec.config.num_codebooks, 30))
    with torch.inference_mode():
        stream, whole = codec.stream(), codec.decode(codes)
        parts = [stream.step(piece) for piece in codes.split(7, dim=2)]
        streamed = torch.cat([*parts, stream.flush()], -1)
    assert torch.allclose(streamed, whole, atol=1e-5 * float(whole.abs().max()))
