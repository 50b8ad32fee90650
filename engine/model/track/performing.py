r"""A score performed by a track model, from words to samples.

    score, style, what is heard, what stays -> window -> latents -> tokens [-> refined] -\
                                               window -> ...                              > stitched
                                                                                         /
    -> decoder, as far as no later window reaches -> closed into a loop -> level -> bars that stay

The decoder sees the past only, so the first bars are samples while the last windows are still to come.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import EngineError
from engine.model.codec.codec import Codec
from engine.model.track.conditioning import score_frames
from engine.model.track.context import ContextFrames
from engine.model.track.giving_way import KEY, gain_of, points_of_frames
from engine.model.track.hearing import Codecs, Heard, Hearing, loop_latents
from engine.model.track.loop import Audio, Loop
from engine.model.track.output import Output
from engine.model.track.passing import EAGER, Kept, Passing, Sampling
from engine.model.track.refinement import Plan
from engine.model.track.refinement import performed as refined
from engine.model.track.splicing import stretches
from engine.model.track.style import style_of_score
from engine.model.track.track_model import TrackModel
from engine.model.track.windows import Stitching, Window, windows
from engine.music.score import Score
from engine.performing import Given
from engine.units import beats_to_samples

# Finished samples [n, C=2] and where they lie in the loop: start_sample, end_sample.
First = Callable[[Audio, int, int], None]
FADE_FRAMES = 8  # of two windows' latents, about a tenth of a second
PRECISIONS = ("float32", "bfloat16")
HEARING = Hearing(Codecs())


@dataclass(frozen=True)
class PerformOptions:
    """How a model performs.

    `temperature`, `top_k`, `cfg_coef`: refinement.Sampling; `passes` and `renewed`: refinement.Plan (no
    passes: the first one alone). `first_bars` is how much the first window holds (0: as much as the others).
    `between_db`: how much softer what lies between the partials of tones is made.
    `precision` of the passes, of PRECISIONS.
    """

    temperature: float = 1.0
    top_k: int = 0
    cfg_coef: float = 1.0
    passes: tuple[int, ...] = ()
    renewed: float = 0.5
    first_bars: int = 0
    between_db: float = 10.0
    precision: str = "float32"


@torch.inference_mode()
def perform(
    model: TrackModel,
    codec: Codec,
    score: Score,
    words: Iterable[str] = (),
    context: Mapping[str, Audio] | None = None,
    seed: int = 0,
    options: PerformOptions = PerformOptions(),
    progress: Callable[[float], None] = lambda share: None,
    cancelled: Callable[[], bool] = lambda: False,
    given: Given | None = None,
    first: First | None = None,
    hearing: Hearing = HEARING,
    passing: Passing = EAGER,
) -> Audio:
    """The score as the model plays it, hearing `context` (loops [N, C=2] by track): [N, C=2], the loop.

    The same arguments give the same samples. `first` hears stretches as they are finished, in order, all but
    the last; they are those of the loop, but for a level that may be set right once all of it is there,
    and, of a dry model, what rings on from the loop's end, and processors that go by the whole of it.
    EngineError: `cancelled` between passes once `cancelled()` says so; `range` for what `given` cannot be.
    """
    if not model.entries.taken:
        model.take_codebooks(codec.quantizer)
    loop = Loop(score.length_samples, codec.config.hop, max(1, model.config.margin_frames))
    kept = () if given is None else stretches(given, score)
    task = Task(model, codec, score, words, context or {}, given, loop, hearing, options, seed, passing)
    plan = planned(model, score, loop, options)
    stitching = Stitching(plan, FADE_FRAMES)
    output = Output(loop, score, given, kept, task.gain, options.between_db, model.config.dry)
    decoding = codec.decoder.stream()  # type: ignore[operator]
    for number, window in enumerate(plan):

        def step(share: float, number: int = number) -> None:
            if cancelled():
                raise EngineError("cancelled", f"performing {score.track} was cancelled")
            progress((number + share) / len(plan))

        step(0.0)
        ready = stitching.add(task.performed(window, step))
        output.add(decoding.step(ready))
        if number + 1 < len(plan) and first is not None:
            output.tell(first)
    output.add(decoding.flush())
    if cancelled():
        raise EngineError("cancelled", f"performing {score.track} was cancelled")
    progress(1.0)
    return output.finished()


def planned(model: TrackModel, score: Score, loop: Loop, options: PerformOptions) -> tuple[Window, ...]:
    """The windows, in the order in which they are performed."""
    longest = model.config.window_frames
    overlap = min(2 * model.config.margin_frames, longest // 2)
    opening = 0
    if options.first_bars:
        end = beats_to_samples(options.first_bars * score.signature.bar_beats, score.tempo_bpm)
        opening = -(-end // loop.hop) + overlap
    return windows(loop.first_frame, loop.stop_frame, longest, overlap, opening)


class Task:
    """What the model is told about a loop, window by window."""

    def __init__(
        self, model: TrackModel, codec: Codec, score: Score, words: Iterable[str],
        context: Mapping[str, Audio], given: Given | None, loop: Loop, hearing: Hearing,
        options: PerformOptions, seed: int, passing: Passing,
    ) -> None:  # fmt: skip
        # When it gives way is to be heard, as in training; `style_of_score` tells how far.
        curves = tuple(curve for curve in score.curves if curve.name != "duck")
        self.model, self.codec, self.loop = model, codec, loop
        self.score = replace(score, curves=curves)
        self.options, self.seed, self.passing = options, seed, passing
        self.device = next(model.parameters()).device
        self.style = self._tensor(style_of_score(score, words))[None]  # [1, style size]
        self.heard = [hearing.heard(track, audio, loop, codec.config) for track, audio in context.items()]
        self.gain = self._gives_way()
        self.given: Tensor | None = None  # [D, F] of all frames
        self.given_mask: Tensor | None = None  # [F]
        # A standing take is no dry sound: a model that performs dry plays those bars itself, and their tails
        # ring into the new ones from there.
        if given is not None and given.bars and not model.config.dry:
            self.given = loop_latents(codec, self._as_played(given.audio), loop)
            self.given_mask = self._tensor(loop.whole_frames(stretches(given, score)))

    def _gives_way(self) -> NDArray[np.float32] | None:
        """The gain of every sample of all frames; None where it gives way to nobody."""
        way = self.model.giving_way
        drums = next((h for h in self.heard if way and (h.track, h.codec) == (KEY, way.codec)), None)
        if way is None or drums is None:
            return None
        down_db = way.down_db(drums.latents.to(self.device), self.style[0])
        if not down_db.any():
            return None
        hop = round(self.codec.config.sample_rate / drums.frame_rate)
        at = points_of_frames(drums.first_frame, drums.latents.shape[1], hop)
        loop = self.loop
        return gain_of(down_db, at, loop.first_sample, (loop.num_frames + 2 * loop.margin) * loop.hop)

    def _as_played(self, audio: Audio) -> Audio:
        """A loop of bars that stay, as it was before it gave way."""
        if self.gain is None:
            return audio
        zero = -self.loop.first_sample
        return audio / self.gain[zero : zero + len(audio), None]

    def performed(self, window: Window, step: Callable[[float], None]) -> Tensor:
        """The latents [1, D, F] of the window's tokens."""
        latents: Tensor = self.codec.quantizer.summed(self.codes(window, step))
        return latents

    def codes(self, window: Window, step: Callable[[float], None]) -> Tensor:
        """The window's tokens [1, K, F]: those of its first pass, refined where the options ask for it."""
        options = self.options
        plan = Plan(options.passes, options.renewed)
        sampling = Sampling(options.temperature, options.top_k, options.cfg_coef, self._seed(window))
        given, mask = self._given(window)
        context = [self._context(heard, window) for heard in self.heard]
        # Frames that stay keep their own tokens: the decoder comes into the new bars from real ones.
        kept = None if given is None or mask is None else Kept(self.codec.quantizer.encode(given), mask)
        passes = Passes(plan.total(self.codec.config.num_codebooks), step)
        with precision(options.precision, self.device):
            prepared = self.model.prepare(
                self._scores(window), self.style, context, given, mask, guided=sampling.guided
            )
            return refined(
                self.model, prepared, self.codec.quantizer, plan, sampling, kept, passes.before_each,
                self.passing,
            )  # fmt: skip

    def _seed(self, window: Window) -> int:
        """Of chance in this window: another one in each, the same for the same window."""
        return zlib.crc32(f"{self.seed}/{window.first}".encode())

    def _scores(self, window: Window) -> Tensor:
        rows = score_frames(
            self.score, self.codec.config, window.first, window.num_frames, self.model.config.kind
        )
        return self._tensor(rows)[None]

    def _given(self, window: Window) -> tuple[Tensor | None, Tensor | None]:
        """Latents [1, D, F] and which of them stay [1, F]."""
        if self.given is None or self.given_mask is None:
            return None, None
        place = slice(window.first - self.loop.first_frame, window.stop - self.loop.first_frame)
        return self.given[None, :, place], self.given_mask[None, place]

    def _context(self, heard: Heard, window: Window) -> ContextFrames:
        """What the other track plays during the window."""
        rate = self.codec.config.frame_rate
        start, stop = window.first / rate, window.stop / rate
        first = math.floor(start * heard.frame_rate)
        count = math.ceil(stop * heard.frame_rate) - first
        place = first - heard.first_frame
        assert place >= 0 and place + count <= heard.latents.shape[1], (place, count)
        latents = heard.latents[None, :, place : place + count].to(self.device)
        return ContextFrames(
            heard.track, heard.codec, heard.frame_rate, latents, first / heard.frame_rate - start
        )

    def _tensor(self, values: object) -> Tensor:
        return torch.as_tensor(values, device=self.device)


class Passes:
    """Counts passes, and asks before each whether to go on."""

    def __init__(self, total: int, step: Callable[[float], None]) -> None:
        self.total, self.step, self.done = total, step, 0

    def before_each(self) -> bool:
        """`step` raises where the work is not wanted any more."""
        self.step(self.done / max(1, self.total))
        self.done += 1
        return False


def precision(name: str, device: torch.device) -> AbstractContextManager[object]:
    """EngineError `range` for another one than PRECISIONS."""
    if name not in PRECISIONS:
        raise EngineError("range", f"precision {name!r}; allowed: {', '.join(PRECISIONS)}")
    return nullcontext() if name == "float32" else torch.autocast(device.type, torch.bfloat16)
