"""Compiled passes give the codes of those that are not, and a take where they cannot be compiled."""

from __future__ import annotations

import logging

import pytest
import torch

from engine.model.track.passing import EAGER, Compiled, Kept, Passing, Sampling, compiled
from engine.model.track.refinement import Plan, performed
from tests.engine.track_models import BATCH, debug_codec, scores, style, track, unsure_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def codec():
    return debug_codec()


@pytest.fixture(scope="module")
def model(codec):
    return unsure_model(codec)


@pytest.fixture(autouse=True)
def _no_tracing_into_the_log(monkeypatch):
    """Megabytes of it, which pytest would keep."""
    monkeypatch.setattr(logging.getLogger("torch.__trace"), "propagate", False)


@torch.inference_mode()
def codes(model, codec, passing: Passing, plan: Plan, frames: int = 29, kept: Kept | None = None):
    prepared = model.prepare(scores(frames=frames), style(), [track()])
    return performed(model, prepared, codec.quantizer, plan, Sampling(seed=4), kept, passing=passing)


# What torch traces, and what its inductor begins from: as far as a CPU tells what a GPU would be given.
@pytest.mark.parametrize(
    ("backend", "plan"), [("eager", Plan((2,), renewed=0.7)), ("aot_eager", Plan())], ids=str
)
def test_compiled_passes_give_the_same_codes(model, codec, backend, plan):
    """All of them: both compute the same sums in the same order. What a GPU fuses may round otherwise."""
    passing = compiled(CPU, backend)
    assert torch.equal(codes(model, codec, passing, plan), codes(model, codec, EAGER, plan))
    assert not passing.settled.failed and not passing.finished.failed


def test_another_length_is_not_compiled_again(model, codec):
    """Else a change of tempo would be waited for."""
    made = []

    def backend(graph, example_inputs):
        made.append(graph)
        return graph.forward

    passing = compiled(CPU, backend)
    for frames in (29, 37):
        codes(model, codec, passing, Plan(), frames)
    with torch.inference_mode():
        kept = Kept(torch.zeros(BATCH, 2, 41, dtype=torch.long), torch.rand(BATCH, 41) < 0.5)
    codes(model, codec, passing, Plan(), 41, kept)
    assert len(made) == 1 and not passing.finished.failed


def test_a_pass_that_cannot_be_compiled_is_made_all_the_same_and_said_once(model, codec, caplog):
    def broken(graph, example_inputs):
        raise RuntimeError("no compiler here")

    passing = compiled(CPU, broken)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert torch.equal(codes(model, codec, passing, Plan()), codes(model, codec, EAGER, Plan()))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert passing.finished.failed


def test_what_a_later_run_writes_over_is_not_what_was_given_out():
    held = torch.zeros(3)
    fast = Compiled(lambda value: value, CPU, "eager")
    fast.fast = held.add_
    one, other = fast(torch.ones(3)), fast(torch.ones(3))
    assert one.tolist() == [1.0] * 3 and other.tolist() == [2.0] * 3
