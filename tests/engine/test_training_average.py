"""Averaged weights."""

import pytest
import torch
from torch import nn

from engine.errors import EngineError
from engine.training.codec.average import Averaged


class Model(nn.Module):
    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), value))
        self.register_buffer("codebooks", torch.full((2, 2), value))

    def become(self, value: float) -> None:
        with torch.no_grad():
            self.weight.fill_(value)
            self.codebooks.fill_(value)


def test_weights_that_stay_are_their_own_average():
    model = Model(2.0)
    averaged = Averaged(model, 0.9)
    for _ in range(5):
        averaged.update()
    torch.testing.assert_close(averaged.weights["weight"], model.weight.detach())


def test_the_start_is_soon_forgotten_and_the_decay_holds_later():
    model, wanted = Model(0.0), 0.0
    averaged = Averaged(model, 0.5)
    model.become(1.0)
    for update in range(12):
        averaged.update()
        decay = min(0.5, (1 + update) / (10 + update))
        wanted = decay * wanted + (1 - decay)
        assert float(averaged.weights["weight"][0]) == pytest.approx(wanted)
        assert wanted > 0.89  # a first step of 0.9, not of 0.5


def test_buffers_are_copied():
    model = Model(0.0)
    averaged = Averaged(model, 0.999)
    for _ in range(50):
        model.become(7.0)
        averaged.update()
    assert bool((averaged.weights["codebooks"] == 7.0).all())


def test_the_model_has_its_own_weights_again_even_after_an_error():
    model = Model(0.0)
    averaged = Averaged(model, 0.999)
    weight = model.weight
    model.become(1.0)
    seen = []

    def evaluate() -> None:
        with averaged.averaged() as inside:
            seen.extend([inside is model, float(model.weight.detach()[0]), float(model.codebooks[0, 0])])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evaluate()
    assert seen == [True, 0.0, 0.0]
    assert model.weight is weight and float(weight.detach()[0]) == 1.0 and float(model.codebooks[0, 0]) == 1.0
    assert float(averaged.weights["weight"][0]) == 0.0


def test_saved_and_restored_it_goes_on():
    model = Model(0.0)
    averaged = Averaged(model, 0.9)
    for value in range(5):
        model.become(value)
        averaged.update()
    again = Averaged(model, 0.9)
    again.load_state_dict(averaged.state_dict())
    for one in (averaged, again):
        one.update()
    assert again.updates == averaged.updates
    assert torch.equal(again.weights["weight"], averaged.weights["weight"])


def test_weights_of_another_model_are_refused():
    state = Averaged(nn.Linear(2, 2)).state_dict()
    for other in (nn.Linear(2, 3), nn.Linear(2, 2, bias=False), Model()):
        with pytest.raises(EngineError) as caught:
            Averaged(other).load_state_dict(state)
        assert caught.value.code == "file"
    with pytest.raises(EngineError):
        Averaged(Model(), 1.0)
