"""Small track models with weights of chance, the debug codec, and short scores for them."""

from __future__ import annotations

import numpy as np
import torch

from engine.instruments.render import PALETTES
from engine.model.codec.codec import Codec, build_codec
from engine.model.codec.config import config_named as codec_named
from engine.model.track.config import config_named
from engine.model.track.hearing import Codecs, Hearing
from engine.model.track.track_model import TrackModel
from engine.music.key import Key, Signature
from engine.music.score import Hit, Note, Score


def debug_codec(seed: int = 1) -> Codec:
    torch.manual_seed(seed)
    codec = build_codec(codec_named("debug")).eval().requires_grad_(False)
    codec.quantizer.codebooks *= 0.3
    return codec


def debug_model(codec: Codec, role: str = "drums", seed: int = 3) -> TrackModel:
    """Weights of chance, all of them: an untrained model would say the same of every score.

    With this seed it stays below where a limiter would be heard.
    """
    torch.manual_seed(seed)
    model = TrackModel(config_named(role, "debug"), codec.config)
    with torch.no_grad():
        for value in model.parameters():
            value.normal_(std=0.4)
    return model.take_codebooks(codec.quantizer).eval().requires_grad_(False)


def hearing(codec: Codec) -> Hearing:
    return Hearing(Codecs(lambda name: codec))


def score(role: str = "drums", tempo_bpm: float = 240.0, bars: int = 2) -> Score:
    """Something on every beat; two bars of 240 bpm are two seconds."""
    palette = next(name for name, palette in PALETTES.items() if palette.role == role)
    beats = [float(beat) for beat in range(4 * bars)]
    hits = tuple(Hit(beat, "kick" if beat % 2 == 0 else "snare", 100) for beat in beats)
    notes = tuple(Note(beat, 0.9, 45 + int(beat) % 5, 90) for beat in beats)
    plays = {"hits": hits} if role == "drums" else {"notes": notes}
    return Score(role, tempo_bpm, Key(), Signature(), bars, "techno", palette, **plays)


def tone(num_samples: int, hz: float = 110.0) -> np.ndarray:
    sides = np.sin(2 * np.pi * hz / 44_100 * np.arange(num_samples))
    return np.repeat(0.2 * sides[:, None], 2, axis=1).astype(np.float32)
