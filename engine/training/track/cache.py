r"""The stems of a corpus as a codec says them, on the disk: a training step reads arrays only.

    stem -> at its role's loudness -> round its seam -> encoder -> latents -> quantiser -> codes

    frames   |0 ........................... F | ... F + lap      time is the loop's: windows cross the seam
    heard  ==|================================|===============   what is before and after is thrown away

CACHE/CORPUS/CODEC/train/00000/0003_drums.latents.npy    float16 [F + lap, D]
                              /0003_drums.codes.npy      int16 [F + lap, K]
                              /0003_drums.json           the gain that brought the stem to its loudness
                              /0003_bass_unducked...     as it was before it gave way to the kick
                              /0003_bass_dry...          before effects and mix, where the corpus has it so

CODEC: a digest of the encoder's and the codebooks' weights. A decoder that went on learning changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.audio.loudness import SILENCE_LUFS, loudness
from engine.audio.mixing import role_of
from engine.errors import EngineError
from engine.instruments.render import dynamics
from engine.model.codec.codec import Codec
from engine.model.codec.weights import load_codec
from engine.music.score import Score
from engine.training.codec.run import disk_errors
from engine.training.corpus.processes import in_order
from engine.training.corpus.reading import HEAD, Corpus, StemFile
from engine.training.track.ducking import UnduckedStem
from engine.units import db_to_gain

LAP_SECONDS = 6.0  # after the loop's end, its beginning once more: the longest window that crosses the seam
AROUND_FRAMES = 24  # what an encoder sees on either side
LONGEST_FRAMES = 3000  # encoded at a time: a minute
UNDUCKED = "_unducked"
MOST_PEAK = 4.0  # of a stem brought to its loudness; one sparse click is not raised beyond
Told = Callable[[float], None]  # seconds of audio that are done


@dataclass(frozen=True)
class Encoder:
    """A codec in a file, for processes that load it themselves."""

    path: str  # or the name of a bundled one
    digest: str

    @classmethod
    def of(cls, name_or_path: str) -> Encoder:
        """EngineError `unknown`, `not_found` or `file` where it is none."""
        return cls(name_or_path, digest_of(_codec(name_or_path)))

    @property
    def codec(self) -> Codec:
        return _codec(self.path)


@dataclass(frozen=True)
class Encoded:
    """A stem in the cache. Arrays are read from the disk as they are touched."""

    latents: NDArray[np.float16]  # [F, D]
    codes: NDArray[np.int16]  # [F, K]
    gain: float


@dataclass(frozen=True)
class Cache:
    """`encoders`: by role."""

    folder: Path
    encoders: Mapping[str, Encoder]

    @classmethod
    def of(cls, corpus: Corpus, folder: Path, codecs: Mapping[str, str]) -> Cache:
        """`codecs`: role -> a bundled codec's name or a file; roles that are not in it are not encoded."""
        head = corpus_digest(corpus.folder)
        found = {name: Encoder.of(name) for name in set(codecs.values())}
        return cls(folder / head, {role: found[name] for role, name in codecs.items()})

    def prefix(self, stem: StemFile) -> Path:
        """What the names of the stem's files begin with."""
        split, shard = stem.path.parts[-3:-1]
        name = stem.path.stem + (UNDUCKED if isinstance(stem, UnduckedStem) else "")
        return self.folder / self.encoders[stem.role].digest / split / shard / name

    def missing(self, stems: Sequence[StemFile]) -> list[StemFile]:
        return [stem for stem in stems if not _named(self.prefix(stem), ".json").exists()]

    def fill(self, stems: Sequence[StemFile], processes: int, told: Told = lambda _: None) -> None:
        """Encodes what is missing; goes on where it was stopped. EngineError `file`, `disk`."""
        tasks = [(stem, self.prefix(stem), self.encoders[stem.role].path) for stem in self.missing(stems)]
        for seconds in in_order(_encode_into, tasks, min(processes, max(1, len(tasks)))):
            told(seconds)

    def read(self, stem: StemFile) -> Encoded:
        """EngineError `file` where it is not there or torn."""
        prefix = self.prefix(stem)
        try:
            gain = float(json.loads(_named(prefix, ".json").read_text(encoding="utf-8"))["gain"])
            latents = np.load(_named(prefix, ".latents.npy"), mmap_mode="r")
            codes = np.load(_named(prefix, ".codes.npy"), mmap_mode="r")
        except (OSError, ValueError, KeyError) as error:
            raise EngineError("file", f"{prefix}: no encoded stem ({error}); remove it, and go on") from error
        return Encoded(latents, codes, gain)


def corpus_digest(folder: Path) -> str:
    """Of what a corpus was made from."""
    return hashlib.sha256((folder / HEAD).read_bytes()).hexdigest()[:12]


def lap_frames(frame_rate: float) -> int:
    return round(LAP_SECONDS * frame_rate)


def levelling_gain(audio: NDArray[np.float32], score: Score) -> float:
    """What brings a loop [N, C=2] to where the engine's instruments would leave it.

    The level of a song is drawn by lot in a corpus: nothing that a model is told foretells it.
    """
    lufs = loudness(np.ascontiguousarray(audio, dtype=np.float32))
    peak = float(np.abs(audio).max(initial=0.0))
    if lufs <= SILENCE_LUFS or peak <= 0.0:
        return 1.0
    gain = db_to_gain(role_of(score.track).loudness_lufs - lufs) * dynamics(score)
    return min(gain, MOST_PEAK / peak)


def encoded(codec: Codec, loop: NDArray[np.float32]) -> tuple[NDArray[np.float16], NDArray[np.int16]]:
    """loop [N, C] -> latents [F, D] and codes [F, K] of the loop and a lap round its seam."""
    hop = codec.config.hop
    total = -(-len(loop) // hop) + lap_frames(codec.config.frame_rate)
    latents, codes = [], []
    for first in range(0, total, LONGEST_FRAMES):
        stop = min(total, first + LONGEST_FRAMES)
        place = np.arange((first - AROUND_FRAMES) * hop, (stop + AROUND_FRAMES) * hop) % len(loop)
        audio = torch.from_numpy(np.ascontiguousarray(loop[place].T))[None]  # [B=1, C, N]
        with torch.inference_mode():
            found = codec.latents(audio)[..., AROUND_FRAMES:-AROUND_FRAMES]
            codes.append(codec.quantizer.encode(found)[0].T.to(torch.int16).numpy())
        latents.append(found[0].T.to(torch.float16).numpy())
    return np.concatenate(latents), np.concatenate(codes)


def digest_of(codec: Codec) -> str:
    """Of what writes latents and codes."""
    digest = hashlib.sha256(codec.config.to_json().encode() + f"/{LAP_SECONDS}/{AROUND_FRAMES}".encode())
    for part in (codec.encoder, codec.quantizer):
        for name, value in part.state_dict().items():
            digest.update(name.encode() + value.detach().cpu().float().contiguous().numpy().tobytes())
    return f"{codec.config.name}-{digest.hexdigest()[:12]}"


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Under another name first."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.save(file, array)
    part.replace(path)


def _encode_into(task: tuple[StemFile, Path, str]) -> float:
    stem, prefix, codec = task
    torch.set_num_threads(1)  # as many processes as there are cores do this
    audio = stem.read()
    gain = levelling_gain(audio, stem.score())
    latents, codes = encoded(_codec(codec), audio * np.float32(gain))
    with disk_errors(prefix):
        prefix.parent.mkdir(parents=True, exist_ok=True)
        write_array(_named(prefix, ".latents.npy"), latents)
        write_array(_named(prefix, ".codes.npy"), codes)
        _named(prefix, ".json").write_text(json.dumps({"gain": gain}), encoding="utf-8")
    return len(audio) / _codec(codec).config.sample_rate


def _named(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)


@lru_cache(maxsize=4)
def _codec(name_or_path: str) -> Codec:
    return load_codec(name_or_path)
