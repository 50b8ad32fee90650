"""What predicted latents sound like, compared with the stem: through the codec's own decoder.

latents [B, D, F] -> (nearest tokens, straight through) -> frozen decoder -> audio -> mel, STFT, waveform
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.model.codec.codec import Codec
from engine.training.codec.losses import Reconstruction

EDGE_FRAMES = 2  # of a decoded stretch that are not compared: the decoder does not know what lies beyond


class Sound(nn.Module):
    """Not part of the model: nothing of it is trained or saved."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.decoder, self.quantizer = codec.decoder, codec.quantizer
        self.losses = Reconstruction(codec.config.sample_rate)
        self.hop = codec.config.hop
        self.requires_grad_(False)

    def decoded(self, latents: Tensor, straight_through: bool) -> Tensor:
        """latents [B, D, F] -> audio [B, C, F * hop]; tokens hand their gradient on as latents would."""
        if straight_through:
            tokens = self.quantizer.decode(self.quantizer.encode(latents.detach()))
            latents = latents + (tokens - latents).detach()
        audio: Tensor = self.decoder(latents)
        return audio

    def forward(self, latents: Tensor, audio: Tensor, step: int, straight_through: bool) -> dict[str, Tensor]:
        """latents [B, D, F] against audio [B, C, F * hop] of the same frames."""
        decoded = self.decoded(latents, straight_through).float()
        edge = EDGE_FRAMES * self.hop
        return self.losses(audio[..., edge:-edge], decoded[..., edge:-edge], step)


def least_frames(hop: int, samples: int) -> int:
    """Frames whose inner part has at least so many samples."""
    return -(-samples // hop) + 2 * EDGE_FRAMES


def stretch(latents: Tensor, first: int, frames: int) -> Tensor:
    """latents [B, D, F] -> some frames of them."""
    return torch.narrow(latents, -1, first, frames)
