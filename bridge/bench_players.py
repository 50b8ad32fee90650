"""The track models that a bench measures, and how each performs its eight seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.music.score import Hit, Note, Score
from engine.performing import Given
from engine.registry import BAND

if TYPE_CHECKING:
    import torch

    from engine.model.codec.codec import Codec
    from engine.model.track.hearing import Hearing
    from engine.model.track.passing import Passing
    from engine.model.track.track_model import TrackModel

BARS, TEMPO_BPM = 4, 120.0  # 8 s


@dataclass(frozen=True)
class Player:
    """A role's model with its codec; untrained where none of that size is bundled."""

    role: str
    model: TrackModel
    codec: Codec
    hearing: Hearing
    score: Score
    trained: bool

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device


def player(role: str, size: str, device: torch.device) -> Player:
    """The bundled model where there is one of that size, else an untrained one: as fast."""
    import torch

    from engine.model.codec.codec import build_codec
    from engine.model.codec.config import config_named as codec_named
    from engine.model.codec.weights import load_codec
    from engine.model.track.config import DEBUG, config_named
    from engine.model.track.hearing import Codecs, Hearing
    from engine.model.track.track_model import TrackModel
    from engine.model.track.weights import load_track_model, read_track_file

    def codec_of(name: str) -> Codec:
        codec = build_codec(codec_named(name)) if name == DEBUG else load_codec(name)
        return codec.eval().requires_grad_(False).to(device)

    codecs = Codecs(codec_of)
    config = config_named(role, size)
    codec = codecs[config.codec]
    try:
        trained = read_track_file(role).config.size == size  # its windows are as long as in training
    except EngineError:
        trained = False
    torch.manual_seed(0)
    model = load_track_model(role) if trained else TrackModel(config, codec.config)
    model = model.eval().requires_grad_(False).to(device).take_codebooks(codec.quantizer)
    return Player(role, model, codec, Hearing(codecs), written(role), trained)


def written(role: str) -> Score:
    """Four bars of eighths or beats: 8 s at 120 bpm."""
    beats = [beat / 2 for beat in range(BARS * 8)]
    hits = tuple(Hit(beat, "kick" if beat % 1 == 0 else "closed_hat", 100) for beat in beats)
    pitches = {"bass": (33,), "harmony": (57, 60, 64), "melody": (69,)}.get(role, ())
    notes = tuple(Note(beat, 0.5, pitch, 90) for beat in beats for pitch in pitches)
    palettes = {"drums": "909", "bass": "sub", "harmony": "pad", "melody": "lead"}
    return Score(
        role, TEMPO_BPM, Key(), Signature(4, 4), BARS, "techno", palettes[role],
        notes=notes, hits=hits if role == "drums" else (),
    )  # fmt: skip


def heard_by(role: str) -> dict[str, np.ndarray]:
    """The three others, as noise."""
    rng = np.random.default_rng(0)
    samples = written(role).length_samples
    return {name: 0.1 * rng.standard_normal((samples, 2)).astype(np.float32) for name in BAND if name != role}


def told_nothing(audio: object, start: int, end: int) -> None:
    """To whom nobody listens."""


@dataclass(frozen=True)
class Resident:
    """A player's model as a band has it on this machine: made once."""

    model: TrackModel
    computes: str
    passing: Passing


def performed(of: Player, given: Given | None = None, first: Callable[..., None] = told_nothing) -> None:
    """As the resident band does it on this machine; the others are listened to anew."""
    _perform(of, resident(of), given, first)


def first_audio_s(of: Player) -> float:
    """Until the first samples are told."""
    began = time.perf_counter()
    told: list[float] = []
    performed(of, first=lambda audio, start, end: told.append(time.perf_counter() - began))
    return told[0]


class Told(Exception):  # noqa: N818
    """The first samples are there, and nothing more is wanted."""


def flops_performed(of: Player, given: Given | None = None, first_only: bool = False) -> float:
    """Operations of the matrix products of a performance, the codec's and those of listening included."""
    from engine.evaluation.models.floors import flops_of
    from engine.model.track.passing import EAGER

    def first(audio: object, start: int, end: int) -> None:
        if first_only:
            raise Told

    def job() -> None:
        with suppress(Told):
            _perform(of, Resident(of.model, "float32", EAGER), given, first)

    return flops_of(job)


def _perform(of: Player, by: Resident, given: Given | None, first: Callable[..., None]) -> None:
    from engine.config import ModelConfig
    from engine.model.track.hearing import Hearing
    from engine.model.track.performing import perform
    from engine.model.track.precision import around_blocks
    from engine.track_models import options_of

    options = replace(options_of(ModelConfig()), precision=around_blocks(by.computes, of.device))
    perform(
        by.model, of.codec, of.score, (), heard_by(of.role), 0, options,
        given=given, first=first, hearing=Hearing(of.hearing.codecs), passing=by.passing,
    )  # fmt: skip


_RESIDENTS: WeakKeyDictionary[TrackModel, Resident] = WeakKeyDictionary()


def resident(of: Player) -> Resident:
    from engine.model.track.band import passing_of
    from engine.model.track.precision import fastest

    if of.model not in _RESIDENTS:
        computes = fastest(of.device)
        _RESIDENTS[of.model] = Resident(computing(of, computes), computes, passing_of(of.device))
    return _RESIDENTS[of.model]


def computing(of: Player, computes: str) -> TrackModel:
    """A copy of the player's model that computes so."""
    import copy

    from engine.model.track.precision import in_precision

    return in_precision(copy.deepcopy(of.model), computes)
