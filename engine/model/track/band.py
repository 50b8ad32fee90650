"""The resident band: each track model loaded once, warm, and asked by any thread.

Models and codecs are only read while they perform, so tracks are performed on several threads at once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from engine.model.codec.codec import Codec
from engine.model.codec.weights import load_codec
from engine.model.track.hearing import Codecs, Hearing
from engine.model.track.int8 import quantised
from engine.model.track.loop import Audio
from engine.model.track.performing import PerformOptions, perform
from engine.model.track.track_model import TrackModel
from engine.model.track.weights import TrackFile, load_track_model, read_track_file, weights_of
from engine.music.key import Key, Signature
from engine.music.score import Score
from engine.performing import Part, Watch


@dataclass(frozen=True)
class Member:
    """A role's model as it performs here, with its codec; `computes` says how: `int8`, `bfloat16` …"""

    file: TrackFile
    model: TrackModel
    codec: Codec
    computes: str

    def options(self, asked: PerformOptions) -> PerformOptions:
        """Those that are asked for, in the precision of this machine."""
        return replace(asked, precision="bfloat16") if self.computes == "bfloat16" else asked


class Band:
    """`folder`: weights of the user's own, before the bundled ones. `options` hold for all performances."""

    def __init__(
        self, folder: Path | None = None, options: PerformOptions | None = None, device: str = ""
    ) -> None:
        self.folder, self.options = folder, options or PerformOptions()
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.threads = torch.get_num_threads()  # of the machine, or of OMP_NUM_THREADS
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
                self.members[role] = member_of(path, self.codecs, self.device)
            return self.members[role]

    def warm(self, role: str) -> None:
        """Load the role's model and perform a bar of silence, so that the first take waits for nothing."""
        member = self.member(role)
        silence = Score(
            role, 240.0, Key(), Signature(1, 4), 1, "techno", "",
        )  # fmt: skip
        heard = {role: np.zeros((silence.length_samples, 2), dtype=np.float32)}
        perform(
            member.model, member.codec, silence, context=heard, options=member.options(self.options),
            hearing=Hearing(self.codecs),
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
        )  # fmt: skip

    def share_cores(self, together: int) -> None:
        """For this thread, one of `together` that compute at once: with more threads than cores they wait for
        each other inside every product, and four tracks take half as long again on two cores."""
        torch.set_num_threads(max(1, self.threads // together))


def member_of(path: Path, codecs: Codecs, device: torch.device) -> Member:
    """The model of a file as it performs on that device; errors as those of `Band.member`."""
    file = read_track_file(path)
    codec = codecs[file.codec.name]
    file.check_codec(codec)
    model = load_track_model(path).take_codebooks(codec.quantizer)
    computes = fastest(device)
    if computes == "int8":
        model = quantised(model)
    return Member(file, model.to(device), codec, computes)


def fastest(device: torch.device) -> str:
    """How models compute here, by the machine alone: the same machine gives the same samples.

    Figures in int8.py. A CPU without VNNI has no fast products of 8 bit; on CUDA, bfloat16 has its own units.
    """
    if device.type == "cuda":
        return "bfloat16"
    has_vnni = getattr(torch.cpu, "_is_vnni_supported", lambda: False)
    return "int8" if has_vnni() else "float32"
