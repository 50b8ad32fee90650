"""What can be asked of the engine: one frozen dataclass a command.

`track` is a track's name, several with commas between, or "*" for all of them. Commands with
`is_async = True` are answered by `Accepted` at once and by exactly one `Done` or `Failed` in the
end; the others change a value, and the value itself comes back as feedback.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Command:
    is_async: ClassVar[bool] = False


@dataclass(frozen=True)
class AsyncCommand(Command):
    is_async: ClassVar[bool] = True


# --- making music ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Generate(AsyncCommand):
    """Generate every unlocked track from a prompt."""

    prompt: str


@dataclass(frozen=True)
class Preview(AsyncCommand):
    """Instant quick-look stems only: the instruments play, no track model."""

    prompt: str


@dataclass(frozen=True)
class Regenerate(AsyncCommand):
    """A new take of one track in the context of the others; the prompt may be relative or empty."""

    track: str
    prompt: str = ""


@dataclass(frozen=True)
class RegenerateBars(AsyncCommand):
    """A new take in which only the bars `first` to `last` (from 1, both included) are new."""

    track: str
    first: int
    last: int
    prompt: str = ""


@dataclass(frozen=True)
class Import(AsyncCommand):
    """Take a file from the set's `imports/` as this track."""

    track: str
    name: str


@dataclass(frozen=True)
class SetLock(Command):
    track: str
    on: bool


@dataclass(frozen=True)
class Cancel(Command):
    """Give up running and queued generations of a track ("*": all)."""

    track: str = "*"


@dataclass(frozen=True)
class Undo(Command):
    track: str


@dataclass(frozen=True)
class Redo(Command):
    track: str


@dataclass(frozen=True)
class SelectTake(Command):
    """Make take `number` (from 1) current."""

    track: str
    number: int


@dataclass(frozen=True)
class SetParam(Command):
    """A parameter of `engine.track.PARAMS` for the takes to come."""

    track: str
    name: str
    value: float


@dataclass(frozen=True)
class SetTrackPrompt(Command):
    """What the next regeneration of this track uses when it brings no prompt of its own."""

    track: str
    prompt: str


@dataclass(frozen=True)
class SetTrackSeed(Command):
    track: str
    seed: int  # -1: follow the set's seed


@dataclass(frozen=True)
class SetVolume(Command):
    track: str
    volume_db: float


@dataclass(frozen=True)
class SetPan(Command):
    track: str
    pan: float  # -1 left .. 1 right


@dataclass(frozen=True)
class SetMute(Command):
    track: str
    on: bool


@dataclass(frozen=True)
class SetSolo(Command):
    track: str
    on: bool


@dataclass(frozen=True)
class SetTrackMidi(Command):
    """Whether the track's score plays on its MIDI port; mute and volume are the audio's alone."""

    track: str
    on: bool


# --- the set's frame ------------------------------------------------------------------------------


@dataclass(frozen=True)
class SetTempo(Command):
    tempo_bpm: float


@dataclass(frozen=True)
class SetKey(Command):
    key: str


@dataclass(frozen=True)
class SetSignature(Command):
    beats: int
    unit: int


@dataclass(frozen=True)
class SetBars(Command):
    bars: int


@dataclass(frozen=True)
class SetSeed(Command):
    seed: int  # -1: a fresh one each time


@dataclass(frozen=True)
class SetWhen(Command):
    """When a finished take takes over: one of `engine.session.WHEN`."""

    when: str


@dataclass(frozen=True)
class SetRender(Command):
    """Who performs the takes to come: one of `engine.performing.RENDERS`."""

    render: str


@dataclass(frozen=True)
class Launch(Command):
    """With `manual`: swap in what is ready at the next bar."""


@dataclass(frozen=True)
class AnalyzePrompt(AsyncCommand):
    prompt: str


@dataclass(frozen=True)
class AnalyzeTrack(AsyncCommand):
    track: str


# --- set, scenes, export --------------------------------------------------------------------------


@dataclass(frozen=True)
class SaveScene(AsyncCommand):
    name: str


@dataclass(frozen=True)
class LoadScene(AsyncCommand):
    name: str


@dataclass(frozen=True)
class DeleteScene(AsyncCommand):
    name: str


@dataclass(frozen=True)
class ListScenes(Command):
    pass


@dataclass(frozen=True)
class SaveContext(AsyncCommand):
    name: str


@dataclass(frozen=True)
class LoadContext(AsyncCommand):
    name: str


@dataclass(frozen=True)
class OpenSet(AsyncCommand):
    name: str


@dataclass(frozen=True)
class NewSet(AsyncCommand):
    name: str


@dataclass(frozen=True)
class ListSets(Command):
    pass


@dataclass(frozen=True)
class ExportStems(AsyncCommand):
    pass


@dataclass(frozen=True)
class ExportMix(AsyncCommand):
    format: str = "wav"  # wav, flac or mp3


@dataclass(frozen=True)
class ExportMidi(AsyncCommand):
    pass


@dataclass(frozen=True)
class ExportDawproject(AsyncCommand):
    scene: str = ""  # "": the set as it stands, and all its scenes


# --- transport ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Play(Command):
    pass


@dataclass(frozen=True)
class Stop(Command):
    pass


@dataclass(frozen=True)
class Locate(Command):
    beat: float  # quarter notes from the start


@dataclass(frozen=True)
class SetClockSource(Command):
    source: str  # auto, jack, link, midi, osc, internal


@dataclass(frozen=True)
class ReportPosition(Command):
    """Where a host's transport is: the `osc` clock. Ends in the bridge, and is not journaled."""

    beat: float  # quarter notes from the start; negative in a count-in
    tempo_bpm: float
    rolling: bool


# --- REAPER's control surface: these end in the bridge, and are not journaled -----------------------


@dataclass(frozen=True)
class SurfaceTempo(Command):
    tempo_bpm: float


@dataclass(frozen=True)
class SurfacePlay(Command):
    """REAPER's play button lights up, or goes out."""

    on: bool


@dataclass(frozen=True)
class SurfaceStop(Command):
    on: bool


# --- MIDI -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LearnMidi(AsyncCommand):
    """Bind the next pad, knob or key to an address of the contract; `args` go with it, as one text."""

    address: str
    args: str = ""


@dataclass(frozen=True)
class CancelLearnMidi(Command):
    pass


@dataclass(frozen=True)
class UnlearnMidi(AsyncCommand):
    address: str
    args: str = ""


@dataclass(frozen=True)
class ListMidiBindings(Command):
    pass
