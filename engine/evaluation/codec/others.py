"""Codecs that everybody has, measured on the same stems: Opus, Vorbis and MP3 as libsndfile writes them.

Beside them the original itself, a little later: what a measure takes that for is as sure as it can be.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.evaluation.codec.measures import FAST, SLOW, measure
from engine.evaluation.codec.run import Result, Stem, detail_of, fitted, resampled
from engine.evaluation.figures import Figure
from engine.evaluation.signal import is_silent
from engine.units import STEM_SAMPLE_RATE

LATER_SAMPLES = 110  # 2.5 ms: half a step of what finds onsets


@dataclass(frozen=True)
class Other:
    """A format of libsndfile at one of its sizes."""

    name: str
    container: str
    subtype: str
    level: float  # libsndfile's compression, 0 .. 1: the higher, the smaller
    sample_rate: int = STEM_SAMPLE_RATE
    mode: str | None = None
    late: int = 0  # samples that it comes back later than it was given

    def round_trip(self, audio: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """[N, C=2] at 44.1 kHz -> the same written and read again, and kbit/s.

        EngineError `not_available` where this machine's libsndfile cannot write it.
        """
        import soundfile

        file = io.BytesIO()
        given = resampled(audio, STEM_SAMPLE_RATE, self.sample_rate)
        try:
            with soundfile.SoundFile(
                file, "w", self.sample_rate, 2, self.subtype, format=self.container,
                compression_level=self.level, bitrate_mode=self.mode,
            ) as written:  # fmt: skip
                written.write(given)
            size = file.tell()
            file.seek(0)
            back, _ = soundfile.read(file, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, ValueError) as error:
            raise EngineError(
                "not_available", f"this machine's libsndfile writes no {self.name} ({error}); 1.2 does"
            ) from error
        back = resampled(back, self.sample_rate, STEM_SAMPLE_RATE)
        return fitted(back[self.late :], len(audio)), size * 8 / 1000 / (len(audio) / STEM_SAMPLE_RATE)


OTHERS = (
    Other("Opus, smallest", "OGG", "OPUS", 1.0, 48_000),
    Other("Opus, threefold", "OGG", "OPUS", 0.95, 48_000),
    Other("Vorbis, smallest", "OGG", "VORBIS", 1.0),
    # Of one bit rate, it carries no note of how much its encoder and decoder put before the sound: 576 + 529.
    Other("MP3, 32 kbit/s", "MP3", "MPEG_LAYER_III", 0.99, mode="CONSTANT", late=1105),
)
LATER = "the original, 2.5 ms later"


def check_others() -> None:
    """EngineError `not_available` for one of `OTHERS` that cannot be written here."""
    for other in OTHERS:
        other.round_trip(np.zeros((STEM_SAMPLE_RATE // 10, 2), np.float32))


def evaluate_others(
    stems: Iterable[Stem], quick: bool = False, told: Callable[[str, int], None] = lambda name, number: None
) -> list[Result]:
    """Each of `OTHERS`, then `LATER`, on (role, audio [N, C=2] at 44.1 kHz) stems that sound.

    `quick` leaves ViSQOL out. `told` hears the name and the stem's number. EngineError `not_available`.
    """
    measures = FAST if quick else {**SLOW, **FAST}
    figures: dict[str, list[Figure]] = {name: [] for name in (*(other.name for other in OTHERS), LATER)}
    sizes: dict[str, list[float]] = {other.name: [] for other in OTHERS}
    for number, (role, audio) in enumerate(stems):
        if is_silent(audio):
            continue
        backs = {LATER: fitted(np.pad(audio, ((LATER_SAMPLES, 0), (0, 0))), len(audio))}
        for other in OTHERS:
            backs[other.name], size = other.round_trip(audio)
            sizes[other.name].append(size)
        for name, back in backs.items():
            told(name, number)
            figures[name] += [
                Figure(what, value, f"{role}/{number}", "", detail_of(name, role))
                for what, value in measure(audio, back, measures).items()
            ]
    results = [Result(name, tuple(found)) for name, found in figures.items()]
    return [
        result.with_costs({"size.kilobits": float(np.mean(sizes[result.codec]))})
        if sizes.get(result.codec)
        else result
        for result in results
    ]
