"""What a player without sound is at, as a frozen picture for another thread: live MIDI is played from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.player import Loop
from bridge.timeline import Timeline
from engine.units import STEM_SAMPLE_RATE


@dataclass(frozen=True)
class PlayingVoice:
    """`next_loop` takes over at `swap_beat`; None: nothing waits."""

    loop: Loop | None
    next_loop: Loop | None
    swap_beat: float | None
    midi: bool = True  # whether it speaks


@dataclass(frozen=True)
class Playing:
    """A picture of the player for another thread: it holds until the next one. `since_s` is the clock's time
    at `frame`; `breaks` counts stops and jumps."""

    rolling: bool
    frame: int
    since_s: float
    timeline: Timeline
    voices: Mapping[str, PlayingVoice]
    breaks: int

    @property
    def has_music(self) -> bool:
        return any(voice.loop or voice.next_loop for voice in self.voices.values())

    def beat_at(self, now_s: float) -> float:
        frame = self.frame + (now_s - self.since_s) * STEM_SAMPLE_RATE
        mark = self.timeline.mark_at(int(frame))
        return mark.beat_at(frame, STEM_SAMPLE_RATE)

    def time_of(self, beat: float) -> float:
        """On the clock, in seconds."""
        return self.since_s + (self.timeline.frame_at(beat) - self.frame) / STEM_SAMPLE_RATE

    def swap_beat(self, track: str, beat: float) -> float:
        """The beat of a swap that is still to come; infinity where there is none."""
        swap = self.voices[track].swap_beat
        return swap if swap is not None and swap > beat else math.inf
