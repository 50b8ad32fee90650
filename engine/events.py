"""What the engine says: one frozen dataclass an event. Answers carry the origin of their command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Who asked: a client (opaque to the engine), the command's name as it was sent, the request id.

    `serial` tells every command from every other, in the order they arrived.
    """

    client: str
    command: str
    request_id: int = -1
    serial: int = 0


@dataclass(frozen=True)
class Event:
    pass


@dataclass(frozen=True)
class Answer(Event):
    """Goes to the client that asked, and to nobody else."""

    origin: Origin


@dataclass(frozen=True)
class Accepted(Answer):
    pass


@dataclass(frozen=True)
class Done(Answer):
    pass


@dataclass(frozen=True)
class Failed(Answer):
    code: str
    text: str


@dataclass(frozen=True)
class Reply(Answer):
    """Values answered at an address of the contract: analysis, lists, names written."""

    address: str
    values: tuple[int | float | str, ...]


# --- values of a track: sent to every client when they change -------------------------------------


@dataclass(frozen=True)
class TrackEvent(Event):
    track: str


@dataclass(frozen=True)
class TrackState(TrackEvent):
    state: str  # empty, queued, generating, ready, failed


@dataclass(frozen=True)
class TrackProgress(TrackEvent):
    progress: float  # 0..1


@dataclass(frozen=True)
class TrackLock(TrackEvent):
    on: bool


@dataclass(frozen=True)
class TrackTake(TrackEvent):
    number: int  # from 1; 0 = none
    count: int


@dataclass(frozen=True)
class TrackStem(TrackEvent):
    file: str
    tempo_bpm: float
    key: str
    bars: int
    seed: int


@dataclass(frozen=True)
class TrackPreview(TrackEvent):
    file: str


@dataclass(frozen=True)
class TrackLevel(TrackEvent):
    level_db: float


@dataclass(frozen=True)
class TrackPrompt(TrackEvent):
    prompt: str


@dataclass(frozen=True)
class TrackSeed(TrackEvent):
    seed: int


@dataclass(frozen=True)
class TrackParam(TrackEvent):
    name: str
    value: float


@dataclass(frozen=True)
class TrackVolume(TrackEvent):
    volume_db: float


@dataclass(frozen=True)
class TrackPan(TrackEvent):
    pan: float


@dataclass(frozen=True)
class TrackMute(TrackEvent):
    on: bool


@dataclass(frozen=True)
class TrackSolo(TrackEvent):
    on: bool


@dataclass(frozen=True)
class TrackMidi(TrackEvent):
    on: bool


@dataclass(frozen=True)
class TrackWaiting(TrackEvent):
    waiting: str  # none, boundary, launch


@dataclass(frozen=True)
class TrackRender(TrackEvent):
    performer: str  # of the next take: instruments, model …
    why: str


# --- values of the set ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Tempo(Event):
    tempo_bpm: float


@dataclass(frozen=True)
class KeyChanged(Event):
    key: str


@dataclass(frozen=True)
class SignatureChanged(Event):
    beats: int
    unit: int


@dataclass(frozen=True)
class Bars(Event):
    bars: int


@dataclass(frozen=True)
class Seed(Event):
    seed: int


@dataclass(frozen=True)
class When(Event):
    when: str


@dataclass(frozen=True)
class Render(Event):
    render: str


@dataclass(frozen=True)
class ContextKey(Event):
    key: str


@dataclass(frozen=True)
class ContextTempo(Event):
    tempo_bpm: float


@dataclass(frozen=True)
class ContextChords(Event):
    chords: str


@dataclass(frozen=True)
class ContextConfidence(Event):
    tempo: float  # 0..1, as are the others
    key: float
    chords: float


@dataclass(frozen=True)
class ContextGroove(Event):
    swing: float
    unit: int
    late_ms: str


@dataclass(frozen=True)
class ContextConflict(Event):
    field: str
    asked: str
    kept: str
    text: str


@dataclass(frozen=True)
class SceneSaved(Event):
    name: str


@dataclass(frozen=True)
class SceneLoaded(Event):
    name: str


@dataclass(frozen=True)
class SceneDeleted(Event):
    name: str


@dataclass(frozen=True)
class SetOpened(Event):
    name: str


@dataclass(frozen=True)
class SetFolder(Event):
    folder: str  # absolute, on the engine's machine; "" where it cannot be told


@dataclass(frozen=True)
class Playing(Event):
    on: bool


@dataclass(frozen=True)
class Beat(Event):
    bar: int  # from 1
    beat: int  # from 1, in units of the signature
    tempo_bpm: float


@dataclass(frozen=True)
class ClockSource(Event):
    source: str


@dataclass(frozen=True)
class ClockActive(Event):
    source: str  # jack, link, midi, osc, internal
    detail: str  # why this one, and what it follows


@dataclass(frozen=True)
class Log(Event):
    level: str  # info, warning, error
    text: str
