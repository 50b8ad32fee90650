"""The memory that the JACK callback and the control thread share, and the control thread's half of it.

    control thread  ->  orders   a row a track: the loop to play next, and from when            -> callback
    control thread  ->  marks    the timeline, as part of the orders                             -> callback
    control thread  ->  gains    two floats a track, each a single word                           -> callback
    callback        ->  report   transport, loops in use, the last mark of its own                -> control
    callback        ->  peaks    one float a track, and the mix                                   -> control

`orders` and `report` have one writer each, and a sequence number that is odd while it writes. A reader
copies, then looks at the number again. The callback never waits: where it meets an odd number it keeps
what it has for another block. A loop's samples are let go only when `report` says that the callback has
read the latest orders and that the loop neither plays nor fades.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.grid import rendered_frames
from bridge.jack_exchange import publish, snapshot
from bridge.jack_layout import HEADER, MARK, MAX_MARKS, MIDI, NUM_PITCHES, POSITION, REPORT, VOICE, VOICES
from bridge.jack_reading import interpolation_kernel
from bridge.player import FADE_FRAMES
from bridge.timeline import Timeline


@dataclass(frozen=True)
class Snapshot:
    """One consistent look at what the callback reports. `report` is a record of REPORT."""

    report: Any
    in_use: NDArray[np.int64]  # [track, 2]

    def knows(self, sequence: int) -> bool:
        """Whether the callback has read the orders of that number."""
        return bool(self.report["orders_seen"] == sequence)


class Memory:
    """The arrays behind one running callback. Keep it alive until the callback has ended."""

    def __init__(self, num_tracks: int, sample_rate: int) -> None:
        self.header = np.zeros(1, HEADER)
        self.ports = np.zeros(2 * num_tracks + 2, np.int64)
        self.orders = np.zeros(num_tracks, VOICE)
        self.staged = np.zeros(num_tracks, VOICE)
        self.voices = np.zeros((num_tracks, VOICES), VOICE)
        self.fades = np.full(num_tracks, FADE_FRAMES, np.int64)
        self.gains = np.ones((num_tracks, 2), np.float32)
        self.gains_now = np.ones((num_tracks, 2), np.float32)
        self.scratch = np.zeros((2, FADE_FRAMES), np.float32)
        self.position = np.zeros(1, POSITION)
        self.report = np.zeros(1, REPORT)
        self.in_use = np.zeros((num_tracks, 2), np.int64)
        self.peaks = np.zeros(num_tracks + 1, np.float32)
        self.midi = np.zeros(num_tracks, MIDI)
        self.midi_wanted = np.ones(num_tracks, np.int64)
        self.sounding = np.zeros((num_tracks, NUM_PITCHES), np.uint8)
        self.messages = np.zeros((num_tracks, 3), np.uint8)
        self.kernel = interpolation_kernel()
        self.marks = np.zeros(2 * MAX_MARKS, MARK)
        self.own_marks = np.zeros(MAX_MARKS, MARK)
        self.header["num_tracks"] = num_tracks
        self.header["sample_rate"] = sample_rate
        for name in (
            "ports", "orders", "voices", "fades", "gains", "gains_now", "scratch", "position", "report",
            "in_use", "peaks", "midi", "midi_wanted", "kernel", "marks", "own_marks",
        ):  # fmt: skip
            self.header[name] = getattr(self, name).ctypes.data
        self.midi["sounding"] = [row.ctypes.data for row in self.sounding]
        self.midi["message"] = [row.ctypes.data for row in self.messages]
        self._latest = Snapshot(np.zeros(1, REPORT)[0], np.zeros_like(self.in_use))

    @property
    def address(self) -> int:
        """What the callback is given as its argument."""
        return int(self.header.ctypes.data)

    @property
    def sequence(self) -> int:
        return int(self.header["orders_sequence"][0])

    def order(
        self, track: int, generation: int, samples: NDArray[np.float32] | None, loop_samples: int, frame: int,
        events: NDArray[np.void] | None = None, length_beats: float = 0.0,
        before: NDArray[np.void] | None = None,
    ) -> None:  # fmt: skip
        """Write down that `samples` [C=2, M], and what they say as MIDI (EVENT [E]), take over at `frame`;
        nothing happens before `publish`. Where `before` was said until then, what they say goes on from it.

        The caller keeps them alive while the callback may use them.
        """
        address = frames = 0
        if samples is not None:
            assert samples.flags.c_contiguous and samples.dtype == np.float32 and samples.shape[0] == 2
            assert samples.shape[1] >= rendered_frames(loop_samples, int(self.header["sample_rate"][0]))
            assert length_beats > 0.0
            address, frames = samples.ctypes.data, samples.shape[1]
        said = (0, 0) if events is None else (events.ctypes.data, len(events))
        row = self.staged[track]
        row["generation"], row["frame"], row["length_beats"] = generation, frame, length_beats
        row["address"], row["frames"], row["loop_samples"] = address, frames, loop_samples
        row["events"], row["num_events"] = said
        row["events_before"] = 0 if before is None else before.ctypes.data

    def publish(self, timeline: Timeline, cuts: int = 0) -> None:
        """Hand every order that was written down to the callback, together, and the timeline, computed when
        `cuts` was the latest report's."""
        marks = np.zeros(len(timeline.marks), MARK)
        for row, mark in zip(marks, timeline.marks, strict=True):
            row["frame"], row["beat"], row["tempo_bpm"], row["pace"] = (
                mark.frame, mark.beat, mark.tempo_bpm, mark.pace,
            )  # fmt: skip
        signature = timeline.signature
        staged = (self.staged, self.marks, marks[-MAX_MARKS:])
        publish(self.header, self.orders, *staged, cuts, signature.beats, signature.unit)

    def snapshot(self) -> Snapshot:
        report, in_use = np.zeros(1, REPORT), np.zeros_like(self.in_use)
        if snapshot(self.report, self.in_use, report, in_use):
            self._latest = Snapshot(report[0], in_use)
        return self._latest

    def take_peaks(self) -> NDArray[np.float32]:
        """Peaks [track + 1] since the last call; the callback starts anew with its next block."""
        if self.header["peaks_wanted"][0] != self.header["peaks_given"][0]:
            return np.zeros_like(self.peaks)  # no block has passed since the last call
        peaks = self.peaks.copy()
        self.header["peaks_wanted"] += 1
        return peaks
