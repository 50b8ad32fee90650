"""What every player does: loops in time with a transport, swapped at a frame told in advance.

Two players stand behind this: `JackPlayer` (sound) and `InternalPlayer` (the same transport, silent,
for machines without JACK). `prepare` runs on a worker; everything else on the control thread, and is
cheap.

A swap of old for new at frame F (`declick`):

    |new(F) - old(F)| < -60 dBFS on both channels:   out(f) = old(f) for f < F, new(f) from F on, exactly
    otherwise, for i = 0 .. 255 at frame F + i:      out = old + (i / 256) * (new - old), then new, exactly

Silence counts as a loop of zeros. A start and a locate are exact from the first frame; a stop lets what
was playing run on for 256 frames under the gain 1 - i / 256. A break in the transport (stop, locate)
performs whatever swap was still waiting, so nothing waits for a frame that is never reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.grid import Grid
from bridge.resample import render_loop
from engine.music.key import Signature
from engine.units import samples_to_beats

if TYPE_CHECKING:
    from engine.audio.midi_live import LiveMidi

FADE_FRAMES = 256
DECLICK_THRESHOLD = 0.001  # -60 dBFS
# A swap is never nearer than this (23 ms) or two blocks: the interpreter lock can hold the control thread
# up for several milliseconds between looking at the transport and handing the swap over.
SAFETY_FRAMES = 1024
MAX_FRAME = 2**32 - 1  # JACK counts transport frames in 32 bits


class Loop:
    """One take as a player holds it: the stem's samples and their rendering at the server's rate.

    `audio` is [N, C=2] float32 at 44.1 kHz; `midi` what it says on the track's MIDI port. `length_beats` is 0
    where nobody says, and then what the tempo makes it that the loop begins at. Compared by identity.
    """

    def __init__(
        self, audio: NDArray[np.float32], midi: LiveMidi | None = None, length_beats: float = 0.0
    ) -> None:
        assert audio.ndim == 2 and audio.shape[1] == 2 and len(audio) > 0, audio.shape
        assert midi is None or midi.length_samples == len(audio), (midi, len(audio))
        self.audio = audio
        self.midi = midi
        self.midi_before: LiveMidi | None = None  # the same at another tempo, which it goes on from
        self.length_beats = length_beats
        self.peak = float(np.abs(audio).max())
        self._rendering: tuple[int, NDArray[np.float32]] | None = None

    @property
    def length_samples(self) -> int:
        return len(self.audio)

    def begin(self, tempo_bpm: float) -> None:
        """It begins to play at this tempo: where nobody has said how long it is, the tempo does."""
        self.length_beats = self.length_beats or samples_to_beats(self.length_samples, tempo_bpm)

    def render(self, sample_rate: int) -> NDArray[np.float32]:
        """[C=2, M] at `sample_rate`. Heavy unless it was the last rate asked for: for a worker thread."""
        samples = self.rendered(sample_rate)
        if samples is None:
            samples = render_loop(self.audio, sample_rate)
            self._rendering = (sample_rate, samples)
        return samples

    def speak_like(self, old: Loop) -> None:
        """Where both say the same, let it be one: then it goes on when this takes the place of `old`. The
        same notes at another tempo go on as well."""
        if self.midi is not None and self.midi.sounds_like(old.midi):
            self.midi = old.midi
        elif self.midi is not None and self.midi.has_notes_of(old.midi):
            self.midi_before = old.midi

    def rendered(self, sample_rate: int) -> NDArray[np.float32] | None:
        """The rendering at `sample_rate`, or None while it has not been made."""
        rendering = self._rendering
        return rendering[1] if rendering is not None and rendering[0] == sample_rate else None


def longest(loops: Iterable[Loop]) -> tuple[int, float] | None:
    """(samples, beats) of the longest loop, None of none."""
    return max(((loop.length_samples, loop.length_beats) for loop in loops), default=None)


@dataclass(frozen=True)
class Transport:
    """Where the transport is. `beat` counts quarter notes.

    `following`: another program tells bar and beat (a JACK timebase master); tempo, signature and beat are
    its own where it may lead (`Player.follow`).
    """

    rolling: bool
    frame: int
    sample_rate: int
    beat: float
    tempo_bpm: float
    signature: Signature = field(default_factory=Signature)
    following: bool = False


@dataclass(frozen=True)
class PlayerStatus:
    """State of the connection. `xruns` and `cpu_load` (percent) are the server's, 0 without one.

    `latency_s`: from the mix to the speakers, 0 where nothing says.
    """

    connected: bool
    sample_rate: int
    block_size: int
    xruns: int
    cpu_load: float
    text: str
    latency_s: float = 0.0


class Player(Protocol):
    """Plays one loop a track. Track names are those it was made with."""

    def prepare(
        self, audio: NDArray[np.float32], midi: LiveMidi | None = None, length_beats: float = 0.0
    ) -> Loop:
        """Audio [N, C=2] at 44.1 kHz, and its notes, made ready to play. Heavy: on a worker thread."""
        ...

    def swap(self, track: str, loop: Loop | None, when: str, grid: Grid) -> int | None:
        """Let `loop` (None: silence) take over at the next `when` of now, beat, bar, loop.

        Returns the transport frame; None while the loop is still being rendered for the server's rate.
        A swap that is still waiting on the track is replaced. With the transport stopped, at once.
        """
        ...

    def swap_many(self, loops: Mapping[str, Loop | None], when: str, grid: Grid) -> int | None:
        """Several tracks at one common frame; "loop" is that of the longest loop playing among them."""
        ...

    def replace(self, track: str, old: Loop, new: Loop) -> bool:
        """Where `old` is the track's latest loop, `new`, as many beats long, takes its place: at the same
        frame where it waits, else at once and at the same place of the loop. False where it is not."""
        ...

    def replace_many(self, loops: Mapping[str, tuple[Loop, Loop]]) -> list[str]:
        """Old and new of several tracks, those that play at one frame; the tracks where it was done."""
        ...

    def pending(self, track: str) -> int | None:
        """The frame of a swap that has not happened yet."""
        ...

    def playing(self, track: str) -> Loop | None: ...

    def set_gains(self, track: str, left: float, right: float) -> None:
        """Linear gains: exact while they stand, ramped over up to 256 frames when they change."""
        ...

    def set_midi(self, track: str, on: bool) -> None:
        """Whether the track speaks on its MIDI port. Off, what sounds there ends."""
        ...

    def levels(self) -> dict[str, float]:
        """Linear peak per track, and "mix", since the last call."""
        ...

    def set_grid(self, grid: Grid) -> None:
        """Tempo and signature from now on (see `bridge.timeline`). While the transport rolls the music goes
        on from where it is; loops that were made for another tempo are read faster or slower, and so
        keep the time, though not the pitch. At rest the transport is moved to the same beat. Where no
        track has a loop there is no music to go on: beat 0 is at frame 0."""
        ...

    def play(self) -> None: ...

    def stop(self) -> None: ...

    def locate(self, beat: float) -> None: ...

    def slew(self, frames: float) -> int:
        """Shift the music by so many frames of the transport (positive: it comes earlier) without a jump:
        spread over 100 ms or, so that no pitch moves by more than 2 %, over 50 times its length. At rest
        at once. Shifts add up; one that is under way is taken along.

        Returns the transport frame at which it has arrived. From there on whole frames are exact samples
        again; a fraction moves beats and bars, and loops by the nearest whole frame.
        """
        ...

    def follow(self, on: bool) -> None:
        """Whether another program's bar, beat and tempo on the JACK transport lead the music, as they do
        until somebody says no. Then the music keeps its own tempo and place on the transport's frames."""
        ...

    def transport(self) -> Transport: ...

    def status(self) -> PlayerStatus: ...

    def poll(self) -> bool:
        """About once a second: finds a server, or notes that it went. True when the state changed."""
        ...

    def close(self) -> None: ...
