"""Audio files for listening: the mix as WAV, FLAC or MP3."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.errors import EngineError, unknown
from engine.stem import FULL_SCALE_24, quantise_24
from engine.units import STEM_SAMPLE_RATE

# LAME's best variable rate, 180 to 245 kbit/s; its own choice is near 110.
MP3_QUALITY = {"bitrate_mode": "VARIABLE", "compression_level": 0.0}
SUBTYPES = {"wav": "PCM_24", "flac": "PCM_24", "mp3": "MPEG_LAYER_III"}


def encoded_mix(audio: NDArray[np.float32], audio_format: str) -> bytes:
    """The file of audio [N, C=2] at 44.1 kHz; wav and flac hold its 24-bit samples exactly, clipped at full
    scale. EngineError `unknown` format, or `not_available` where this libsndfile cannot write it.

    In memory: libsndfile says nothing of a last block that no longer fits on the disk.
    """
    if audio_format not in SUBTYPES:
        raise unknown("format", audio_format, SUBTYPES)
    container, subtype = audio_format.upper(), SUBTYPES[audio_format]
    if not soundfile.check_format(container, subtype):
        raise EngineError(
            "not_available",
            f"this libsndfile ({soundfile.__libsndfile_version__}) cannot write {audio_format}: "
            "install libsndfile 1.1 or newer (pip install -U soundfile brings one), or export flac",
        )
    samples: NDArray[np.float32] | NDArray[np.int32] = quantise_24(audio)
    if subtype == "PCM_24":
        # libsndfile scales floats by 2**23 - 1; integers, left-aligned in 32 bits, pass unscaled.
        samples = (samples * np.float32(FULL_SCALE_24)).astype(np.int32) << 8
    data = io.BytesIO()
    options = MP3_QUALITY if audio_format == "mp3" else {}
    soundfile.write(data, samples, STEM_SAMPLE_RATE, subtype=subtype, format=container, **options)
    return data.getvalue()
