"""Short scores for the tests of the instruments."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.instruments.render import PALETTES, play
from engine.music.key import Key, Signature
from engine.music.score import Hit, Note, Score

KITS = [name for name, palette in PALETTES.items() if palette.role == "drums"]
INSTRUMENTS = [name for name, palette in PALETTES.items() if palette.role != "drums"]


def score(palette: str, *items: Note | Hit, **changes: Any) -> Score:
    """A bar of 4/4 at 120 bpm (88,200 samples, 22,050 a beat) unless `changes` say otherwise."""
    frame: dict[str, Any] = {"tempo_bpm": 120.0, "key": Key(), "signature": Signature(), "bars": 1}
    return Score(
        track=PALETTES[palette].role, genre="techno", palette=palette,
        notes=tuple(item for item in items if isinstance(item, Note)),
        hits=tuple(item for item in items if isinstance(item, Hit)),
        **{**frame, **changes},
    )  # fmt: skip


def unmixed(any_score: Score) -> np.ndarray:
    """What the instruments make of a score before its stem is brought into the mix: [N, C=2]."""
    return play(any_score, PALETTES[any_score.palette], lambda share: None)


def phrase(palette: str, **changes: Any) -> Score:
    """Something every palette can play: four events, the last one ringing over the end of the loop."""
    if palette in KITS:
        voices = ("kick", "closed_hat", "snare", "open_hat")
        return score(palette, *(Hit(beat, voice, 100) for beat, voice in enumerate(voices)), **changes)
    pitches = (57, 60, 64, 45)
    return score(palette, *(Note(beat, 1.0, pitch, 90) for beat, pitch in enumerate(pitches)), **changes)
