"""The resident band: each track model loaded once, warm, and asked by any thread.

Models and codecs are only read while they perform, so tracks are performed on several threads at once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch

from engine.model.codec.codec import Codec
from engine.model.codec.weights import load_codec
from engine.model.track.giving_way import KEY
from engine.model.track.hearing import Codecs, Hearing
from engine.model.track.loop import Audio
from engine.model.track.passing import EAGER, Passing, compiled
from engine.model.track.performing import PerformOptions, perform
from engine.model.track.precision import AUTO, around_blocks, chosen_precision, in_precision
from engine.model.track.track_model import TrackModel
from engine.model.track.weights import TrackFile, load_track_model, read_track_file, weights_of
from engine.music.key import Key, Signature
from engine.music.score import Score
from engine.performing import Part, Watch

# 9 s of a bundled model on two cores, drums and bass: 0.5 and 1.2 s with one thread, 0.9 and 1.7 s with two;
# beside a program that keeps a core busy 0.9 and 1.9 s with one, 2.3 and 4 s with two.
CORES_A_THREAD = 4


@dataclass(frozen=True)
class Member:
    """A role's model as it performs here, with its codec; `computes` says how: `int8`, `bfloat16` …"""

    file: TrackFile
    model: TrackModel
    codec: Codec
    computes: str
    passing: Passing = EAGER

    def options(self, asked: PerformOptions) -> PerformOptions:
        """Those that are asked for, in the precision of this machine: on CUDA what is not 8 bit is 16."""
        device = next(self.model.parameters()).device
        return replace(asked, precision=around_blocks(self.computes, device))


class Band:
    """`folder`: weights of the user's own, before the bundled ones. `options` hold for all performances.

    `precision`: auto, float32, bfloat16 or int8; `compiles`: auto (on CUDA), on or off. `threads` compute
    one performance, at most; 0: a quarter of the cores. Performances at once share all of them.
    """

    def __init__(
        self,
        folder: Path | None = None,
        options: PerformOptions | None = None,
        device: str = "",
        precision: str = AUTO,
        compiles: str = AUTO,
        threads: int = 0,
    ) -> None:
        self.folder, self.options = folder, options or PerformOptions()
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.precision, self.compiles = precision, compiles
        self.cores = cores_here()
        self.threads = threads or max(1, self.cores // CORES_A_THREAD)
        self.codecs = Codecs(lambda name: load_codec(name).to(self.device))
        self.hearing = Hearing(self.codecs)
        self.members: dict[str, Member] = {}
        self.lock = threading.Lock()

    def member(self, role: str) -> Member:
        """Loaded by whichever thread first asks. EngineError as `load_track_model`'s, and `file` where the
        weights belong to another codec than the one that is installed."""
        with self.lock:
            if role not in self.members:
                path = weights_of(role, self.folder)
                member = member_of(path, self.codecs, self.device, self.precision)
                self.members[role] = replace(member, passing=passing_of(self.device, self.compiles))
            return self.members[role]

    def warm(self, role: str) -> None:
        """Load the role's model and perform a bar of silence, so that the first take waits for nothing."""
        self.share_cores(1)
        member = self.member(role)
        silence = Score(
            role, 240.0, Key(), Signature(1, 4), 1, "techno", "",
        )  # fmt: skip
        nothing = np.zeros((silence.length_samples, 2), dtype=np.float32)
        # A compiled pass is another one where nobody is heard, and where the drums are.
        compiles = member.passing is not EAGER
        contexts: list[dict[str, Audio]] = [{role: nothing}, {}, {KEY: nothing}]
        for heard in contexts if compiles else contexts[:1]:
            perform(
                member.model, member.codec, silence, context=heard, options=member.options(self.options),
                hearing=Hearing(self.codecs), passing=member.passing,
            )  # fmt: skip

    def perform(self, part: Part, watch: Watch) -> Audio:
        """[N, C=2], the part's loop; `watch.ready` hears its beginning as soon as there is one.

        EngineError: `cancelled` between passes, and those of `member`.
        """
        self.share_cores(part.together)
        member = self.member(part.role)
        begun = np.empty((part.score.length_samples, 2), dtype=np.float32)

        def first(audio: Audio, start: int, end: int) -> None:
            begun[start:end] = audio
            watch.ready(begun[:end].copy())

        return perform(
            member.model, member.codec, part.score, part.words, part.context, part.seed,
            member.options(self.options), watch.progress, watch.cancelled, part.given, first, self.hearing,
            member.passing,
        )  # fmt: skip

    def share_cores(self, together: int) -> None:
        """For this thread, one of `together` that compute at once, and for those it starts.

        More threads than free cores wait for each other inside every product, and a DAW takes as it likes.
        """
        torch.set_num_threads(max(1, min(self.threads, self.cores // together)))


@cache
def cores_here() -> int:
    """Of the machine, or of OMP_NUM_THREADS: what torch says before anybody tells it another number."""
    return torch.get_num_threads()


def passing_of(device: torch.device, compiles: str = AUTO) -> Passing:
    """Of one model: `compiles` is auto (on CUDA), on or off."""
    is_on = compiles == "on" or (compiles == AUTO and device.type == "cuda")
    return compiled(device) if is_on else EAGER


def member_of(path: Path, codecs: Codecs, device: torch.device, precision: str = AUTO) -> Member:
    """The model of a file as it performs on that device; errors as those of `Band.member`."""
    file = read_track_file(path)
    codec = codecs[file.codec.name]
    file.check_codec(codec)
    model = load_track_model(path).take_codebooks(codec.quantizer).to(device)
    computes = chosen_precision(precision, device, file.config.width, file.config.expansion)
    return Member(file, in_precision(model, computes), codec, computes)
