"""`transformers`' MusicGen of like size, untrained, generating as many frames: what ours is measured against.

Token after token, four codebooks in a delay pattern, through its own `generate`; no text encoder, no codec:
less than what a user of it waits for. Speed does not ask what the weights are.
"""

from __future__ import annotations

import importlib
from typing import Any

import torch

from engine.errors import EngineError

# Size of ours -> width, depth and heads of a decoder of about as many parameters.
SHAPES = {"debug": (32, 2, 2), "small": (192, 6, 4), "base": (448, 7, 7), "full": (1280, 18, 20)}
CODEBOOKS, CODEBOOK_SIZE = 4, 2048
TEXT_ROWS = 8  # of a prompt


def musicgen(size: str, device: torch.device) -> Any:
    """MusicgenForCausalLM; EngineError `not_available` without transformers."""
    try:
        transformers = importlib.import_module("transformers")
    except ImportError as error:
        raise EngineError(
            "not_available", 'MusicGen needs transformers; install it with: pip install "resonantgen[test]"'
        ) from error
    width, depth, heads = SHAPES[size]
    config = transformers.MusicgenDecoderConfig(
        vocab_size=CODEBOOK_SIZE, num_codebooks=CODEBOOKS, hidden_size=width, num_hidden_layers=depth,
        num_attention_heads=heads, ffn_dim=4 * width, audio_channels=1,
        pad_token_id=CODEBOOK_SIZE, bos_token_id=CODEBOOK_SIZE,
    )  # fmt: skip
    model = transformers.MusicgenForCausalLM(config).eval().requires_grad_(False)
    for token in ("pad_token_id", "bos_token_id", "decoder_start_token_id"):
        setattr(model.generation_config, token, CODEBOOK_SIZE)
    return model.to(device)


@torch.inference_mode()
def generated_frames(model: Any, frames: int) -> int:
    """Generate so many frames by sampling, the delays of the codebooks besides; how many came."""
    device = next(model.parameters()).device
    text = torch.zeros(1, TEXT_ROWS, model.config.hidden_size, device=device)
    begin = torch.full((CODEBOOKS, 1), CODEBOOK_SIZE, dtype=torch.long, device=device)
    codes = model.generate(
        begin, encoder_hidden_states=text, do_sample=True, num_return_sequences=1,
        num_beams=1, max_new_tokens=frames + CODEBOOKS - 1,
    )  # fmt: skip
    return int(codes.shape[-1])
