"""The folder that DAWs read: stems with their MIDI and manifest, quick looks, exports.

    stems/     drums_128bpm_Am_8bars_t1.mid, then .wav, then a line in manifest.jsonl
    previews/  drums_128bpm_Am_8bars_p7.wav     the latest 16 a track
    exports/   whatever was asked for

Nothing here is ever overwritten: a name that is taken by something else gets `_2`, `_3` … behind it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bridge.atomic_file import disk_errors, publish_new, sweep
from bridge.manifest import append_line, read_entries
from engine.audio.midi_file import midi_bytes
from engine.audio.wav import wav_parts
from engine.outs import Content
from engine.stem import Stem, audio_digest, stem_name

MANIFEST = "manifest.jsonl"
PREVIEWS_KEPT = 16  # a track
PREVIEW_NAME = re.compile(r"(.+)_[^_]+bpm_[^_]+_\d+bars_p(\d+)\.wav")


class StemFolder:
    """`publish` and `export` belong to the writer thread; `publish_preview` to any."""

    def __init__(self, root: Path) -> None:
        """Makes the folders that are missing (`root` only here: a disk that vanished is no new set)."""
        self.stems, self.previews, self.exports = root / "stems", root / "previews", root / "exports"
        with disk_errors(root):
            root.mkdir(parents=True, exist_ok=True)
            for folder in (self.stems, self.previews, self.exports):
                folder.mkdir(exist_ok=True)
                sweep(folder)
        self._preview_lock = threading.Lock()
        self._preview_number, self._kept_previews = _previews_in(self.previews)

    # --- stems ------------------------------------------------------------------------------------

    def publish(self, stem: Stem, take: int) -> str:
        """Write WAV, MIDI and the manifest's line; the name of the WAV. EngineError `disk`.

        Asked again for the same samples (after a crash, or a disk that was full half way) it takes up
        the files that are there already.
        """
        created = datetime.now(UTC)
        midi = midi_bytes([stem.score]) if stem.score is not None else None
        for name in _numbered(stem_name(stem, take)):
            wav_path, midi_path = self.stems / f"{name}.wav", self.stems / f"{name}.mid"
            with disk_errors(wav_path):
                self.stems.mkdir(exist_ok=True)  # somebody may have tidied up; without `root`: ENOENT
                was_there = wav_path.exists()
                if was_there and not _holds(wav_path, stem):
                    continue
                if midi is not None and not _publish_same(midi_path, midi):
                    continue
                if not was_there:
                    try:
                        publish_new(wav_path, wav_parts(stem, take, created))
                    except FileExistsError:
                        continue
                if not (was_there and self._is_listed(wav_path.name, stem)):
                    entry = _entry(stem, take, wav_path.name, midi_path.name if midi else "", created)
                    append_line(self.stems / MANIFEST, entry)
            return wav_path.name
        raise AssertionError("names never run out")

    def read_manifest(self) -> list[dict[str, Any]]:
        """Every entry that is whole, oldest first."""
        with disk_errors(self.stems / MANIFEST):
            return read_entries(self.stems / MANIFEST)

    def _is_listed(self, file: str, stem: Stem) -> bool:
        entries = read_entries(self.stems / MANIFEST)
        return any((entry.get("file"), entry.get("digest")) == (file, stem.digest) for entry in entries)

    # --- previews ---------------------------------------------------------------------------------

    def publish_preview(self, stem: Stem) -> str:
        """A quick look, whole but not yet safe on the disk; its name in `previews/`. EngineError `disk`."""
        path = self._written_preview(stem)
        with self._preview_lock:
            kept = self._kept_previews[stem.track]
            kept.append(path)
            too_old = [kept.popleft() for _ in range(len(kept) - PREVIEWS_KEPT)]
        for old in too_old:
            with contextlib.suppress(OSError):
                old.unlink()
        return path.name

    def _written_preview(self, stem: Stem) -> Path:
        base, created = stem_name(stem, 0).removesuffix("_t0"), datetime.now(UTC)
        while True:
            with self._preview_lock:
                number = next(self._preview_number)
            path = self.previews / f"{base}_p{number}.wav"
            with disk_errors(path):
                self.previews.mkdir(exist_ok=True)
                with contextlib.suppress(FileExistsError):  # a second engine has this set open
                    publish_new(path, wav_parts(stem, 0, created), durable=False)
                    return path

    # --- exports ----------------------------------------------------------------------------------

    def export(self, name: str, content: Content) -> str:
        """Write a file into `exports/`; the name it got. EngineError `disk`."""
        assert name and name == Path(name).name and not name.startswith("."), name
        path = self.exports / name
        for base in _numbered(path.stem):
            target = path.with_name(base + path.suffix)
            with disk_errors(target):
                self.exports.mkdir(exist_ok=True)
                if os.path.lexists(target):  # before minutes of audio are written for nothing
                    continue
                with contextlib.suppress(FileExistsError):
                    publish_new(target, content)
                    return target.name
        raise AssertionError("names never run out")


def _entry(stem: Stem, take: int, file: str, midi: str, created: datetime) -> dict[str, Any]:
    return {
        "file": file, "midi": midi, "track": stem.track, "take": take, "tempo_bpm": stem.tempo_bpm,
        "key": stem.key.name, "signature": stem.signature.name, "bars": stem.bars,
        "samples": stem.length_samples, "sample_rate": stem.sample_rate, "seed": stem.seed,
        "prompt": stem.prompt, "render": stem.render, "digest": stem.digest,
        "heard": list(stem.heard), "created": created.isoformat(timespec="milliseconds"),
    }  # fmt: skip


def _numbered(base: str) -> Iterator[str]:
    yield base
    yield from (f"{base}_{number}" for number in itertools.count(2))


def _holds(path: Path, stem: Stem) -> bool:
    """Whether this file holds the stem's samples; a foreign or broken file does not."""
    try:
        audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError):
        return False
    return audio.shape == stem.audio.shape and audio_digest(np.asarray(audio)) == stem.digest


def _publish_same(path: Path, data: bytes) -> bool:
    """Have these bytes at `path`; False where something else is there."""
    with contextlib.suppress(FileExistsError):
        publish_new(path, data)
        return True
    return path.is_file() and path.read_bytes() == data


def _previews_in(folder: Path) -> tuple[Iterator[int], defaultdict[str, deque[Path]]]:
    """Where numbering goes on, and the quick looks that an earlier run left, oldest first."""
    found = [
        (match, folder / match[0]) for p in folder.iterdir() if (match := PREVIEW_NAME.fullmatch(p.name))
    ]
    found.sort(key=lambda item: int(item[0][2]))
    kept: defaultdict[str, deque[Path]] = defaultdict(deque)
    for match, path in found:
        kept[match[1]].append(path)
    return itertools.count(int(found[-1][0][2]) + 1 if found else 1), kept
