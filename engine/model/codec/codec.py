"""Audio to tokens and back: an encoder, a residual vector quantiser, a decoder.

audio [B, C, N] -> encoder -> latents [B, D, F] -> quantiser -> codes [B, K, F]
codes -> quantiser -> latents -> decoder -> audio [B, C, F * hop]
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import EngineError
from engine.model.codec.config import CodecConfig
from engine.model.codec.quantizer import Quantizer

MOST_VALUES = 2**28  # of a codec, a gigabyte: MusicGen's has 59 million


class Codec(nn.Module):
    def __init__(
        self, config: CodecConfig, encoder: nn.Module, quantizer: Quantizer, decoder: nn.Module
    ) -> None:
        super().__init__()
        self.config = config
        self.about: dict[str, str] = {}  # how it was trained, for its card
        self.encoder, self.quantizer, self.decoder = encoder, quantizer, decoder

    @torch.inference_mode()
    def encode(self, audio: Tensor, num_codebooks: int | None = None, beam: int = 1) -> Tensor:
        """audio [B, C, N] at the codec's rate -> codes int64 [B, K, F]; silence fills the last frame.

        A `beam` above 1 (`quantizer.BEAM`) finds better codes in more time.
        EngineError `range` for another number of channels or of codebooks, `empty` for no samples.
        """
        return self.quantizer.encode(self.latents(audio), num_codebooks, beam)

    @torch.inference_mode()
    def decode(self, codes: Tensor) -> Tensor:
        """codes [B, K, F] -> audio [B, C, F * hop]; fewer codebooks give a coarser sound."""
        audio: Tensor = self.decoder(self.quantizer.decode(codes))
        return audio

    def latents(self, audio: Tensor) -> Tensor:
        """audio [B, C, N] -> what the encoder says before quantising [B, D, F]."""
        self.check_audio(audio)
        missing = -audio.shape[-1] % self.config.hop
        latents: Tensor = self.encoder(functional.pad(audio, (0, missing)))
        return latents

    def check_audio(self, audio: Tensor) -> None:
        """EngineError `range` for another number of channels, `empty` for no samples."""
        if audio.dim() != 3 or audio.shape[1] != self.config.channels:
            raise EngineError(
                "range",
                f"audio of shape {tuple(audio.shape)}; this codec takes [B, {self.config.channels}, N]",
            )
        if not audio.shape[-1]:
            raise EngineError("empty", "audio of no samples: there is nothing to encode")

    def stream(self) -> CodecStream:
        """Decode frame by frame; EngineError `not_available` where the decoder sees the future."""
        return CodecStream(self)


class CodecStream:
    """`step` for the next frames, `flush` for the end: together they are `decode` of all of them."""

    def __init__(self, codec: Codec) -> None:
        self.quantizer = codec.quantizer
        self.decoding = codec.decoder.stream()  # type: ignore[operator]

    def step(self, codes: Tensor) -> Tensor:
        """codes [B, K, F] -> the samples that they finish [B, C, n]."""
        with torch.inference_mode():
            audio: Tensor = self.decoding.step(self.quantizer.decode(codes))
        return audio

    def flush(self) -> Tensor:
        audio: Tensor = self.decoding.flush()
        return audio


def build_codec(config: CodecConfig) -> Codec:
    """Untrained, from the global random state; EngineError `unknown` for a pair that does not exist."""
    quantizer = Quantizer(config.num_codebooks, config.codebook_size, config.latent_width)
    encoder, decoder = _pair(config)
    return Codec(config, encoder, quantizer, decoder)


def outlined(config: CodecConfig) -> Codec:
    """The codec's shapes, without memory for its weights: to be compared with those of a file first.

    EngineError `file` where no codec is as large.
    """
    try:
        with torch.device("meta"):
            codec = build_codec(config)
    except RuntimeError as error:  # a product of sizes beyond 64 bits
        raise EngineError("file", f"codec {config.name!r} is too large ({error})") from error
    values = sum(tensor.numel() for tensor in (*codec.parameters(), *codec.buffers()))
    if values > MOST_VALUES:
        raise EngineError(
            "file", f"codec {config.name!r} has {values:.2g} values; allowed are {MOST_VALUES:.2g}"
        )
    return codec


def _pair(config: CodecConfig) -> tuple[nn.Module, nn.Module]:
    shape = (config.channels, config.hop, config.latent_width, config.settings)
    if config.pair == "spectral":
        from engine.model.codec.spectral import SpectralDecoder, SpectralEncoder

        return SpectralEncoder(*shape), SpectralDecoder(*shape)
    from engine.model.codec.seanet import SEANetDecoder, SEANetEncoder

    return SEANetEncoder(*shape), SEANetDecoder(*shape)
