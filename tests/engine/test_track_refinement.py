"""What refinement changes, and what stays."""

import pytest
import torch

from engine.errors import EngineError
from engine.model.track.passing import BEAM, Kept, Sampling
from engine.model.track.refinement import Plan, performed, usual_plan
from engine.model.track.sampling import chosen, least_sure, likeliest, sureness
from tests.engine.track_models import BATCH, FRAMES, debug_codec, scores, style, track, unsure_model

PLAN = Plan((4, 2), renewed=1.0)


@pytest.fixture(scope="module")
def codec():
    return debug_codec()


@pytest.fixture(scope="module")
def model(codec):
    return unsure_model(codec)


@pytest.fixture
def refine(model, codec):
    def refined(plan=PLAN, sampling=None, kept=None, cancelled=bool):
        sampling = sampling or Sampling()
        prepared = model.prepare(scores(), style(), [track()], guided=sampling.guided)
        return performed(model, prepared, codec.quantizer, plan, sampling, kept, cancelled)

    return refined


def kept_codes() -> Kept:
    generator = torch.Generator().manual_seed(8)
    codes = torch.randint(0, 16, (BATCH, 2, FRAMES), generator=generator)
    return Kept(codes, torch.rand(BATCH, FRAMES, generator=generator) < 0.4)


@pytest.mark.parametrize("plan", [Plan(), Plan((0, 0)), Plan((3,)), PLAN, usual_plan(2)], ids=str)
def test_codes_are_the_codecs(refine, plan):
    codes = refine(plan)
    assert codes.shape == (BATCH, 2, FRAMES) and codes.dtype == torch.int64
    assert codes.min() >= 0 and codes.max() < 16


@pytest.mark.parametrize("plan", [Plan(), Plan((0, 0))], ids=str)
def test_without_passes_the_first_pass_comes_back(refine, model, codec, plan):
    first = model(scores(), style(), [track()]).latents
    assert torch.equal(refine(plan), codec.quantizer.encode(first, beam=BEAM))


def test_passes_that_renew_nothing_change_nothing_of_their_codebook(refine):
    assert torch.equal(refine(Plan((3,), renewed=0.0))[:, 0], refine(Plan())[:, 0])


@pytest.mark.parametrize("plan", [Plan(), Plan((3,)), PLAN, Plan((4, 2), renewed=0.5)], ids=str)
@pytest.mark.parametrize("cfg_coef", [1.0, 2.0])
def test_given_frames_keep_their_tokens(refine, plan, cfg_coef):
    kept = kept_codes()
    codes = refine(plan, Sampling(cfg_coef=cfg_coef), kept)
    assert torch.equal(codes.mT[kept.mask], kept.codes.mT[kept.mask])


def test_a_single_pass_beside_what_stays_is_the_one_that_training_has(model, codec):
    """It is told of given frames by their latents alone: tokens are for the passes of a refinement."""
    kept = kept_codes()
    given = codec.quantizer.decode(kept.codes)
    prepared = model.prepare(scores(), style(), [track()], given, kept.mask)
    codes = performed(model, prepared, codec.quantizer, Plan(), Sampling(), kept)
    wanted = codec.quantizer.encode(model.passes(prepared).latents, beam=BEAM)
    assert torch.equal(codes.mT[~kept.mask], wanted.mT[~kept.mask])


def test_what_is_given_is_heard_by_the_rest(refine):
    kept = kept_codes()
    other = kept._replace(codes=(kept.codes + 5) % 16)
    sampling = Sampling(temperature=0.0)
    first, second = refine(PLAN, sampling, kept), refine(PLAN, sampling, other)
    assert not torch.equal(first.mT[~kept.mask], second.mT[~kept.mask])


def test_all_frames_given_leave_nothing_to_do(refine):
    kept = kept_codes()._replace(mask=torch.ones(BATCH, FRAMES, dtype=torch.bool))
    assert torch.equal(refine(PLAN, kept=kept), kept.codes)


def test_the_same_seed_gives_the_same_codes_and_another_does_not(refine):
    assert torch.equal(refine(), refine())
    assert not torch.equal(refine(), refine(sampling=Sampling(seed=1)))


def test_the_same_seed_gives_the_same_codes_on_any_number_of_threads(refine):
    before, threads = refine(), torch.get_num_threads()
    try:
        torch.set_num_threads(2 if threads == 1 else 1)
        assert torch.equal(refine(), before)
    finally:
        torch.set_num_threads(threads)


def test_nobody_elses_chance_is_used(model, codec):
    prepared = model.prepare(scores(), style(), [track()])
    before = torch.get_rng_state()
    performed(model, prepared, codec.quantizer, PLAN, Sampling())
    assert torch.equal(torch.get_rng_state(), before)


def test_without_temperature_there_is_no_chance(refine):
    first = refine(sampling=Sampling(temperature=0.0, seed=1))
    assert torch.equal(first, refine(sampling=Sampling(temperature=0.0, seed=2)))


def test_guidance_changes_what_is_drawn(refine):
    assert not torch.equal(refine(), refine(sampling=Sampling(cfg_coef=3.0)))


@pytest.mark.parametrize("plan", [Plan(), Plan((3,)), PLAN, usual_plan(2)], ids=str)
def test_it_can_be_cancelled_before_every_pass(refine, plan):
    asked = []
    refine(plan, cancelled=lambda: bool(asked.append(1)))
    assert len(asked) == plan.total(2)
    for stop in range(1, len(asked) + 1):
        count = iter(range(1, stop + 1))
        with pytest.raises(EngineError) as error:
            refine(plan, cancelled=lambda count=count, stop=stop: next(count) == stop)
        assert error.value.code == "cancelled"


def test_the_usual_plan_gives_the_coarse_codebooks_the_passes():
    assert usual_plan(1).passes == (6,)
    assert usual_plan(12).passes == (6, 2, *[1] * 10)
    assert usual_plan(12).total(12) == 18 and Plan().total(12) == 1 and Plan((6, 2)).total(12) == 9


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Plan((-1,)),
        lambda: Plan((0, 1)),
        lambda: Plan((65,)),
        lambda: Plan(renewed=1.1),
        lambda: Sampling(temperature=-1.0),
        lambda: Sampling(top_k=-1),
        lambda: Sampling(cfg_coef=float("nan")),
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(EngineError) as error:
        wrong()
    assert error.value.code == "range"


def test_a_plan_for_more_codebooks_than_there_are_is_refused(refine):
    with pytest.raises(EngineError, match="this codec has 2"):
        refine(Plan((1, 1, 1)))


def test_draws_follow_the_probabilities():
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(1, 20_000, 3)
    codes = chosen(logits, 1.0, 0, torch.Generator().manual_seed(0)).codes
    shares = torch.bincount(codes.flatten()) / codes.numel()
    assert torch.allclose(shares, torch.tensor([0.5, 0.3, 0.2]), atol=0.02)
    cold = chosen(logits, 0.5, 0, torch.Generator().manual_seed(0)).codes
    squares = torch.tensor([25.0, 9.0, 4.0]) / 38
    assert torch.allclose(torch.bincount(cold.flatten()) / cold.numel(), squares, atol=0.02)


def test_top_k_leaves_the_likeliest():
    logits = torch.randn(2, 50, 16)
    codes = chosen(logits, 10.0, 3, torch.Generator().manual_seed(0)).codes
    best = logits.topk(3, -1).indices
    assert (codes[..., None] == best).any(-1).all()
    assert torch.equal(likeliest(logits, 0), logits) and torch.equal(likeliest(logits, 16), logits)
    assert torch.equal(chosen(logits, 1.0, 1, torch.Generator().manual_seed(0)).codes, logits.argmax(-1))


def test_sureness_is_the_probability_of_what_was_chosen():
    choice = chosen(torch.randn(2, 5, 16), 0.0, 0, torch.Generator())
    logits = torch.tensor([[[0.7, 0.3]]]).log()
    assert sureness(logits, torch.tensor([[1]])).exp().item() == pytest.approx(0.3)
    assert choice.sureness.shape == (2, 5) and (choice.sureness <= 0).all()


def test_the_least_sure_are_as_many_as_asked():
    sure = torch.tensor([[0.3, 0.1, 0.2, 0.4], [0.5, 0.5, 0.5, 0.1]])
    counts = torch.tensor([2, 0])
    assert least_sure(sure, counts).tolist() == [[False, True, True, False], [False] * 4]
    assert least_sure(sure, torch.tensor([4, 2])).sum(1).tolist() == [4, 2]
