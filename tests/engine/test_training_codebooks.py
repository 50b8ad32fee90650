"""Codebooks in training: a guess that fits, averages that follow, unused codes that come back to life."""

from itertools import product

import pytest
import torch

from engine.model.codec.quantizer import Quantizer
from engine.training.codec.codebooks import REVIVE_EVERY, CodebookTrainer, k_means


@pytest.fixture
def clusters():
    """Latents [B=4, D=3, F=200] around eight places, and those places."""
    torch.manual_seed(3)
    centres = torch.tensor(list(product((-5.0, 5.0), repeat=3)))  # the corners of a cube
    rows = centres[torch.randint(8, (800,))] + 0.05 * torch.randn(800, 3)
    return rows.reshape(4, 200, 3).transpose(1, 2), centres


def test_k_means_finds_the_clusters(clusters):
    latents, centres = clusters
    found = k_means(latents.transpose(1, 2).reshape(-1, 3), 16, 10)
    assert torch.cdist(centres, found).min(1).values.max() < 0.2


def test_k_means_of_few_rows_has_no_holes():
    assert torch.isfinite(k_means(torch.randn(3, 2), 8, 4)).all()


def test_chance_is_the_generator_that_checkpoints_keep(clusters, monkeypatch):
    """That of the CPU, wherever the rows lie: a run on a GPU goes on with the same draws."""
    devices = []
    for name in ("randperm", "randint"):
        draw = getattr(torch, name)

        def told(*args, draw=draw, **kwargs):
            devices.append(kwargs.get("device"))
            return draw(*args, **kwargs)

        monkeypatch.setattr(torch, name, told)
    k_means(torch.zeros(3, 2), 8, 1)
    quantizer = Quantizer(1, 8, 3)
    quantizer.codebooks[0, 4:] = 1e4
    books = CodebookTrainer(quantizer, decay=0.5)
    for _ in range(REVIVE_EVERY):
        books.quantise(clusters[0], torch.ones(4, dtype=torch.long))
    assert len(devices) >= 3 and set(devices) == {None}


def test_a_guess_is_better_than_chance_and_each_codebook_adds(clusters):
    latents, _ = clusters
    quantizer = Quantizer(3, 16, 3)
    by_chance = (quantizer.decode(quantizer.encode(latents)) - latents).norm()
    CodebookTrainer(quantizer).guess(latents.transpose(1, 2).reshape(-1, 3))
    codes = quantizer.encode(latents)
    distances = [(quantizer.decode(codes[:, :k]) - latents).norm() for k in (1, 2, 3)]
    assert distances[2] < distances[1] < distances[0] < by_chance


def test_averages_follow_what_codes_stand_for(clusters):
    latents, centres = clusters
    quantizer = Quantizer(1, 8, 3)
    quantizer.codebooks[0] = centres + 1.0
    books = CodebookTrainer(quantizer, decay=0.5)
    for _ in range(15):
        books.quantise(latents, torch.ones(4, dtype=torch.long))
    assert torch.cdist(centres, quantizer.codebooks[0]).min(1).values.max() < 0.1


def test_codebooks_that_stay_are_searched_with_care_and_dropped_alike(clusters):
    latents, _ = clusters
    quantizer = Quantizer(3, 16, 3)
    books, before = CodebookTrainer(quantizer), quantizer.codebooks.clone()
    found = books.quantise(latents, torch.tensor([3, 3, 1, 2]), learn=False)
    assert torch.equal(quantizer.codebooks, before)
    assert torch.allclose(found.latents[:2], quantizer.decode(found.codes)[:2], atol=1e-5)
    assert torch.allclose(found.latents[2:3], quantizer.decode(found.codes[2:3, :1]), atol=1e-5)
    assert torch.allclose(found.latents[3:], quantizer.decode(found.codes[3:, :2]), atol=1e-5)
    nearest = (quantizer.decode(quantizer.encode(latents)) - latents).norm()
    assert (quantizer.decode(found.codes) - latents).norm() < nearest


def test_unused_codes_come_back_to_life(clusters):
    latents, _ = clusters
    quantizer = Quantizer(1, 8, 3)
    quantizer.codebooks[0, 4:] = 1e4  # as far from everything as codes can be
    books = CodebookTrainer(quantizer, decay=0.5)
    for _ in range(REVIVE_EVERY + 1):
        books.quantise(latents, torch.ones(4, dtype=torch.long))
    assert quantizer.codebooks.abs().max() < 100


def test_a_process_whose_items_skip_a_codebook_takes_part_in_its_revival(clusters):
    """The others wait for it: what is shared must be shared by all."""
    latents, shared = clusters[0], []

    def reduce(tensor):  # another process uses code 0 of every codebook
        return tensor + torch.eye(1, 8).T

    def share(tensor):
        shared.append(tensor)
        return tensor

    books = CodebookTrainer(Quantizer(2, 8, 3), decay=0.5, reduce=reduce, share=share)
    for _ in range(REVIVE_EVERY):
        books.quantise(latents, torch.ones(4, dtype=torch.long))
    assert len(shared) == 2 and all(bool(rows.isfinite().all()) for rows in shared)


def test_dropped_codebooks_are_neither_used_nor_moved(clusters):
    latents, _ = clusters
    quantizer = Quantizer(3, 8, 3)
    before = quantizer.codebooks.clone()
    books = CodebookTrainer(quantizer)
    quantised = books.quantise(latents, torch.ones(4, dtype=torch.long))
    assert torch.equal(quantizer.codebooks[1:], before[1:])
    assert torch.allclose(
        quantised.latents, Quantizer.decode(_first(before), quantised.codes[:, :1]), atol=1e-5
    )


def _first(codebooks):
    quantizer = Quantizer(1, 8, 3)
    quantizer.codebooks.copy_(codebooks[:1])
    return quantizer


def test_the_gradient_passes_straight_through(clusters):
    latents = clusters[0].clone().requires_grad_()
    quantised = CodebookTrainer(Quantizer(2, 8, 3)).quantise(latents, torch.full((4,), 2))
    quantised.latents.sum().backward()
    assert torch.equal(latents.grad, torch.ones_like(latents))
