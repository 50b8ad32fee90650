"""Audio files from anywhere, as the engine's own kind of audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.units import STEM_SAMPLE_RATE

MAX_MINUTES = 20
MIN_RATE, MAX_RATE = 4_000, 768_000
BLOCK = 1 << 16


def read_audio(path: Path) -> NDArray[np.float32]:
    """[N, C=2] float32 at 44.1 kHz of whatever libsndfile reads; mono on both sides, first two of more.

    Louder than full scale (float files) comes down to it. EngineError `file`: unreadable, empty, too long.
    """
    try:
        with soundfile.SoundFile(path) as file:
            audio, rate = _samples(file, path.name), file.samplerate
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        reason = getattr(error, "error_string", error)  # without the path
        raise EngineError("file", f"{path.name} is not an audio file that can be read: {reason}") from error
    if len(audio) == 0:
        raise EngineError("file", f"{path.name} is empty")
    audio = np.nan_to_num(audio, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    audio = _resampled(audio, rate)
    peak = float(np.max(np.abs(audio)))
    return audio if peak <= 1.0 else audio * np.float32(1.0 / peak)


def _samples(file: soundfile.SoundFile, name: str) -> NDArray[np.float32]:
    """[N, C=2] block by block: what a header promises is not believed, nor paid for in memory."""
    if not MIN_RATE <= file.samplerate <= MAX_RATE:
        raise EngineError("file", f"{name} has {file.samplerate} samples a second; {MIN_RATE} to {MAX_RATE}")
    blocks, limit = [], MAX_MINUTES * 60 * file.samplerate
    length = 0
    while True:
        block = file.read(BLOCK, dtype="float32", always_2d=True)  # [N, C]
        if len(block) == 0:
            break
        blocks.append(block[:, [0, 0]] if block.shape[1] == 1 else block[:, :2].copy())
        length += len(block)
        if length > limit:
            raise EngineError("file", f"{name} is longer than {MAX_MINUTES} minutes; cut the loop out of it")
    return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)


def _resampled(audio: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    if rate == STEM_SAMPLE_RATE:
        return audio
    import soxr

    with np.errstate(over="ignore", invalid="ignore"):  # absurd float samples; the peak is brought down after
        return np.nan_to_num(soxr.resample(audio, rate, STEM_SAMPLE_RATE, quality="HQ")).astype(np.float32)
