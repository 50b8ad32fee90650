"""A folder of a musician's audio, looked through: which files belong to one song.

    Blue/drums.wav, Blue/Bass 01.flac            a folder of stems: the song Blue
    Blue/Drums/kick.wav, Blue/Bass/di.wav        folders named after roles: the song Blue
    take1_drums.wav, take1-bass.wav              names that begin alike: the song take1
    drums_take1.wav, bass_take1.wav              names that end alike: the song take1
    Funky Loop 120.wav                           a loop: a song of its own

Only headers are read here, and nothing is ever written.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import soundfile

from engine.context.loop_length import tempo_in_name
from engine.errors import EngineError
from engine.training.corpus.own_names import (
    NOT_A_STEM,
    Named,
    folder_role,
    read_name,
    says_loop,
    shared_words,
)
from engine.training.corpus.reading import HEAD

AUDIO = frozenset(
    [
        ".wav", ".wave", ".bwf", ".w64", ".rf64", ".flac", ".aif", ".aiff", ".aifc", ".caf", ".au", ".snd",
        ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".m4a", ".aac", ".wma", ".alac",
    ]
)  # fmt: skip
SHORTEST_S = 1.0  # a bar of 4/4 at 240 bpm: less is a one-shot
ALIKE = 0.5  # the shortest stem of a song against its longest: silent endings are often cut off
ALIKE_IN_A_ROLE = 0.9  # where a role has several files, which loops of a pack have too
EQUAL_S, UNNAMED_S = 0.05, 20.0  # exports without telling names: equally long, and no loops
MOST_FILES = 128  # of one song


@dataclass(frozen=True)
class OwnFile:
    """`name`: its path inside the folder, with slashes. `role` may be empty: to be heard."""

    name: str
    seconds: float
    role: str
    named: Named

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name)


@dataclass(frozen=True)
class OwnSong:
    name: str
    files: tuple[OwnFile, ...]


@dataclass(frozen=True)
class Skipped:
    """A file (or a song) that is not in the corpus, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Found:
    songs: tuple[OwnSong, ...]
    skipped: tuple[Skipped, ...]


def find_songs(folder: Path) -> Found:
    """Everything in the folder, in the order of the names.

    EngineError: `not_found` where there is no such folder, `file` where it is a file or a corpus, `empty`
    where no file in it can be used.
    """
    _check(folder)
    files, skipped = _files(folder)
    songs = tuple(song for group in _by_folder(files).values() for song in _songs_of(group))
    if not songs:
        raise EngineError("empty", f"{folder} has no audio that can be used{_reasons(skipped)}")
    return Found(tuple(sorted(songs, key=lambda song: song.name)), tuple(skipped))


def _check(folder: Path) -> None:
    if not folder.exists():
        raise EngineError("not_found", f"there is no folder {folder}")
    if not folder.is_dir():
        raise EngineError("file", f"{folder} is a file; name the folder that the stems are in")
    if (folder / HEAD).is_file():
        raise EngineError("file", f"{folder} is a corpus already, no folder of stems")


def _reasons(skipped: list[Skipped]) -> str:
    if not skipped:
        return ": it is empty"
    told = "; ".join(f"{one.name}: {one.reason}" for one in skipped[:3])
    return f" ({told}{'; …' if len(skipped) > 3 else ''})"


# --- files ------------------------------------------------------------------------------------------


def _files(folder: Path) -> tuple[list[OwnFile], list[Skipped]]:
    found: list[OwnFile] = []
    skipped: list[Skipped] = []
    for place, names in _walk(folder):
        shared = shared_words([PurePosixPath(name).stem for name in names])
        for name in names:
            relative = (place / name).relative_to(folder).as_posix()
            stem = PurePosixPath(name).stem
            try:
                found.append(_file(folder, relative, read_name(stem, shared[stem])))
            except EngineError as error:
                skipped.append(Skipped(relative, error.text))
    return found, skipped


def _walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """(folder, names of its files) of every folder, in order; neither hidden ones nor links to others."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        yield Path(root), sorted(name for name in names if not name.startswith("."))


def _file(folder: Path, name: str, named: Named) -> OwnFile:
    """EngineError `file` saying why it is left out."""
    if PurePosixPath(name).suffix.lower() not in AUDIO:
        raise EngineError("file", "no audio file")
    role = named.role or _role_of_folders(name)
    if role == NOT_A_STEM:
        raise EngineError("file", "by its name a mix, click or effect, no stem of a band")
    try:
        seconds = soundfile.info(str(folder / name)).duration
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        reason = getattr(error, "error_string", error)  # without the path
        raise EngineError("file", f"cannot be read: {reason}") from error
    if seconds < SHORTEST_S:
        raise EngineError("file", f"{seconds:.2f} s long; at least {SHORTEST_S:g} s are needed")
    return OwnFile(name, seconds, role, named)


def _role_of_folders(name: str) -> str:
    """That of the folder it is in, or of those above as long as they are named after roles."""
    return folder_role(PurePosixPath(name).parent.name)


# --- songs ------------------------------------------------------------------------------------------


def _by_folder(files: Iterable[OwnFile]) -> dict[PurePosixPath, list[OwnFile]]:
    """Files by the folder that is not named after a role."""
    found: dict[PurePosixPath, list[OwnFile]] = defaultdict(list)
    for file in files:
        home = file.path.parent
        while home.name and folder_role(home.name):
            home = home.parent
        found[home].append(file)
    return found


def _songs_of(files: list[OwnFile]) -> list[OwnSong]:
    """The songs of one folder."""
    home = _home(files)
    by_front = _groups(files, lambda file: file.named.before)
    songs = [_song(home, " ".join(key), group) for key, group in by_front.items() if _band(group)]
    taken = {file.name for song in songs for file in song.files}
    rest = [file for file in files if file.name not in taken]
    if songs:
        songs, rest = _joined(songs, rest)
    elif by_end := _all_by_end(rest):
        return [_song(home, " ".join(key), group) for key, group in by_end.items()]
    elif _is_song(rest):
        return [OwnSong(home or ".", tuple(rest))]
    return songs + [OwnSong(str(file.path.with_suffix("")), (file,)) for file in rest]


def _home(files: list[OwnFile]) -> str:
    home = os.path.commonpath([str(file.path.parent) for file in files])
    return "" if home == "." else home


def _song(home: str, name: str, files: list[OwnFile]) -> OwnSong:
    return OwnSong(f"{home}/{name}" if home else name, tuple(files))


def _groups(
    files: list[OwnFile], key: Callable[[OwnFile], tuple[str, ...]]
) -> dict[tuple[str, ...], list[OwnFile]]:
    """Files that say a role, by the words around it. Loops of a pack begin alike: their endings count too."""
    found: dict[tuple[str, ...], list[OwnFile]] = defaultdict(list)
    for file in files:
        if key(file) and file.named.role:
            more = (*file.named.after, *_numbers(file)) if file.named.is_loop else ()
            found[(*key(file), *more)].append(file)
    return found


def _numbers(file: OwnFile) -> tuple[str, ...]:
    return tuple(
        part for part in file.path.stem.replace("_", " ").replace("-", " ").split() if part.isdigit()
    )


def _band(files: list[OwnFile]) -> bool:
    """Whether these can be stems of one song: two roles at least, of one tempo, about equally long."""
    roles = {file.role for file in files}
    tempi = {tempo for file in files if (tempo := tempo_in_name(file.path.stem))}
    if len(roles) < 2 or len(tempi) > 1 or len(files) > MOST_FILES:
        return False
    lengths = [file.seconds for file in files]
    return min(lengths) >= (ALIKE if len(roles) == len(files) else ALIKE_IN_A_ROLE) * max(lengths)


def _is_song(files: list[OwnFile]) -> bool:
    """Whether all files of a folder are one song."""
    if len(files) < 2 or any(_is_loop(file) for file in files):
        return False
    lengths = [file.seconds for file in files]
    if not any(file.role for file in files):
        return min(lengths) >= UNNAMED_S and max(lengths) - min(lengths) <= EQUAL_S
    return _band(files)


def _is_loop(file: OwnFile) -> bool:
    return file.named.is_loop or any(says_loop(part) for part in file.path.parent.parts)


def _all_by_end(files: list[OwnFile]) -> dict[tuple[str, ...], list[OwnFile]]:
    """Groups of the words behind the role, where every file is in one with several roles; else none."""
    groups = _groups([file for file in files if not file.named.before], lambda file: file.named.after)
    whole = sum(map(len, groups.values())) == len(files) and all(map(_band, groups.values()))
    return groups if whole else {}


def _joined(songs: list[OwnSong], rest: list[OwnFile]) -> tuple[list[OwnSong], list[OwnFile]]:
    """Files without a word for a role go to the song whose words they begin with."""
    left = []
    for file in rest:
        own = [song for song in songs if not file.role and _begins(file, song)]
        if own:
            place = songs.index(max(own, key=lambda song: len(song.files[0].named.before)))
            songs[place] = replace(songs[place], files=(*songs[place].files, file))
        else:
            left.append(file)
    return songs, left


def _begins(file: OwnFile, song: OwnSong) -> bool:
    front = song.files[0].named.before
    longest = max(one.seconds for one in song.files)
    return file.named.before[: len(front)] == front and ALIKE * longest <= file.seconds <= longest / ALIKE
