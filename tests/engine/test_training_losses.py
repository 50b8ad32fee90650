"""The distances that codecs are trained by: none for the same, and each hears what it is there for."""

import pytest
import torch

from engine.training.codec.losses import Reconstruction, Scale, excess, mel_bands, random_views

SCALES = (Scale(128, 10), Scale(512, 40), Scale(1024, 80), Scale(2048, 128))


@pytest.fixture(scope="module")
def losses():
    return Reconstruction(44_100, SCALES)


@pytest.fixture(scope="module")
def audio():
    torch.manual_seed(4)
    return torch.randn(3, 2, 8192) * 0.1


def both(losses, original, decoded):
    found = [losses(original, decoded, step) for step in (0, 1)]
    return {name: sum(float(terms[name]) for terms in found) / 2 for name in ("mel", "stft", "complex")}


def test_the_same_has_no_distance(losses, audio):
    assert all(value < 1e-4 for value in both(losses, audio, audio).values())


def test_more_noise_is_further(losses, audio):
    noise = torch.randn_like(audio)
    near, far = (both(losses, audio, audio + level * noise) for level in (0.01, 0.1))
    assert all(near[name] < far[name] for name in near)


def test_another_phase_is_heard_by_the_complex_term_alone(losses, audio):
    turned = both(losses, audio, -audio)
    assert turned["mel"] < 1e-4 and turned["complex"] > 1.5


def test_excess_is_what_sounds_where_nothing_did():
    wanted = torch.zeros(1, 9600)
    wanted[:, 4800:] = 0.1
    early, late = wanted.clone(), wanted.clone()
    early[:, 4600:4800] = 0.03
    late[:, 4800:5000] = 0.03
    found = [float(excess(wanted, given)) for given in (wanted, early, late)]
    assert found[0] == found[2] == 0.0 and found[1] > 0.05


def test_excess_before_an_attack_counts_more():
    """Of the same murmur, what ends in an attack is worse than what stands alone."""
    wanted = torch.zeros(1, 9600)
    wanted[:, 4800:] = 0.1
    alone, before = wanted.clone(), wanted.clone()
    alone[:, 2400:2640] = before[:, 4560:4800] = 0.003
    found = [float(excess(wanted, given)) for given in (alone, before)]
    assert found[1] > 3 * found[0] > 0.0


def test_an_attack_is_how_it_starts(losses):
    """A softened start and a flicker are told, and other noise that starts alike is not."""
    torch.manual_seed(8)
    loud = torch.zeros(4, 1, 17640)
    loud[..., 8820:] = 1.0
    slow = (loud.cumsum(-1) / 4410.0).clamp(max=1.0)
    flicker = loud * (1.0 + 0.5 * torch.sin(torch.arange(17640) / 44_100 * 20 * 6.283))
    noise = 0.1 * torch.randn(4, 1, 17640)
    other = 0.1 * torch.randn(4, 1, 17640)
    found = {name: float(losses(loud * noise, made, 0)["attack"]) for name, made in {
        "same": loud * noise, "other": loud * other, "slow": slow * noise, "flicker": flicker * noise,
    }.items()}  # fmt: skip
    assert found["same"] < 1e-6 and 2 * found["other"] < min(found["slow"], found["flicker"]), found


def test_a_missing_side_is_heard(losses):
    torch.manual_seed(6)
    wide = torch.randn(8, 2, 8192) * 0.1
    narrow = wide.mean(1, keepdim=True).expand_as(wide)
    assert both(losses, wide, narrow)["mel"] > 0.1


def test_a_silent_side_does_not_outweigh_the_rest(losses, audio):
    mono = audio.mean(1, keepdim=True).expand_as(audio)
    hiss = 1e-3 * torch.randn_like(audio)
    assert both(losses, mono, mono + hiss)["complex"] < 1.0


def test_gradients_are_finite_even_for_silence(losses):
    decoded = torch.zeros(2, 2, 8192, requires_grad=True)
    for step in (0, 1):
        sum(losses(torch.zeros(2, 2, 8192), decoded, step).values()).backward()
    assert torch.isfinite(decoded.grad).all()


@pytest.mark.parametrize("scale", SCALES)
def test_no_mel_band_is_empty(scale):
    bands = mel_bands(44_100, scale.window, scale.bands)
    assert torch.allclose(bands.sum(0), torch.ones(scale.bands), atol=1e-5)


def test_views_keep_the_level():
    assert torch.allclose(random_views(64, 2, 0).square().sum(1), torch.ones(64))
    assert random_views(4, 1, 0).tolist() == [[1.0]] * 4
