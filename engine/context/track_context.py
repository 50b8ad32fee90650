"""What one finished track tells the musicians who play after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from engine.context.groove import Groove, groove_of
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
    empty where only a score is known. `onsets` hold the micro-timing, `groove` sums it up by the step.

    `heard`: from audio. Then `confidence` 0..1 says how sure all of it is, `confidences` each part (tempo,
    key, chords, notes, downbeat), and `score` is a transcription; of a score known exactly every
    confidence is 1.

    `downbeat_beats`: where the first bar line falls in the file, 0 unless another beat is surely it; every
    other place is in beats of the file, as it is played.
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
    groove: Groove | None = None
    confidences: Mapping[str, float] = field(default_factory=dict)
    heard: bool = False
    downbeat_beats: float = 0.0

    def sure_of(self, name: str) -> float:
        """The confidence 0..1 of one part: 1 of a score, that of the whole where no other is known."""
        return self.confidences.get(name, self.confidence)

    @classmethod
    def from_score(cls, score: Score) -> TrackContext:
        """Exactly what the score says; micro-timing is folded into the onsets' beats."""

        def beat_of(start_beats: float, offset_ms: float) -> float:
            return max(0.0, start_beats + samples_to_beats(ms_to_samples(offset_ms), score.tempo_bpm))

        onsets = [Onset(beat_of(h.start_beats, h.offset_ms), h.velocity / 127, h.voice) for h in score.hits]
        onsets += [Onset(beat_of(n.start_beats, n.offset_ms), n.velocity / 127) for n in score.notes]
        onsets.sort(key=lambda onset: onset.beat)
        beats, strengths = [onset.beat for onset in onsets], [onset.strength for onset in onsets]
        return cls(
            track=score.track, tempo_bpm=score.tempo_bpm, key=score.key, signature=score.signature,
            bars=score.bars, chords=score.chords, score=score, onsets=tuple(onsets),
            groove=groove_of(beats, strengths, score.tempo_bpm, score.signature),
        )  # fmt: skip

    def to_json(self) -> str:
        data = asdict(replace(self, score=None)) | {"score": self.score.to_json() if self.score else None}
        return json.dumps(data, separators=(",", ":"))

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
                    "score": Score.from_json(data["score"]) if data.get("score") else None,
                    "groove": _groove(data.get("groove")),
                    "confidences": dict(data.get("confidences", {})),
                    # Until it was written down, only what had been heard was kept this way.
                    "heard": data.get("heard", True),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError("file", f"not a track's context: {error}") from error


def _groove(data: dict[str, Any] | None) -> Groove | None:
    return Groove(**{**data, "late_ms": tuple(data["late_ms"])}) if data else None
