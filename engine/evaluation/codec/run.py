"""A codec on stems: coded, decoded, measured, summed up by role against the goals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.codec.codebooks import CodebookUse
from engine.evaluation.codec.measures import FAST, SLOW, measure
from engine.evaluation.figures import Figure, Goal, Row, goals_of, summary
from engine.evaluation.signal import is_silent
from engine.units import STEM_SAMPLE_RATE

if TYPE_CHECKING:
    from engine.model.codec.codec import Codec

Stem = tuple[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Result:
    """All that was measured of one codec."""

    codec: str
    figures: tuple[Figure, ...]
    about: Mapping[str, str] = field(default_factory=dict)  # how the codec was trained
    material: str = ""  # where the stems are from

    def with_costs(self, costs: Mapping[str, float]) -> Result:
        """And what `speed.costs` found."""
        detail = detail_of(self.codec, "")
        return replace(
            self, figures=self.figures + tuple(Figure(n, v, "", "", detail) for n, v in costs.items())
        )

    def rows(self, role: str, num_codebooks: int | None = None) -> tuple[Row, ...]:
        """A line for each measure of that role, with its statistic over the stems; None: all codebooks."""
        asked = (
            goal if goal.only in ("", role) else replace(goal, at_least=None, at_most=None)
            for goal in goals()
        )
        return summary(self._of(role, num_codebooks), asked)

    def values(self, role: str, num_codebooks: int | None = None) -> dict[str, float]:
        """measure -> the goal's statistic over the stems of a role."""
        return {row.goal.measure: row.value for row in self.rows(role, num_codebooks)}

    @property
    def roles(self) -> tuple[str, ...]:
        """In the order of the stems; "" stands for what is said of the codec whatever it plays."""
        return tuple(dict.fromkeys(str(figure.detail["role"]) for figure in self.figures))

    @property
    def fewer_codebooks(self) -> tuple[int, ...]:
        """What it was measured at beside all of them."""
        books = {figure.detail["codebooks"] for figure in self.figures} - {"all"}
        return tuple(sorted(int(n) for n in books))

    def stems(self, role: str) -> int:
        """How many of that role were measured."""
        return len({f.case for f in self._of(role, None) if f.measure == "si_sdr"})

    def text(self) -> str:
        """One line a role, to print while a codec trains."""
        lines = []
        for role in self.roles:
            values = ", ".join(f"{name} {value:.3f}" for name, value in self.values(role).items())
            lines.append(f"{self.codec} {role}: {values}")
        return "\n".join(lines)

    def _of(self, role: str, num_codebooks: int | None) -> list[Figure]:
        asked = "all" if num_codebooks is None else num_codebooks
        return [f for f in self.figures if f.detail["role"] == role and f.detail["codebooks"] == asked]


def goals() -> tuple[Goal, ...]:
    return goals_of((resources.files(__package__) / "goals.toml").read_text(encoding="utf-8"))


def evaluate_codec(
    codec: Codec,
    stems: Iterable[Stem],
    quick: bool = False,
    fewer_codebooks: Sequence[int] = (),
    told: Callable[[str, int], None] = lambda role, number: None,
    name: str = "",
) -> Result:
    """Code and decode (role, audio [N, C=2] at 44.1 kHz) stems and measure them; silent ones are passed over.

    `quick` leaves ViSQOL out (2 s a stem of 10 s). `fewer_codebooks`: measured again with only the first so
    many. `told` hears each stem's role and number. `name`: what to call it, else as its configuration does.
    The codec is left in the mode it came in.
    """
    measures = FAST if quick else {**SLOW, **FAST}
    name = name or codec.config.name
    figures: list[Figure] = []
    use: dict[str, CodebookUse] = {}
    was_training = codec.training
    codec.eval()
    try:
        for number, (role, audio) in enumerate(stems):
            if is_silent(audio):
                continue
            codes = encoded(codec, audio)
            if role not in use:
                use[role] = CodebookUse.empty(codes.shape[0], codec.config.codebook_size)
            use[role].add(codes)
            for books in (None, *(n for n in fewer_codebooks if n < codes.shape[0])):
                written = codes if books is None else encoded(codec, audio, books)
                back = decoded(codec, written, len(audio))
                detail = detail_of(name, role, books)
                figures += [
                    Figure(name, value, f"{role}/{number}", "", detail)
                    for name, value in measure(audio, back, measures).items()
                ]
            told(role, number)
    finally:
        codec.train(was_training)
    return Result(name, (*figures, *_use_figures(name, use)), codec.about)


def round_trip(
    codec: Codec, audio: NDArray[np.float32], num_codebooks: int | None = None
) -> NDArray[np.float32]:
    """[N, C=2] at 44.1 kHz, coded and decoded again; mono codecs give back the middle on both sides."""
    return decoded(codec, encoded(codec, audio, num_codebooks), len(audio))


def encoded(codec: Codec, audio: NDArray[np.float32], num_codebooks: int | None = None) -> NDArray[np.int64]:
    """[N, C=2] at 44.1 kHz -> codes [K, F]."""
    import torch

    from engine.model.codec.quantizer import BEAM

    given = resampled(audio, STEM_SAMPLE_RATE, codec.config.sample_rate)
    if codec.config.channels == 1:
        given = given.mean(axis=1, keepdims=True)
    batch = torch.from_numpy(np.ascontiguousarray(given.T[None], dtype=np.float32))
    batch = batch.to(next(codec.parameters()).device)
    codes: NDArray[np.int64] = codec.encode(batch, num_codebooks, BEAM)[0].cpu().numpy()
    return codes


def decoded(codec: Codec, codes: NDArray[np.int64], samples: int) -> NDArray[np.float32]:
    """codes [K, F] -> [N, C=2] at 44.1 kHz, `samples` long."""
    import torch

    batch = torch.from_numpy(np.ascontiguousarray(codes[None])).to(next(codec.parameters()).device)
    audio = codec.decode(batch)[0].float().cpu().numpy().T  # [N, C]
    audio = resampled(audio, codec.config.sample_rate, STEM_SAMPLE_RATE)
    if audio.shape[1] == 1:
        audio = np.repeat(audio, 2, axis=1)
    return fitted(audio, samples)


def fitted(audio: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """[N, C] cut, or with silence behind it, to so many samples."""
    whole = np.zeros((samples, audio.shape[1]), np.float32)
    whole[: min(samples, len(audio))] = audio[:samples]
    return whole


def resampled(audio: NDArray[np.float32], rate: int, to_rate: int) -> NDArray[np.float32]:
    """[N, C] at another rate."""
    if rate == to_rate:
        return audio
    from math import gcd

    from scipy.signal import resample_poly

    common = gcd(rate, to_rate)
    return np.asarray(resample_poly(audio, to_rate // common, rate // common, axis=0), dtype=np.float32)


def _use_figures(codec: str, use: Mapping[str, CodebookUse]) -> list[Figure]:
    return [
        Figure(measure_name, float(value), f"{role}/codebook {book}", "", detail_of(codec, role))
        for role, counted in use.items()
        for measure_name, values in (
            ("codebooks.used", counted.used), ("codebooks.perplexity", counted.perplexity)
        )
        for book, value in enumerate(values)
    ]  # fmt: skip


def detail_of(codec: str, role: str, num_codebooks: int | None = None) -> dict[str, str | int]:
    """What a figure is of; `role` "" for what holds whatever it plays."""
    books = "all" if num_codebooks is None else num_codebooks
    return {"codec": codec, "role": role, "codebooks": books}
