"""EnCodec as others published it: a Hugging Face folder on the user's disk becomes a Codec.

    FOLDER/config.json          of an EnCodec, or of a MusicGen with one below "audio_encoder"
    FOLDER/model.safetensors    or its parts, listed in model.safetensors.index.json

Needs neither transformers nor a network.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from engine.errors import EngineError
from engine.model.codec.codec import Codec, outlined
from engine.model.codec.config import CodecConfig
from engine.model.codec.published_config import codec_config, read_config
from engine.model.codec.published_files import WeightFiles


class PublishedCodec(Codec):
    """A Codec whose encoder itself fills the last frame, as the published one does."""

    def latents(self, audio: Tensor) -> Tensor:
        self.check_audio(audio)
        latents: Tensor = self.encoder(audio)
        return latents


def load_published(folder: Path) -> Codec:
    """The codec of a Hugging Face EnCodec or MusicGen folder, on the CPU, ready to use.

    EngineError: `not_found` folder or file; `file` for a configuration or weights that are broken, of
    something else or incomplete, naming what; `not_available` for what this engine does not do.
    """
    values, prefix = read_config(Path(folder))
    config = codec_config(Path(folder).name, values)
    empty = outlined(config)  # the weights come from the file
    files = WeightFiles(Path(folder), prefix)
    tensors = {name: _tensor(files, name, config) for name in empty.state_dict()}
    files.check_complete()
    for name, wanted in empty.state_dict().items():
        if tensors[name].shape != wanted.shape:
            raise EngineError(
                "file",
                f"{folder}: {name} has the shape {tuple(tensors[name].shape)}, "
                f"config.json asks for {tuple(wanted.shape)}",
            )
    codec = PublishedCodec(config, empty.encoder, empty.quantizer, empty.decoder)
    codec.load_state_dict(tensors, assign=True)
    return codec.eval().requires_grad_(False)


def _tensor(files: WeightFiles, name: str, config: CodecConfig) -> Tensor:
    """The weight that is called `name` here; an empty one where the files lack it, which they note."""
    if name == "quantizer.codebooks":
        names = [f"quantizer.layers.{k}.codebook.embed" for k in range(config.num_codebooks)]
        books = [files.read(each) for each in names]
        same = len({book.shape for book in books}) == 1
        return torch.stack(books) if same else torch.empty(0)  # [K, V, D]
    return files.weight(name)
