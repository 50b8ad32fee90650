"""A debug track model with everything it can be told, for the tests of the model and of its refinement."""

import torch

from engine.model.codec.codec import Codec, build_codec
from engine.model.codec.config import config_named as codec_named
from engine.model.track.conditioning import score_width
from engine.model.track.config import config_named
from engine.model.track.context import ContextFrames
from engine.model.track.style import style_size
from engine.model.track.track_model import TrackModel

FRAMES, BATCH = 24, 2


def debug_codec() -> Codec:
    torch.manual_seed(1)
    return build_codec(codec_named("debug")).eval()


def debug_model(codec: Codec, role: str = "drums") -> TrackModel:
    """Untrained, but with all weights away from zero, so that every path through it counts."""
    torch.manual_seed(2)
    model = TrackModel(config_named(role, "debug"), codec.config).take_codebooks(codec.quantizer)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return model.eval()


def unsure_model(codec: Codec) -> TrackModel:
    """One whose logits lie so near each other that a draw is one."""
    model = debug_model(codec).requires_grad_(False)
    model.tokens.sharpness.fill_(-3.0)
    return model


def scores(batch: int = BATCH, frames: int = FRAMES, kind: str = "drums") -> torch.Tensor:
    torch.manual_seed(3)
    return torch.randn(batch, frames, score_width(kind))


def style(batch: int = BATCH) -> torch.Tensor:
    torch.manual_seed(4)
    return torch.rand(batch, style_size())


def track(role: str = "bass", seed: int = 5, frames: int = 30, **more) -> ContextFrames:
    torch.manual_seed(seed)
    return ContextFrames(role, "debug", 50.0, 3.0 * torch.randn(BATCH, 8, frames), **more)
