"""All measures of a performed piece beside the instruments' rendering, by the names of goals.toml."""

from __future__ import annotations

import numpy as np

from engine.audio.loudness import SILENCE_LUFS, loudness
from engine.evaluation.codec.onsets import onset_f1, onset_f1_clear
from engine.evaluation.codec.perceived import visqol
from engine.evaluation.codec.spectra import mel_distance, stft_distance
from engine.evaluation.models.chroma import chroma_likeness
from engine.evaluation.models.duck import duck_depth_db, duck_error_db
from engine.evaluation.models.material import Audio, Piece
from engine.evaluation.models.pitch import pitch_to_reference, pitch_to_score
from engine.evaluation.music.seam import seam_flux, seam_jump
from engine.units import db_to_gain

VOICES = ("bass", "melody")  # one note at a time, more or less: a pitch can be tracked
SILENT_LU = 60.0  # how far apart silence is from anything


def measure(piece: Piece, performed: Audio, quick: bool = False) -> dict[str, float]:
    """measure -> value, NaN where it has nothing to say; `quick` leaves ViSQOL out (2 s a piece of 10 s).

    All but the loudness itself are of the performed made as loud as the reference: an engine levels what a
    model performs, and a fader is no fault of a performance.
    """
    assert performed.shape == piece.audio.shape, (performed.shape, piece.audio.shape)
    apart = loudness_apart(piece.audio, performed)
    fitted = as_loud(performed, apart)
    found = {
        "onset.f1": onset_f1(piece.audio, fitted),
        "onset.f1_clear": onset_f1_clear(piece.audio, fitted),
        **_tonal(piece, fitted),
        **_ducked(piece, fitted),
        "mel": mel_distance(piece.audio, fitted),
        "stft": stft_distance(piece.audio, fitted),
        "loudness": abs(apart),
        "seam.jump": seam_jump(performed),
        "seam.flux": seam_flux(performed),
    }
    return found if quick else {**found, "visqol": visqol(piece.audio, fitted)}


def loudness_apart(reference: Audio, performed: Audio) -> float:
    """LU by which the performed is louder; SILENT_LU softer where only the reference sounds."""
    wanted, given = loudness(reference), loudness(performed)
    if SILENCE_LUFS in (wanted, given):
        return 0.0 if wanted == given else -SILENT_LU if given == SILENCE_LUFS else SILENT_LU
    return given - wanted


def as_loud(performed: Audio, apart_lu: float) -> Audio:
    return (
        np.asarray(performed * np.float32(db_to_gain(-apart_lu))) if abs(apart_lu) < SILENT_LU else performed
    )


def _tonal(piece: Piece, performed: Audio) -> dict[str, float]:
    if piece.role in VOICES:
        return {
            "pitch.score": pitch_to_score(piece.score, piece.audio, performed),
            "pitch.reference": pitch_to_reference(piece.score, piece.audio, performed),
        }
    return {} if piece.role == "drums" else {"chroma": chroma_likeness(piece.audio, performed)}


def _ducked(piece: Piece, performed: Audio) -> dict[str, float]:
    if piece.gain is None:
        return {}
    return {
        "duck.error": duck_error_db(piece.audio, performed, piece.gain),
        "duck.depth": duck_depth_db(piece.audio, performed, piece.gain),
    }
