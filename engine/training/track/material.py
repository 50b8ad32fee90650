"""From a corpus to windows: every stem encoded once, every score written out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import EngineError
from engine.model.codec.codec import Codec
from engine.model.codec.config import CodecConfig
from engine.model.codec.weights import load_codec
from engine.model.track.config import DEBUG, TrackModelConfig
from engine.model.track.hearing import codec_name
from engine.training.corpus.reading import Corpus, StemFile
from engine.training.track.cache import Cache
from engine.training.track.config import TrackTrainingConfig
from engine.training.track.ducking import DryStem
from engine.training.track.scores import ScoreRows
from engine.training.track.windows import Part, Windows, parts_of, unducked
from engine.units import STEM_SAMPLE_RATE

SUFFIX = ".safetensors"
LEAST_FRAMES = 8  # of a window
Told = Callable[[str, float, float], None]  # what is being done, seconds of audio done, of how many


@dataclass(frozen=True)
class Material:
    """`parts` of the role that is trained, by split; `codecs` by role."""

    config: TrackModelConfig
    parts: dict[str, list[Part]]
    codec: Codec
    codecs: dict[str, CodecConfig]

    def windows(self, split: str, training: TrackTrainingConfig) -> Windows:
        """EngineError `empty` where nothing is as long as a window."""
        frames = max(LEAST_FRAMES, round(training.seconds * self.codec.config.frame_rate))
        return Windows(self.parts[split], self.config, self.codecs, frames)

    def about(self) -> dict[str, str]:
        """What the model's card says of its material."""
        stems = [part.stem for part in self.parts["train"]]
        hours = sum(stem.samples for stem in stems) / self.codec.config.sample_rate / 3600
        kinds = sorted({stem.source.partition(":")[0] for stem in stems})
        return {
            "data": f"{len(stems)} stems, {hours:.1f} hours, of {self.config.role}; from {', '.join(kinds)}",
            "codec": f"{self.codec.config.name}, frozen",
        } | ({"stems": "dry: before effects and mix"} if self.config.dry else {})


def codec_files(config: TrackModelConfig, roles: Sequence[str], folder: Path | None) -> dict[str, str]:
    """The codec of each role: bundled, or that of its name in `folder`. EngineError `not_found`."""
    found = {}
    for role in roles:
        name = config.codec if role == config.role or config.size == DEBUG else codec_name(role)
        path = None if folder is None else folder / f"{name}{SUFFIX}"
        if path is not None and not path.is_file():
            raise EngineError("not_found", f"there is no codec file {path}")
        found[role] = name if path is None else str(path)
    return found


def material(
    corpus: Corpus,
    config: TrackModelConfig,
    folder: Path,
    codecs: dict[str, str],
    processes: int,
    told: Told = lambda *_: None,
) -> Material:
    """What is missing in the cache `folder` is made first. EngineError `empty` without a stem of the role,
    `file` where only some of its stems are there dry."""
    stems = {split: corpus.stems(split, tuple(codecs)) for split in ("train", "held_out")}
    if not any(stem.role == config.role for stem in stems["train"]):
        raise EngineError("empty", f"{corpus.folder} has no stem of {config.role} to train on")
    cache = Cache.of(corpus, folder, codecs)
    codec = load_codec(codecs[config.role])
    rows = ScoreRows.of(cache.folder, codec.config, config.kind)
    wanted = [stem for split in stems.values() for stem in _of_songs_with(config.role, split)]
    wanted += [stem for split in stems.values() for stem in unducked(config.role, split)]
    mine = [stem for stem in wanted if stem.role == config.role and type(stem) is StemFile]
    _fill("encoding", cache.fill, cache.missing(wanted), processes, told)
    _fill("scores", rows.fill, rows.missing(mine), processes, told)
    parts = {split: parts_of(_of_songs_with(config.role, found), config.role, cache, rows)
             for split, found in stems.items()}  # fmt: skip
    shapes = {role: encoder.codec.config for role, encoder in cache.encoders.items()}
    return Material(replace(config, dry=are_dry(config.role, parts)), parts, codec, shapes)


def are_dry(role: str, parts: Mapping[str, Sequence[Part]]) -> bool:
    """Whether the role's stems are those before effects and mix. EngineError `file` where only some are."""
    found = {isinstance(part.stem, DryStem) for split in parts.values() for part in split}
    if len(found) > 1:
        raise EngineError("file", f"some stems of {role} are there dry and others are not")
    return found == {True}


def _of_songs_with(role: str, stems: Sequence[StemFile]) -> list[StemFile]:
    """Those of songs that have the role at all."""
    return [stem for stem in stems if role in stem.line["tracks"]]


def _fill(
    what: str,
    fill: Callable[[Sequence[StemFile], int, Callable[[float], None]], None],
    missing: Sequence[StemFile],
    processes: int,
    told: Told,
) -> None:
    total = sum(stem.samples for stem in missing) / STEM_SAMPLE_RATE
    done = 0.0

    def one(seconds: float) -> None:
        nonlocal done
        done += seconds
        told(what, done, total)

    fill(missing, processes, one)
