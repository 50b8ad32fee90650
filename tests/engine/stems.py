"""Stems and scores for tests of files: small, seeded, every field set."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.music.key import MODES, Key, Signature
from engine.music.score import DRUM_VOICES, Hit, Note, Score
from engine.stem import Stem, audio_digest, quantise_24
from engine.units import beats_to_samples


def noise(samples: int, seed: int = 1) -> NDArray[np.float32]:
    """[N, C=2] over the whole range of 24 bits, both ends included."""
    audio = np.random.default_rng(seed).uniform(-1.0, 1.0, (samples, 2)).astype(np.float32)
    audio[0] = (-1.0, 1.0)
    return quantise_24(audio)


def stem(
    track: str = "bass", tempo_bpm: float = 120.0, bars: int = 1, signature: Signature | None = None,
    key: Key | None = None, prompt: str = "dark techno", score: Score | None = None, seed: int = 1,
) -> Stem:  # fmt: skip
    signature, key = signature or Signature(), key or Key(9, "minor")
    audio = noise(beats_to_samples(bars * signature.bar_beats, tempo_bpm), seed)
    return Stem(
        track, audio, tempo_bpm, key, signature, bars, seed, prompt, score, "instruments",
        audio_digest(audio), ("a" * 64, "b" * 64),
    )  # fmt: skip


def score(track: str = "bass", **changes: object) -> Score:
    fields: dict = {
        "track": track, "tempo_bpm": 120.0, "key": Key(9, "minor"), "signature": Signature(), "bars": 1,
        "genre": "techno", "palette": "909" if track == "drums" else "sub",
    }  # fmt: skip
    if track == "drums":
        fields["hits"] = (Hit(0.0, "kick", 110), Hit(1.0, "snare", 100), Hit(1.5, "closed_hat", 60))
    else:
        fields["notes"] = (Note(0.0, 1.0, 45, 100), Note(1.5, 0.5, 52, 80), Note(3.0, 1.0, 45, 90))
    return Score(**{**fields, **changes})


signatures = st.builds(Signature, st.integers(1, 13), st.sampled_from([2, 4, 8, 16]))
keys = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(MODES)))
tempi = st.floats(40.0, 240.0, allow_nan=False).map(lambda tempo: round(tempo, 2))


@st.composite
def scores(draw: st.DrawFn, track: str) -> Score:
    """Any valid score of the track; positions on a grid of 1/48 beat, which every tick count holds."""
    signature, bars = draw(signatures), draw(st.integers(1, 5))
    length = int(bars * signature.bar_beats * 48)
    base = score(
        track, tempo_bpm=draw(tempi), key=draw(keys), signature=signature, bars=bars, notes=(), hits=()
    )
    places = draw(st.lists(st.integers(0, length - 1), min_size=1, max_size=12))
    velocity = st.integers(1, 127)
    if track == "drums":
        voices = st.sampled_from(sorted(DRUM_VOICES))
        hits = [Hit(at / 48, draw(voices), draw(velocity)) for at in places]
        return score(**{**base.__dict__, "hits": tuple(hits)}).validate()
    notes = [
        Note(
            at / 48, draw(st.integers(1, length - at)) / 48, draw(st.integers(0, 127)), draw(velocity),
            slide=draw(st.booleans()),
        )
        for at in places
    ]  # fmt: skip
    return score(**{**base.__dict__, "notes": tuple(notes)}).validate()
