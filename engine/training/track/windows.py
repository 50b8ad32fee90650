"""Windows of a corpus: what a model is given for a step, and what it should make of it.

    target   |0 ......[======= window =======]...... F | lap     its score's rows, latents, codes, sound
    others      ......[======================]......             their latents at their own frame rates

Random from the seed, the step and the process: a run that goes on goes on with the same windows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import EngineError
from engine.model.codec.config import CodecConfig
from engine.model.track.config import TrackModelConfig
from engine.model.track.context import ContextFrames
from engine.model.track.giving_way import KEY, POINTS
from engine.training.corpus.reading import StemFile
from engine.training.track.cache import Cache, Encoded, corpus_digest
from engine.training.track.ducking import (
    DryStem,
    UnduckedStem,
    drawn_duck,
    duck_of,
    kicks_beside,
    share_at_points,
    undone,
)
from engine.training.track.scores import ScoreRows, score_of, style_of_stem

USUAL_BPM = 120.0  # of a song that says nothing
LEAST_GIVEN, MOST_GIVEN = 0.15, 0.85  # share of a window's bars that are given


@dataclass(frozen=True)
class Batch:
    """Some windows of one role.

    `given` (bool [B, F]) tells the frames that stand already; None: none of any item.
    """

    scores: Tensor  # [B, F, S]
    style: Tensor  # [B, W]
    latents: Tensor  # [B, D, F]
    codes: Tensor  # [B, K, F]
    context: tuple[ContextFrames, ...] = ()
    given: Tensor | None = None
    gives_way: Tensor | None = None  # [B, frames of the drums, POINTS], 0..1 of the depth; NaN: not known
    no_style: Tensor | None = None  # bool [B]

    def to(self, device: torch.device) -> Batch:
        if device.type == "cpu":
            return self
        moved = {
            name: value.to(device, non_blocking=True)
            for name, value in vars(self).items()
            if isinstance(value, Tensor)
        }
        heard = tuple(
            replace(
                track,
                latents=track.latents.to(device, non_blocking=True),
                first_second=_moved(track.first_second, device),
                heard=None if track.heard is None else track.heard.to(device, non_blocking=True),
            )
            for track in self.context
        )
        return replace(self, context=heard, **moved)


@dataclass(frozen=True)
class Part:
    """A song's stem of the role that is trained, before it gave way, and what is heard of the others."""

    stem: StemFile
    target: Encoded
    rows: NDArray[np.float16]  # [F, S]
    style: NDArray[np.float32]  # [W]
    heard: dict[str, Encoded]  # of the others, by role
    gives_way: NDArray[np.float32] | None = None  # [frames of the drums, POINTS], 0..1 of the depth
    kicks: tuple[tuple[int, float], ...] = ()  # (start sample, strength), where its drums are heard

    @property
    def bar_samples(self) -> float:
        return self.stem.samples / max(1, int(self.stem.line.get("bars", 1)))


class Windows:
    """The parts of a role of a split of a corpus, and batches of their windows."""

    def __init__(
        self,
        parts: Sequence[Part],
        config: TrackModelConfig,
        codecs: dict[str, CodecConfig],
        frames: int,
    ) -> None:
        """`codecs`: by role. EngineError `empty` where no part is as long as a window."""
        self.parts = [part for part in parts if len(part.target.latents) >= frames]
        if not self.parts:
            raise EngineError(
                "empty",
                f"the corpus has no {config.role} of at least {frames} frames; it has {len(parts)} shorter",
            )
        self.config, self.codecs, self.frames = config, codecs, frames
        self.codec = codecs[config.role]

    @cached_property
    def corpus(self) -> str:
        """A digest of what their corpus was made from."""
        return corpus_digest(self.parts[0].stem.path.parents[2])

    @cached_property
    def giving(self) -> list[Part]:
        """Those with kicks to give way to."""
        return [part for part in self.parts if part.kicks]

    def drawn_ducking(self, part: Part, dice: random.Random) -> Part:
        """The part, ducked by lot: what it sounds like is not asked."""
        beat_s = 60.0 / float(part.stem.line.get("tempo_bpm", USUAL_BPM))
        duck = drawn_duck(part.kicks, part.stem.samples, beat_s, dice)
        frames = len(part.heard[KEY].latents)
        return replace(part, gives_way=share_at_points(duck, frames, self.codecs[KEY].hop))

    def draw(self, count: int, dice: random.Random, among: Sequence[Part] = ()) -> list[tuple[Part, int]]:
        """Parts, of all or `among` some, and their windows' first frames: long songs as often as short."""
        found = []
        for _ in range(count):
            part = dice.choice(among or self.parts)
            found.append((part, dice.randrange(self.starts(part))))
        return found

    def starts(self, part: Part) -> int:
        """Places where a window of the part can begin."""
        return len(part.target.latents) - self.frames + 1

    def batch(self, places: Sequence[tuple[Part, int]], others: Sequence[Sequence[str]] = ()) -> Batch:
        """Windows at `places`; `others`: the roles that each of them hears (none: nobody hears anybody)."""
        stop = self.frames
        scores = np.stack([part.rows[first : first + stop] for part, first in places]).astype(np.float32)
        latents = np.stack([part.target.latents[first : first + stop].T for part, first in places])
        codes = np.stack([part.target.codes[first : first + stop].T for part, first in places])
        return Batch(
            torch.from_numpy(scores),
            torch.from_numpy(np.stack([part.style for part, _ in places])),
            torch.from_numpy(latents.astype(np.float32)),
            torch.from_numpy(codes.astype(np.int64)),
            self._context(places, others) if any(others) else (),
            gives_way=self._gives_way(places),
        )

    def _gives_way(self, places: Sequence[tuple[Part, int]]) -> Tensor | None:
        """At the points of the drums' frames that `_track` gives of them."""
        if all(part.gives_way is None for part, _ in places):
            return None
        hop, count = self.codecs[KEY].hop, self._count(KEY)
        known = np.full((len(places), count, POINTS), np.nan, dtype=np.float32)
        for item, (part, first) in enumerate(places):
            if part.gives_way is not None:
                start = first * self.codec.hop // hop
                rows = part.gives_way[start : start + count]
                known[item, : len(rows)] = rows
        return torch.from_numpy(known)

    def _count(self, role: str) -> int:
        """Frames of the role's codec under a window."""
        return -(-self.frames * self.codec.hop // self.codecs[role].hop) + 1

    def audio(self, places: Sequence[tuple[Part, int]], first_frame: int, frames: int) -> Tensor:
        """What the windows sound like from their `first_frame` on: [B, C, N]."""
        hop = self.codec.hop
        heard = [
            read_round(part.stem, (first + first_frame) * hop, frames * hop) * np.float32(part.target.gain)
            for part, first in places
        ]
        return torch.from_numpy(np.stack([audio.T for audio in heard]))

    def _context(
        self, places: Sequence[tuple[Part, int]], others: Sequence[Sequence[str]]
    ) -> tuple[ContextFrames, ...]:
        roles = sorted({role for names in others for role in names})
        return tuple(self._track(role, places, [role in names for names in others]) for role in roles)

    def _track(self, role: str, places: Sequence[tuple[Part, int]], wanted: list[bool]) -> ContextFrames:
        """One role's frames under each window; where it is not heard, or the song lacks it, zeros."""
        codec = self.codecs[role]
        count = self._count(role)
        latents = np.zeros((len(places), count, codec.latent_width), dtype=np.float32)
        heard = np.zeros((len(places), count), dtype=bool)
        seconds = np.zeros(len(places), dtype=np.float32)
        for item, ((part, first), wants) in enumerate(zip(places, wanted, strict=True)):
            if not wants or role not in part.heard:
                continue
            start = first * self.codec.hop // codec.hop
            rows = part.heard[role].latents[start : start + count]
            latents[item, : len(rows)], heard[item, : len(rows)] = rows, True
            seconds[item] = (start * codec.hop - first * self.codec.hop) / codec.sample_rate
        return ContextFrames(
            role,
            codec.name,
            codec.frame_rate,
            torch.from_numpy(latents.transpose(0, 2, 1)),
            torch.from_numpy(seconds),
            torch.from_numpy(heard),
        )


def read_round(stem: StemFile, start: int, samples: int) -> NDArray[np.float32]:
    """[N, C=2] of a stem's endless repetition, from `start` (0 or more) on."""
    pieces = []
    start %= stem.samples
    while samples > 0:
        piece = stem.read(min(samples, stem.samples - start), start)
        if not len(piece):
            raise EngineError(
                "file", f"{stem.path}: shorter than the {stem.samples} samples it is said to be"
            )
        pieces.append(piece)
        samples -= len(piece)
        start = 0
    return np.concatenate(pieces)


def parts_of(stems: Sequence[StemFile], role: str, cache: Cache, rows: ScoreRows) -> list[Part]:
    """The songs among `stems` (whole splits of a corpus) that have the role. EngineError `file`."""
    found = []
    for song in songs_of(stems):
        others = [stem for stem in song if stem.role != role and stem.role in cache.encoders]
        for stem in song:
            duck = duck_of(stem, others)
            target = undone(stem, duck) if stem.role == role else None
            if target is not None:
                heard = {other.role: cache.read(other) for other in others}
                style, known, kicks = style_of_stem(stem, score_of(stem)), None, kicks_beside(others)
                if duck is not None:
                    hop = cache.encoders[KEY].codec.config.hop
                    known = share_at_points(duck, len(heard[KEY].latents), hop)
                found.append(Part(target, cache.read(target), rows.read(stem), style, heard, known, kicks))
    return found


def songs_of(stems: Sequence[StemFile]) -> list[list[StemFile]]:
    """The stems (whole splits of a corpus) by song."""
    songs: dict[tuple[str, object], list[StemFile]] = {}
    for stem in stems:
        songs.setdefault((str(stem.path.parent), stem.line["song"]), []).append(stem)
    return list(songs.values())


def unducked(role: str, stems: Sequence[StemFile]) -> list[StemFile]:
    """The role's stems that gave way, as they were before; and those that are there dry."""
    found = [
        undone(stem, duck_of(stem, song)) for song in songs_of(stems) for stem in song if stem.role == role
    ]
    return [stem for stem in found if isinstance(stem, DryStem | UnduckedStem)]


def given_frames(first: int, frames: int, bar_frames: float, dice: random.Random) -> NDArray[np.bool_]:
    """Which frames of a window from `first` on stand already: whole bars by lot, some frames always new.

    bars   |====|    |====|====|        `bar_frames` each, counted from the loop's start
    """
    bar = max(2.0, min(bar_frames, frames / 2.0))
    share = dice.uniform(LEAST_GIVEN, MOST_GIVEN)
    bars = (first + np.arange(frames)) // bar
    stands = {number: dice.random() < share for number in np.unique(bars).tolist()}
    given = np.array([stands[number] for number in bars.tolist()])
    if given.all():
        given &= bars != dice.choice(sorted(stands))
    return given


def _moved(value: float | Tensor, device: torch.device) -> float | Tensor:
    return value.to(device, non_blocking=True) if isinstance(value, Tensor) else value
