"""The discriminator, what it says, and how it learns."""

import io
from dataclasses import replace

import pytest
import torch

from engine.errors import EngineError
from engine.training.codec.adversarial import (
    Adversary,
    AdversaryConfig,
    discriminator_loss,
    feature_loss,
    generator_loss,
)
from engine.training.codec.discriminator import (
    DEBUG,
    DiscriminatorConfig,
    Judgement,
    MsStftDiscriminator,
    ScaleDiscriminator,
)
from engine.training.codec.parallel import Place

RATE = 8000


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def noise(items: int = 2, samples: int = 1000) -> torch.Tensor:
    return 0.1 * torch.randn(items, 2, samples)


def sines(items: int = 2, samples: int = 1000) -> torch.Tensor:
    hertz = 200 + 800 * torch.rand(items, 2, 1)
    return 0.1 * torch.sin(2 * torch.pi * hertz * torch.arange(samples) / RATE)


def said(logit: float, feature: float = 1.0) -> list[Judgement]:
    return [Judgement(torch.full((1, 1, 3, 2), logit), (torch.full((1, 4, 3, 2), feature),))]


def weights_of(adversary: Adversary) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in adversary.discriminator.parameters()])


def test_each_scale_judges_its_spectra_and_shows_every_layer():
    config = DiscriminatorConfig(windows=(256, 64), filters=4, dilations=(1, 2))
    judgements = MsStftDiscriminator(config, 2)(noise(3, 1024))
    for window, judgement in zip(config.windows, judgements, strict=True):
        frames, bins = (1024 - window) // (window // 4) + 1, window // 2 + 1
        halved = (bins + 1) // 2
        sizes = [bins, halved, (halved + 1) // 2, (halved + 1) // 2]
        assert [tuple(f.shape) for f in judgement.features] == [(3, 4, frames, size) for size in sizes]
        assert judgement.logits.shape == (3, 1, frames, sizes[-1])


def test_the_spectra_are_those_of_torch_with_the_energy_of_the_audio():
    scale, audio = ScaleDiscriminator(64, replace(DEBUG, power=1.0), 2), noise(1, 512)
    shape = torch.hann_window(64)
    wanted = torch.stft(audio[0], 64, 16, window=shape, center=False, return_complex=True)
    wanted = wanted.transpose(1, 2) / shape.pow(2).sum().sqrt()  # [C, frames, bins]
    torch.testing.assert_close(scale.spectra(audio)[0], torch.cat([wanted.real, wanted.imag]))


def test_compressed_spectra_keep_their_phases_and_come_closer_in_level():
    audio = 100 * noise(1)[:, :1]
    scales = (ScaleDiscriminator(64, replace(DEBUG, power=power), 1) for power in (1.0, 0.5))
    found = [torch.complex(*scale.spectra(audio)[0]) for scale in scales]
    torch.testing.assert_close(found[1].sgn(), found[0].sgn())
    loud = found[0].abs() > 1
    torch.testing.assert_close(found[1].abs()[loud], found[0].abs()[loud].sqrt(), rtol=0.01, atol=0)


def test_silence_gives_gradients_too():
    silence = torch.zeros(1, 2, 200, requires_grad=True)
    losses = Adversary(MsStftDiscriminator(DEBUG, 2)).losses(sines(1, 200), silence)
    sum(losses.values()).backward()
    assert bool(silence.grad.isfinite().all()) and float(silence.grad.abs().max()) > 0


def test_the_sides_of_stereo_are_told_apart():
    discriminator, audio = MsStftDiscriminator(DEBUG, 2), sines(1)
    with torch.no_grad():
        there, swapped = discriminator(audio), discriminator(audio.flip(1))
    assert not torch.allclose(there[0].logits, swapped[0].logits)


def test_windows_that_are_no_lengths_of_a_spectrum_are_refused():
    for windows in ((), (8,), (130,)):
        with pytest.raises(EngineError) as caught:
            MsStftDiscriminator(replace(DEBUG, windows=windows), 2)
        assert caught.value.code == "range"


def test_pieces_shorter_than_a_window_are_refused_with_its_length():
    with pytest.raises(EngineError) as caught:
        MsStftDiscriminator(DEBUG, 2)(noise(1, 127))
    assert caught.value.code == "range" and "128" in caught.value.text


def test_hinge_losses_end_where_the_judgement_is_sure():
    assert float(discriminator_loss(said(1.5), said(-1.5))) == 0
    assert float(discriminator_loss(said(0.0), said(0.0))) == 2
    assert float(generator_loss(said(0.0))) == 1
    assert float(generator_loss(said(2.0))) == 0


def test_features_are_compared_by_the_size_of_the_original_ones():
    assert float(feature_loss(said(0, 3.0), said(0, 3.0))) == 0
    for size in (0.01, 1.0, 100.0):
        assert float(feature_loss(said(0, size), said(0, 1.5 * size))) == pytest.approx(0.5)
    assert torch.isfinite(feature_loss(said(0, 0.0), said(0, 1.0)))


def test_the_codecs_losses_move_the_decoded_audio_alone():
    adversary, decoded = Adversary(MsStftDiscriminator(DEBUG, 2)), noise().requires_grad_()
    losses = adversary.losses(sines(), decoded)
    sum(losses.values()).backward()
    assert sorted(losses) == ["adversarial", "features"]
    assert decoded.grad is not None and float(decoded.grad.abs().max()) > 0
    assert all(p.grad is None and p.requires_grad for p in adversary.discriminator.parameters())


def test_features_of_the_original_itself_cost_nothing():
    audio = sines()
    losses = Adversary(MsStftDiscriminator(DEBUG, 2)).losses(audio, audio.clone().requires_grad_())
    assert float(losses["features"].detach()) == 0


def test_it_learns_to_tell_noise_from_sines_and_the_codecs_loss_says_so():
    adversary = Adversary(
        MsStftDiscriminator(DEBUG, 2), AdversaryConfig(learning_rate=1e-2, update_share=1.0)
    )
    before = float(adversary.losses(sines(), noise())["adversarial"])
    told = [adversary.step(sines(8), noise(8)) for _ in range(40)]
    assert told[0]["discriminator/told_apart"] < 0.7 and told[-1]["discriminator/told_apart"] > 0.9
    assert told[-1]["loss/discriminator"] < 0.5 * told[0]["loss/discriminator"]
    assert float(adversary.losses(sines(), noise())["adversarial"]) > before


@pytest.mark.parametrize(("share", "moved"), [(2 / 3, 6), (0.5, 4), (1.0, 9), (0.0, 0)])
def test_it_moves_in_its_share_of_the_steps(share, moved):
    adversary = Adversary(MsStftDiscriminator(DEBUG, 2), AdversaryConfig(update_share=share))
    turns = 0
    for _ in range(9):
        before, told_before = weights_of(adversary), adversary.measured
        told = adversary.step(sines(), noise())
        turn = not torch.equal(before, weights_of(adversary))
        assert turn == (told is not told_before)
        turns += turn
    assert turns == moved


def test_a_resumed_one_goes_on_as_if_it_had_never_stopped():
    batches = [(sines(), noise()) for _ in range(6)]
    whole, first = (Adversary(MsStftDiscriminator(DEBUG, 2)) for _ in range(2))
    whole.discriminator.load_state_dict(first.discriminator.state_dict())
    for batch in batches:
        whole.step(*batch)
    for batch in batches[:4]:
        first.step(*batch)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second = Adversary(MsStftDiscriminator(DEBUG, 2))
    second.load_state_dict(torch.load(file, weights_only=True))
    for batch in batches[4:]:
        second.step(*batch)
    assert torch.equal(weights_of(whole), weights_of(second))


def test_a_batch_that_is_no_number_moves_nothing():
    adversary = Adversary(MsStftDiscriminator(DEBUG, 2), AdversaryConfig(update_share=1.0))
    before = weights_of(adversary)
    adversary.step(sines(), noise() * float("nan"))
    assert torch.equal(before, weights_of(adversary))
    adversary.step(sines(), noise())
    assert not torch.equal(before, weights_of(adversary)) and bool(weights_of(adversary).isfinite().all())


def test_bf16_says_what_float32_says():
    original, decoded = sines(), noise()
    plain = Adversary(MsStftDiscriminator(DEBUG, 2))
    short = Adversary(MsStftDiscriminator(DEBUG, 2), place=Place(torch.device("cpu"), "bfloat16"))
    short.discriminator.load_state_dict(plain.discriminator.state_dict())
    for name, wanted in plain.losses(original, decoded).items():
        given = short.losses(original, decoded)[name]
        assert given.dtype == torch.float32
        assert float(given) == pytest.approx(float(wanted), rel=0.02)
    for _ in range(2):
        told = short.step(original, decoded)
    assert told["loss/discriminator"] > 0 and bool(weights_of(short).isfinite().all())
