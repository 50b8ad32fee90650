"""The records in the memory that the JACK callback and the control thread share (bridge.jack_memory)."""

from __future__ import annotations

import numpy as np

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
