"""Each loss gets its share of the gradient."""

import pytest
import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.training.codec.balancer import Balancer

WEIGHTS = {"near": 1.0, "even": 3.0}


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


class Case:
    """A model, a batch, and two losses of its output."""

    def __init__(self, items: int = 2) -> None:
        self.model = nn.Conv1d(2, 2, 5, padding=2)
        self.audio = torch.randn(items, 2, 64)

    def output(self) -> Tensor:
        return self.model(self.audio)

    def losses(self, output: Tensor, loudness: float = 1.0) -> dict[str, Tensor]:
        return {"near": loudness * (output - self.audio).pow(2).mean(), "even": output.abs().mean()}

    def gradient(self) -> Tensor:
        gradient = torch.cat([p.grad.flatten() for p in self.model.parameters()])
        self.model.zero_grad()
        return gradient

    def balanced(self, loudness: float = 1.0, weights: dict[str, float] | None = None) -> Tensor:
        output = self.output()
        Balancer(weights or WEIGHTS).backward(self.losses(output, loudness), output)
        return self.gradient()


def test_the_shares_are_the_weights():
    case, balancer = Case(), Balancer(WEIGHTS)
    output = case.output()
    told = balancer.backward(case.losses(output), output)
    assert told["share/near"] == pytest.approx(0.25) and told["share/even"] == pytest.approx(0.75)
    assert told["norm/near"] > 0 and told["norm/even"] > 0


def test_how_large_a_loss_is_does_not_matter():
    case = Case()
    torch.testing.assert_close(case.balanced(1.0), case.balanced(1e4))


def test_weights_count_by_their_ratio():
    case = Case()
    torch.testing.assert_close(case.balanced(), case.balanced(weights={"near": 10.0, "even": 30.0}))


def test_the_gradient_is_the_one_of_the_formula():
    case = Case(items=1)
    balanced = case.balanced()
    output = case.output()
    near, even = (
        torch.autograd.grad(loss, output, retain_graph=True)[0] for loss in case.losses(output).values()
    )
    output.backward(0.25 * near / near.norm() + 0.75 * even / even.norm())
    torch.testing.assert_close(balanced, case.gradient())


def test_a_batch_of_twice_the_same_changes_nothing():
    case = Case()
    once = case.balanced()
    case.audio = torch.cat([case.audio, case.audio])
    torch.testing.assert_close(case.balanced(), once)


def test_the_model_is_gone_through_once():
    case, passes = Case(), []
    case.model.weight.register_post_accumulate_grad_hook(lambda _: passes.append(1))
    output = case.output()
    Balancer(WEIGHTS).backward(case.losses(output), output, beside=case.model.weight.pow(2).mean())
    assert len(passes) == 1


def test_what_goes_beside_the_output_comes_in_as_it_is():
    case = Case()
    without = case.balanced()
    case.model.weight.pow(2).mean().backward()
    case.model.bias.grad = torch.zeros_like(case.model.bias)
    own = case.gradient()
    output = case.output()
    Balancer(WEIGHTS).backward(case.losses(output), output, beside=case.model.weight.pow(2).mean())
    torch.testing.assert_close(case.gradient(), without + own)


def test_a_gradient_beyond_the_usual_stays_beyond_it():
    case, balancer = Case(), Balancer(WEIGHTS, ema_decay=0.9)
    for _ in range(20):
        output = case.output()
        balancer.backward(case.losses(output), output)
    output = case.output()
    told = balancer.backward(case.losses(output, loudness=2.0), output)
    # Its usual norm rises by little over a step: a share of 2 : 3, less what the average moved.
    assert 0.34 < told["share/near"] < 0.4


def test_a_gradient_far_beyond_the_usual_takes_three_times_its_share_at_most():
    case, balancer = Case(), Balancer(WEIGHTS)
    for _ in range(20):
        output = case.output()
        balancer.backward(case.losses(output), output)
    output = case.output()
    told = balancer.backward(case.losses(output, loudness=1e6), output)
    # 3 x 1 beside 3.
    assert told["share/near"] == pytest.approx(0.5, abs=1e-3)


def test_a_term_that_is_no_number_is_left_out_and_forgotten():
    case, balancer = Case(), Balancer(WEIGHTS)
    output = case.output()
    told = balancer.backward(case.losses(output, float("nan")), output)
    assert told["share/near"] == 0 and told["share/even"] == pytest.approx(1)
    assert bool(case.gradient().isfinite().all())
    output = case.output()
    told = balancer.backward(case.losses(output), output)
    assert told["share/near"] == pytest.approx(0.25)


def test_a_term_without_a_gradient_takes_nothing_from_the_others():
    case = Case()
    output = case.output()
    told = Balancer(WEIGHTS).backward(case.losses(output, loudness=0.0), output)
    assert told["share/even"] == pytest.approx(1) and bool(case.gradient().isfinite().all())


def test_a_resumed_one_knows_the_usual_norms():
    case, first = Case(), Balancer(WEIGHTS, ema_decay=0.9)
    for _ in range(5):
        output = case.output()
        first.backward(case.losses(output), output)
    second = Balancer(WEIGHTS, ema_decay=0.9)
    second.load_state_dict(first.state_dict())
    told = []
    for balancer in (first, second, Balancer(WEIGHTS)):
        output = case.output()
        told.append(balancer.backward(case.losses(output, loudness=3.0), output))
    assert told[0] == told[1] != told[2]


def test_what_is_no_weight_is_refused():
    case = Case()
    output = case.output()
    with pytest.raises(EngineError) as caught:
        Balancer({"nearly": 1.0}).backward(case.losses(output), output)
    assert caught.value.code == "unknown" and "nearly" in caught.value.text
    for weights, decay in (({"near": -1.0}, 0.9), ({}, 0.9), (WEIGHTS, 1.0)):
        with pytest.raises(EngineError) as caught:
            Balancer(weights, decay)
        assert caught.value.code == "range"
