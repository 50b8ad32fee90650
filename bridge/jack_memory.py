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
from bridge.jack_reading import interpolation_kernel
from bridge.native import fence, native
from bridge.player import FADE_FRAMES
from bridge.timeline import Timeline

# One loop as the callback knows it: planar float32 samples [C=2, M] at `address` (0: silence).
VOICE = np.dtype(
    [
        ("generation", np.int64),  # counts the orders of a track; 0 = nothing
        ("address", np.int64),
        ("loop_samples", np.int64),  # N at 44.1 kHz
        ("frames", np.int64),  # M
        ("frame", np.int64),  # the transport frame to take over at
        ("events", np.int64),  # EVENT [num_events] of engine.audio.midi_live
        ("num_events", np.int64),
        ("events_before", np.int64),  # of the loop that says the same at another tempo; 0: of none
        ("length_beats", np.float64),
        # Where its turns lie (bridge.jack_turns), and the mark they were laid by: the callback's own.
        ("origin", np.int64),
        ("turn", np.int64),
        ("step", np.float64),
        ("mark_frame", np.int64),
        ("mark_beat", np.float64),
        ("mark_tempo_bpm", np.float64),
        ("mark_pace", np.float64),
    ]
)
# bridge.timeline's Mark.
MARK = np.dtype([("frame", np.int64), ("beat", np.float64), ("tempo_bpm", np.float64), ("pace", np.float64)])
# Between looking at the transport and what is planned there: a slew's two ends, a tempo for now, one for a
# swap, and as many again while they are on their way.
MAX_MARKS = 12
ACTIVE, FADING, WAITING, RECEIVED, BEFORE = 0, 1, 2, 3, 4  # columns of `voices` [track, VOICES]
VOICES = 5

HEADER = np.dtype(
    [
        # Set before the callback runs.
        ("num_tracks", np.int64),
        ("sample_rate", np.int64),
        ("client", np.int64),
        ("get_buffer", np.int64),  # jack_port_get_buffer
        ("transport_query", np.int64),  # jack_transport_query
        ("ports", np.int64),  # int64 [2 * tracks + 2]: left and right, the mix last
        ("orders", np.int64),  # VOICE [track]
        ("voices", np.int64),  # VOICE [track, VOICES], the callback's own
        ("fades", np.int64),  # int64 [track]: frames of the crossfade that are over, the callback's own
        ("gains", np.int64),  # float32 [track, C=2] asked for
        ("gains_now", np.int64),  # float32 [track, C=2], the callback's own
        ("scratch", np.int64),  # float32 [C=2, FADE_FRAMES]
        ("position", np.int64),  # room for one jack_position_t
        ("report", np.int64),  # REPORT
        ("in_use", np.int64),  # int64 [track, 2]: generations playing and fading
        ("peaks", np.int64),  # float32 [track + 1]
        ("midi", np.int64),  # MIDI [track] of bridge.jack_midi
        ("midi_wanted", np.int64),  # int64 [track]: whether the track's port speaks
        ("clear_buffer", np.int64),  # jack_midi_clear_buffer
        ("kernel", np.int64),  # float32 [PHASES + 1, TAPS] of bridge.jack_reading
        ("marks", np.int64),  # MARK [2 * MAX_MARKS], the second half the callback's own
        ("own_marks", np.int64),  # MARK [MAX_MARKS], the callback's own
        # Written by the control thread; all but the last two are part of the orders.
        ("orders_sequence", np.int64),
        ("num_marks", np.int64),
        ("marks_cuts", np.int64),  # how many cuts it knew of
        ("signature_beats", np.int64),
        ("signature_unit", np.int64),
        ("follows", np.int64),  # whether another program's bar and beat lead the music
        ("peaks_wanted", np.int64),  # how often the peaks were read
        # The callback's own.
        ("orders_seen", np.int64),
        ("num_own_marks", np.int64),
        ("bbt_beats", np.int64),
        ("bbt_unit", np.int64),
        ("cuts", np.int64),  # marks of its own so far
        ("cut_frame", np.int64),  # the last of them
        ("cut_beat", np.float64),
        ("cut_tempo_bpm", np.float64),
        ("told_frame", np.int64),  # where another program said its bar and beat last, and the beat
        ("told_beat", np.float64),
        ("rest_frame", np.int64),  # where the transport stands, or stood last
        ("peaks_given", np.int64),
        ("was_rolling", np.int64),
        ("next_frame", np.int64),  # that follows on what was played last
        ("stop_fade", np.int64),  # frames left of the fade after a stop
        # Written by other threads of JACK.
        ("xruns", np.int64),
        ("shut_down", np.int64),
    ]
)

# One track's port, the callback's own but for `port` and the addresses.
MIDI = np.dtype(
    [
        ("port", np.int64),  # jack_port_t; 0: the track has none
        ("write", np.int64),  # jack_midi_event_write
        ("sounding", np.int64),  # uint8 [128]: 1 + channel of what sounds at each pitch, 0: nothing
        ("message", np.int64),  # uint8 [3]
        ("buffer", np.int64),  # the port's in this block; 0: nothing is to be said
        ("open", np.int64),  # whether it has been told of the loop that plays
        ("channel", np.int64),  # of the last message
        ("wheel", np.int64),  # how far it was moved last, 0: it stands in its centre
        ("said", np.int64),  # the loop's first sample that has not been said,
        ("said_of", np.int64),  # of the loop with these events; 0: of none
        ("twice", np.int64),  # how many samples before `said` are passed over
    ]
)
NUM_PITCHES = 128

REPORT = np.dtype(
    [
        ("sequence", np.int64),
        ("orders_seen", np.int64),
        ("blocks", np.int64),
        ("block_size", np.int64),
        ("begun_us", np.int64),  # when the last block began, by jack_get_time
        ("rolling", np.int64),
        ("frame", np.int64),  # the first that has not been played
        ("cuts", np.int64),  # bridge.jack_marks
        ("cut_frame", np.int64),
        ("cut_beat", np.float64),
        ("cut_tempo_bpm", np.float64),
        # Bar, beat and tick at the start of the last block, as the timebase master gave them.
        ("valid", np.int64),
        ("bar", np.int64),
        ("beat", np.int64),
        ("tick", np.int64),
        ("ticks_per_beat", np.float64),
        ("beats_per_bar", np.float64),
        ("beat_type", np.float64),
        ("beats_per_minute", np.float64),
    ]
)

# jack_position_t of jack/types.h: packed, but the fields named here lie on their natural borders.
POSITION = np.dtype(
    {
        "names": [
            "usecs", "frame", "valid", "bar", "beat", "tick", "bar_start_tick",
            "beats_per_bar", "beat_type", "ticks_per_beat", "beats_per_minute",
        ],
        "formats": ["<u8", "<u4", "<u4", "<i4", "<i4", "<i4", "<f8", "<f4", "<f4", "<f8", "<f8"],
        "offsets": [8, 20, 24, 28, 32, 36, 40, 48, 52, 56, 64],
        "itemsize": 136,
    }
)  # fmt: skip


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


@native
def copy_voice(target: Any, source: Any) -> None:
    target.generation = source.generation
    target.address = source.address
    target.loop_samples = source.loop_samples
    target.frames = source.frames
    target.frame = source.frame
    target.events = source.events
    target.num_events = source.num_events
    target.events_before = source.events_before
    target.length_beats = source.length_beats
    target.origin, target.turn, target.step = source.origin, source.turn, source.step
    target.mark_frame, target.mark_beat = source.mark_frame, source.mark_beat
    target.mark_tempo_bpm, target.mark_pace = source.mark_tempo_bpm, source.mark_pace


@native
def copy_mark(target: Any, source: Any) -> None:
    target.frame, target.beat = source.frame, source.beat
    target.tempo_bpm, target.pace = source.tempo_bpm, source.pace


@native
def frames_before_swap(voices: Any, frame: int, frames: int, smooth: bool) -> int:
    """How many frames of a rolling block the active loop plays before the waiting one takes over: all, where
    none waits. Not `smooth`: the transport has just started or jumped, and all that waits is due."""
    if not smooth:
        return 0
    if voices[WAITING].generation == 0:
        return frames
    return min(max(voices[WAITING].frame - frame, 0), frames)


@native
def publish(
    header: Any, orders: Any, staged: Any, shared: Any, marks: Any, cuts: int, beats: int, unit: int
) -> None:
    head = header[0]
    head.orders_sequence += 1
    fence()
    for track in range(len(orders)):
        copy_voice(orders[track], staged[track])
    for index in range(len(marks)):
        copy_mark(shared[index], marks[index])
    head.num_marks, head.marks_cuts = len(marks), cuts
    head.signature_beats = beats
    head.signature_unit = unit
    fence()
    head.orders_sequence += 1


@native
def snapshot(report: Any, in_use: Any, report_copy: Any, in_use_copy: Any) -> bool:
    """Copy until no report was written meanwhile; False where it never ends (a thread that was killed)."""
    for _ in range(10_000):
        before = report[0].sequence
        fence()
        report_copy[:] = report
        in_use_copy[:] = in_use
        fence()
        if before == report[0].sequence and not before & 1:
            return True
    return False
