"""An example of a package that adds a family of models: a sampler that plays recorded one-shots.

    [project.entry-points."resonantgen.models"]
    sampler = "resonantgen_sampler:sampler"

    [project.entry-points."resonantgen.tracks"]
    clicks = "resonantgen_sampler:clicks"

The recordings are `{voice}.wav` in `shots/` beside this file: 44.1 kHz.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.music.score import Hit
from engine.performing import Offer, Part, Watch
from engine.registry import TrackType, default_registry
from engine.units import beats_to_samples, ms_to_samples

SHOTS = Path(__file__).parent / "shots"
ROLE = "one_shots"


class Sampler:
    """Satisfies `engine.performing.Family`."""

    name = "sampler"

    def offer(self, role: str) -> Offer:
        voices = sorted(path.stem for path in SHOTS.glob("*.wav"))
        if role != ROLE or not voices:
            return Offer(False, False, f"no recordings for {role} in {SHOTS}")
        return Offer(True, True, f"recordings of {', '.join(voices)}")

    def warm(self, role: str) -> None:
        for path in SHOTS.glob("*.wav"):
            shot(path.stem)

    def perform(self, part: Part, watch: Watch) -> NDArray[np.float32]:
        """[N, C=2]. What has no recording is left out; what rings past the end is found at the start."""
        score = part.score
        loop = np.zeros((score.length_samples, 2), np.float32)
        for number, hit in enumerate(score.hits):
            if watch.cancelled():
                raise EngineError("cancelled", "the sampler was cancelled")
            _strike(loop, hit, score.tempo_bpm)
            watch.progress((number + 1) / len(score.hits))
        return loop * np.float32(0.5 / max(0.5, np.abs(loop).max(initial=0.0)))


def _strike(loop: NDArray[np.float32], hit: Hit, tempo_bpm: float) -> None:
    sound = shot(hit.voice)
    start = beats_to_samples(hit.start_beats, tempo_bpm) + ms_to_samples(hit.offset_ms)
    np.add.at(loop, (start + np.arange(len(sound))) % len(loop), sound * np.float32(hit.velocity / 127))


@cache
def shot(voice: str) -> NDArray[np.float32]:
    """[n, C=2]; nothing where it was never recorded."""
    path = SHOTS / f"{voice}.wav"
    if not path.is_file():
        return np.zeros((0, 2), np.float32)
    audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(np.broadcast_to(audio, (len(audio), 2)) if audio.shape[1] == 1 else audio)


sampler = Sampler()
clicks = TrackType(
    "clicks",
    compose=lambda _, *rest: default_registry()["drums"].compose("drums", *rest),
    model=ROLE,
    family="sampler",
)
