"""A musician's song, heard: its stems read, laid under bars, cut into parts with scores, tags and captions.

files -> stems by role -> grid -> parts -> key, chords -> scores, tags, caption
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import loudness
from engine.audio.reading import read_audio
from engine.context.analysis import said_tempo
from engine.context.loop_length import key_in_name
from engine.context.track_context import TrackContext
from engine.errors import EngineError
from engine.instruments.palette import NAMES
from engine.music.key import Key
from engine.music.score import Score
from engine.prompt.music_context import Frame
from engine.registry import BAND
from engine.training.corpus.own_grid import Grid, Part, hear_grid, length_samples, num_bars, parts_of
from engine.training.corpus.own_hearing import role_heard
from engine.training.corpus.own_scan import OwnFile, OwnSong, Skipped
from engine.training.corpus.own_scores import PartFrame, key_and_chords, score_heard
from engine.training.corpus.own_tags import genre_in, heard_words, own_caption, sound_words
from engine.units import STEM_SAMPLE_RATE, db_to_gain

SILENT_DB = -60.0  # peak of a file that is none
SILENT_BAR_DB = -55.0  # of a bar against its stem's loudest one
SURE_KEY = 0.3  # below, the key is not told in words
CUT_FADE_SAMPLES = 128  # 3 ms, as loops that come in are cut


@dataclass(frozen=True)
class OwnTrack:
    """audio: [N, C=2] at 44.1 kHz, N == score.length_samples."""

    audio: NDArray[np.float32]
    score: Score
    tags: tuple[str, ...]
    source: str
    loudness_lufs: float


@dataclass(frozen=True)
class OwnPart:
    """Some bars of a song, by role. `facts`: what else was heard, for the song's line."""

    grid: Grid
    bars: int
    key: Key
    genre: str
    caption: str
    tags: tuple[str, ...]
    tracks: Mapping[str, OwnTrack]
    facts: Mapping[str, Any]


@dataclass
class Stems:
    """The files of a song summed by role, all as long as the longest."""

    audio: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    files: dict[str, list[OwnFile]] = field(default_factory=lambda: defaultdict(list))
    skipped: list[Skipped] = field(default_factory=list)


def hear_song(folder: Path, song: OwnSong) -> tuple[list[OwnPart], list[Skipped]]:
    """The parts of a song, in order, and what of it could not be used. The same files, the same parts."""
    stems = read_stems(folder, song)
    if not stems.audio:
        return [], stems.skipped
    frame = Frame()
    mix = _mixed(stems.audio.values())
    track, beating = _beating(stems, mix)
    grid, strokes = hear_grid(beating, track, mix, _said(folder, stems), frame)
    sounding = {role: _sounding_bars(audio, grid) for role, audio in stems.audio.items()}
    any_sounds = [any(bars) for bars in zip(*sounding.values(), strict=True)]
    parts = list(parts_of(grid, strokes, any_sounds, len(mix)))
    if not parts:
        return [], [*stems.skipped, Skipped(song.name, f"no whole bar at {grid.tempo_bpm:g} bpm in it")]
    return _written(song, stems, grid, parts, frame), stems.skipped


def read_stems(folder: Path, song: OwnSong) -> Stems:
    """Every file of the song that can be used, at one common level: sums above full scale come down to it."""
    stems = Stems()
    for file in song.files:
        try:
            audio = read_audio(folder / file.name)
        except EngineError as error:
            stems.skipped.append(Skipped(file.name, error.text))
            continue
        if np.max(np.abs(audio)) < db_to_gain(SILENT_DB):
            stems.skipped.append(Skipped(file.name, "silent"))
            continue
        role = file.role or role_heard(audio)
        stems.files[role].append(file)
        stems.audio[role] = _sum(stems.audio[role], audio) if role in stems.audio else audio
    longest = max(map(len, stems.audio.values()), default=0)
    peak = max((float(np.max(np.abs(audio))) for audio in stems.audio.values()), default=0.0)
    for role, audio in stems.audio.items():
        stems.audio[role] = np.pad(audio, ((0, longest - len(audio)), (0, 0))) / np.float32(max(1.0, peak))
    return stems


def _sum(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    found = longer.copy()
    found[: len(shorter)] += shorter
    return found


def _mixed(stems: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """[N, C=2] the sum of stems of one length."""
    return np.asarray(reduce(np.add, stems))


def _beating(stems: Stems, mix: NDArray[np.float32]) -> tuple[str, NDArray[np.float32]]:
    """What tells the beat, and what it is: the drums, the only stem, or everything as if it were chords."""
    if "drums" in stems.audio:
        return "drums", stems.audio["drums"]
    only = next(iter(stems.audio))
    return (only if len(stems.audio) == 1 else "harmony"), mix


def _said(folder: Path, stems: Stems) -> float | None:
    """The tempo that one of the files claims."""
    for role, files in stems.files.items():
        for file in files:
            if tempo_bpm := said_tempo(folder / file.name, len(stems.audio[role]), Frame().signature):
                return tempo_bpm
    return None


def _sounding_bars(audio: NDArray[np.float32], grid: Grid) -> list[bool]:
    """[bar] whether the stem sounds in it."""
    bars = num_bars(grid, len(audio))
    edges = [round((grid.first_s + bar * grid.bar_s) * STEM_SAMPLE_RATE) for bar in range(bars + 1)]
    levels = [
        float(np.sqrt(np.square(audio[start:end]).mean())) if end > start else 0.0
        for start, end in pairwise(edges)
    ]
    loudest = max(levels, default=0.0)
    return [level > loudest * db_to_gain(SILENT_BAR_DB) for level in levels]


# --- parts ------------------------------------------------------------------------------------------


def _written(song: OwnSong, stems: Stems, grid: Grid, parts: list[Part], frame: Frame) -> list[OwnPart]:
    cut = [_cut(stems, grid, part) for part in parts]
    frames = {
        number: PartFrame(grid.tempo_bpm, frame.key, grid.signature, part.bars)
        for number, part in enumerate(parts)
    }
    pitched = {
        number: _mixed(audio for role, audio in tracks.items() if role != "drums")
        for number, tracks in enumerate(cut)
        if set(tracks) - {"drums"}
    }
    heard, sure, chords, sure_of_chords = key_and_chords(pitched, frames, _named_key(stems))
    confidence = {"tempo": grid.sure, "key": sure, "chords": sure_of_chords}
    found = []
    for number, tracks in enumerate(cut):
        own = replace(frames[number], key=heard or frame.key, chords=chords.get(number, ()))
        found.append(_part(song, stems, grid, number, own, tracks, confidence))
    return [part for part in found if part.tracks]


def _named_key(stems: Stems) -> Key | None:
    names = [file.path.stem for files in stems.files.values() for file in files]
    return next((key for name in names if (key := key_in_name(name))), None)


def _cut(stems: Stems, grid: Grid, part: Part) -> dict[str, NDArray[np.float32]]:
    """The part of every stem that sounds in it, with a short fade where it is cut."""
    length = length_samples(grid, part.bars)
    found = {}
    for role in (role for role in BAND if role in stems.audio):
        audio = stems.audio[role][part.start_sample : part.start_sample + length].copy()
        loudest = np.max(np.abs(stems.audio[role]))
        if np.max(np.abs(audio), initial=0.0) <= loudest * db_to_gain(SILENT_BAR_DB):
            continue
        if part.start_sample + length < len(stems.audio[role]):
            audio[-CUT_FADE_SAMPLES:] *= np.linspace(1.0, 0.0, CUT_FADE_SAMPLES, dtype=np.float32)[:, None]
        found[role] = np.pad(audio, ((0, length - len(audio)), (0, 0)))
    return found


def _part(
    song: OwnSong, stems: Stems, grid: Grid, number: int, frame: PartFrame,
    cut: Mapping[str, NDArray[np.float32]], confidence: Mapping[str, float],
) -> OwnPart:  # fmt: skip
    genre = genre_in(song.name)
    tracks = {role: _track(role, stems.files[role], audio, frame, genre) for role, audio in cut.items()}
    key = frame.key if confidence["key"] >= SURE_KEY else None
    words = {role: track.tags[1:] for role, track in tracks.items()}
    caption = own_caption(f"{song.name}/{number}", genre, grid.tempo_bpm, key, words)
    tags = (genre.replace("_", " "), key.name if key else "", grid.signature.name)
    facts = {
        "own": {"song": song.name, "part": number},
        "heard": {name: round(float(value), 3) for name, value in confidence.items()},
        "groove": _groove(tracks),
    }
    return OwnPart(
        grid,
        frame.bars,
        frame.key,
        genre or "import",
        caption,
        tuple(tag for tag in tags if tag),
        tracks,
        facts,
    )


def _track(
    role: str, files: list[OwnFile], audio: NDArray[np.float32], frame: PartFrame, genre: str
) -> OwnTrack:
    score = score_heard(audio, role, frame)
    said = sound_words([word for file in files for word in (*file.named.said, *file.named.after)])
    palette = _palette(role, files) or score.palette
    score = replace(score, palette=palette, genre=genre or score.genre)
    tags = tuple(dict.fromkeys([role, *said, *heard_words(audio, score)]))
    return OwnTrack(
        audio, score, tags, "own:" + " + ".join(file.name for file in files), round(loudness(audio), 1)
    )


def _palette(role: str, files: list[OwnFile]) -> str:
    """The palette of ours that the files are named after: a preview sounds like it. Or empty."""
    words = {word for file in files for word in (*file.named.said, *file.named.after, *file.named.before)}
    return next((name for name in NAMES[role] if set(name.split("_")) <= words), "")


def _groove(tracks: Mapping[str, OwnTrack]) -> dict[str, Any] | None:
    """How the part swings, by its drums or else by whatever is busiest."""
    if not tracks:
        return None
    told = tracks.get("drums") or max(tracks.values(), key=lambda track: len(track.score.notes))
    groove = TrackContext.from_score(told.score).groove
    return asdict(groove) if groove else None
