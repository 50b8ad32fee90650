"""What one finished track tells the musicians who play after it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.music.score import Chord, Score
from engine.units import ms_to_samples, samples_to_beats


@dataclass(frozen=True, slots=True)
class Onset:
    """Where something starts, how strong (0..1), and which drum voice it is where that is known."""

    beat: float
    strength: float
    voice: str = ""


@dataclass(frozen=True)
class TrackContext:
    """Harmony, rhythm and spectrum of one track, known exactly from a score or heard in audio.

    `bands` are shares (sum 1) of the energy below 120 Hz, to 500 Hz, to 2 kHz, to 6 kHz and above;
    empty where only a score is known. `confidence` is 1 for a score.
    """

    track: str
    tempo_bpm: float
    key: Key | None
    signature: Signature
    bars: int
    chords: tuple[Chord, ...] = ()
    onsets: tuple[Onset, ...] = ()
    bands: tuple[float, ...] = ()
    confidence: float = 1.0
    score: Score | None = None

    @classmethod
    def from_score(cls, score: Score) -> TrackContext:
        """Exactly what the score says; micro-timing is folded into the onsets' beats."""

        def beat_of(start_beats: float, offset_ms: float) -> float:
            return max(0.0, start_beats + samples_to_beats(ms_to_samples(offset_ms), score.tempo_bpm))

        onsets = [Onset(beat_of(h.start_beats, h.offset_ms), h.velocity / 127, h.voice) for h in score.hits]
        onsets += [Onset(beat_of(n.start_beats, n.offset_ms), n.velocity / 127) for n in score.notes]
        return cls(
            track=score.track, tempo_bpm=score.tempo_bpm, key=score.key, signature=score.signature,
            bars=score.bars, chords=score.chords, score=score,
            onsets=tuple(sorted(onsets, key=lambda onset: onset.beat)),
        )  # fmt: skip

    def to_json(self) -> str:
        """Without the score, which is kept by itself."""
        return json.dumps(asdict(replace(self, score=None)), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> TrackContext:
        """The inverse of `to_json`; EngineError `file` where the text is not a track's context."""
        try:
            data = json.loads(text)
            chords = tuple(Chord(**{**c, "pitch_classes": tuple(c["pitch_classes"])}) for c in data["chords"])
            return cls(
                **{
                    **data,
                    "key": Key(**data["key"]) if data["key"] else None,
                    "signature": Signature(**data["signature"]),
                    "chords": chords,
                    "onsets": tuple(Onset(**onset) for onset in data["onsets"]),
                    "bands": tuple(data["bands"]),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError("file", f"not a track's context: {error}") from error
