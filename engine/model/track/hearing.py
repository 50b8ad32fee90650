"""What the locked tracks sound like to a model: their audio as their codecs' latents, encoded once a loop.

A stem that stays locked while others are regenerated is the same audio again and again: its latents are kept
by the digest of its samples.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import EngineError
from engine.model.codec.codec import Codec
from engine.model.codec.config import CodecConfig
from engine.model.codec.weights import load_codec
from engine.model.track.config import DEBUG, config_named
from engine.model.track.loop import Audio, Loop
from engine.stem import audio_digest

KEPT_LOOPS = 32  # some 0.5 MB each: four tracks, and what was undone
REACH_FRAMES = 16  # the encoders look 15 frames ahead and back
STEP_S = 0.25  # margins are rounded up to it, so that tracks of other frame rates share what was encoded
OTHER_CODEC = "pitched"  # of a track type that we know nothing of

Key = tuple[str, str, Loop]  # digest of the samples, codec, the loop that they are heard under


@dataclass(frozen=True)
class Heard:
    """A loop's latents [D, F] from `first_frame` of its codec's frames on, round the seam."""

    track: str
    codec: str
    latents: Tensor
    first_frame: int
    frame_rate: float


class Codecs:
    """Codecs by name, each loaded once. `load` is called on whichever thread first asks."""

    def __init__(self, load: Callable[[str], Codec] = load_codec) -> None:
        self.load = load
        self.lock = threading.Lock()
        self.loaded: dict[str, Codec] = {}

    def __getitem__(self, name: str) -> Codec:
        with self.lock:
            if name not in self.loaded:
                self.loaded[name] = self.load(name)
            return self.loaded[name]


class Hearing:
    """Turns audio into latents and keeps them. Several threads may ask at once."""

    def __init__(self, codecs: Codecs, kept_loops: int = KEPT_LOOPS) -> None:
        self.codecs, self.kept_loops = codecs, kept_loops
        self.lock = threading.Lock()
        self.kept: OrderedDict[Key, Future[Tensor]] = OrderedDict()
        self.encoded = 0  # loops that were not found

    def heard(self, track: str, audio: Audio, under: Loop, written_in: CodecConfig) -> Heard:
        """The latents of `audio` [N, C=2] under a loop that is written in that codec."""
        name = DEBUG if written_in.name == DEBUG else codec_name(track)
        codec = self.codecs[name]
        margin_s = math.ceil((under.margin + 1) * under.hop / written_in.sample_rate / STEP_S) * STEP_S
        loop = Loop(under.num_samples, codec.config.hop, math.ceil(margin_s * codec.config.frame_rate))
        key = (audio_digest(audio), name, loop)
        latents = self._kept(key, lambda: loop_latents(codec, audio, loop))
        return Heard(track, name, latents, loop.first_frame, codec.config.frame_rate)

    def _kept(self, key: Key, encode: Callable[[], Tensor]) -> Tensor:
        """Encoded by whichever thread comes first; the others wait for it."""
        with self.lock:
            is_mine = key not in self.kept
            found = self.kept.setdefault(key, Future())
            self.kept.move_to_end(key)
            while len(self.kept) > self.kept_loops:
                self.kept.popitem(last=False)
        if is_mine:
            self._encode(key, encode, found)
        return found.result()

    def _encode(self, key: Key, encode: Callable[[], Tensor], found: Future[Tensor]) -> None:
        try:
            found.set_result(encode())
            self.encoded += 1
        except BaseException as error:  # those who wait hear of it, and the next one tries again
            with self.lock:
                self.kept.pop(key, None)
            found.set_exception(error)


def codec_name(track: str) -> str:
    """The codec that a track's stems are written in."""
    try:
        return config_named(track).codec
    except EngineError:
        return OTHER_CODEC


@torch.inference_mode()
def loop_latents(codec: Codec, audio: Audio, loop: Loop) -> Tensor:
    """audio [N, C=2] of a loop -> latents [D, F] of all its frames, the encoder hearing it round the seam."""
    around = torch.from_numpy(loop.around(audio, REACH_FRAMES))
    device = codec.quantizer.codebooks.device
    latents = codec.latents(around.T[None].to(device))[0]
    return latents[:, REACH_FRAMES:-REACH_FRAMES]
