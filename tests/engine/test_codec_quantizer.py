"""Residual quantisation: each codebook brings it nearer; codes and latents are each other's image."""

import pytest
import torch

from engine.errors import EngineError
from engine.model.codec.quantizer import Quantizer, nearest


def quantizer() -> Quantizer:
    torch.manual_seed(1)
    made = Quantizer(4, 32, 6)
    made.codebooks *= torch.tensor([1.0, 0.5, 0.25, 0.125])[:, None, None]
    return made


def test_nearest_is_nearest():
    rows, codebook = torch.randn(5, 7, 6), torch.randn(32, 6)
    assert torch.equal(nearest(rows, codebook), torch.cdist(rows, codebook.expand(5, -1, -1)).argmin(-1))


def test_every_codebook_brings_it_nearer():
    made, latents = quantizer(), torch.randn(3, 6, 50)
    codes = made.encode(latents)
    distances = [float((made.decode(codes[:, :k]) - latents).norm()) for k in range(1, 5)]
    assert distances == sorted(distances, reverse=True)


def test_codes_of_decoded_codes_sound_the_same():
    made = quantizer()
    latents = made.decode(made.encode(torch.randn(1, 6, 20)))
    again = made.decode(made.encode(latents))
    assert (again - latents).norm() <= latents.norm()


def test_codes_beyond_the_codebook_are_refused():
    with pytest.raises(EngineError, match=r"0\.\.31"):
        quantizer().decode(torch.full((1, 4, 2), 32))
    with pytest.raises(EngineError, match=r"1\.\.4"):
        quantizer().decode(torch.zeros((1, 5, 2), dtype=torch.long))


def test_codes_of_no_frames_or_of_another_shape_are_refused():
    with pytest.raises(EngineError, match="no frames"):
        quantizer().decode(torch.zeros((1, 4, 0), dtype=torch.long))
    with pytest.raises(EngineError, match=r"\[B, K, F\]"):
        quantizer().decode(torch.zeros((4, 2), dtype=torch.long))


def test_a_beam_comes_nearer_than_the_nearest_entries():
    made, latents = quantizer(), torch.randn(2, 6, 600)
    errors = [float((made.decode(made.encode(latents, beam=beam)) - latents).norm()) for beam in (1, 4, 16)]
    assert errors[0] > 1.02 * errors[1] > 1.02 * errors[2]


def test_a_beam_leaves_what_is_settled():
    made, latents = quantizer(), torch.randn(2, 6, 30)
    settled = torch.randint(0, 32, (2, 2, 30))
    for beam in (1, 4):
        codes = made.encode(latents, beam=beam, settled=settled)
        assert torch.equal(codes[:, :2], settled) and codes.shape == (2, 4, 30)
    assert torch.equal(made.encode(latents, beam=4, settled=codes), codes)


def test_a_beam_follows_the_codebooks_that_are_asked_for():
    made, latents = quantizer(), torch.randn(2, 6, 30)
    assert torch.equal(made.encode(latents, 1, beam=4), made.encode(latents, 1))  # one alone: the nearest
    assert made.encode(latents, 3, beam=4).shape == (2, 3, 30)
    with pytest.raises(EngineError, match="1 or more"):
        made.encode(latents, beam=0)


def test_our_own_codes_are_decoded_without_a_look_at_them():
    made = quantizer()
    codes = made.encode(torch.randn(2, 6, 20))
    assert torch.equal(made.summed(codes), made.decode(codes))


@pytest.mark.parametrize("beam", [1, 4])
def test_distances_are_whole_whatever_the_model_computes_in(beam):
    """In bfloat16 one code in eighty would be another one."""
    made, latents = quantizer(), torch.randn(2, 6, 300)
    wanted = made.encode(latents, beam=beam)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(made.encode(latents, beam=beam), wanted)
        assert made.encode(latents.bfloat16(), beam=beam).shape == wanted.shape


@pytest.mark.parametrize("settled", [0, 1, 3])
@pytest.mark.parametrize("beam", [1, 4])
def test_the_next_code_is_the_one_that_all_of_them_begin_with(settled, beam):
    made, latents = quantizer(), torch.randn(2, 6, 300)
    before = torch.randint(0, 32, (2, settled, 300))
    wanted = made.encode(latents, beam=beam, settled=before)[:, settled]
    assert torch.equal(made.next_code(latents, before, beam), wanted)
