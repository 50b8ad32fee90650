"""Track models of debug size with random weights, which write for the bundled codecs: the whole real path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch

from engine.model.codec.weights import load_codec
from engine.model.track.config import DEFAULT_SIZE, config_named
from engine.model.track.track_model import TrackModel
from engine.model.track.weights import save_track_model
from engine.registry import BAND


def save_debug_models(folder: Path, roles: Iterable[str] = BAND) -> Path:
    """`track_{role}.safetensors` for each, without a card; the folder."""
    torch.manual_seed(1)
    for role in roles:
        codec = load_codec(config_named(role).codec)
        # A model that calls itself `debug` hears tracks in codec `debug` alone.
        config = replace(config_named(role, "debug"), size=DEFAULT_SIZE, codec=codec.config.name)
        save_track_model(TrackModel(config, codec.config), folder / f"track_{role}.safetensors", codec=codec)
    return folder
