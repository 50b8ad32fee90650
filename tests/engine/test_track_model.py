"""What a track model hears, and what it must not care about."""

import copy
import dataclasses

import pytest
import torch
from torch.nn import init
from torch.overrides import TorchFunctionMode

from engine.errors import EngineError
from engine.model.codec.config import config_named as codec_named
from engine.model.track.attention import attend, placeless, turned, turns
from engine.model.track.config import config_named, role_names
from engine.model.track.context import ContextFrames, at_seconds
from engine.model.track.guide import GUIDE_SIZE
from engine.model.track.masking import masked_batch, masked_loss
from engine.model.track.track_model import TrackModel
from tests.engine.track_models import BATCH, FRAMES, debug_codec, debug_model, scores, style, track

ALL = torch.ones(BATCH, dtype=torch.bool)


class Unfilled(TorchFunctionMode):
    """Weights are made but not drawn: on the meta device drawing costs seconds of imports, for nothing."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in (init.kaiming_uniform_, init.uniform_, init.normal_):
            return args[0] if args else kwargs["tensor"]
        if function is torch.randn:
            function = torch.empty
        return function(*args, **(kwargs or {}))


class Closed(TorchFunctionMode):
    """Nobody looks into a tensor."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        names = ("__bool__", "__int__", "__float__", "__index__", "item", "tolist", "nonzero")
        assert getattr(function, "__name__", "") not in names
        return function(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def codec():
    return debug_codec()


@pytest.fixture(scope="module")
def model(codec):
    return debug_model(codec).requires_grad_(False)


def same(first, second, tolerance=1e-4):
    return torch.allclose(first.latents, second.latents, atol=tolerance, rtol=tolerance)


def test_a_pass_says_latents_and_the_logits_that_are_asked_for(model):
    tokens = torch.randint(0, 17, (BATCH, 2, FRAMES))
    prediction = model(scores(), style(), [track()], tokens, codebooks=(1,))
    assert prediction.latents.shape == (BATCH, 8, FRAMES)
    assert prediction.logits.shape == (BATCH, 1, FRAMES, 16)
    assert model(scores()).logits is None
    both = model(scores(), style(), [track()], tokens, codebooks=(0, 1)).logits
    assert torch.allclose(both[:, 1:], prediction.logits, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "millions", "role"),
    [(s, m, r) for s, m in {"small": 7, "base": 28, "full": 500}.items() for r in role_names()],
)
def test_named_sizes_are_what_they_are_called(size, millions, role):
    config = config_named(role, size)
    with torch.device("meta"), Unfilled():
        model = TrackModel(config, codec_named(config.codec))
    count = sum(weight.numel() for name, weight in model.named_parameters() if "giving_way" not in name)
    assert count == pytest.approx(1e6 * millions, rel=0.1)


def test_prepared_passes_are_the_plain_forward(model):
    given, mask = torch.randn(BATCH, 8, FRAMES), torch.rand(BATCH, FRAMES) < 0.3
    tokens = torch.randint(0, 17, (BATCH, 2, FRAMES))
    prepared = model.prepare(scores(), style(), [track()], given, mask)
    for known in (None, tokens, tokens.flip(2)):
        whole = model(scores(), style(), [track()], known, given, mask)
        assert torch.equal(model.passes(prepared, known).latents, whole.latents)


def test_nothing_known_is_all_tokens_masked(model):
    masked = torch.full((BATCH, 2, FRAMES), model.mask)
    asked = {"codebooks": (0,)}
    assert torch.allclose(
        model(scores(), tokens=masked, **asked).logits, model(scores(), **asked).logits, atol=1e-4
    )


def test_a_dropped_condition_is_a_missing_one(model):
    missing = model(scores())
    dropped = model(scores(), style(), [track()], drop_style=ALL, drop_context=ALL)
    assert same(missing, dropped)
    silent = dataclasses.replace(track(), heard=torch.zeros(BATCH, 1, dtype=torch.bool))
    assert same(model(scores(), style()), model(scores(), style(), [silent]))


def test_conditions_are_dropped_item_by_item(model):
    first = torch.tensor([True, False])
    mixed = model(scores(), style(), [track()], drop_style=first, drop_context=first).latents
    assert torch.allclose(mixed[0], model(scores()).latents[0], atol=1e-4)
    assert torch.allclose(mixed[1], model(scores(), style(), [track()]).latents[1], atol=1e-4)


def test_guidance_runs_both_branches_in_one_batch(model):
    tokens = torch.randint(0, 17, (BATCH, 2, FRAMES))
    given, mask = torch.randn(BATCH, 8, FRAMES), torch.rand(BATCH, FRAMES) < 0.3
    context = [track(heard=torch.rand(BATCH, 30) < 0.5)]
    with_all = model(scores(), style(), context, tokens, given, mask, codebooks=(0,))
    without = model(scores(), None, (), tokens, given, mask, codebooks=(0,))
    prepared = model.prepare(scores(), style(), context, given, mask, guided=True)
    both = model.passes(prepared, tokens, (0,))
    assert same(both.guided(1.0), with_all, 1e-3)  # latents of 50 and more
    assert same(both.guided(0.0), without)
    expected = without.logits + 3.0 * (with_all.logits - without.logits)
    assert torch.allclose(both.guided(3.0).logits, expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([track(seed=6)], id="another sound"),
        pytest.param([track("harmony")], id="another role"),
        pytest.param([track(first_second=0.2)], id="at another time"),
        pytest.param([track(), track("melody", 7)], id="one more track"),
        pytest.param([], id="none"),
    ],
)
def test_what_the_other_tracks_play_changes_the_output(model, other):
    heard = model(scores(), style(), [track()]).latents
    assert (model(scores(), style(), other).latents - heard).abs().max() > 1e-2


def test_a_role_of_somebody_elses_is_heard_too(model):
    strange = model(scores(), style(), [track("kazoo")])
    assert not same(strange, model(scores(), style()), 1e-2)
    assert same(strange, model(scores(), style(), [track("theremin")]))


def test_a_codec_that_it_does_not_hear_is_refused(model):
    with pytest.raises(EngineError, match="debug") as refused:
        model(scores(), None, [ContextFrames("bass", "pitched", 50.0, torch.randn(BATCH, 96, 4))])
    assert refused.value.code == "unknown"


def test_rows_that_are_not_heard_change_nothing(model):
    heard = torch.rand(BATCH, 30) < 0.5
    clean, noisy = track(heard=heard), track(heard=heard)
    noisy.latents[~heard[:, None].expand_as(noisy.latents)] = 100.0
    assert same(model(scores(), style(), [clean]), model(scores(), style(), [noisy]))


def test_the_order_of_the_tracks_does_not_matter(model):
    tracks = [track("bass", 5), track("melody", 7, 20)]
    assert same(model(scores(), style(), tracks), model(scores(), style(), tracks[::-1]))


def test_what_sounds_at_the_same_time_is_told_frame_by_frame():
    rows = torch.arange(8.0).repeat(1, 2, 1)  # [B, D, F]: a ramp
    ramp = ContextFrames("bass", "debug", 50.0, rows, 0.04)
    found = at_seconds(ramp, torch.tensor([[0.0, 0.04, 0.05, 0.18, 0.4]]))
    assert torch.allclose(found[0, :, 0], torch.tensor([0.0, 0.0, 0.5, 7.0, 0.0]), atol=1e-5)
    half = dataclasses.replace(ramp, heard=torch.arange(8)[None] < 4)
    assert torch.allclose(
        at_seconds(half, torch.tensor([[0.1, 0.18]]))[0, :, 0], torch.tensor([3.0, 0.0]), atol=1e-5
    )


def test_each_item_hears_the_others_at_its_own_time(model):
    starts = [-0.3, 0.1]
    together = model(scores(), style(), [track(first_second=torch.tensor(starts))]).latents
    for item, start in enumerate(starts):
        alone = model(scores(), style(), [track(first_second=start)]).latents
        assert torch.allclose(together[item], alone[item], atol=1e-4)


def test_where_a_window_begins_does_not_matter(model):
    model = copy.deepcopy(model)
    for linear in model.alongside.roles.values():  # counts from the window's first frame by itself
        torch.nn.init.zeros_(linear.weight)

    def standing(start: float, heard_from: float):
        prepared = model.prepare(scores(), style(), [track(first_second=heard_from)])
        places = turns(start + torch.arange(FRAMES)[None] / 75, 8)
        return model.passes(prepared._replace(shared=prepared.shared._replace(places=places)))

    here = model(scores(), style(), [track()])
    assert same(here, standing(0.0, 0.0))
    assert same(here, standing(3.7, 3.7), 1e-3)
    assert not same(here, standing(3.7, 0.0), 1e-2)


def test_tracks_of_other_frame_rates_line_up_in_time():
    row = torch.randn(1, 1, 1, 8)
    at_75 = turned(row.expand(1, 1, 76, 8), turns(torch.arange(76)[None] / 75, 8))
    at_50 = turned(row.expand(1, 1, 51, 8), turns(torch.arange(51)[None] / 50, 8))
    assert torch.allclose(at_75[:, :, ::3], at_50[:, :, ::2], atol=1e-4)


def test_the_row_of_nothing_is_as_near_to_every_frame():
    row = torch.randn(1, 1, 1, 8)
    nothing = turned(row, placeless(turns(torch.zeros(1, 0), 8)))
    frames = turned(row.expand(1, 1, 9, 8), turns(torch.arange(9)[None] / 75, 8))
    nearness = (frames * nothing).sum(-1).flatten()
    assert torch.allclose(nearness, nearness[:1].expand(9), atol=1e-5) and nearness[0] != 0


def test_attention_is_the_formula():
    query, key, value = torch.randn(3, 1, 2, 5, 4).unbind()
    mask = torch.tensor([True, True, False, True, False])[None, None, None]
    weights = (query @ key.mT / 2.0).masked_fill(~mask, -torch.inf).softmax(-1)
    assert torch.allclose(attend(query, key, value, mask), weights @ value, atol=1e-5)


def test_attention_that_learns_in_half_precision_is_the_same():
    torch.manual_seed(3)
    rows = [torch.randn(2, 3, 5, 8) for _ in range(3)]
    mask = torch.tensor([True, True, False, True, True]).expand(2, 1, 1, 5)
    found = []
    for kind in (torch.float32, torch.bfloat16):
        query, key, value = (each.detach().to(kind).clone().requires_grad_() for each in rows)
        attend(query, key, value, mask).float().square().sum().backward()
        found.append([each.grad.float() for each in (query, key, value)])
    assert all(float((one - other).norm() / one.norm()) < 0.02 for one, other in zip(*found, strict=True))
    assert not found[1][1][:, :, 2].any()  # what is not heard learns nothing


def test_given_latents_are_heard_where_they_are_given(model):
    mask = torch.zeros(BATCH, FRAMES, dtype=torch.bool)
    mask[:, :6] = True
    given = torch.randn(BATCH, 8, FRAMES)
    heard = model(scores(), given=given, given_mask=mask)
    elsewhere = torch.where(mask[:, None], given, torch.nan)
    assert same(heard, model(scores(), given=elsewhere, given_mask=mask))
    assert not same(heard, model(scores(), given=given + 1.0, given_mask=mask), 1e-2)
    assert not same(heard, model(scores()), 1e-2)
    assert same(model(scores()), model(scores(), given=given, given_mask=torch.zeros_like(mask)))


def test_style_changes_the_output_and_an_untrained_model_has_none(model, codec):
    assert not same(model(scores(), style()), model(scores(), 1 - style()), 1e-2)
    torch.manual_seed(0)
    fresh = TrackModel(config_named("drums", "debug"), codec.config).take_codebooks(codec.quantizer)
    assert same(fresh(scores(), style()), fresh(scores(), 1 - style()), 1e-6)


def test_an_untrained_model_says_about_the_middle_of_the_codecs_latents(codec):
    torch.manual_seed(0)
    fresh = TrackModel(config_named("drums", "debug"), codec.config).take_codebooks(codec.quantizer)
    entries = fresh.entries
    silent = scores()
    silent[..., -GUIDE_SIZE:] = 0.0
    off = (fresh(silent).latents.mT - entries.middle) / entries.spread
    assert off.abs().max() < 0.5


def test_tokens_follow_the_latents_before_anything_is_trained(codec):
    """The likeliest entry is the one nearest to what the latents say."""
    torch.manual_seed(0)
    fresh = TrackModel(config_named("drums", "debug"), codec.config).take_codebooks(codec.quantizer)
    for toward in fresh.tokens.toward:
        torch.nn.init.zeros_(toward.weight)
    tokens = torch.randint(0, 16, (BATCH, 2, FRAMES))
    tokens[:, 1] = fresh.mask
    prediction = fresh(scores(), style(), (), tokens, codebooks=(0, 1))
    assert torch.equal(
        prediction.logits[:, 0].argmax(-1), codec.quantizer.encode(prediction.latents, 1)[:, 0]
    )
    rest = prediction.latents - codec.quantizer.decode(tokens[:, :1])
    finer = torch.cdist(rest.mT, codec.quantizer.codebooks[1][None]).argmin(-1)
    assert torch.equal(prediction.logits[:, 1].argmax(-1), finer)


def test_bf16_is_close_to_float(codec):
    torch.manual_seed(0)
    fresh = TrackModel(config_named("drums", "debug"), codec.config).take_codebooks(codec.quantizer).eval()
    tokens = torch.randint(0, 17, (BATCH, 2, FRAMES))
    full = fresh(scores(), style(), [track()], tokens, codebooks=(0, 1))
    with torch.autocast("cpu", torch.bfloat16):
        half = fresh(scores(), style(), [track()], tokens, codebooks=(0, 1))
    assert half.latents.dtype == half.logits.dtype == torch.float32
    spread = fresh.entries.spread.mean()
    assert (half.latents - full.latents).abs().max() < 0.02 * spread
    assert (half.logits - full.logits).abs().max() < 0.2


def test_the_gradient_reaches_every_parameter(codec):
    model = debug_model(codec).train()
    codes = torch.randint(0, 16, (BATCH, 2, FRAMES))
    drop = torch.tensor([True, False])
    given, mask = torch.randn(BATCH, 8, FRAMES), torch.rand(BATCH, FRAMES) < 0.3
    tracks = [track(role) for role in (*role_names(), "kazoo")]
    tokens = codes.clone()
    tokens[:, :, ::3], tokens[:, 1, 1::3] = model.mask, model.mask  # frames of 0, 1 and 2 known codebooks
    prediction = model(
        scores(), style(), tracks, tokens, given, mask,
        drop_style=drop, drop_context=drop, codebooks=(0, 1),
    )  # fmt: skip
    loss = torch.nn.functional.cross_entropy(prediction.logits.flatten(0, 2), codes.flatten())
    (loss + prediction.latents.square().mean()).backward()
    still = [
        name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()
    ]
    assert not still


def test_a_pass_never_asks_what_is_in_its_tensors(model):
    """So torch.compile and CUDA graphs can take the whole pass."""
    tokens = torch.randint(0, 17, (BATCH, 2, FRAMES))
    given, mask = torch.randn(BATCH, 8, FRAMES), torch.rand(BATCH, FRAMES) < 0.3
    heard = [track(heard=torch.rand(BATCH, 30) < 0.5)]
    with Closed():
        model(scores(), style(), heard, tokens, given, mask, drop_style=ALL, codebooks=(0, 1))
    with pytest.raises(AssertionError), Closed():
        bool(ALL.all())


@pytest.mark.parametrize("codebook", [0, 1, 2])
def test_masks_are_what_the_passes_will_meet(codebook):
    codes = torch.randint(0, 16, (64, 3, 50))
    weights = [float(k == codebook) for k in range(3)]
    generator = torch.Generator().manual_seed(0)
    masked = masked_batch(codes, 16, generator, weights)
    assert masked.codebook == codebook
    assert torch.equal(masked.tokens[:, :codebook], codes[:, :codebook])
    assert (masked.tokens[:, codebook + 1 :] == 16).all()
    assert torch.equal(masked.tokens[:, codebook] == 16, masked.chosen)
    assert torch.equal(masked.tokens[:, codebook][~masked.chosen], codes[:, codebook][~masked.chosen])
    shares = masked.chosen.float().mean(1)
    assert masked.chosen.any(1).all() and 0.5 < shares.mean() < 0.8  # the cosine's mean is 2 / pi
    again = masked_batch(codes, 16, torch.Generator().manual_seed(0), weights)
    assert torch.equal(masked.tokens, again.tokens)


def test_given_frames_are_known_and_not_asked_for():
    codes, mask = torch.randint(0, 16, (4, 3, 50)), torch.rand(4, 50) < 0.5
    masked = masked_batch(codes, 16, torch.Generator().manual_seed(1), given_mask=mask)
    assert torch.equal(masked.tokens.mT[mask], codes.mT[mask])
    assert not (masked.chosen & mask).any()


def test_the_loss_is_of_the_masked_tokens_alone():
    codes = torch.randint(0, 16, (4, 3, 50))
    masked = masked_batch(codes, 16, torch.Generator().manual_seed(2))
    logits = torch.randn(4, 1, 50, 16)
    loss = masked_loss(logits, codes, masked)
    asked = logits[:, 0][masked.chosen], codes[:, masked.codebook][masked.chosen]
    assert torch.isclose(loss, torch.nn.functional.cross_entropy(*asked))
    logits[:, 0][~masked.chosen] = 100 * torch.randn(16)
    assert torch.isclose(loss, masked_loss(logits, codes, masked))
    none = masked._replace(chosen=torch.zeros_like(masked.chosen))
    assert masked_loss(logits, codes, none) == 0
